"""What a ticket's life on Freshdesk becomes: who wrote, what was seen of its statuses, merges, promises of service."""

from datetime import datetime
from typing import Any

import pytest
from fake_freshdesk import FakeFreshdesk, stamp
from fake_freshdesk_sync import Synced

DAY = "2026-05-20T"


@pytest.fixture
def desk() -> FakeFreshdesk:
    """Its clock stands at 2026-06-01T12:00:00Z."""
    return FakeFreshdesk()


@pytest.fixture
def account(desk: FakeFreshdesk) -> Synced:
    return Synced(desk)


def clock(text: str) -> str:
    return f"{DAY}{text}Z"


def later(desk: FakeFreshdesk, **by: float) -> str:
    desk.clock.move(**by)
    return stamp(desk.clock())


# Messages ----------------------------------------------------------------------------------------


def test_messages_tell_who_wrote_and_who_could_read(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:00:05"), auto_response=True, automation_id=3)
    desk.reply(1, clock("09:10:00"), agent=7)
    desk.note(1, clock("09:20:00"))
    desk.ask(1, clock("09:30:00"))
    desk.reply(1, clock("09:40:00"), agent=8)
    account.sync("tickets")

    assert account.messages(1) == [
        ("end_user", True), ("system", True), ("agent", True), ("agent", False), ("end_user", True), ("agent", True),
    ]  # fmt: skip
    assert [event.actor_id for event in account.events(1, "message")][2::3] == ["7", "8"]
    [known] = account.events(1, "messages_read")
    assert stamp(known.at) == clock("09:40:00")


def test_a_public_note_is_a_reply(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:10:00"))
    desk.note(1, clock("09:20:00"))
    desk.conversations[1][-1]["private"] = False
    desk.ask(1, clock("09:30:00"))
    account.sync("tickets")

    assert account.messages(1)[2] == ("agent", True)


def test_feedback_on_a_survey_is_no_message_of_the_customer(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:10:00"))
    desk.resolve(1, clock("09:11:00"))
    desk.rate(1, 103, clock("10:00:00"), feedback="Thank you")
    account.sync("tickets", "ratings")

    assert account.messages(1) == [("end_user", True), ("agent", True), ("system", True)]
    [rating] = account.of("ratings").values()
    assert rating.comment == "Thank you"


def test_an_acknowledgement_that_the_stats_took_for_a_reply_is_taken_back_by_the_conversation(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:00:05"), auto_response=True)
    account.sync("tickets")
    assert account.messages(1) == [("end_user", True), ("agent", True)]
    desk.ask(1, later(desk, hours=1))
    account.sync("tickets")

    assert [said for said in account.messages(1) if said == ("agent", True)] == []


def test_an_outbound_ticket_begins_with_the_staffs_message(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"), source=10)
    desk.reply(1, clock("10:00:00"))
    desk.ask(1, clock("11:00:00"))
    account.sync("tickets")

    assert account.ticket(1).is_outbound
    assert account.messages(1) == [("agent", True), ("agent", True), ("end_user", True)]


def test_conversations_older_than_histories_are_read_are_left_alone(desk: FakeFreshdesk) -> None:
    account = Synced(desk, events_days=5)
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:10:00"))
    desk.ask(1, clock("09:30:00"))
    account.sync("tickets")
    assert account.read() == []
    assert account.messages(1) == []
    desk.status(1, 2, later(desk, hours=1))
    account.sync("tickets")

    assert account.read() == [1]
    assert account.messages(1) == [("end_user", True), ("agent", True), ("end_user", True)]


def test_a_key_that_may_not_read_conversations_leaves_the_summary_figures(
    desk: FakeFreshdesk, account: Synced
) -> None:
    for number in (1, 2):
        desk.ticket(number, clock("09:00:00"))
        desk.ask(number, clock("09:30:00"))
        desk.refused[f"tickets/{number}/conversations"] = (403, {"code": "access_denied", "message": "no"})
    account.sync("tickets")

    assert set(account.of("tickets")) == {"1", "2"}
    assert account.ticket(1).vendor_replies == 0
    assert len([said for said in account.told if "conversations cannot be read" in said]) == 1


def test_a_message_that_cannot_be_read_is_set_aside_and_the_rest_is_not_called_whole(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.ask(1, clock("09:30:00"))
    desk.reply(1, clock("09:40:00"), created_at="yesterday")
    account.sync("tickets")

    assert account.messages(1) == [("end_user", True), ("end_user", True)]
    assert account.events(1, "messages_read") == []
    [rejected] = account.rejected
    assert rejected.kind == "ticket_events"
    assert "confidential" not in str(rejected)


# What was seen of statuses -----------------------------------------------------------------------


def test_a_history_is_gathered_look_by_look_and_marked_as_seen(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    account.sync("tickets")
    waiting = later(desk, hours=1)
    desk.status(1, 3, waiting)
    account.sync("tickets")
    solved = later(desk, hours=1)
    desk.resolve(1, solved)
    account.sync("tickets")
    reopened = later(desk, hours=1)
    desk.status(1, 2, reopened)
    desk.touch(1, reopened, responder_id=9)
    account.sync("tickets")

    assert [(stamp(event.at), event.value) for event in account.events(1, "status")] == [
        (clock("09:00:00"), "open"), (waiting, "pending"), (solved, "solved"), (reopened, "open"),
    ]  # fmt: skip
    assert {event.source.value for event in account.events(1, "status")} == {"observed"}
    assert [event.value for event in account.events(1, "agent")][-1] == "9"
    assert account.events(1, "created") == []
    assert stamp(account.ticket(1).reopened_at) == reopened


def test_a_life_that_was_never_watched_is_told_by_its_stats(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.resolve(1, clock("10:00:00"))
    desk.status(1, 2, clock("11:00:00"))
    desk.resolve(1, clock("12:00:00"))
    desk.close(1, clock("13:00:00"))
    account.sync("tickets")

    assert [event.value for event in account.events(1, "status")] == ["open", "open", "solved", "closed"]
    ticket = account.ticket(1)
    assert (stamp(ticket.solved_at), stamp(ticket.closed_at)) == (clock("12:00:00"), clock("13:00:00"))
    assert ticket.first_solved_at is None
    assert ticket.vendor_reopens is None


def test_the_same_look_twice_adds_nothing(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.reply(1, clock("09:10:00"))
    desk.ask(1, clock("09:30:00"))
    account.sync("tickets")
    before = {kind: dict(of_kind) for kind, of_kind in account.kept.items()}
    account.cursors.clear()
    account.sync("tickets")

    assert account.kept == before


def test_a_solved_status_without_stats_is_dated_by_what_there_is(
    desk: FakeFreshdesk, account: Synced
) -> None:
    """Instants may be left over from an earlier solving, and are not of this one."""
    stats = {
        "resolved_at": clock("10:00:00"),
        "reopened_at": clock("11:00:00"),
        "status_updated_at": clock("12:00:00"),
    }
    desk.ticket(1, clock("09:00:00"), status=4, stats=stats)
    desk.touch(1, clock("12:30:00"))
    desk.ticket(2, clock("09:00:00"), status=2, stats={"resolved_at": clock("10:00:00")})
    account.sync("tickets")

    assert stamp(account.ticket(1).solved_at) == clock("12:00:00")
    assert account.ticket(2).solved_at is None


# Merges ------------------------------------------------------------------------------------------


def test_a_merged_ticket_is_told_by_its_private_note(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.ticket(2, clock("09:05:00"))
    desk.merge(2, into=1, at=clock("10:00:00"))
    account.sync("tickets")

    assert (account.ticket(2).is_merged, account.ticket(2).merged_into) == (True, "1")
    assert account.ticket(1).merged_into is None


def test_a_merge_in_the_accounts_own_words(desk: FakeFreshdesk) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.ticket(2, clock("09:05:00"))
    desk.merge(2, into=1, at=clock("10:00:00"), words="Dieses Ticket wurde zusammengeführt mit Ticket #")
    account = Synced(desk, merge_note="zusammengeführt mit ticket").sync("tickets")

    assert account.ticket(2).merged_into == "1"


def test_a_merge_stays_known_when_the_ticket_is_touched_later(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.ticket(2, clock("09:05:00"))
    desk.merge(2, into=1, at=clock("10:00:00"))
    account.sync("tickets")
    for by in (1, 30):
        desk.touch(2, later(desk, days=by), tags=["late"])
        account.sync("tickets")
        account.sync("tickets")

        assert account.ticket(2).merged_into == "1"
    account.cursors.clear()
    account.sync("tickets")
    assert account.ticket(2).merged_into == "1"


def test_who_says_so_in_public_or_as_a_customer_merges_nothing(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(2, clock("09:05:00"))
    words = "This ticket is closed and merged into ticket 1"
    desk.ask(2, clock("09:10:00"), body_text=words)
    desk.reply(2, clock("09:20:00"), body_text=words)
    desk.close(2, clock("10:00:00"))
    account.sync("tickets")

    assert account.read() == [2]
    assert not account.ticket(2).is_merged


def test_a_ticket_closed_with_its_reply_is_not_looked_into(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(2, clock("09:05:00"))
    desk.reply(2, clock("09:59:58"))
    desk.close(2, clock("10:00:00"))
    account.sync("tickets")

    assert account.read() == []


# Promises of service -----------------------------------------------------------------------------


def clocks(account: Synced, number: int) -> dict[str, Any]:
    return {
        one.metric: one
        for one in account.of("sla_events").values()
        if one.ticket_id == str(number) and not one.is_deleted
    }


def due(first: str, last: str, following: str | None = None) -> dict[str, Any]:
    return {"fr_due_by": clock(first), "due_by": clock(last), "nr_due_by": following and clock(following)}


def test_a_kept_and_a_broken_promise(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"), **due("10:00:00", "17:00:00"))
    desk.reply(1, clock("09:30:00"))
    desk.resolve(1, clock("18:00:00"))
    account.sync("tickets")

    first, last = clocks(account, 1)["first_response"], clocks(account, 1)["resolution"]
    assert (first.event.value, stamp(first.at), stamp(first.due_at)) == (
        "fulfilled",
        clock("09:30:00"),
        clock("10:00:00"),
    )
    assert last.event.value == "fulfilled"
    assert last.at > last.due_at


def test_a_finished_clock_keeps_the_due_instant_it_was_first_seen_with(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, clock("09:00:00"), **due("10:00:00", "17:00:00"))
    desk.resolve(1, clock("16:00:00"))
    account.sync("tickets")
    desk.touch(1, later(desk, hours=1), due_by=clock("23:00:00"))
    account.sync("tickets")

    assert stamp(clocks(account, 1)["resolution"].due_at) == clock("17:00:00")


def test_a_running_clock_follows_its_due_instant_and_waits_with_the_customer(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, clock("09:00:00"), **due("10:00:00", "17:00:00"))
    account.sync("tickets")
    assert clocks(account, 1)["resolution"].event.value == "applied"
    paused = later(desk, hours=1)
    desk.status(1, 3, paused)
    desk.touch(1, paused, due_by=clock("20:00:00"))
    account.sync("tickets")

    resolution = clocks(account, 1)["resolution"]
    assert (resolution.event.value, stamp(resolution.at), stamp(resolution.due_at)) == (
        "paused",
        paused,
        clock("20:00:00"),
    )


def test_a_breach_that_is_flagged_minutes_later_is_seen(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"), **due("10:00:00", "17:00:00"))
    account.sync("tickets")
    desk.touch(1, later(desk, minutes=12), fr_escalated=True)
    account.sync("tickets")

    first = clocks(account, 1)["first_response"]
    assert (first.event.value, stamp(first.at)) == ("breached", clock("10:00:00"))


def test_the_next_reply_has_a_clock_of_its_own_while_somebody_waits(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, clock("09:00:00"), **due("10:00:00", "17:00:00"))
    desk.reply(1, clock("09:30:00"))
    asked = later(desk, hours=1)
    desk.ask(1, asked)
    desk.touch(1, asked, nr_due_by="2026-06-01T15:00:00Z")
    account.sync("tickets")
    assert clocks(account, 1)["next_reply"].event.value == "applied"
    answered = later(desk, hours=1)
    desk.reply(1, answered)
    account.sync("tickets")

    next_reply = clocks(account, 1)["next_reply"]
    assert (next_reply.event.value, stamp(next_reply.at)) == ("fulfilled", answered)


def test_no_promise_where_no_policy_applies(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, clock("09:00:00"))
    desk.ticket(2, clock("09:00:00"), source=10, **due("10:00:00", "17:00:00"))
    account.sync("tickets")

    assert clocks(account, 1) == clocks(account, 2) == {}


# Rows that are not what they should be -----------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [{"status": None}, {"created_at": "2026-05-20 09:00"}, {"status": "open"}, {"tags": "vip"}, {"stats": []}, {"id": None}],
)  # fmt: skip
def test_an_unreadable_row_is_set_aside_with_the_reason_and_the_rest_is_read(
    broken: dict[str, Any], desk: FakeFreshdesk, account: Synced
) -> None:
    for number in (1, 2, 3):
        desk.ticket(number, clock(f"09:00:0{number}"))
    if "stats" in broken:
        desk.before = None
    desk.tickets[2].update({key: value for key, value in broken.items() if key != "stats"})
    shown = desk.answer

    def answer(request: Any) -> Any:
        response = shown(request)
        if "stats" not in broken or b'"stats"' not in response.content:
            return response
        rows = response.json()
        rows[1]["stats"] = []
        return type(response)(200, json=rows, headers={"Date": response.headers["Date"]})

    desk.answer = answer  # type: ignore[method-assign]
    account.sync("tickets")

    assert set(account.of("tickets")) == {"1", "3"}
    [rejected] = account.rejected
    assert rejected.kind == "tickets"
    assert rejected.reason
    assert "confidential" not in str(rejected)
    assert "Ticket 2" not in str(rejected)


def test_a_row_that_was_set_aside_can_be_read_once_it_is_well(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(2, clock("09:00:00"), stats={"first_responded_at": clock("09:30:00")})
    desk.tickets[2]["tags"] = "vip"
    account.sync("tickets")
    [rejected] = account.rejected
    [stream] = [stream for stream in account.connector().streams() if stream.name == "tickets"]
    assert stream.retry is not None
    with pytest.raises(ValueError, match="array"):
        stream.retry(rejected.row)

    records = stream.retry({**rejected.row, "tags": ["vip"]})

    [ticket] = [record for record in records if record.kind == "tickets"]
    assert (ticket.id, ticket.tags) == ("2", ["vip"])
    assert ticket.first_response_at == datetime.fromisoformat(clock("09:30:00"))


def test_instants_with_an_offset_are_stored_in_utc(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, "2026-05-20T14:30:00+05:30", fr_due_by="2026-05-20T15:30:00+05:30")
    desk.tickets[1]["updated_at"] = clock("09:00:00")
    account.sync("tickets")

    assert str(account.ticket(1).created_at) == "2026-05-20 09:00:00+00:00"
    assert str(clocks(account, 1)["first_response"].due_at) == "2026-05-20 10:00:00+00:00"
