"""How a kind of CRM objects is read: listed once, then followed through the search's closed windows.

The list is complete, in the order of ids, and loses nothing that changes while it is read: the windows
begin an hour before it did. The search's index lags behind the objects, so each span of time is read a
second time an hour later; rows that were stored already cost that second reading nothing but its pages.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors import Clock, Cursor, Page, Seen
from connectors.hubspot import words
from connectors.hubspot.api import ASSOCIATED_ROWS, Found, HubSpotApi, Kind
from connectors.hubspot.reading import Reader, Row, place_in
from connectors.hubspot.windows import Hits, Query, body, read_window

MODIFIED: Final = "hs_lastmodifieddate"
FIRST_MS: Final = 1_000
"""A filter of 0 is answered with 500."""
YOUNGEST_MS: Final = 10_000
"""What was modified in the last seconds is not asked for: its millisecond may not be over."""
OVERLAP_MS: Final = 2_000
LIST_OVERLAP_MS: Final = 3_600_000
SETTLED_MS: Final = 3_600_000
"""The index is complete for what is older; HubSpot says moments, connectors have seen most of an hour."""
SETTLE_EVERY_MS: Final = 1_800_000
REMEMBERED_ROWS: Final = 2_000

Complete = Callable[[list[Row]], Awaitable[None]]
"""Asks for what a page of rows lacks, and puts it into the rows."""


async def nothing_more(_rows: list[Row]) -> None:
    return None


def everything(_row: Row) -> bool:
    return True


@dataclass(slots=True)
class Place:
    """The cursor. `read_ms` is null while the list is being read, from `after` on."""

    after: str | None = None
    began_ms: int = 0
    is_recent: bool = False
    """The list has come to objects whose histories are wanted."""
    read_ms: int | None = None
    """Everything modified up to then was read once …"""
    settled_ms: int = 0
    """… and up to then a second time, after the index had settled."""
    seen: dict[str, int] = field(default_factory=dict)
    """Object → the modification that was stored, for what is not settled yet."""
    known: dict[str, str] = field(default_factory=dict)
    """What the stream itself remembers between two pulls."""

    def cursor(self) -> Cursor:
        return asdict(self)

    def remember(self, rows: Mapping[str, int]) -> None:
        """The newest of what is not settled; forgetting costs a second reading, and nothing else."""
        kept = {each: at for each, at in {**self.seen, **rows}.items() if at > self.settled_ms}
        newest = sorted(kept, key=kept.__getitem__, reverse=True)[:REMEMBERED_ROWS]
        self.seen = {each: kept[each] for each in newest}


@dataclass(frozen=True)
class Walk:
    """One kind of objects. `listed` completes rows of the list, `searched` those of the search."""

    api: HubSpotApi
    clock: Clock
    kind: Kind
    reader: Reader
    keep: Callable[[Row], bool] = everything
    """Whether a listed row is recent enough to be stored at all."""
    listed: Complete = nothing_more
    searched: Complete = nothing_more
    histories_since: datetime | None = None
    """Lists bring the histories of objects created since then; there are half as many to a page."""
    before: Callable[[Place, Sequence[Row]], Awaitable[None]] | None = None
    """Called before rows are read, with the place in which the stream may remember."""
    searched_since: datetime | None = None
    """Nothing is listed, and the search is read from there on: for what holds far more than is wanted."""

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        place = place_in(cursor, Place)
        if place.read_ms is None and self.searched_since is not None:
            place.read_ms = place.settled_ms = words.milliseconds(self.searched_since)
        if place.read_ms is None:
            async for page in self._list(place):
                yield page
        async for page in self._follow(place):
            yield page

    # -- the list -----------------------------------------------------------------------------

    async def _list(self, place: Place) -> AsyncIterator[Page]:
        place.began_ms = place.began_ms or words.milliseconds(self.clock())
        seen = Seen()
        while True:
            found = await self.api.listed(self.kind, place.after, history=place.is_recent)
            kept = [row for row in found.rows if self.keep(row)]
            await self.listed(kept)
            place.after = found.after
            place.is_recent = self._is_recent(found)
            if found.after is None:
                place.read_ms = place.settled_ms = place.began_ms - LIST_OVERLAP_MS
                yield await self._page(place, kept, found.malformed, is_done=True)
                return
            seen.note(found.after)
            yield await self._page(place, kept, found.malformed, is_done=True)

    def _is_recent(self, found: Found) -> bool:
        since = self.histories_since
        at = created(found.rows[-1]) if found.rows else None
        return since is not None and at is not None and at >= since

    # -- the search ---------------------------------------------------------------------------

    async def _follow(self, place: Place) -> AsyncIterator[Page]:
        now_ms = words.milliseconds(self.clock())
        high, late = now_ms - YOUNGEST_MS, now_ms - SETTLED_MS
        if late - place.settled_ms >= SETTLE_EVERY_MS:
            malformed: list[tuple[Any, str]] = []
            hits = await self._search(Query(max(place.settled_ms, FIRST_MS), high), malformed)
            if hits.after is None and len(hits.rows) >= hits.total:
                yield await self._all_at_once(place, hits, malformed, late, high)
                return
            async for page in self._window(place, place.settled_ms, late, is_second=True):
                yield page
        async for page in self._window(place, (place.read_ms or 0) - OVERLAP_MS, high):
            yield page

    async def _all_at_once(
        self, place: Place, hits: Hits, malformed: list[tuple[Any, str]], late: int, high: int
    ) -> Page:
        """Little has changed: one page holds both the second reading and the first."""
        rows = self._unseen(place, hits.rows)
        await self.searched(rows)
        place.settled_ms, place.read_ms = late, high
        place.remember({str(row["id"]): modified_ms(row) for row in rows})
        return await self._page(place, rows, malformed, is_done=True, until_ms=high)

    async def _window(
        self, place: Place, low: int, high: int, *, is_second: bool = False
    ) -> AsyncIterator[Page]:
        """One window, in pages of as many rows as a batch of associations takes."""
        malformed: list[tuple[Any, str]] = []
        gathered: dict[str, Row] = {}
        stored: dict[str, int] = {}
        async for part in read_window(lambda query: self._search(query, malformed), max(low, FIRST_MS), high):
            gathered |= {str(row["id"]): row for row in self._unseen(place, part.rows, stored)}
            if part.done_ms is None and len(gathered) < ASSOCIATED_ROWS:
                continue
            rows, gathered = list(gathered.values()), {}
            await self.searched(rows)
            stored |= {str(row["id"]): modified_ms(row) for row in rows}
            if part.done_ms is not None:
                place.read_ms = max(place.read_ms or 0, part.done_ms)
                place.settled_ms = part.done_ms if is_second else place.settled_ms
                place.remember(stored)
            yield await self._page(
                place, rows, malformed, is_done=part.done_ms is not None,
                until_ms=None if is_second else part.done_ms,
            )  # fmt: skip
            malformed.clear()

    def _unseen(
        self, place: Place, rows: Sequence[Any], stored: Mapping[str, int] | None = None
    ) -> list[Row]:
        known = {**place.seen, **(stored or {})} if rows else {}
        return [row for row in rows if known.get(str(row["id"])) != modified_ms(row)]

    async def _search(self, query: Query, malformed: list[tuple[Any, str]]) -> Hits:
        hits, strange = await self.api.search(self.kind, body(query, MODIFIED, self.kind.properties))
        malformed += strange
        return hits

    async def _page(
        self, place: Place, rows: list[Row], malformed: Sequence[tuple[Any, str]], *, is_done: bool,
        until_ms: int | None = None,
    ) -> Page:  # fmt: skip
        if self.before is not None:
            await self.before(place, rows)
        records, rejected = self.reader.read(rows, malformed)
        until = None if until_ms is None else words.EPOCH + timedelta(milliseconds=until_ms)
        return Page(records, place.cursor() if is_done else None, rejected, data_until=until)


@dataclass(frozen=True)
class Archived:
    """Objects that were deleted or merged away, for as long as HubSpot keeps them: read whole."""

    api: HubSpotApi
    clock: Clock
    kind: Kind
    reader: Reader
    before: Callable[[Place, Sequence[Row]], Awaitable[None]] | None = None

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        place, seen, began = place_in(cursor, Place), Seen(), self.clock()
        while True:
            found = await self.api.listed(self.kind, place.after, archived=True)
            if self.before is not None:
                await self.before(place, found.rows)
            records, rejected = self.reader.read(found.rows, found.malformed)
            place.after = found.after
            is_last = found.after is None
            yield Page(records, place.cursor(), rejected, data_until=began if is_last else None)
            if is_last:
                return
            seen.note(found.after)


def created(row: Mapping[str, Any]) -> datetime | None:
    """When an object was created; null where that cannot be read."""
    return _moment(row, ("createdate", "hs_createdate"), "createdAt")


def modified(row: Mapping[str, Any]) -> datetime | None:
    return _moment(row, (MODIFIED,), "updatedAt")


def modified_ms(row: Mapping[str, Any]) -> int:
    at = modified(row)
    return 0 if at is None else words.milliseconds(at)


def _moment(row: Mapping[str, Any], names: Sequence[str], envelope: str) -> datetime | None:
    properties = row.get("properties")
    try:
        found = [words.moment(properties, name) for name in names] if isinstance(properties, dict) else []
        return next((at for at in found if at is not None), None) or words.instant(row.get(envelope))
    except (ValueError, TypeError, OverflowError):
        return None


def is_since(at: datetime | None, since: datetime) -> bool:
    """What has no readable instant is kept, to be set aside with a reason."""
    return at is None or at >= since.astimezone(UTC)
