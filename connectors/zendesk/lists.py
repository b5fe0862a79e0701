"""Reference data: read whole, now and then."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors import Clock, Cursor, Page, Rejected, Rows, Unsupported
from connectors.zendesk.api import ZendeskApi
from connectors.zendesk.pages import ListPage
from connectors.zendesk.reading import Reader, place_in
from connectors.zendesk.rows import Holiday, ScheduleRow


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a walk of the list was cut; null once it has come to the end, and the next begins anew."""

    after: str | None = None


class Whole:
    """A list, from its first page to its last."""

    def __init__(
        self,
        api: ZendeskApi,
        clock: Clock,
        path: str,
        field: str,
        reader: Reader,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.api, self.clock, self.path, self.reader, self.params = api, clock, path, reader, params
        self.rows = Rows(ListPage, field, reader.row)

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        place, began = place_in(cursor, Cut) or Cut(), self.clock()
        async for page in self.api.list(self.path, self.rows, self.params, after=place.after):
            read = self.reader.read(page.listed)
            yield Page(
                read.records,
                cursor={"after": page.after} if page.after or page.is_last else None,
                rejected=read.rejected,
                data_until=began if page.is_last else None,
            )


class Schedules:
    """Business schedules, each with its holidays; the oldest one is what Zendesk applies by default."""

    PATH = "/api/v2/business_hours/schedules"

    def __init__(self, api: ZendeskApi, clock: Clock, reader: Reader, notify: Callable[[str], None]) -> None:
        self.api, self.clock, self.reader, self.notify = api, clock, reader, notify
        self.rows = Rows(ListPage, "schedules", ScheduleRow)
        self.holidays = Rows(ListPage, "holidays", Holiday)

    async def pull(self, _cursor: Cursor | None) -> AsyncIterator[Page]:
        began = self.clock()
        pages = [page.listed async for page in self.api.list(self.PATH, self.rows)]
        live = [row for page in pages for row in page.rows if not row.deleted_at]
        default = min(live, key=lambda row: (row.created_at or began, str(row.id)), default=None)
        malformed: list[tuple[Any, str]] = []
        for row in live:
            row.is_default = row is default
            row.holidays = await self._holidays(row, malformed)
        rejected = [
            Rejected(
                "schedules", None, kept if isinstance(kept, dict) else {"row": kept}, f"holiday: {reason}"
            )
            for kept, reason in malformed
        ]
        for page in pages:
            read = self.reader.read(page)
            rejected += read.rejected
            yield Page(read.records, cursor=asdict(Cut()), rejected=rejected, data_until=began)
            rejected = []

    async def _holidays(self, row: ScheduleRow, malformed: list[tuple[Any, str]]) -> list[Holiday]:
        found: list[Holiday] = []
        try:
            async for page in self.api.list(f"{self.PATH}/{row.id}/holidays", self.holidays):
                malformed += page.listed.malformed
                found += page.listed.rows
        except Unsupported as error:
            self.notify(f"the holidays of the schedule {row.name} are taken as working days: {error}")
        return found
