"""The sandbox's Freshdesk answers like the documented one."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.sandbox import Desk, Freshdesk, Sandbox
from connectors.sandbox.freshdesk import Limits

NOW = datetime(2026, 11, 2, 12, 0, 10, tzinfo=UTC)
KEY = base64.b64encode(b"sandbox-key:X").decode()
ALWAYS = "1970-01-01T00:00:00Z"
KEYSET = {"order_by": "updated_at", "order_type": "asc", "per_page": 100}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(seed=7, tickets=1_000, days=120, now=NOW)


@pytest.fixture
def sandbox(desk: Desk) -> Iterator[Sandbox]:
    with Sandbox(desk, Freshdesk(desk)) as running:
        yield running


def ask(sandbox: Sandbox, path: str, key: str = KEY, **query: Any) -> HTTPResponse:
    address = f"{sandbox.url}/api/v2/{path}" + (f"?{urlencode(query)}" if query else "")
    asked = urllib.request.Request(address, headers={"authorization": f"Basic {key}"})
    answer: HTTPResponse = urllib.request.urlopen(asked)
    return answer


def get(sandbox: Sandbox, path: str, **query: Any) -> Any:
    with ask(sandbox, path, **query) as answer:
        return json.load(answer)


def refused(sandbox: Sandbox, path: str, **query: Any) -> tuple[int, Any]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sandbox, path, **query)
    body = caught.value.read()
    return caught.value.code, json.loads(body) if body else None


def pages(sandbox: Sandbox, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every page of a list, by its Link headers."""
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        with ask(sandbox, path, page=page, **query) as answer:
            rows += json.load(answer)
            link = answer.headers.get("link")
        if link is None:
            return rows
        assert f"page={page + 1}" in link
        assert link.endswith('>;rel="next"')
        page += 1


def keyset(sandbox: Sandbox, **query: Any) -> dict[int, dict[str, Any]]:
    """Every ticket, always from page 1: the newest row of each."""
    newest: dict[int, dict[str, Any]] = {}
    since = ALWAYS
    while True:
        rows = get(sandbox, "tickets", updated_since=since, **KEYSET, **query)
        newest |= {row["id"]: row for row in rows}
        if len(rows) < 100:
            return newest
        assert rows[-1]["updated_at"] > since
        since = rows[-1]["updated_at"]


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# -- tickets --------------------------------------------------------------------------------------


def test_a_keyset_walk_gives_every_ticket_that_is_not_deleted(sandbox: Sandbox, desk: Desk) -> None:
    rows = keyset(sandbox)

    assert set(rows) == {ticket.number for ticket in desk.tickets() if not ticket.deleted_at}


def test_rows_come_in_order_of_change(sandbox: Sandbox) -> None:
    rows = get(sandbox, "tickets", updated_since=ALWAYS, **KEYSET)

    order = [row["updated_at"] for row in rows]
    assert order == sorted(order)


def test_updated_since_is_inclusive(sandbox: Sandbox) -> None:
    rows = get(sandbox, "tickets", updated_since=ALWAYS, **KEYSET)

    again = get(sandbox, "tickets", updated_since=rows[-1]["updated_at"], **KEYSET)

    assert rows[-1]["id"] in {row["id"] for row in again}


def test_without_updated_since_only_the_last_thirty_days_are_listed(sandbox: Sandbox) -> None:
    rows = pages(sandbox, "tickets", per_page=100)

    created = [epoch(row["created_at"]) for row in rows]
    assert created
    assert min(created) >= NOW.timestamp() - 30 * 86_400
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_deleted_and_spam_tickets_have_lists_of_their_own(sandbox: Sandbox, desk: Desk) -> None:
    recent = NOW.timestamp() - 30 * 86_400
    trash = [ticket for ticket in desk.tickets() if ticket.deleted_at > recent]

    spam = get(sandbox, "tickets", filter="spam", updated_since=ALWAYS, **KEYSET)
    deleted = get(sandbox, "tickets", filter="deleted", updated_since=ALWAYS, **KEYSET)

    assert {row["id"] for row in spam} == {t.number for t in trash if t.plot.name == "spam"}
    assert {row["id"] for row in deleted} == {t.number for t in trash if t.plot.name != "spam"}
    assert all(row["spam"] for row in spam)
    assert all(row["deleted"] for row in deleted)


