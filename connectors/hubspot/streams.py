"""HubSpot's streams, each put together from a walk, a reader and what completes its rows."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors import Clock, Cursor, Page, Record
from connectors.hubspot.account import Owners, Stages
from connectors.hubspot.api import ASSOCIATED_ROWS, HubSpotApi, Kind
from connectors.hubspot.details import CONVERSATION, RatingDetails, TicketDetails, associate
from connectors.hubspot.others import (
    CALL_PROPERTIES,
    COMPANY_PROPERTIES,
    FEEDBACK_PROPERTIES,
    call_record,
    message_events,
    organisation_record,
    rating_record,
)
from connectors.hubspot.reading import Reader, Row, place_in
from connectors.hubspot.tickets import HISTORIES, PROPERTIES, ticket_records
from connectors.hubspot.walks import Archived, Place, Walk, is_since, modified
from connectors.hubspot.windows import PAGE, Hits, by_id

TICKETS = Kind("tickets", PROPERTIES, HISTORIES, ("contacts", "companies"))
FEEDBACK = Kind("feedback_submissions", FEEDBACK_PROPERTIES, associations=("tickets",))
CALLS = Kind("calls", CALL_PROPERTIES, associations=("tickets",))
COMPANIES = Kind("companies", COMPANY_PROPERTIES)


class Tickets:
    """Everything that is read of tickets: what changed, what was archived, what is open."""

    def __init__(
        self, api: HubSpotApi, clock: Clock, stages: Stages, owners: Owners, since: datetime,
        events_since: datetime, notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.api, self.clock, self.stages, self.since = api, clock, stages, since
        self.details = TicketDetails(api, TICKETS, owners, events_since, notify)
        self.reader = Reader("tickets", self._records, PROPERTIES)
        """What is set aside comes again without its history, which may have been what was unreadable."""
        self.changes = Walk(
            api, clock, TICKETS, self.reader, self._is_wanted, self.details.listed, self.details.searched,
            events_since, stages.prepare,
        )  # fmt: skip
        self.archived = Archived(api, clock, replace(TICKETS, associations=()), self.reader, stages.prepare)

    def _records(self, row: Mapping[str, Any]) -> list[Record]:
        records = ticket_records(row, self.stages.known)
        return [*records, *message_events(str(row["id"]), row.get(CONVERSATION) or (), self.details.users)]

    def _is_wanted(self, row: Row) -> bool:
        """Whatever is still open belongs to the backlog, however old it is."""
        properties = row.get("properties")
        is_closed = isinstance(properties, dict) and properties.get("hs_is_closed") == "true"
        return not is_closed or is_since(modified(row), self.since)

    async def open(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Open tickets once a day: time alone makes an SLA overdue, and associations change silently."""
        place, began = place_in(cursor, Place), self.clock()
        malformed: list[tuple[Any, str]] = []

        async def search(above: int) -> Hits:
            hits, strange = await self.api.search(TICKETS, _open_tickets(above))
            malformed.extend(strange)
            return hits

        gathered: list[Row] = []
        async for rows in by_id(search, int(place.after or 0)):
            gathered += [dict(row) for row in rows]
            if len(gathered) >= ASSOCIATED_ROWS:
                yield await self._open_page(place, gathered, malformed)
                gathered = []
        yield await self._open_page(place, gathered, malformed, began)

    async def _open_page(
        self, place: Place, rows: list[Row], malformed: list[tuple[Any, str]], until: datetime | None = None
    ) -> Page:
        await self.details.again(rows)
        await self.stages.prepare(place, rows)
        records, rejected = self.reader.read(rows, malformed)
        malformed.clear()
        place.after = None if until is not None else str(rows[-1]["id"])
        return Page(records, place.cursor(), rejected, data_until=until)


def _open_tickets(above: int) -> dict[str, Any]:
    """Tickets that are not closed, or do not say, above an id: two groups, of which one must hold."""
    higher = {"propertyName": "hs_object_id", "operator": "GT", "value": str(above)}
    not_closed = {"propertyName": "hs_is_closed", "operator": "NEQ", "value": "true"}
    not_said = {"propertyName": "hs_is_closed", "operator": "NOT_HAS_PROPERTY"}
    return {
        "filterGroups": [{"filters": [not_closed, higher]}, {"filters": [not_said, higher]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(PROPERTIES),
        "limit": PAGE,
        "after": "0",
    }


class Ratings:
    def __init__(
        self, api: HubSpotApi, clock: Clock, owners: Owners, since: datetime, events_since: datetime,
        notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.since = since
        self.details = RatingDetails(api, owners, events_since, notify)
        self.reader = Reader(
            "ratings", lambda row: rating_record(row, self.details.users), FEEDBACK_PROPERTIES
        )
        self.changes = Walk(
            api, clock, FEEDBACK, self.reader, self._is_wanted, self.details.listed, self.details.searched
        )
        self.archived = Archived(api, clock, replace(FEEDBACK, associations=()), self.reader)

    def _is_wanted(self, row: Row) -> bool:
        return is_since(modified(row), self.since)


class Calls:
    """Calls of the whole company, sales included: only those since the account's own beginning are read."""

    def __init__(self, api: HubSpotApi, clock: Clock, since: datetime) -> None:
        self.api = api
        self.reader = Reader("calls", call_record, CALL_PROPERTIES)
        self.changes = Walk(api, clock, CALLS, self.reader, searched=self._link, searched_since=since)

    async def _link(self, rows: list[Row]) -> None:
        await associate(self.api, CALLS.name, CALLS.associations, rows)


def organisations(api: HubSpotApi, clock: Clock) -> Walk:
    """Every company, however old: tickets of today belong to them."""
    return Walk(api, clock, COMPANIES, Reader("organisations", organisation_record, COMPANY_PROPERTIES))
