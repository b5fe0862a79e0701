"""What a sync costs: calls and credits, counted where they are answered."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from fake_freshdesk import FakeFreshdesk, stamp
from fake_freshdesk_sync import Synced

from connectors.freshdesk.rows import TicketRow
from connectors.freshdesk.walks import PAGE_SIZE, Listed, keyset

EVERY_SYNC = ("agents", "contacts", "tickets", "deleted_tickets", "spam_tickets", "ratings", "time_entries")
"""All but what is read daily."""


def test_a_million_tickets_take_10_150_calls() -> None:
    """The walk itself over a year of a busy desk: office hours, a weekend, and bulk updates of up to 80 a second.

    That one such call is one request of three credits is the next test's word.
    """
    instants = a_busy_year(1_000_000)
    calls, seen = 0, 0

    async def since(changed_since: datetime, page: int) -> Listed[TicketRow]:
        nonlocal calls
        calls += 1
        first = int(np.searchsorted(instants, int(changed_since.timestamp()))) + (page - 1) * PAGE_SIZE
        chosen = instants[first : first + PAGE_SIZE].tolist()
        rows = [row(first + place, at) for place, at in enumerate(chosen)]
        return Listed(rows, [], first + PAGE_SIZE >= len(instants))

    async def through() -> None:
        nonlocal seen
        highest = -1
        start = datetime.fromtimestamp(int(instants[0]), UTC)
        async for step in keyset(since, start, start + timedelta(days=400)):
            fresh = [one.id for one in step.listed.rows if one.id > highest]
            seen, highest = seen + len(fresh), max(highest, *fresh) if fresh else highest

    asyncio.run(through())

    assert seen == 1_000_000
    assert calls <= 10_150


def a_busy_year(count: int) -> np.ndarray:
    """Seconds at which tickets were last changed, in order."""
    dice = np.random.default_rng(7)
    days = dice.integers(0, 365, count)
    days -= (days % 7 >= 5) & (dice.random(count) < 0.8)
    at = days * 86_400 + (dice.normal(13.5, 2.5, count).clip(0, 23.9) * 3_600).astype(np.int64)
    for bulk in range(40):  # rules that change many tickets within a second
        place = dice.integers(0, count - 100)
        at[place : place + 40 + bulk] = at[place]
    return np.sort(at + 1_750_000_000)


_CREATED = datetime(2025, 1, 1, tzinfo=UTC)


def row(number: int, at: int) -> TicketRow:
    return TicketRow(id=number, created_at=_CREATED, updated_at=datetime.fromtimestamp(at, UTC), status=2)


def test_a_backfill_asks_the_ticket_list_for_three_credits_a_page_and_nothing_a_ticket() -> None:
    desk = FakeFreshdesk()
    dice = Random(7)
    for number in range(1, 5_001):
        desk.ticket(number, stamp(desk.clock() - timedelta(seconds=dice.randrange(300 * 86_400))))
    Synced(desk, events_days=0).sync("tickets")

    calls = Counter(call.path for call in desk.calls)
    assert calls == {"tickets": calls["tickets"], "ticket_fields": 1, "agents/me": 1}
    assert calls["tickets"] <= 51
    assert {call.credits for call in desk.asked("tickets")} == {3}


def settled_desk(tickets: int) -> tuple[FakeFreshdesk, Synced]:
    """A desk that has been synced whole, a while ago."""
    desk = FakeFreshdesk()
    for number in range(1, tickets + 1):
        created = desk.clock() - timedelta(minutes=20 * (tickets - number + 10))
        desk.ticket(number, stamp(created))
        desk.reply(number, stamp(created + timedelta(minutes=3)))
        desk.ask(number, stamp(created + timedelta(minutes=5)))
    account = Synced(desk).sync()
    desk.clock.move(hours=1)
    return desk, account


def test_a_thousand_changed_tickets_take_30_calls_and_the_conversations_that_are_needed() -> None:
    desk, account = settled_desk(1_500)
    begun = desk.clock()
    needed = []
    for number in range(1, 1_001):
        at = stamp(begun + timedelta(seconds=number))
        if number % 20 == 0:
            desk.ask(number, at)
            needed.append(number)
        elif number % 20 == 1:
            desk.reply(number, at)
            needed.append(number)
        elif number % 3 == 0:
            desk.resolve(number, at)
        else:
            desk.touch(number, at, tags=["seen"], responder_id=9)
    for number in range(1, 9):
        desk.rate(number, 103, stamp(begun + timedelta(seconds=number)))
        desk.log_time(number, stamp(begun + timedelta(seconds=number)), 60)
    desk.clock.move(hours=1)
    account.sync(*EVERY_SYNC)

    assert sorted(account.read()) == sorted(needed)
    beside = [call for call in desk.calls if not call.path.endswith("/conversations")]
    assert len(beside) <= 30
    assert sum(call.credits for call in beside) <= 60
    assert {t.version % 1_000_000 for t in account.of("tickets").values()} <= {0, 1}


def test_an_idle_sync_is_one_call_a_polled_object() -> None:
    desk, account = settled_desk(50)
    desk.touch(1, stamp(desk.clock()), tags=["last"])
    account.sync(*EVERY_SYNC)
    desk.clock.move(minutes=10)
    account.sync(*EVERY_SYNC)

    objects = Counter((call.path, call.query.get("filter")) for call in desk.calls)
    assert set(objects.values()) == {1}
    assert set(objects) <= {
        ("agents", None), ("contacts", None), ("tickets", None), ("tickets", "deleted"), ("tickets", "spam"),
        ("surveys/satisfaction_ratings", None), ("time_entries", None), ("ticket_fields", None),
    }  # fmt: skip


def test_a_conversation_read_within_the_overlap_is_not_read_again() -> None:
    desk, account = settled_desk(10)
    desk.ask(1, stamp(desk.clock()))
    account.sync(*EVERY_SYNC)
    assert account.read() == [1]
    desk.clock.move(minutes=1)
    account.sync(*EVERY_SYNC)
    account.sync(*EVERY_SYNC)

    assert account.read() == []
    assert [event.actor_role.value for event in account.events(1, "message")][-1] == "end_user"


def test_a_quiet_night_after_a_bulk_update_does_not_read_it_again_and_again() -> None:
    desk, account = settled_desk(700)
    for number in range(1, 701):
        desk.touch(number, stamp(desk.clock() + timedelta(seconds=number // 4)), tags=["bulk"])
    for _ in range(3):
        desk.clock.move(minutes=10)
        account.sync("tickets")

    assert len(desk.calls) == 1


def test_trash_and_spam_are_read_whole_once_a_day() -> None:
    desk, account = settled_desk(450)
    for number in range(1, 451):
        desk.delete(number, stamp(desk.clock() + timedelta(minutes=number)))
    desk.clock.move(hours=10)
    account.sync("deleted_tickets")
    desk.clock.move(hours=1)
    account.sync("deleted_tickets")
    assert len(desk.asked("tickets")) == 1
    desk.clock.move(hours=24)
    account.sync("deleted_tickets")

    assert len(desk.asked("tickets", filter="deleted")) == 5