def test_the_301st_page_is_refused(sandbox: Sandbox) -> None:
    status, body = refused(sandbox, "tickets", updated_since=ALWAYS, page=301)

    assert status == 400
    assert "300th page" in body["errors"][0]["message"]


def test_more_than_a_hundred_rows_a_page_are_refused(sandbox: Sandbox) -> None:
    assert refused(sandbox, "tickets", per_page=101)[0] == 400


def test_a_crowded_second_is_walked_by_pages(desk: Desk) -> None:
    own = Desk(seed=7, tickets=400, days=120, now=NOW)
    with Sandbox(own, Freshdesk(own)) as sandbox:
        own.clock.advance(minutes=5)
        crowd = own.touch_all_same_second(250)
        shown = [number for number in crowd if not own.ticket(number).deleted_at]
        since = "2026-11-02T12:05:10Z"
        rows = pages(sandbox, "tickets", updated_since=since, **KEYSET)

    assert sorted(row["id"] for row in rows) == shown


def test_a_walk_during_which_tickets_change_sees_the_newest_of_each() -> None:
    desk = Desk(seed=8, tickets=700, days=60, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:

        def meddle(_request: object) -> None:
            if sandbox.calls("tickets") < 6:
                desk.clock.advance(minutes=10)
                desk.change(5)

        sandbox.on_request(meddle)
        rows = keyset(sandbox)

    expected = {t.number: t.changed_at for t in desk.tickets() if not t.deleted_at}
    assert {number: epoch(row["updated_at"]) for number, row in rows.items()} == expected


def test_stats_agree_with_the_story(sandbox: Sandbox, desk: Desk) -> None:
    for number, row in keyset(sandbox, include="stats").items():
        ticket, stats = desk.ticket(number), row["stats"]
        messages = [e for e in ticket.events if e.kind == "message" and e.public and e.update]
        replies = [e.at for e in messages if e.role == "agent"]
        outbound = row["source"] == 10
        first = None if outbound or not replies else replies[0]
        assert (stats["first_responded_at"] and epoch(stats["first_responded_at"])) == first
        solves = [e.at for e in ticket.events if e.kind == "status" and e.value == "solved"]
        if solves and ticket.is_solved:
            assert epoch(stats["resolved_at"]) == solves[-1]
        assert (stats["closed_at"] is not None) == (ticket.status == "closed")


def test_includes_are_only_given_when_asked(sandbox: Sandbox) -> None:
    (plain,) = get(sandbox, "tickets", per_page=1)
    (full,) = get(sandbox, "tickets", per_page=1, include="stats,requester,description")

    assert full.keys() - plain.keys() == {"stats", "requester", "description", "description_text"}


def test_tickets_with_the_assistant_have_a_status_of_their_own() -> None:
    desk = Desk(seed=7, tickets=2_000, days=20, now=NOW)
    bot = next(t for t in desk.tickets() if t.plot.name == "bot_handed")
    desk.clock.set(datetime.fromtimestamp(bot.created_at + 6, UTC))
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        row = get(sandbox, f"tickets/{bot.number}")

    assert row["status"] == 9_000


def test_closed_tickets_can_be_archived_out_of_reach() -> None:
    desk = Desk(seed=7, tickets=400, days=300, now=NOW)
    with Sandbox(desk, Freshdesk(desk, archives_after_days=120)) as sandbox:
        listed = keyset(sandbox)
        old = next(t.number for t in desk.tickets() if t.number not in listed and not t.deleted_at)
        archived = get(sandbox, f"tickets/archived/{old}")
        gone = refused(sandbox, f"tickets/{old}")

    assert archived["archived"] is True
    assert gone == (404, None)


def test_a_restricted_key_sees_fewer_tickets(desk: Desk) -> None:
    with Sandbox(desk, Freshdesk(desk, ticket_scope=2)) as sandbox:
        assert get(sandbox, "agents/me")["ticket_scope"] == 2
        rows = keyset(sandbox)

    assert 0 < len(rows) < desk.count()
    assert len({row["group_id"] for row in rows.values()}) == 1


# -- conversations --------------------------------------------------------------------------------


def test_conversations_hold_every_message_but_the_first(sandbox: Sandbox, desk: Desk) -> None:
    for ticket in [t for t in desk.tickets() if not t.deleted_at and t.channel != "chat"][:60]:
        rows = pages(sandbox, f"tickets/{ticket.number}/conversations", per_page=2)
        told = [e for e in ticket.events if e.kind == "message" and e.update]
        said = [row for row in rows if row["source"] != 6]
        assert [epoch(row["created_at"]) for row in said] == [e.at for e in told]
        assert [row["private"] for row in said] == [not e.public for e in told]
        assert [row["incoming"] for row in said] == [e.role == "end_user" for e in told]
        assert [row["auto_response"] for row in said] == [e.role == "bot" for e in told]


def test_a_web_chat_repeats_its_description(sandbox: Sandbox, desk: Desk) -> None:
    chat = next(t for t in desk.tickets() if t.channel == "chat" and not t.deleted_at)

    rows = get(sandbox, f"tickets/{chat.number}/conversations")

    assert epoch(rows[0]["created_at"]) == chat.created_at
    assert rows[0]["incoming"] is True


def test_a_merged_ticket_says_so_in_a_private_note(sandbox: Sandbox, desk: Desk) -> None:
    merged = next(t for t in desk.tickets() if t.merged_into)

    notes = get(sandbox, f"tickets/{merged.number}/conversations")

    assert notes[-1]["private"] is True
    assert notes[-1]["body_text"] == f"This ticket is closed and merged into ticket {merged.merged_into}"


def test_feedback_with_words_looks_like_a_message_of_the_customer(sandbox: Sandbox, desk: Desk) -> None:
    rated = next(t for t in desk.tickets() if t.rating and not t.rating.endswith("|") and not t.deleted_at)

    rows = get(sandbox, f"tickets/{rated.number}/conversations", per_page=100)

    assert [row["incoming"] for row in rows if row["source"] == 6]
    stats = get(sandbox, f"tickets/{rated.number}", include="stats")["stats"]
    assert epoch(stats["requester_responded_at"]) == rated.rated_at


def test_a_deleted_ticket_has_no_conversations(sandbox: Sandbox, desk: Desk) -> None:
    deleted = next(t for t in desk.tickets() if t.deleted_at)

    assert refused(sandbox, f"tickets/{deleted.number}/conversations") == (404, None)


# -- satisfaction and time ------------------------------------------------------------------------


def test_each_rated_ticket_has_one_rating(sandbox: Sandbox, desk: Desk) -> None:
    rows = pages(sandbox, "surveys/satisfaction_ratings", created_since=ALWAYS, per_page=100)

    assert sorted(row["ticket_id"] for row in rows) == [t.number for t in desk.tickets() if t.rating]
    assert {row["ratings"]["default_question"] for row in rows} == {103, 102, 100, -102, -103}


def test_a_changed_answer_changes_in_place_and_unseen() -> None:
    desk = Desk(seed=7, tickets=500, days=120, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        before = pages(sandbox, "surveys/satisfaction_ratings", created_since=ALWAYS)
        number = before[-1]["ticket_id"]
        desk.clock.advance(hours=1)
        desk.act(
            number,
            ("survey_answered", "1|Changed my mind"),
            actor=desk.ticket(number).requester,
            role="end_user",
        )
        after = pages(sandbox, "surveys/satisfaction_ratings", created_since=ALWAYS)
        lately = get(sandbox, "surveys/satisfaction_ratings", created_since="2026-11-02T12:30:00Z")

    old, new = before[-1], next(row for row in after if row["ticket_id"] == number)
    assert (old["id"], old["created_at"]) == (new["id"], new["created_at"])
    assert (new["ratings"]["default_question"], new["updated_at"]) == (-103, "2026-11-02T13:00:10Z")
    assert number not in {row["ticket_id"] for row in lately}


def test_a_first_answer_given_by_hand_is_listed() -> None:
    desk = Desk(seed=7, tickets=500, days=120, now=NOW)
    number = next(t.number for t in desk.tickets() if t.offered_at and not t.rating)
    desk.act(number, ("survey_answered", "3|"), actor=desk.ticket(number).requester, role="end_user")
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        rows = get(sandbox, "surveys/satisfaction_ratings", created_since="2026-11-02T12:00:00Z")

    assert [
        (row["ticket_id"], row["ratings"]["default_question"]) for row in rows if row["ticket_id"] == number
    ]


def test_time_entries_can_be_asked_for_by_time(sandbox: Sandbox) -> None:
    everything = pages(sandbox, "time_entries", per_page=100)
    middle = everything[len(everything) // 2]["executed_at"]

    late = pages(sandbox, "time_entries", executed_after=middle, per_page=7)

    assert late == [row for row in everything if row["executed_at"] >= middle]
    assert all(row["agent_id"] for row in everything)


# -- people and things ----------------------------------------------------------------------------


def test_agents_who_left_disappear(sandbox: Sandbox, desk: Desk) -> None:
    rows = get(sandbox, "agents", per_page=100)

    gone = [agent for agent in desk.cast.agents if agent.left_at]
    assert gone
    assert len(rows) == len(desk.cast.agents) - len(gone)
    assert {row["type"] for row in rows} == {"support_agent", "collaborator"}


def test_contacts_can_be_asked_for_by_change_and_state(sandbox: Sandbox, desk: Desk) -> None:
    alive = pages(sandbox, "contacts", per_page=100)
    deleted = pages(sandbox, "contacts", per_page=100, state="deleted")
    middle = sorted(row["updated_at"] for row in alive)[len(alive) // 2]

    late = pages(sandbox, "contacts", per_page=100, _updated_since=middle)

    assert len({row["id"] for row in alive + deleted}) == len(alive) + len(deleted)
    assert deleted
    assert {row["id"] for row in late} == {row["id"] for row in alive if row["updated_at"] >= middle}


@pytest.mark.parametrize(
    "path",
    ["groups", "products", "companies", "sla_policies", "business_hours", "surveys", "ticket_fields"],
)
def test_reference_lists_answer(sandbox: Sandbox, path: str) -> None:
    rows = pages(sandbox, path)

    assert rows
    assert len({row["id"] for row in rows}) == len(rows)


def test_business_hours_are_written_as_a_clock_in_a_zone_of_rails(sandbox: Sandbox) -> None:
    europe, _, hotline = get(sandbox, "business_hours")

    assert europe["time_zone"] == "Berlin"
    assert europe["business_hours"]["monday"] == {"start_time": "8:00 am", "end_time": "6:00 pm"}
    assert "sunday" not in europe["business_hours"]
    assert hotline["business_hours"]["sunday"] == {"start_time": "12:00 am", "end_time": "11:59 pm"}


# -- who may do what ------------------------------------------------------------------------------


def test_a_wrong_key_is_refused_and_charged(sandbox: Sandbox) -> None:
    status, body = refused(sandbox, "groups", key=base64.b64encode(b"wrong:X").decode())

    assert (status, body["code"]) == (401, "invalid_credentials")


def test_what_is_not_there_is_an_empty_404(sandbox: Sandbox) -> None:
    assert refused(sandbox, "tickets/99999999") == (404, None)
    assert refused(sandbox, "nonsense") == (404, None)


def test_a_plan_without_surveys_says_so(desk: Desk) -> None:
    with Sandbox(desk, Freshdesk(desk, without={"satisfaction_ratings": 403})) as sandbox:
        status, body = refused(sandbox, "surveys/satisfaction_ratings")

    assert (status, body["code"]) == (403, "require_feature")


def test_includes_cost_credits_and_values_may_be_decimals() -> None:
    desk = Desk(seed=7, tickets=100, days=60, now=NOW)
    with Sandbox(desk, Freshdesk(desk, limits=Limits(total=50))) as sandbox:
        with ask(sandbox, "tickets", include="stats") as listed:
            told = dict(listed.headers)
        with ask(sandbox, "tickets/1", include="stats") as single:
            alone = single.headers["X-RateLimit-Used-CurrentRequest"]

    assert told["X-RateLimit-Used-CurrentRequest"] == "3"
    assert told["X-RateLimit-Total"] == "50.0"
    assert told["X-RateLimit-Remaining"] == "47.0"
    assert alone == "2"


def test_credits_end_and_come_back_with_the_next_minute() -> None:
    desk = Desk(seed=7, tickets=100, days=60, now=NOW)
    with Sandbox(desk, Freshdesk(desk, limits=Limits(total=4))) as sandbox:
        get(sandbox, "tickets", include="stats")
        status, _ = refused(sandbox, "tickets", include="stats")
        desk.clock.advance(seconds=50)
        get(sandbox, "tickets", include="stats")

    assert status == 429
    assert sandbox.refused == 1


def test_the_ticket_list_has_a_limit_of_its_own() -> None:
    desk = Desk(seed=7, tickets=100, days=60, now=NOW)
    with Sandbox(desk, Freshdesk(desk, limits=Limits(total=50, ticket_lists=1))) as sandbox:
        get(sandbox, "tickets")
        status, _ = refused(sandbox, "tickets")
        get(sandbox, "groups")

    assert status == 429
