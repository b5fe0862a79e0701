"""The walks: from a cursor to pages of records. Each class is one stream's way of reading."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from pydantic import ValidationError

from connectors import Clock, Cursor, Page, Record, Rejected, Rows, Unexpected, Unsupported, convert_row
from connectors.zendesk import answers, events, reference, tickets
from connectors.zendesk.api import EXPORT_ROWS, ZendeskApi, clamped, epoch
from connectors.zendesk.rows import (
    CallRow,
    EventRow,
    HolidayRow,
    LegRow,
    MetricEventRow,
    MetricSet,
    NamedRow,
    RatingRow,
    ScheduleRow,
    SurveyRow,
    TicketPage,
    TicketRow,
)

SURVEY_ROWS = 50
SURVEY_WINDOW = timedelta(days=30)
"""How long a survey may still be answered; re-read until then."""
RATING_WINDOW = timedelta(days=30)
CALL_OVERLAP = timedelta(hours=4)
"""Talk finishes rows up to three hours after the call."""
_BODIES = frozenset(
    {"description", "raw_subject", "fields", "subject", "comment", "body", "html_body", "plain_body"}
)

Make = Callable[[Any], Record | Iterable[Record]]


def read_rows(kind: str, rows: Iterable[Any], malformed: Iterable[tuple[Any, str]], make: Make) -> Page:
    """Rows as records; what cannot be read is set aside with the reason and without texts of customers."""
    records: list[Record] = []
    rejected = [_rejected(kind, row, reason) for row, reason in malformed]
    for row in rows:
        try:
            made = make(row)
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            rejected.append(_rejected(kind, row, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))
        except (ValueError, OverflowError) as error:
            rejected.append(_rejected(kind, row, str(error)))
        else:
            records += [made] if isinstance(made, Record) else made
    return Page(records, rejected=rejected)


def _rejected(kind: str, row: Any, reason: str) -> Rejected:
    plain = row if isinstance(row, dict) else msgspec.to_builtins(row)
    if not isinstance(plain, dict):
        plain = {"row": plain}
    kept = {name: value for name, value in plain.items() if name not in _BODIES}
    number = kept.get("id")
    return Rejected(kind, None if number is None else str(number), kept, reason)


def again(row_type: type[Any], make: Make) -> Callable[[Mapping[str, Any]], Sequence[Record]]:
    """Maps a row that was set aside once more."""

    def retry(row: Mapping[str, Any]) -> Sequence[Record]:
        made = make(convert_row(row, row_type))
        return [made] if isinstance(made, Record) else list(made)

    return retry


class Whole:
    """Reference data, read whole."""

    def __init__(self, api: ZendeskApi, clock: Clock, kind: str, path: str, field: str, row: type[Any], make: Make,
                 params: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        self.api, self.clock, self.kind, self.path, self.field = api, clock, kind, path, field
        self.row, self.make, self.params = row, make, params

    async def pull(self, _cursor: Cursor | None) -> AsyncIterator[Page]:
        began = self.clock()
        async for page in self.api.list(self.path, self.field, self.row, self.params):
            read = read_rows(self.kind, page.rows, page.malformed, self.make)
            yield Page(read.records, rejected=read.rejected, data_until=began if page.is_last else None)


class Fields:
    """Ticket fields, then forms where the plan has them."""

    def __init__(self, fields: Whole, forms: Whole) -> None:
        self.fields, self.forms = fields, forms

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        async for page in self.fields.pull(cursor):
            yield page
        try:
            async for page in self.forms.pull(cursor):
                yield page
        except Unsupported:  # forms are a matter of the plan; fields are what KPIs need
            return


class Schedules:
    """Business schedules, each with its holidays; the oldest one is what Zendesk applies by default."""

    def __init__(self, api: ZendeskApi, clock: Clock) -> None:
        self.api, self.clock = api, clock

    async def pull(self, _cursor: Cursor | None) -> AsyncIterator[Page]:
        rows: list[ScheduleRow] = []
        malformed: list[tuple[Any, str]] = []
        async for page in self.api.list("/api/v2/business_hours/schedules", "schedules", ScheduleRow):
            rows += page.rows
            malformed += page.malformed
        live = [row for row in rows if not row.deleted_at]
        default = min(live, key=lambda row: (row.created_at or "", str(row.id)), default=None)
        holidays = {str(row.id): await self._holidays(row) for row in live}
        read = read_rows(
            "schedules",
            rows,
            malformed,
            lambda row: reference.schedule(row, holidays.get(str(row.id), []), row is default),
        )
        yield Page(read.records, rejected=read.rejected, data_until=self.clock())

    async def _holidays(self, row: ScheduleRow) -> list[HolidayRow]:
        path = f"/api/v2/business_hours/schedules/{row.id}/holidays"
        return [
            holiday async for page in self.api.list(path, "holidays", HolidayRow) for holiday in page.rows
        ]


class Tickets:
    """The cursor export. An idle poll answers without a cursor: the stored one stays."""

    PATH = "/api/v2/incremental/tickets/cursor"
    PARAMS = {"include": "metric_sets", "support_type_scope": "all"}  # noqa: RUF012 - never changed

    def __init__(self, api: ZendeskApi, clock: Clock, host: str, since: datetime) -> None:
        self.api, self.clock, self.host, self.since = api, clock, host, since
        self.rows = Rows(TicketPage, "tickets", TicketRow)

    def make(self, row: TicketRow) -> Record:
        return tickets.ticket_record(row, self.host)

    def _joined(self, apart: Mapping[str, MetricSet], row: TicketRow) -> Record:
        """Metric sets come inside their tickets, or beside them in one list."""
        return tickets.ticket_record(row, self.host, apart.get(str(row.id)))

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Cursor: `after`, Zendesk's own; it moves with what the server has sent, never with our clock."""
        after: str | None = (cursor or {}).get("after")
        while True:
            start = clamped(epoch(self.since), self.clock())
            page = await self.api.cursor_export(self.PATH, self.rows, after, start, self.PARAMS)
            apart = {str(metrics.ticket_id): metrics for metrics in page.envelope.metric_sets or ()}
            read = read_rows("tickets", page.rows, page.malformed, partial(self._joined, apart))
            following = page.envelope.after_cursor
            yield Page(
                read.records,
                cursor={"after": following} if following and following != after else None,
                rejected=read.rejected,
                data_until=self._until(page.rows, page.envelope.end_of_stream),
            )
            if page.envelope.end_of_stream or not following:
                return
            if following == after:
                raise Unexpected(f"the API repeats the cursor of {self.PATH}")
            after = following

    def _until(self, rows: Sequence[TicketRow], is_end: bool) -> datetime | None:
        """Complete up to the last row; at the end up to the minute that Zendesk withholds."""
        if is_end:
            return self.clock() - timedelta(seconds=60)
        last = max((row.generated_timestamp or 0 for row in rows), default=0)
        return datetime.fromtimestamp(last, tz=UTC) if last else None


