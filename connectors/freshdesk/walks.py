"""Two ways through a list: by value where it is ordered, by page where it is not.

`keyset` asks for page 1 of "changed since the last row seen", always. Page numbers over a list that
is ordered by change skip one unseen row for every row that is changed meanwhile, and Freshdesk
refuses pages beyond the 300th; a value does neither.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final, Generic, TypeVar

from connectors import Rejected, Unexpected
from connectors.freshdesk.instants import instant
from connectors.freshdesk.rows import Row, TicketRow

R = TypeVar("R", bound=Row)

PAGE_SIZE: Final = 100
PAGE_CAP: Final = 300
_A_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Listed(Generic[R]):
    """One page of a list."""

    rows: Sequence[R]
    rejected: Sequence[Rejected]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A page on the way, and how far everything has been seen with it."""

    listed: Listed[TicketRow]
    position: datetime | None
    """Null in the middle of a crowded second: the way so far would be walked again."""
    overflow: bool = False
    """More tickets changed in this second than Freshdesk lists."""


Since = Callable[[datetime, int], Awaitable[Listed[TicketRow]]]
"""`(changed since, page)` → that page of the list ordered by `updated_at`, oldest first."""
Pages = Callable[[int], Awaitable[Listed[TicketRow]]]


async def keyset(since: Since, start: datetime, stop_after: datetime) -> AsyncIterator[Step]:
    """Every ticket changed from `start` on; ends with the list, or once past `stop_after`.

    Each request begins one second before the last row seen, because nobody says whether
    `updated_since` includes its instant; where a page shows that it does, at the last row's second.
    """
    at = start
    while at <= stop_after:
        base = at - _A_SECOND
        listed = await since(base, 1)
        if not listed.is_last and _last_of(listed, base) < at:
            base = at  # a whole page of the second before: rows of the instant asked for are listed
            listed = await since(base, 1)
        newest = _last_of(listed, at)
        if listed.is_last or newest > at:
            yield Step(listed, newest)
            if listed.is_last:
                return
            at = newest
            continue
        async for step in _crowd(partial(since, base), at):
            yield step
            at = step.position or at
            if step.listed.is_last and step.position is not None:
                return


async def _crowd(pages: Pages, at: datetime) -> AsyncIterator[Step]:
    """More than a page of tickets within one second: its pages, from the last to the first.

    Rows leave a second when they are changed again, which moves the rest towards the front. Read
    from the front, a page would miss as many rows as had moved past it; read from the back, rows
    only move into pages that are still to come.
    """
    end, listed = await _end_of(pages, at)
    beyond = _last_of(listed, at)
    overflow = end == PAGE_CAP and beyond == at and not listed.is_last
    for page in range(end, 1, -1):
        yield Step(await pages(page), None)
    first = await pages(1)
    is_last = listed.is_last and beyond == at
    position = at + _A_SECOND if overflow else beyond
    yield Step(Listed(first.rows, first.rejected, is_last), position, overflow)


async def _end_of(pages: Pages, at: datetime) -> tuple[int, Listed[TicketRow]]:
    """The page on which the second `at` ends, found by doubling and halving."""

    async def look(page: int) -> tuple[bool, Listed[TicketRow]]:
        listed = await pages(page)
        return listed.is_last or _last_of(listed, at) > at, listed

    low, high = 1, 2
    ends, found = await look(high)
    while not ends and high < PAGE_CAP:
        low, high = high, min(high * 2, PAGE_CAP)
        ends, found = await look(high)
    while ends and high - low > 1:
        middle = (low + high) // 2
        ends_here, listed = await look(middle)
        if ends_here:
            high, found = middle, listed
        else:
            low = middle
    return high, found


def _last_of(listed: Listed[TicketRow], least: datetime) -> datetime:
    """The newest instant on a page, `least` if none is newer; rows that were set aside have one, too."""
    instants = [row.updated_at for row in listed.rows]
    if any(later < earlier for earlier, later in pairwise(instants)):
        raise Unexpected("Freshdesk did not order its ticket list by updated_at; tell the developers")
    aside = (instant(rejected.row.get("updated_at")) for rejected in listed.rejected)
    return max([least, *instants, *(at for at in aside if at is not None)])
