"""What rows of a list or a search lack, asked for in batches and put into the rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors import Unsupported
from connectors.hubspot import words
from connectors.hubspot.account import Owners
from connectors.hubspot.api import HubSpotApi, Kind
from connectors.hubspot.reading import Row
from connectors.hubspot.refusals import Missing, NoSuchLink
from connectors.hubspot.tickets import needs_messages
from connectors.hubspot.walks import created, is_since

CONVERSATION = "conversation"
"""The key under which a ticket's row holds the messages of its thread."""
_CLOSINGS = Kind("tickets", ("createdate", "hs_last_closed_date", "closed_date"))
_ABOUT_TICKETS = ("CSAT", "CES")


async def associate(api: HubSpotApi, kind: str, others: Sequence[str], rows: Sequence[Row]) -> None:
    """Replaces each row's associations by what they are now, nothing included."""
    ids = [str(row["id"]) for row in rows]
    for other in others if ids else ():
        found = await api.associated(kind, other, ids)
        for row in rows:
            results = [{"id": each} for each in found.get(str(row["id"]), ())]
            known = row.get("associations")
            row["associations"] = {**(known if isinstance(known, dict) else {}), other: {"results": results}}


@dataclass
class TicketDetails:
    """Histories, associations and, where HubSpot does not tell the first response, messages."""

    api: HubSpotApi
    kind: Kind
    owners: Owners
    since: datetime
    notify: Callable[[str], None]
    users: dict[str, str] = field(default_factory=dict)
    """User → owner, known once messages were read."""
    _is_open: bool = True
    """Conversations may be read with these credentials."""

    async def listed(self, rows: list[Row]) -> None:
        """A list brings associations, and histories to the pages where they are wanted."""
        await self._read_histories([row for row in rows if is_since(created(row), self.since)])
        await self._read_messages(rows)

    async def searched(self, rows: list[Row]) -> None:
        await associate(self.api, self.kind.name, self.kind.associations, rows)
        await self._read_histories(rows)
        await self._read_messages(rows)

    async def again(self, rows: list[Row]) -> None:
        """Associations alone: changing one does not change its ticket."""
        await associate(self.api, self.kind.name, self.kind.associations, rows)

    async def _read_histories(self, rows: Sequence[Row]) -> None:
        bare = {str(row["id"]): row for row in rows if not row.get("propertiesWithHistory")}
        for number, history in (await self.api.histories(self.kind, list(bare))).items():
            if number in bare:
                bare[number]["propertiesWithHistory"] = history

    async def _read_messages(self, rows: Sequence[Row]) -> None:
        for row in rows:
            thread = self._thread(row) if self._is_open else None
            if thread is None:
                continue
            try:
                row[CONVERSATION] = await self.api.messages(thread)
                self.users.update(await self.owners.by_user())
            except Missing:
                continue
            except Unsupported as error:
                self._is_open = False
                self.notify(f"first responses that only conversations tell stay unknown: {error}")

    def _thread(self, row: Row) -> str | None:
        try:
            return needs_messages(row, self.since)
        except (ValueError, TypeError, AttributeError):
            return None  # the row will be set aside with a reason


@dataclass
class RatingDetails:
    """The ticket that a survey is about, where it does not say so itself."""

    api: HubSpotApi
    owners: Owners
    since: datetime
    notify: Callable[[str], None]
    users: dict[str, str] = field(default_factory=dict)

    async def listed(self, rows: list[Row]) -> None:
        await self._name_agents(rows)
        await self._find_by_contact([row for row in rows if _ticketless(row)])

    async def searched(self, rows: list[Row]) -> None:
        await self._name_agents(rows)
        bare = [row for row in rows if _ticketless(row)]
        try:
            await associate(self.api, "feedback_submissions", ("tickets",), bare)
        except NoSuchLink as error:
            self.notify(f"surveys are linked to tickets by their contacts only: {error}")
        await self._find_by_contact([row for row in bare if _ticketless(row)])

    async def _name_agents(self, rows: Sequence[Row]) -> None:
        """Chat surveys name a user; those that name the ticket's owner, too, need no more."""
        if any(_said(row, "hs_agent_id") and not _said(row, "hs_ticket_owner_id") for row in rows):
            self.users.update(await self.owners.by_user())

    async def _find_by_contact(self, rows: Sequence[Row]) -> None:
        """Surveys by e-mail are linked to the contact only: its ticket that was closed last before the answer."""
        asked = {
            row["id"]: (contact, at) for row in rows if (contact := _contact(row)) and (at := self._at(row))
        }
        if not asked:
            return
        contacts = [contact for contact, _ in asked.values()]
        tickets = await self.api.associated("contacts", "tickets", contacts)
        numbers = [number for some in tickets.values() for number in some]
        closings = {str(row["id"]): row for row in await self.api.read(_CLOSINGS, numbers)}
        for row in rows:
            contact, at = asked.get(row["id"], ("", None))
            candidates = [closings[number] for number in tickets.get(contact, ()) if number in closings]
            about = closed_last(candidates, at) if at is not None else None
            if about is not None:
                row["associations"] = {"tickets": {"results": [{"id": about}]}}

    def _at(self, row: Row) -> datetime | None:
        try:
            at = words.instant(_said(row, "hs_submission_timestamp"))
        except ValueError:
            return None
        return at if at is not None and at >= self.since else None


def closed_last(tickets: Sequence[Mapping[str, Any]], before: datetime) -> str | None:
    """The one of these tickets that was closed last before an instant."""
    closed: list[tuple[datetime, str]] = []
    for row in tickets:
        at = words.instant(_said(row, "hs_last_closed_date") or _said(row, "closed_date"))
        if at is not None and at <= before:
            closed.append((at, str(row["id"])))
    return max(closed)[1] if closed else None


def _said(row: Mapping[str, Any], name: str) -> str | None:
    """A property as far as it can be read; what cannot is refused with a reason where the row is."""
    value = (row.get("properties") or {}).get(name)
    return value if isinstance(value, str) and value else None


def _ticketless(row: Row) -> bool:
    linked = row.get("associations")
    tickets = linked.get("tickets") if isinstance(linked, dict) else None
    results = tickets.get("results") if isinstance(tickets, dict) else None
    return not _said(row, "hs_ticket_id") and not results


def _contact(row: Row) -> str | None:
    if (_said(row, "hs_survey_type") or "").upper() not in _ABOUT_TICKETS:
        return None
    return _said(row, "hs_contact_id")
