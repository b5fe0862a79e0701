"""Lists that know no order of change: walked page by page, from a fixed instant or whole.

`since` never moves while pages are counted. What changes meanwhile is caught by the next walk,
which begins where this one did, less a margin; what changes without being listed again is caught by
a longer look back once a day; what silently leaves a short list is missed by name.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic

from connectors import Clock, Cursor, Page, Record, Rejected
from connectors.freshdesk.api import Api, Marks
from connectors.freshdesk.instants import instant, iso
from connectors.freshdesk.mapping import micros
from connectors.freshdesk.reading import R, Reader
from connectors.freshdesk.walks import Listed

_A_LONG_LOOK_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window(Generic[R]):
    """A list that can be asked from an instant on.

    A cursor: {"since": …, "looked_back_at": …, "walk": {"since", "page", "begun_at", "newest"}}, where
    `walk` stands only in the middle of one.
    """

    api: Api
    path: str
    reader: Reader[R]
    parameter: str
    """The query's name for the instant: `created_since`, `executed_after`, `_updated_since`."""
    dated: Callable[[R], datetime | None]
    """The row's instant that the parameter is compared with."""
    clock: Clock
    since: datetime
    margin: timedelta
    look_back: timedelta | None = None
    """How much is read again once a day."""

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        state = dict(cursor or {})
        walk = dict(state.pop("walk", None) or self._begin(state))
        marks = Marks(cursor)
        begun_at = instant(walk["begun_at"])
        query = {self.parameter: walk["since"]}
        async for page, listed in self.api.pages(self.path, query, self.reader, first=walk["page"]):
            records, unread = self.reader.read(listed.rows)
            rejected = [*listed.rejected, *unread]
            walk["newest"] = self._newest(listed, walk["newest"])
            if listed.is_last:
                done = marks.fresh(self._end(state, walk))
                yield Page(records, done, rejected, data_until=begun_at)
            else:
                # Gone on from this page, not the next: rows deleted meanwhile pull the rest forward.
                walk["page"] = page
                yield Page(records, marks.fresh({**state, "walk": dict(walk)}), rejected)

    def _begin(self, state: Mapping[str, Any]) -> dict[str, Any]:
        now = self.clock()
        since = instant(state.get("since")) or self.since
        looked_back_at = instant(state.get("looked_back_at"))
        looks_back = looked_back_at is None or now - looked_back_at >= _A_LONG_LOOK_EVERY
        if self.look_back is not None and looks_back:
            since = min(since, max(self.since, now - self.look_back))
        return {
            "since": iso(since),
            "page": 1,
            "begun_at": iso(now),
            "newest": None,
            "looks_back": looks_back,
        }

    def _newest(self, listed: Listed[R], so_far: str | None) -> str | None:
        instants = [iso(at) for at in map(self.dated, listed.rows) if at is not None]
        return max(instants + ([so_far] if so_far else []), default=None)

    def _end(self, state: Mapping[str, Any], walk: Mapping[str, Any]) -> dict[str, Any]:
        """The next walk begins at the newest row seen, by the vendor's clock, and never later than
        this walk began, by ours.
        """
        newest = instant(walk["newest"])
        begun_at = instant(walk["begun_at"])
        assert begun_at is not None
        since = state.get("since") or iso(self.since)
        if newest is not None:
            since = max(since, iso(max(self.since, min(newest, begun_at) - self.margin)))
        looked_back_at = walk["begun_at"] if walk["looks_back"] else state.get("looked_back_at")
        return {"since": since, "looked_back_at": looked_back_at}


@dataclass(frozen=True, slots=True)
class Whole(Generic[R]):
    """A short list that is read whole each time.

    A cursor: {"known": {id: name}, "walk": {"page", "begun_at", "seen"}}, where `walk` stands only in the
    middle of one, and `known` and `seen` only where those that leave must be told: what was known and is
    not listed any more has departed. The look itself dates what it shows: whom a list that shrank under
    its own pages has skipped, and so declared departed, the next look brings back.
    """

    api: Api
    path: str
    reader: Reader[R]
    clock: Clock
    departed: Callable[[str, str | None, datetime], Record] | None = None

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        state = dict(cursor or {})
        known: Mapping[str, str | None] = state.get("known", {})
        walk = dict(state.pop("walk", None) or {"page": 1, "begun_at": iso(self.clock()), "seen": {}})
        begun_at = instant(walk["begun_at"]) or self.clock()
        marks = Marks(cursor)
        async for page, listed in self.api.pages(self.path, {}, self.reader, first=walk["page"]):
            records, unread = self.reader.read(listed.rows)
            rejected = [*listed.rejected, *unread]
            for record in records:
                record.version = micros(begun_at)
            walk = {**walk, "page": page, "seen": {**walk["seen"], **self._names(records, rejected, known)}}
            if listed.is_last:
                gone = self._departed(known, walk["seen"], begun_at)
                done = {} if self.departed is None else {"known": walk["seen"]}
                yield Page([*records, *gone], marks.fresh(done), rejected, data_until=begun_at)
            else:
                yield Page(records, marks.fresh({**state, "walk": walk}), rejected)

    def _names(
        self, records: Sequence[Record], rejected: Sequence[Rejected], known: Mapping[str, str | None]
    ) -> dict[str, str | None]:
        """Who is here, those included whose rows cannot be read."""
        if self.departed is None:
            return {}
        unread = {one.id: known.get(one.id) for one in rejected if one.id is not None}
        return unread | {record.id: getattr(record, "name", None) for record in records}

    def _departed(
        self, known: Mapping[str, str | None], seen: Mapping[str, str | None], at: datetime
    ) -> Sequence[Record]:
        if self.departed is None:
            return []
        return [self.departed(one, name, at) for one, name in known.items() if one not in seen]
