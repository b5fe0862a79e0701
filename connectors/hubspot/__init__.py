"""HubSpot: Service Hub's tickets with their histories, surveys, calls and conversations."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from connectors import ApiClient, Checked, Connector, ConnectorSettings, Stream, Unsupported
from connectors.hubspot import refusals
from connectors.hubspot.account import Owners, Stages
from connectors.hubspot.api import HubSpotApi, Kind
from connectors.hubspot.paths import SUPPORTED_UNTIL, VERSION
from connectors.hubspot.settings import HubSpotSettings
from connectors.hubspot.streams import Calls, Ratings, Tickets, organisations

__all__ = ["HubSpotConnector", "HubSpotSettings"]

DAILY = timedelta(hours=24)
HOURLY = timedelta(hours=1)
WARN_BEFORE = timedelta(days=90)
_STREAMS_OF = {
    "tickets": ("tickets", "archived_tickets", "open_tickets"),
    "feedback_submissions": ("ratings", "archived_ratings"),
    "calls": ("calls",),
    "companies": ("organisations",),
}


class HubSpotConnector(Connector[HubSpotSettings]):
    """One HubSpot account."""

    Settings: ClassVar[type[ConnectorSettings]] = HubSpotSettings

    def __init__(self, settings: HubSpotSettings, **ports: Any) -> None:
        super().__init__(settings, **ports)
        self._auth = settings.auth(self.notify)
        self._limits = refusals.limits()
        self.api = HubSpotApi(settings.host, self._connect, self.clock, self.notify)
        self.stages = Stages(self.api, self.clock)
        self.owners = Owners(self.api, self.clock)
        if self.clock().date() > SUPPORTED_UNTIL - WARN_BEFORE:
            self.notify(
                f"HubSpot supports version {VERSION} of its API until {SUPPORTED_UNTIL}: update deskpulse"
            )

    def _connect(self, host: str, classify: Any) -> ApiClient:
        return ApiClient(
            host,
            auth=self._auth,
            limits=self._limits,
            observe=refusals.observe,
            classify=classify,
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
        )

    @property
    def requests(self) -> int:
        return self.api.requests

    async def aclose(self) -> None:
        await self.api.aclose()

    def streams(self) -> Sequence[Stream]:
        """Those that fail together stand apart: two failures in a row would look like a vendor that is down."""
        given = self.settings
        tickets = Tickets(
            self.api, self.clock, self.stages, self.owners, given.since, given.events_since, self.notify
        )
        ratings = Ratings(self.api, self.clock, self.owners, given.since, given.events_since, self.notify)
        calls = Calls(self.api, self.clock, given.since)
        companies = organisations(self.api, self.clock)
        return [
            Stream("owners", self.owners.pull, HOURLY, self.owners.reader.again),
            Stream("statuses", self.stages.pull, DAILY, self.stages.reader.again),
            Stream("organisations", companies.pull, HOURLY, companies.reader.again),
            Stream("tickets", tickets.changes.pull, retry=tickets.reader.again, since=given.since),
            Stream("archived_tickets", tickets.archived.pull, DAILY, tickets.reader.again),
            Stream("open_tickets", tickets.open, DAILY, tickets.reader.again),
            Stream("ratings", ratings.changes.pull, retry=ratings.reader.again, since=given.since),
            Stream("calls", calls.changes.pull, retry=calls.reader.again, since=given.since),
            Stream("archived_ratings", ratings.archived.pull, DAILY, ratings.reader.again),
        ]

    async def check(self) -> Checked:
        """The account, then one page of each kind: nothing else tells what a service key may read."""
        lost: dict[str, str | None] = {stream.name: None for stream in self.streams()}
        for kind, streams in _STREAMS_OF.items():
            why = await self._refused(self.api.listed(Kind(kind, ("hs_object_id",)), None))
            lost.update(dict.fromkeys(streams, why))
        lost["statuses"] = await self._refused(self.api.pipelines())
        lost["owners"] = await self._refused(self.api.all_owners())
        notes = [f"{name}: {why}" for name, why in lost.items() if why is not None]
        return Checked(await self._identity(), notes=notes, streams=lost)

    async def _identity(self) -> str:
        try:
            account = await self.api.account()
        except Unsupported as error:
            return f"a HubSpot account whose details are closed ({error})"
        kind, place = account.get("accountType"), account.get("dataHostingLocation") or "na1"
        return f"HubSpot account {account.get('portalId')} ({kind}, {place}, {account.get('timeZone')})"

    async def _refused(self, question: Any) -> str | None:
        try:
            await question
        except Unsupported as error:
            return str(error)
        return None
