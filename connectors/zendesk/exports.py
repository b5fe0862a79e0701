"""The incremental exports: what changed since, by Zendesk's own cursor or by the second."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors import Clock, Cursor, Listed, Page, Record, Rows, Seen, Unexpected
from connectors.zendesk.api import (
    EXPORT_ROWS,
    EXPORTS,
    YOUNGEST,
    Refused,
    ZendeskApi,
    clamped,
    epoch,
    nowhere,
)
from connectors.zendesk.pages import CursorPage, TicketPage, TimePage
from connectors.zendesk.reading import Reader, place_in
from connectors.zendesk.rows import MetricSet, TicketRow

CALL_OVERLAP = timedelta(hours=4)
"""Talk finishes rows up to three hours after the call."""
SHORT_PAGE = 100
"""An export that neither tells its end nor keeps to the page size asked for may fill its pages with so many."""


@dataclass(frozen=True, slots=True)
class After:
    """Zendesk's own cursor, and the second up to which it has led."""

    after: str
    until: int = 0


@dataclass(frozen=True, slots=True)
class Since:
    """The server's `end_time` of the last page, epoch seconds."""

    start: int


@dataclass(frozen=True, slots=True)
class Export:
    """One export: where it is, the key of its rows, how they are read, how it is asked."""

    path: str
    key: str
    reader: Reader
    since: datetime
    params: Mapping[str, Any] = field(default_factory=dict)
    bucket: str = EXPORTS
    overlap: timedelta = timedelta(0)
    """Read again at every pull, since rows change without coming anew."""
    full_page: int = EXPORT_ROWS
    """A page of fewer rows is the last, where the export does not tell its end."""


class ByCursor:
    """An export by cursor. An idle poll answers without one: the stored cursor stays."""

    page: type[CursorPage] = CursorPage

    def __init__(self, api: ZendeskApi, clock: Clock, export: Export, notify: Callable[[str], None]) -> None:
        self.api, self.clock, self.export, self.notify = api, clock, export, notify
        self.rows: Rows[Any, Any] = Rows(self.page, export.key, export.reader.row)

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """The cursor moves with what the server has sent, never with our clock."""
        place = place_in(cursor, After)
        after = None if place is None else place.after
        until = epoch(self.export.since) if place is None else place.until
        seen = Seen()
        while True:
            try:
                page = await self._page(after, until)
            except Refused:
                if after is None:
                    raise
                self.notify(
                    f"{self.export.path}: Zendesk no longer knows the cursor; read again from {until}"
                )
                after = None
                continue
            read = self.export.reader.read(page, self.make(page))
            until = max([until, *(record.version // 1_000_000 for record in read.records)])
            following, is_end = page.envelope.after_cursor or None, page.envelope.end_of_stream
            is_last = is_end or (following is None and is_end is None)
            yield Page(
                read.records,
                cursor={"after": following, "until": until} if following and following != after else None,
                rejected=read.rejected,
                data_until=_withheld_since(self.clock())
                if is_last
                else datetime.fromtimestamp(until, tz=UTC),
            )
            if is_last:
                return
            if following is None:
                raise nowhere(self.export.path)
            seen.note(following)
            after = following

    async def _page(self, after: str | None, until: int) -> Listed[CursorPage, Any]:
        export = self.export
        start = clamped(until, self.clock())
        return await self.api.cursor_export(
            export.path, self.rows, after, start, export.params, export.bucket
        )

    def make(self, _page: Listed[Any, Any]) -> Callable[[Any], Record] | None:
        """How this page's rows are read, where they need the rest of the page; null for the usual way."""
        return None


class Tickets(ByCursor):
    """Metric sets come inside their tickets, or beside them in one list."""

    page = TicketPage

    def __init__(
        self,
        api: ZendeskApi,
        clock: Clock,
        export: Export,
        notify: Callable[[str], None],
        record: Callable[..., Record],
    ) -> None:
        super().__init__(api, clock, export, notify)
        self.record = record

    def make(self, page: Listed[TicketPage, TicketRow]) -> Callable[[TicketRow], Record] | None:
        if not page.envelope.metric_sets:
            return None
        return partial(
            _joined, {str(each.ticket_id): each for each in page.envelope.metric_sets}, self.record
        )


class ByTime:
    """An export by time: the next page begins in the last page's second and repeats its rows.

    The bookmark is the server's `end_time`, never our clock. A second that fills whole pages cannot be
    passed by time: the next page then begins one second later, and an admin is told. `needed` is asked
    before the first page of all.
    """

    def __init__(
        self,
        api: ZendeskApi,
        clock: Clock,
        export: Export,
        notify: Callable[[str], None],
        needed: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self.api, self.clock, self.export, self.notify, self.needed = api, clock, export, notify, needed
        self.rows = Rows(TimePage, export.key, export.reader.row)

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        place = place_in(cursor, Since)
        if place is None and self.needed is not None and not await self.needed():
            return
        export = self.export
        known = epoch(export.since) if place is None else place.start
        overlap = 0 if place is None else int(export.overlap.total_seconds())
        start, best = clamped(known - overlap, self.clock()), known
        while True:
            page, asked = await self.api.time_export(
                export.path, self.rows, start, export.params, export.bucket
            )
            read = export.reader.read(page)
            end = start if page.envelope.end_time is None else int(page.envelope.end_time)
            is_last = self._is_last(page, asked)
            is_further, best = end > best or place is None, max(best, end)
            yield Page(
                read.records,
                cursor={"start": best} if is_further else None,
                rejected=read.rejected,
                data_until=_until(self.clock(), best, is_last) if is_further or is_last else None,
            )
            if is_last:
                return
            place, start = Since(best), self._next(start, end)

    def _is_last(self, page: Listed[TimePage, Any], asked: int) -> bool:
        """`next_page` is never null: the flag tells where it is given, a short page where it is not."""
        if page.envelope.end_of_stream is not None:
            return page.envelope.end_of_stream
        return len(page.rows) + len(page.malformed) < min(asked, self.export.full_page)

    def _next(self, start: int, end: int) -> int:
        if end > start:
            return end
        if end < start:
            raise Unexpected(
                f"{self.export.path} leads back from second {start} to {end}: tell the developers"
            )
        self.notify(
            f"{self.export.path}: second {start} holds more rows than a page; some of them may be missing"
        )
        return start + 1


def _joined(apart: Mapping[str, MetricSet], record: Callable[..., Record], row: TicketRow) -> Record:
    return record(row, metric_set=apart.get(str(row.id)))


def _until(now: datetime, end: int, is_last: bool) -> datetime:
    return _withheld_since(now) if is_last else datetime.fromtimestamp(end, tz=UTC)


def _withheld_since(now: datetime) -> datetime:
    """At the end of an export everything is known but for the minute that Zendesk withholds."""
    return now - YOUNGEST
