"""Reading a search index that is neither complete nor sorted: closed windows, drained whole.

HubSpot's search gives at most 10,000 hits a query, in an order that does not hold, from an index
that lags. So a window of time is split until it is small enough, read to its end, and only then
counted as read; a single crowded millisecond is drained by ascending id.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from connectors.errors import Unexpected

CAP = 10_000
SPLIT_AT = 9_800
PAGE = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One search request: a closed window of milliseconds, from `after`, or above `above_id`."""

    low_ms: int
    high_ms: int
    after: int = 0
    above_id: int | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    total: int
    rows: Sequence[Row]
    after: int | None
    """Where the next page begins; None on the last page, which alone ends a query."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a window; `done_ms` once everything up to it has been read."""

    rows: Sequence[Row]
    done_ms: int | None


Search = Callable[[Query], Awaitable[Hits]]


async def read_window(search: Search, low_ms: int, high_ms: int) -> AsyncIterator[Part]:
    """Every row modified in `[low_ms, high_ms]`; a part's `done_ms` is safe to go on from."""
    waiting = [(low_ms, high_ms)]
    while waiting:
        low, high = waiting.pop()
        first = await search(Query(low, high))
        if first.total >= SPLIT_AT and low < high:
            middle = (low + high) // 2
            waiting += [(middle + 1, high), (low, middle)]
            continue
        pages = (
            _window_by_id(search, low, high) if first.total >= SPLIT_AT else _pages(search, first, low, high)
        )
        async for rows in pages:
            yield Part(rows, None)
        yield Part((), high)


async def _pages(search: Search, first: Hits, low: int, high: int) -> AsyncIterator[Sequence[Row]]:
    """A short or empty page is no end: only a page without a next one is.

    A row that leaves the window while it is read shifts the others, one of which is passed over: then
    fewer were seen than there once were.
    """
    seen: set[str] = set()
    hits, after, most = first, 0, first.total
    while True:
        yield hits.rows
        seen.update(str(row["id"]) for row in hits.rows)
        if hits.after is None:
            break
        if hits.after <= after:
            raise Unexpected(f"the API repeats the search cursor {after}")
        after = hits.after
        hits = await search(Query(low, high, after))
        most = max(most, hits.total)
    if len(seen) < most:
        async for rows in _window_by_id(search, low, high):
            yield rows


def _window_by_id(search: Search, low: int, high: int) -> AsyncIterator[Sequence[Row]]:
    """For a crowded millisecond, and for rows that moved between two pages."""
    return by_id(lambda above: search(Query(low, high, 0, above)))


async def by_id(search: Callable[[int], Awaitable[Hits]], above: int = 0) -> AsyncIterator[Sequence[Row]]:
    """Hits by ascending id, never by offset: no cap ends this walk, and no row that moves is passed over.

    The index may compare ids as numbers or as texts; either is followed, as long as filter and order agree.
    """
    left: int | None = None
    while True:
        hits = await search(above)
        if not hits.rows:
            return
        ids = [str(row["id"]) for row in hits.rows]
        by_number = _ascends([above, *map(int, ids)])
        is_short = left is not None and hits.total < left
        if not by_number and (is_short or not _ascends([str(above), *ids])):
            raise Unexpected(f"the search for ids above {above} is not in the order of ids")
        yield hits.rows
        if hits.total <= len(ids):
            return
        above, left = int(ids[-1]), hits.total - len(ids)


def _ascends(values: Sequence[Any]) -> bool:
    return all(one < other for one, other in pairwise(values))


def body(query: Query, modified: str, properties: Sequence[str]) -> dict[str, Any]:
    """The request body of a query; every page repeats all of it."""
    filters: list[dict[str, Any]] = [
        {
            "propertyName": modified,
            "operator": "BETWEEN",
            "value": str(query.low_ms),
            "highValue": str(query.high_ms),
        }
    ]
    order = modified
    if query.above_id is not None:
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": str(query.above_id)})
        order = "hs_object_id"
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": PAGE,
        "after": str(query.after),
    }
