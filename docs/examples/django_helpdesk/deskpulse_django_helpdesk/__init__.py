"""django-helpdesk for deskpulse.

Its API lists tickets by id and follow-ups by date, in numbered pages, and neither can be asked for what
is new. So the first sync lists the tickets, each with its follow-ups, and later ones read the follow-ups
from the last page backwards until they meet what they know, and each ticket that a new one belongs to.

Pages are always walked from the last to the first: rows that are deleted meanwhile move the others
towards the pages still to come, never past them.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
from pydantic import Field, SecretStr

from connectors import (
    ApiClient,
    Basic,
    Bucket,
    Checked,
    Connector,
    ConnectorError,
    ConnectorSettings,
    Cursor,
    Failure,
    Limits,
    Listed,
    Misconfigured,
    Page,
    Rows,
    Stream,
    Undecodable,
    Unexpected,
    decode,
)
from deskpulse_django_helpdesk.rows import Envelope, FollowUpRow, TicketRow, again, read

__all__ = ["DjangoHelpdeskConnector", "DjangoHelpdeskSettings"]

OVERLAP = timedelta(minutes=1)
"""A follow-up is dated before its transaction ends, so a slow one turns up among older ones."""
TICKETS = Rows(Envelope, "results", TicketRow)
FOLLOW_UPS = Rows(Envelope, "results", FollowUpRow)
LAST = "last"


class DjangoHelpdeskSettings(ConnectorSettings):
    """`BASE_URL` is where django-helpdesk is mounted; `USERNAME` is a member of its staff."""

    base_url: str
    username: str
    password: SecretStr
    page_size: int = Field(100, ge=2, le=1000)


class Gone(Unexpected):
    """What the API listed before is there no more."""


class Known(msgspec.Struct, frozen=True):
    """The follow-ups that were read: all up to a minute before `at`, and since then just the `recent`."""

    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    recent: dict[str, datetime] = {}
    count: int = 0

    def holds(self, row: FollowUpRow) -> bool:
        return row.date <= self.at - OVERLAP or str(row.id) in self.recent

    def with_all(self, rows: Sequence[FollowUpRow], count: int) -> "Known":
        read = {**self.recent, **{str(row.id): row.date for row in rows}}
        at = max([self.at, *read.values()])
        return Known(at, {number: date for number, date in read.items() if date > at - OVERLAP}, count)


class Place(msgspec.Struct, frozen=True):
    """The cursor. `listing` and `reading` are the pages to go on with, where a walk is not at its end."""

    known: Known
    listing: int | str | None = None
    reading: int | None = None
    then: Known | None = None
    """What is known once the walk over follow-ups is at its end."""


class DjangoHelpdeskConnector(Connector[DjangoHelpdeskSettings]):
    """One django-helpdesk."""

    Settings: ClassVar[type[ConnectorSettings]] = DjangoHelpdeskSettings

    def __init__(self, settings: DjangoHelpdeskSettings, **seams: Any) -> None:
        super().__init__(settings, **seams)
        self.client = ApiClient(
            settings.base_url,
            auth=Basic(settings.username, settings.password),
            limits=Limits({"account": Bucket(300)}),  # of our own: it has none, and other work to do
            classify=classify,
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
        )

    @property
    def requests(self) -> int:
        return self.client.requests

    async def aclose(self) -> None:
        await self.client.aclose()

    def streams(self) -> Sequence[Stream]:
        return [Stream("tickets", self.tickets, retry=again, since=self.settings.since)]

    async def check(self) -> Checked:
        """One ticket is asked for: who is no member of the staff is refused."""
        answer = await self.client.get("/api/tickets/", params={"page_size": 1})
        if not isinstance(answer.body, dict) or "results" not in answer.body:
            raise Misconfigured(
                "BASE_URL answers, but not as django-helpdesk's API: check where it is mounted"
            )
        return Checked(f"{self.settings.username} at {self.settings.base_url}", streams={"tickets": None})

    async def tickets(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        place = msgspec.convert(dict(cursor), Place) if cursor else await self._beginning()
        walk = self._changes(place) if place.listing is None else self._everything(place)
        async for page in walk:
            yield page

    async def _beginning(self) -> Place:
        """What happens from now on will be told by the follow-ups after the last one of now."""
        _, rows, count = await self._page("/api/followups/", LAST, FOLLOW_UPS)
        return Place(Known().with_all(rows.rows, count), listing=LAST)

    async def _everything(self, place: Place) -> AsyncIterator[Page]:
        page = place.listing
        while page:
            number, listed, _ = await self._page("/api/tickets/", page, TICKETS)
            page = number - 1 or None
            records, rejected = read(listed, self.settings.since)
            left = (number - 1) * self.settings.page_size
            yield Page(records, cursor(Place(place.known, listing=page)), rejected, total=left)

    async def _changes(self, place: Place) -> AsyncIterator[Page]:
        known, then = place.known, place.then
        page: int | str | None = place.reading or LAST
        while page:
            number, listed, count = await self._page("/api/followups/", page, FOLLOW_UPS)
            then = (then or known).with_all(listed.rows, then.count if then else count)
            new = [row for row in listed.rows if not known.holds(row)]
            is_all = any(row.date <= known.at - OVERLAP for row in listed.rows)
            page = None if is_all or (not new and count == known.count) else number - 1 or None
            records, rejected = read(await self._touched(new), self.settings.since)
            went_on = Place(known, reading=page if isinstance(page, int) else None, then=then)
            yield Page(records, cursor(went_on if page else Place(then)), rejected)

    async def _touched(self, rows: Sequence[FollowUpRow]) -> Listed[Envelope, TicketRow]:
        """The tickets of these follow-ups, as they are now."""
        found: Listed[Envelope, TicketRow] = Listed(Envelope(count=0), [], [])
        for number in sorted({row.ticket for row in rows}):
            try:
                answer = await self.client.get(f"/api/tickets/{number}/", read=one_ticket)
            except Gone:
                continue
            found.rows.extend(answer.body.rows)
            found.malformed.extend(answer.body.malformed)
        return found

    async def _page(
        self, path: str, page: int | str, rows: Rows[Envelope, Any]
    ) -> tuple[int, Listed[Envelope, Any], int]:
        """The page's number, what it holds, and how many rows there are in all."""
        size = self.settings.page_size
        try:
            answer = await self.client.get(path, params={"page": page, "page_size": size}, read=rows)
        except Gone:
            return int(page), Listed(Envelope(count=0), [], []), 0
        count = answer.body.envelope.count
        last = max(1, -(-count // size))
        return last if page == LAST else int(page), answer.body, count


def one_ticket(body: bytes) -> Listed[Envelope, TicketRow]:
    """A single ticket as a page of one, so that it is read, or set aside, like any other."""
    if "id" not in decode(body, dict[str, Any]):
        raise Undecodable("a ticket without an id")
    return TICKETS(b'{"count":1,"results":[' + body + b"]}")


def cursor(place: Place) -> Cursor:
    plain: Cursor = msgspec.to_builtins(place)
    return plain


def classify(failure: Failure) -> ConnectorError | None:
    """404 is the API's own word only when it says which thing is missing."""
    if failure.status == 404 and isinstance(failure.body, dict) and "detail" in failure.body:
        return Gone(f"{failure.path} is there no more ({failure.message})")
    if failure.status == 404:
        return Misconfigured(
            f"there is no API at {failure.path}: check BASE_URL, and that its API is switched on"
        )
    return None
