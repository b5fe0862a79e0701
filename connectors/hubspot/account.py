"""What streams of one account must know of each other: what stages mean, and which owner a user is."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors import Clock, Cursor, Page
from connectors.hubspot.api import HubSpotApi
from connectors.hubspot.others import owner_records
from connectors.hubspot.reading import Reader, Row
from connectors.hubspot.stages import stage_statuses, status_records
from connectors.hubspot.tickets import stages_of
from connectors.hubspot.walks import Place
from storage.records import StatusRecord

GONE = ""
"""The status of a stage that HubSpot does not list any more."""


def _read_at(began: datetime) -> Cursor:
    """What is read whole goes on from nowhere: its cursor says only that it was read."""
    return {"read_at": began.isoformat()}


class Stages:
    """Stage → status. HubSpot forgets deleted stages; the tickets' cursor does not."""

    def __init__(self, api: HubSpotApi, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self.known: dict[str, str] = {}
        self._is_read = False
        self.reader = Reader(
            StatusRecord.kind,
            lambda row: status_records([row]),
            envelope=("id", "label", "archived", "stages"),
        )

    async def pull(self, _cursor: Cursor | None) -> AsyncIterator[Page]:
        began = self._clock()
        found = await self._api.pipelines()
        records, rejected = self.reader.read(found.rows, found.malformed)
        self.known |= stage_statuses(record for record in records if isinstance(record, StatusRecord))
        self._is_read = True
        yield Page(records, _read_at(began), rejected, data_until=began)

    async def prepare(self, place: Place, rows: Sequence[Row]) -> None:
        """Ask for the stages once where a ticket is in, or was in, one that nobody knows."""
        self.known = {**place.known, **self.known}
        named = {stage for row in rows for stage in stages_of(row)}
        if not self._is_read and named - self.known.keys():
            async for _page in self.pull(None):
                pass
        self.known |= dict.fromkeys(named - self.known.keys(), GONE)
        place.known = dict(self.known)


class Owners:
    """Owners, active and archived. Threads and surveys name users, tickets name owners."""

    def __init__(self, api: HubSpotApi, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self._by_user: dict[str, str] = {}
        self._is_read = False
        self.reader = Reader(
            "people",
            owner_records,
            (
                "id",
                "userId",
                "userIdIncludingInactive",
                "type",
                "teams",
                "createdAt",
                "updatedAt",
                "archived",
            ),
        )

    async def pull(self, _cursor: Cursor | None) -> AsyncIterator[Page]:
        began = self._clock()
        for archived in (True, False):
            async for found in self._api.owners(archived=archived):
                records, rejected = self.reader.read(found.rows, found.malformed)
                self._note(found.rows)
                yield Page(records, rejected=rejected)
        self._is_read = True
        yield Page([], _read_at(began), data_until=began)

    async def by_user(self) -> Mapping[str, str]:
        if not self._is_read:
            async for _page in self.pull(None):
                pass
        return self._by_user

    def _note(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Who came back is an owner twice: the active one is read last and stays."""
        for row in rows:
            user = row.get("userId") or row.get("userIdIncludingInactive")
            if user:
                self._by_user[str(user)] = str(row["id"])