class ByTime:
    """An export by time: the next page begins in the last page's second and repeats its rows.

    The bookmark is the server's `end_time`, never our clock. A second that fills whole pages cannot be
    passed by time: the next page then begins one second later, and an admin is told.
    """

    def __init__(self, api: ZendeskApi, clock: Clock, kind: str, path: str, field: str, row: type[Any], make: Make,
                 since: datetime, notify: Callable[[str], None], *, params: Mapping[str, Any] | None = None,
                 bucket: str = "incremental-exports", overlap: timedelta = timedelta(0),
                 needed: Callable[[], Any] | None = None) -> None:  # fmt: skip
        self.api, self.clock, self.kind, self.path, self.field = api, clock, kind, path, field
        self.row, self.make, self.since, self.notify = row, make, since, notify
        self.params, self.bucket, self.overlap, self.needed = params, bucket, overlap, needed

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Cursor: `start`, epoch seconds."""
        if self.needed is not None and not await self.needed():
            return
        known: int | None = (cursor or {}).get("start")
        overlap = int(self.overlap.total_seconds()) if known is not None else 0
        start = clamped((known if known is not None else epoch(self.since)) - overlap, self.clock())
        best = known or start
        while True:
            page = await self.api.time_export(
                self.path, self.field, self.row, start, self.params, self.bucket
            )
            read = read_rows(self.kind, page.rows, page.malformed, self.make)
            end = page.envelope.end_time if page.envelope.end_time is not None else start
            is_last = self._is_last(
                page.envelope.end_of_stream, len(page.rows) + len(page.malformed), start, end
            )
            moved = end > best
            best = max(best, end)
            yield Page(
                read.records,
                cursor={"start": best} if moved else None,
                rejected=read.rejected,
                data_until=self.clock() - timedelta(seconds=60)
                if is_last
                else datetime.fromtimestamp(end, tz=UTC),
            )
            if is_last:
                return
            if end <= start:
                self.notify(
                    f"{self.path}: more rows in one second than a page holds; some of second {start} may be missing"
                )
                end = start + 1
            start = end

    def _is_last(self, end_of_stream: bool | None, rows: int, start: int, end: int) -> bool:
        """`next_page` is never null: the flag tells where it is given, a short page where it is not."""
        if end_of_stream is not None:
            return end_of_stream
        return rows < EXPORT_ROWS or (end <= start and rows <= 1)


class Ratings:
    """Legacy ratings, in windows of at most 30 days of creation; a changed answer is a new row."""

    def __init__(self, api: ZendeskApi, clock: Clock, since: datetime) -> None:
        self.api, self.clock, self.since = api, clock, since

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Cursor: `start`, epoch seconds of creation up to which everything was read."""
        start: int = (cursor or {}).get("start") or epoch(self.since)
        last = clamped(epoch(self.clock()), self.clock())
        while start < last:
            end = min(last, start + int(RATING_WINDOW.total_seconds()))
            params = {"start_time": start, "end_time": end}
            async for page in self.api.list(
                "/api/v2/satisfaction_ratings", "satisfaction_ratings", RatingRow, params
            ):
                read = read_rows("ratings", page.rows, page.malformed, answers.rating)
                yield Page(
                    read.records,
                    cursor={"start": end} if page.is_last else None,
                    rejected=read.rejected,
                    data_until=datetime.fromtimestamp(end, tz=UTC) if page.is_last else None,
                )
            start = end


