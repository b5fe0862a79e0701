"""HubSpot's walks over real HTTP: nothing is lost, whatever happens between two requests, and calls are few."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_hubspot_sync import Synced

from connectors.sandbox import Desk, HubSpot, Sandbox
from connectors.sandbox.http import Request
from connectors.sandbox.hubspot import Limits
from connectors.sandbox.hubspot.words import TICKET
from storage.records import EventKind, Role, Status

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = 86_400


def opened(desk: Desk, **own: Any) -> Sandbox:
    return Sandbox(desk, HubSpot(desk, **own))


@pytest.fixture(scope="module")
def quiet() -> Desk:
    """An account in which nothing happens any more."""
    desk = Desk(seed=5, tickets=260, days=60, now=NOW, ahead_days=1)
    desk.clock.advance(days=200)
    return desk


@pytest.fixture(scope="module")
def synced(quiet: Desk) -> Iterator[Synced]:
    with opened(quiet) as sandbox:
        yield Synced(sandbox, since_days=1_000, events_days=1_000).sync()


def alive(account: Synced, kind: str) -> dict[str, Any]:
    """Records of tickets that are not deleted, without their versions."""
    gone = {number for number, ticket in account.of("tickets").items() if ticket.deleted_at}
    return {
        number: record.model_dump(exclude={"version"})
        for number, record in account.of(kind).items()
        if getattr(record, "ticket_id", number) not in gone and number not in gone
    }


def said(account: Synced) -> dict[str, Any]:
    """Answers, without the tickets they are about: those that name none are tied to the ticket that was
    closed last when they were read, and it may since have been reopened or deleted."""
    about = {"version", "ticket_id"}
    return {number: record.model_dump(exclude=about) for number, record in account.of("ratings").items()}


# -- nothing is lost ----------------------------------------------------------------------------


Items = tuple[tuple[str, str | None], ...]
DEEDS: dict[str, Items] = {
    "replied": (("message", "public"), ("status", "pending")),
    "solved": (("status", "solved"),),
    "reopened": (("message", "public"), ("status", "open")),
    "handed over": (("agent", "5"),),
    "answered well": (("survey_answered", "5|"),),
    "answered badly": (("survey_answered", "2|"),),
    "deleted": (("deleted", None),),
    "noticed": (("touched", None),),
}


def meddler(desk: Desk, seed: int, chance: float) -> Any:
    """Between two requests: replies, answers, transfers, deletions, merges, and time that passes."""
    dice = random.Random(seed)

    def act(number: int, other: int) -> None:
        there = [not t.deleted_at and not t.merged_into for t in map(desk.ticket, (number, other))]
        deed = dice.choice(["merged", *DEEDS])
        if deed == "merged" and all(there) and number != other:
            desk.act(number, ("merged_into", str(other)), ("status", "closed"), actor=3, role="agent")
            desk.act(other, ("absorbed", str(number)), actor=3, role="agent")
        elif deed in DEEDS and there[0]:
            is_customer = deed.startswith(("reopened", "answered"))
            actor = desk.ticket(number).requester if is_customer else 3
            desk.act(number, *DEEDS[deed], actor=actor, role="end_user" if is_customer else "agent")

    def meddle(_request: Request) -> None:
        if dice.random() < chance:
            desk.clock.advance(dice.choice([0, 1, 1, 30, 400]))
            for _ in range(dice.randrange(1, 6)):
                act(dice.randrange(1, desk.count() + 1), dice.randrange(1, desk.count() + 1))

    return meddle


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_changes_between_two_requests_is_there_in_the_end(seed: int) -> None:
    desk = Desk(seed=seed, tickets=230, days=40, now=NOW)
    with opened(desk, short_pages=seed == 2) as sandbox:
        is_on = True
        meddle = meddler(desk, seed, chance=0.5)
        sandbox.on_request(lambda request: meddle(request) if is_on else None)
        account = Synced(sandbox)
        for _ in range(4):
            account.sync()
            desk.clock.advance(600)
        is_on = False
        desk.clock.advance(hours=2)
        account.sync()

        fresh = Synced(sandbox).sync()

    for kind in ("tickets", "ticket_events", "sla_events", "calls"):
        assert alive(account, kind) == alive(fresh, kind), kind
    assert said(account) == said(fresh)
    assert {number for number, each in account.of("tickets").items() if each.deleted_at} >= {
        number for number, each in fresh.of("tickets").items() if each.deleted_at
    }
    assert not account.rejected


def test_a_row_that_comes_to_the_index_twenty_minutes_late_is_read_by_the_second_reading(quiet: Desk) -> None:
    with opened(quiet, lag_seconds=lambda _key: 1_200) as sandbox:
        account = Synced(sandbox, since_days=1_000).sync()
        quiet.act(9, ("priority", "urgent"))
        quiet.clock.advance(60)
        account.sync("tickets")
        quiet.clock.advance(600)
        account.sync("tickets")
        missed = account.of("tickets")[str(TICKET + 9)].version
        quiet.clock.advance(hours=2)
        account.sync("tickets")

    assert account.of("tickets")[str(TICKET + 9)].version > missed


def test_a_walk_cut_after_any_page_goes_on_to_the_same_end(quiet: Desk, synced: Synced) -> None:
    with opened(quiet) as sandbox:
        cut = Synced(sandbox, since_days=1_000, events_days=1_000)
        cut.most_pages = 1
        for _ in range(12):
            cut.sync("tickets")
        cut.most_pages = None
        cut.sync()

    for kind in ("tickets", "ticket_events", "sla_events"):
        assert alive(cut, kind) == alive(synced, kind)


def test_more_than_a_query_may_give_in_one_millisecond_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is given a cap of 600 hits, and the connector is told so: ten thousand take a minute to make."""
    monkeypatch.setattr("connectors.sandbox.hubspot.objects.SEARCH_CAP", 600)
    monkeypatch.setattr("connectors.hubspot.windows.SPLIT_AT", 580)
    desk = Desk(seed=4, tickets=800, days=30, now=NOW)
    with opened(desk, lag_seconds=lambda _key: 0) as sandbox:
        account = Synced(sandbox, since_days=1, events_days=0).sync("tickets")
        desk.clock.advance(120)
        numbers = desk.touch_all_same_second(700)
        at = desk.now()
        desk.clock.advance(120)
        account.sync("tickets")

        there = [n for n in numbers if not desk.ticket(n).deleted_at and not desk.ticket(n).merged_into]
    rows = account.of("tickets")
    assert len(there) > 600
    assert {rows[str(TICKET + number)].version // 1_000_000 for number in there} == {at}


def test_calls_of_before_the_account_s_beginning_are_not_read() -> None:
    """HubSpot keeps the calls of all of the company in one place."""
    desk = Desk(seed=6, tickets=900, days=90, now=NOW)
    with opened(desk) as sandbox:
        all_of_them = Synced(sandbox).sync("calls").of("calls")
        latest = Synced(sandbox, since_days=20).sync("calls")

    since = NOW.timestamp() - 20 * DAY
    wanted = {number for number, call in all_of_them.items() if call.version / 1_000_000 >= since}
    assert set(latest.of("calls")) == wanted
    assert 0 < len(wanted) < len(all_of_them)
    assert latest.calls("calls list") == 0


# -- what is stored -----------------------------------------------------------------------------


def test_every_ticket_has_its_status_its_owner_and_its_complete_history(quiet: Desk, synced: Synced) -> None:
    events = synced.of("ticket_events").values()
    created = {event.ticket_id for event in events if event.event is EventKind.CREATED}
    for ticket in quiet.tickets():
        if ticket.deleted_at or ticket.merged_into:
            continue
        stored = synced.of("tickets")[str(TICKET + ticket.number)]
        assert (stored.status is Status.CLOSED) == ticket.is_solved
        assert stored.agent_id == (str(70_000 + ticket.agent) if ticket.agent else None)
        assert stored.id in created


def test_tickets_merged_away_name_their_survivor(quiet: Desk, synced: Synced) -> None:
    merged = [ticket for ticket in quiet.tickets() if ticket.merged_into]
    stored = [synced.of("tickets").get(str(TICKET + ticket.number)) for ticket in merged]

    assert merged
    for ticket, record in zip(merged, stored, strict=True):
        assert record is not None
        assert record.is_merged
        assert record.merged_into == str(TICKET + ticket.merged_into)


def test_first_responses_come_from_either_property_or_from_the_thread(quiet: Desk, synced: Synced) -> None:
    told = [t for t in synced.of("tickets").values() if t.first_response_at]
    read = {e.ticket_id for e in synced.of("ticket_events").values() if e.event is EventKind.MESSAGES_READ}
    untold = [n for n in read if synced.of("tickets")[n].first_response_at is None]
    replied = {
        e.ticket_id
        for e in synced.of("ticket_events").values()
        if e.event is EventKind.MESSAGE and e.actor_role is Role.AGENT and e.is_public
    }

    assert len(told) > 100
    assert untold
    assert set(untold) & replied


def test_owners_who_left_are_still_known_and_inactive(synced: Synced) -> None:
    people = synced.of("people").values()

    assert {person.is_active for person in people} == {True, False}
    assert all(person.attributes["user_id"] for person in people)


def test_surveys_of_every_kind_find_their_ticket(synced: Synced) -> None:
    ratings = synced.of("ratings").values()

    assert {rating.survey_type.value for rating in ratings} == {"csat", "ces", "nps", "custom"}
    about = [rating for rating in ratings if rating.survey_type.value in ("csat", "ces")]
    assert all(rating.ticket_id for rating in about)


def test_a_missing_scope_skips_its_stream_by_name_and_nothing_else(quiet: Desk) -> None:
    with opened(quiet, without={"feedback_submissions": 403}) as sandbox:
        account = Synced(sandbox).sync()

    assert set(account.skipped) == {"ratings", "archived_ratings"}
    assert "crm.objects.feedback_submissions.read" in account.skipped["ratings"]
    assert account.of("calls")


def test_without_conversations_first_responses_stay_unknown_and_that_is_told(quiet: Desk) -> None:
    with opened(quiet, without={"messages": 403}) as sandbox:
        account = Synced(sandbox, since_days=1_000, events_days=1_000).sync()

    assert account.calls("messages") == 1
    assert any("conversations.read" in sentence for sentence in account.told)
    assert len(account.of("tickets")) > 200


# -- how many calls -----------------------------------------------------------------------------


def first_sync_calls(tickets: int, *, events_days: float) -> tuple[int, int]:
    """How many tickets there are, and how many calls a first reading of them takes but for messages."""
    desk = Desk(seed=6, tickets=tickets, days=30, now=NOW)
    with opened(desk) as sandbox:
        account = Synced(sandbox, events_days=events_days).sync("tickets")
        number = sum(1 for ticket in desk.tickets() if not ticket.deleted_at and not ticket.merged_into)
        return number, account.calls("tickets list", "tickets batch")


@pytest.mark.parametrize("tickets", [30, 104, 160, 260, 420])
def test_a_million_tickets_with_histories_take_at_most_20_100_calls(tickets: int) -> None:
    """The law is measured at five sizes, and is a whole number of pages: so it holds at a million."""

    def law(number: int) -> int:
        first_page, its_histories = 1, -(-min(number, 100) // 50)
        return first_page + its_histories + max(0, -(-(number - 100) // 50))

    number, calls = first_sync_calls(tickets, events_days=400)

    # The windows that follow read the last hour's tickets again: one batch of histories at most.
    assert law(number) <= calls <= law(number) + 1
    assert law(1_000_000) + 1 <= 20_100


@pytest.mark.parametrize("tickets", [30, 160, 420])
def test_a_million_tickets_without_histories_take_at_most_10_100_calls(tickets: int) -> None:
    number, calls = first_sync_calls(tickets, events_days=0)

    assert -(-number // 100) <= calls <= -(-number // 100) + 1
    assert 1_000_000 // 100 + 1 <= 10_100


def changed(desk: Desk, count: int, answers: int) -> list[int]:
    """So many tickets get a reply, an owner or a solution now, and some of their customers answer a survey."""
    numbers: list[int] = []
    for number in range(desk.count(), 0, -1):
        ticket = desk.ticket(number)
        if ticket.deleted_at or ticket.merged_into or len(numbers) == count:
            continue
        numbers.append(number)
        agent = ticket.agent or 1
        if len(numbers) <= answers:
            desk.act(number, ("survey_answered", "4|"), actor=ticket.requester, role="end_user")
        elif number % 2:
            desk.act(number, ("agent", str(agent % 9 + 1)), ("tag_added", "seen"), actor=agent, role="agent")
        else:
            desk.act(number, ("message", "public"), ("status", "solved"), actor=agent, role="agent")
    return numbers


def test_a_thousand_changed_tickets_take_at_most_33_calls() -> None:
    """All that a sync ten minutes after another asks, but for the threads of tickets that no property tells about."""
    desk = Desk(seed=8, tickets=1_150, days=200, now=NOW, ahead_days=1)
    desk.clock.advance(days=100)
    with opened(desk, lag_seconds=lambda _key: 5) as sandbox:
        polled = ("tickets", "ratings", "calls")
        account = Synced(sandbox, since_days=1, events_days=0).sync(*polled)
        account.own["events_since"] = account.own["since"]
        desk.clock.advance(600)
        numbers = changed(desk, 1_000, answers=100)
        at = desk.now()
        desk.clock.advance(30)
        account.sync(*polled)

    rows = account.of("tickets")
    assert {rows[str(TICKET + number)].version // 1_000_000 for number in numbers} == {at}
    untold = [number for number in numbers if number % 20 == 7]
    assert account.calls("messages") <= len(untold)
    assert account.calls("tickets search", "tickets associations") == 7
    assert account.calls() - account.calls("messages") <= 33


def test_an_idle_sync_asks_once_for_each_polled_object(quiet: Desk, synced: Synced) -> None:
    for minutes in (10, 180):
        quiet.clock.advance(minutes=minutes)
        synced.sync("tickets", "ratings", "calls")

        assert synced.calls("tickets search", "feedback_submissions search", "calls search") == 3
        assert synced.calls() == 3


def test_a_first_sync_uses_three_quarters_of_the_burst_and_is_never_refused() -> None:
    """The plan's limit scaled down, so that a short reading meets it many times; time passes in waits only."""
    desk = Desk(seed=9, tickets=1_500, days=90, now=NOW)
    with opened(desk, limits=Limits(burst=10, search=5)) as sandbox:
        sent_at: list[float] = []
        sandbox.on_request(lambda _request: sent_at.append(desk.clock.seconds()))
        Synced(sandbox).sync("tickets")

        assert sandbox.refused == 0
    seconds = sent_at[-1] - sent_at[0]
    sent = sum(at < sent_at[-1] for at in sent_at)
    assert seconds > 30
    assert sent / (seconds / 10 * 10) >= 0.75


def test_searches_keep_to_the_account_s_five_a_second() -> None:
    desk = Desk(seed=9, tickets=300, days=90, now=NOW)
    with opened(desk, limits=Limits.of_plan(), short_pages=True) as sandbox:
        account = Synced(sandbox).sync()
        desk.clock.advance(3_600)
        desk.touch_all_same_second(250)
        desk.clock.advance(30)
        account.sync()

        assert sandbox.refused == 0
