"""The keyset walk loses nothing: not while rows change under it, not in a crowded second, not at either edge."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Rejected, Unexpected
from connectors.freshdesk import walks
from connectors.freshdesk.rows import TicketRow
from connectors.freshdesk.walks import Listed, Step, keyset

START = datetime(2026, 5, 1, tzinfo=UTC)
LONG_AFTER = START + timedelta(days=400)
PAGE = 3


def row(number: int, updated_at: datetime) -> TicketRow:
    return TicketRow(id=number, created_at=START, updated_at=updated_at, status=2)


@dataclass
class Tickets:
    """A list of tickets in pages of three; `meddle` runs before each answer."""

    updated_at: dict[int, datetime] = field(default_factory=dict)
    is_inclusive: bool = True
    now: datetime = START
    meddle: Callable[["Tickets"], None] = lambda _tickets: None
    asked: list[tuple[datetime, int]] = field(default_factory=list)
    seen: dict[int, datetime] = field(default_factory=dict)
    size: int = PAGE

    def touch(self, *numbers: int) -> None:
        for number in numbers:
            self.updated_at[number] = self.now

    async def since(self, since: datetime, page: int) -> Listed[TicketRow]:
        assert page <= 300
        self.meddle(self)
        self.asked.append((since, page))
        order = sorted(
            (at, number)
            for number, at in self.updated_at.items()
            if at > since or (self.is_inclusive and at == since)
        )
        chosen = order[(page - 1) * self.size : page * self.size]
        return Listed([row(number, at) for at, number in chosen], [], len(order) <= page * self.size)

    def walk(self, start: datetime = START, stop_after: datetime = LONG_AFTER) -> datetime:
        """Where the walk's last position was."""

        async def through() -> datetime:
            position = start
            async for step in keyset(self.since, start, stop_after):
                self._see(step)
                position = max(position, step.position or position)
            return position

        return asyncio.run(through())

    def _see(self, step: Step) -> None:
        for one in step.listed.rows:
            self.seen[one.id] = max(one.updated_at, self.seen.get(one.id, START))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@settings(max_examples=150, deadline=None)
@given(
    updated=st.lists(st.integers(0, 12), max_size=40),
    is_inclusive=st.booleans(),
    changes=st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.integers(0, 45), max_size=8, unique=True)), max_size=25
    ),
)
def test_whatever_changes_between_two_requests_the_newest_of_each_ticket_is_seen(
    updated: list[int], is_inclusive: bool, changes: list[tuple[int, list[int]]]
) -> None:
    left = list(changes)

    def meddle(tickets: Tickets) -> None:
        if left:
            seconds, numbers = left.pop()
            tickets.now += timedelta(seconds=seconds)
            tickets.touch(*numbers)

    updated_at = {number: at(seconds) for number, seconds in enumerate(updated)}
    tickets = Tickets(updated_at, is_inclusive, at(12), meddle)
    position = tickets.walk()
    left.clear()
    tickets.walk(position - timedelta(minutes=5))

    assert tickets.seen == tickets.updated_at


@settings(max_examples=80, deadline=None)
@given(updated=st.lists(st.integers(0, 400), max_size=120), is_inclusive=st.booleans())
def test_a_quiet_walk_sees_everything_once_through_and_ends(updated: list[int], is_inclusive: bool) -> None:
    tickets = Tickets({number: at(seconds) for number, seconds in enumerate(updated)}, is_inclusive)
    tickets.walk()

    assert tickets.seen == tickets.updated_at
    assert len(tickets.asked) <= 3 * len(updated) + 2


@pytest.mark.parametrize("is_inclusive", [True, False])
def test_rows_that_leave_a_crowded_second_pull_no_other_out_of_sight(is_inclusive: bool) -> None:
    """Each request moves one row of the crowd to the end of the list, where the rest follows up."""
    moved = iter(range(30))

    def meddle(tickets: Tickets) -> None:
        tickets.now += timedelta(seconds=1)
        if (number := next(moved, None)) is not None:
            tickets.touch(number)

    tickets = Tickets(dict.fromkeys(range(40), at(5)), is_inclusive, at(60), meddle)
    tickets.walk()

    assert tickets.seen == tickets.updated_at


def test_only_a_crowded_second_is_walked_by_pages() -> None:
    tickets = Tickets({number: at(number) for number in range(60)})
    tickets.walk()

    assert {page for _, page in tickets.asked} == {1}


def test_a_crowd_costs_its_pages_and_a_few_more() -> None:
    tickets = Tickets({**dict.fromkeys(range(90), at(5)), 100: at(6), 101: at(900)})
    tickets.walk()

    assert len(tickets.asked) < 30 + 15


@pytest.mark.parametrize("is_inclusive", [True, False])
def test_a_second_that_overflows_is_left_behind(is_inclusive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "PAGE_CAP", 10)
    tickets = Tickets({**dict.fromkeys(range(40), at(5)), 100: at(6), 101: at(7)}, is_inclusive)
    tickets.walk()

    assert max(page for _, page in tickets.asked) == 10
    assert {100, 101} <= set(tickets.seen)
    assert len(tickets.seen) == 32


def test_a_desk_that_never_stands_still_ends_the_walk_all_the_same() -> None:
    def meddle(tickets: Tickets) -> None:
        tickets.now += timedelta(seconds=10)
        tickets.touch(*range(len(tickets.asked), len(tickets.asked) + 20))

    tickets = Tickets({}, True, at(0), meddle)
    position = tickets.walk(stop_after=at(300))

    assert at(300) <= position <= at(400)


def test_a_list_that_is_not_in_order_is_refused() -> None:
    async def since(_since: datetime, _page: int) -> Listed[TicketRow]:
        return Listed([row(1, at(9)), row(2, at(8))], [], is_last=False)

    async def through() -> None:
        async for _ in keyset(since, START, LONG_AFTER):
            pass

    with pytest.raises(Unexpected, match="updated_at"):
        asyncio.run(through())


def test_a_page_of_nothing_but_unreadable_rows_is_walked_past() -> None:
    asked = []

    async def since(changed_since: datetime, page: int) -> Listed[TicketRow]:
        asked.append((changed_since, page))
        later = changed_since + timedelta(seconds=30)
        aside = Rejected("tickets", "1", {"id": 1, "updated_at": later.isoformat()}, "no status")
        return Listed([], [aside] * 3, is_last=len(asked) == 20)

    async def through() -> int:
        return len([step async for step in keyset(since, START, LONG_AFTER) if step.listed.rejected])

    assert asyncio.run(through()) == 20
    assert {page for _, page in asked} == {1}