class SurveyResponses:
    """Survey responses by creation; those that can still be answered are read again."""

    PATH = "/api/v2/guide/survey_responses"

    def __init__(self, api: ZendeskApi, clock: Clock, since: datetime) -> None:
        self.api, self.clock, self.since = api, clock, since

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Cursor: `start`, epoch milliseconds before which no answer can change any more."""
        now = self.clock()
        start: int = (cursor or {}).get("start") or epoch(self.since) * 1000
        async for page in self.api.list(
            self.PATH,
            "survey_responses",
            SurveyRow,
            {"filter[created_at_start]": start, "sort": "id"},
            SURVEY_ROWS,
        ):
            read = read_rows("ratings", page.rows, page.malformed, answers.survey_response)
            settled = epoch(now - SURVEY_WINDOW) * 1000
            yield Page(
                read.records,
                cursor={"start": settled} if page.is_last and settled > start else None,
                rejected=read.rejected,
                data_until=now if page.is_last else None,
            )


def organisations(api: ZendeskApi, clock: Clock, notify: Callable[[str], None]) -> ByTime:
    """Every organisation, however old: tickets of today belong to them."""
    beginning = datetime.fromtimestamp(1, tz=UTC)
    return ByTime(
        api, clock, "organisations", "/api/v2/incremental/organizations", "organizations", NamedRow,
        reference.organisation, beginning, notify,
    )  # fmt: skip


def ticket_events(api: ZendeskApi, clock: Clock, since: datetime, notify: Callable[[str], None]) -> ByTime:
    return ByTime(
        api, clock, "ticket_events", "/api/v2/incremental/ticket_events", "ticket_events", EventRow,
        events.event_records, since, notify, params={"support_type_scope": "all"},
    )  # fmt: skip


def calls(api: ZendeskApi, clock: Clock, since: datetime, notify: Callable[[str], None]) -> ByTime:
    return ByTime(
        api, clock, "calls", "/api/v2/channels/voice/stats/incremental/calls", "calls", CallRow, answers.call,
        since, notify, bucket="talk", overlap=CALL_OVERLAP,
    )  # fmt: skip


def legs(api: ZendeskApi, clock: Clock, since: datetime, notify: Callable[[str], None]) -> ByTime:
    return ByTime(
        api, clock, "call_legs", "/api/v2/channels/voice/stats/incremental/legs", "legs", LegRow, answers.leg,
        since, notify, bucket="talk", overlap=CALL_OVERLAP,
    )  # fmt: skip


def sla_events(api: ZendeskApi, clock: Clock, since: datetime, notify: Callable[[str], None],
               needed: Callable[[], Any]) -> ByTime:  # fmt: skip
    return ByTime(
        api, clock, "sla_events", "/api/v2/incremental/ticket_metric_events", "ticket_metric_events", MetricEventRow,
        answers.sla_event, since, notify, needed=needed,
    )  # fmt: skip
