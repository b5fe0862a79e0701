"""Satisfaction, both ways: legacy ratings by creation, survey responses while they can be answered."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors import Clock, Cursor, Page, Record, Rows
from connectors.zendesk.answers import ulid_instant
from connectors.zendesk.api import YOUNGEST, ZendeskApi, epoch
from connectors.zendesk.pages import ListPage
from connectors.zendesk.reading import Reader, place_in
from connectors.zendesk.rows import SurveyRow
from storage.records import RatingRecord

SURVEY_ROWS: Final = 50
ANSWERABLE: Final = timedelta(days=30)
"""How long a survey that does not say when it ends may still be answered."""
SETTLED: Final = timedelta(minutes=2)
"""A second that long ago gets no more rows, even if the clocks differ by a minute."""
REREAD_EVERY: Final = timedelta(hours=1)
_WINDOW: Final = 30 * 86_400
"""Seconds of creation in one list of ratings."""
_APART: Final = 86_400
"""The newest window ends at our clock's now, so of an empty one so much is read again."""


@dataclass(frozen=True, slots=True)
class Window:
    """Everything created before `start` was read; up to `end` the list has been read until `after`."""

    start: int
    end: int = 0
    after: str | None = None


class Ratings:
    """Legacy ratings, in windows of at most 30 days of creation; a changed answer is a new row."""

    PATH = "/api/v2/satisfaction_ratings"

    def __init__(self, api: ZendeskApi, clock: Clock, since: datetime, reader: Reader) -> None:
        self.api, self.clock, self.since, self.reader = api, clock, since, reader
        self.rows = Rows(ListPage, "satisfaction_ratings", reader.row)

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        stored = place_in(cursor, Window)
        place = stored or Window(epoch(self.since))
        last = epoch(self.clock() - YOUNGEST)
        while place.start < last:
            if place.after is None:
                place = replace(place, end=min(last, place.start + _WINDOW))
            newest = place.start
            params = {"start_time": place.start, "end_time": place.end}
            async for page in self.api.list(self.PATH, self.rows, params, after=place.after):
                read = self.reader.read(page.listed)
                newest = max([newest, *(_after(each, last) for each in read.records)])
                place = replace(place, after=page.after)
                if page.is_last:
                    place = Window(place.end if place.end < last else max(newest, last - _APART))
                moved, stored = place != stored, place
                yield Page(
                    read.records,
                    cursor=asdict(place) if moved else None,
                    rejected=read.rejected,
                    data_until=datetime.fromtimestamp(params["end_time"], tz=UTC) if page.is_last else None,
                )
            if params["end_time"] >= last:
                return


def _after(record: Record, last: int) -> int:
    """The second to go on from once this rating is known: its own until that one is surely over."""
    if not isinstance(record, RatingRecord) or (at := record.offered_at or record.rated_at) is None:
        return 0
    created = epoch(at)
    return created + 1 if created + SETTLED.total_seconds() <= last else created


@dataclass(frozen=True, slots=True)
class Surveys:
    """Creations in epoch milliseconds. A walk under way has an `after`; it began at `begin`."""

    newest: int
    """Where new ones begin: after the youngest survey known."""
    oldest_open: int
    """The oldest survey that may still be answered."""
    reread_at: int = 0
    """Epoch seconds of the last walk that read the open ones, too."""
    begin: int = 0
    after: str | None = None
    found_open: int | None = None
    """The oldest open survey that the walk under way has met."""

    def met(self, rows: Sequence[SurveyRow], now: datetime) -> "Surveys":
        """The place after these rows of the walk."""
        newest, found = self.newest, self.found_open
        for row in rows:
            offered = ulid_instant(str(row.id or ""))
            created = self.begin if offered is None else int(offered.timestamp() * 1000)
            if offered is not None:
                is_settled = offered + SETTLED <= now
                newest = max(newest, created + is_settled)
            if _is_open(row, offered, now):
                found = created if found is None else min(found, created)
        return replace(self, newest=newest, found_open=found)

    def ended(self, now: datetime, is_whole: bool) -> "Surveys":
        """The place once the walk has seen its last page."""
        found = self.newest if self.found_open is None else self.found_open
        oldest = found if is_whole else min(found, self.oldest_open)
        return Surveys(self.newest, oldest, epoch(now) if is_whole else self.reread_at)


class SurveyResponses:
    """Survey responses by creation: new ones at each pull, and hourly those that can still be answered."""

    PATH = "/api/v2/guide/survey_responses"

    def __init__(self, api: ZendeskApi, clock: Clock, since: datetime, reader: Reader) -> None:
        self.api, self.clock, self.since, self.reader = api, clock, since, reader
        self.rows = Rows(ListPage, "survey_responses", SurveyRow)

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        now, first = self.clock(), epoch(self.since) * 1000
        place = place_in(cursor, Surveys) or Surveys(first, first)
        if place.after is None:
            is_due = epoch(now) - place.reread_at >= REREAD_EVERY.total_seconds()
            place = replace(place, begin=place.oldest_open if is_due else place.newest, found_open=None)
        is_whole = place.begin <= place.oldest_open
        params = {"filter[created_at_start]": place.begin, "sort": "id"}
        async for page in self.api.list(self.PATH, self.rows, params, size=SURVEY_ROWS, after=place.after):
            read = self.reader.read(page.listed)
            place = place.met(page.listed.rows, now)
            place = place.ended(now, is_whole) if page.is_last else replace(place, after=page.after)
            yield Page(
                read.records,
                cursor=asdict(place),
                rejected=read.rejected,
                data_until=now if page.is_last else None,
            )


def _is_open(row: SurveyRow, offered: datetime | None, now: datetime) -> bool:
    """Whether its answers may still change; what cannot be told is read again."""
    if row.expires_at is None:
        return offered is None or offered + ANSWERABLE > now
    return row.expires_at > now
