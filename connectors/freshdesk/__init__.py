"""Freshdesk: tickets by order of change, conversations where they are needed, satisfaction, time and people."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final

from connectors import (
    ApiClient,
    Checked,
    Connector,
    ConnectorSettings,
    Record,
    Stream,
    Unsupported,
)
from connectors.freshdesk import feedback, reference
from connectors.freshdesk.access import Access, restrictions, unlisted
from connectors.freshdesk.api import Api, classify
from connectors.freshdesk.conversations import Look
from connectors.freshdesk.mapping import EPOCH, Desk
from connectors.freshdesk.messages import Horizon, Reading
from connectors.freshdesk.pace import CONTACTS, Pace
from connectors.freshdesk.reading import Reader
from connectors.freshdesk.rows import (
    AgentRow,
    BusinessHoursRow,
    CompanyRow,
    ContactRow,
    FieldRow,
    GroupRow,
    ProductRow,
    RatingRow,
    SlaPolicyRow,
    SurveyRow,
    TicketRow,
    TimeEntryRow,
)
from connectors.freshdesk.settings import FreshdeskSettings
from connectors.freshdesk.tickets import Tickets, ticket_records
from connectors.freshdesk.trash import Sweep
from connectors.freshdesk.windows import Whole, Window
from connectors.freshdesk.words import Labels

__all__ = ["FreshdeskConnector", "FreshdeskSettings"]

DAILY: Final = timedelta(hours=24)
HOURLY: Final = timedelta(hours=1)
_FIELDS: Final = "ticket_fields"
_GONE: Final = ("deleted", "spam")
_NOT_ON_EVERY_PLAN: Final = {
    "ratings": "surveys/satisfaction_ratings",
    "surveys": "surveys",
    "time_entries": "time_entries",
    "sla_policies": "sla_policies",
    "schedules": "business_hours",
}


class FreshdeskConnector(Connector[FreshdeskSettings]):
    """One Freshdesk account."""

    Settings: ClassVar[type[ConnectorSettings]] = FreshdeskSettings

    def __init__(self, settings: FreshdeskSettings, **ports: Any) -> None:
        super().__init__(settings, **ports)
        pace = Pace(self.clock)
        self.client = ApiClient(
            settings.host,
            auth=settings.auth(),
            limits=pace.limits,
            observe=pace.observe,
            classify=partial(classify, pace),
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
        )
        self.api = Api(self.client, pace)
        self.access = Access(self.api, self.clock, self.notify, settings.since)
        self.ticket_reader = Reader("tickets", TicketRow, self._ticket_alone)
        self._labels = Labels.read([], settings.statuses)
        self._labels_are_read = False

    @property
    def requests(self) -> int:
        return self.client.requests

    async def aclose(self) -> None:
        await self.client.aclose()

    def streams(self) -> Sequence[Stream]:
        return [*self._reference(), *self._people(), *self._tickets(), *self._beside()]

    # -- what mapping must know ---------------------------------------------------------------

    def _desk(self) -> Desk:
        own = self.settings
        return Desk(own.web, self._labels, own.category_field, own.merge_note)

    async def _read_desk(self) -> Desk:
        """With the account's own words for statuses and sources, read once a run."""
        if not self._labels_are_read:
            fields = Reader("fields", FieldRow, reference.ticket_field)
            try:
                rows = [row async for _, page in self.api.pages(_FIELDS, {}, fields) for row in page.rows]
                self._labels = Labels.read(rows, self.settings.statuses)
            except Unsupported as refusal:
                self.notify(
                    f"custom statuses are taken for open, because their names cannot be read: {refusal}"
                )
            self._labels_are_read = True
        return self._desk()

    # -- the streams --------------------------------------------------------------------------

    def _whole(
        self, name: str, path: str, reader: Reader[Any], every: timedelta, departed: Any = None
    ) -> Stream:
        walk = Whole(self.api, path, reader, self.clock, departed)
        return Stream(name, walk.pull, every, reader.again)

    def _reference(self) -> list[Stream]:
        groups = Reader("groups", GroupRow, reference.group)
        products = Reader("brands", ProductRow, reference.product)
        companies = Reader("organisations", CompanyRow, reference.company)
        policies = Reader("sla_policies", SlaPolicyRow, reference.sla_policy)
        schedules = Reader("schedules", BusinessHoursRow, reference.schedule)
        surveys = Reader("fields", SurveyRow, feedback.survey)
        fields = Reader("fields", FieldRow, self._field)
        return [
            self._whole("fields", _FIELDS, fields, DAILY),
            self._whole("groups", "groups", groups, DAILY, reference.departed_group),
            self._whole("products", "products", products, DAILY),
            self._whole("sla_policies", "sla_policies", policies, DAILY),
            self._whole("schedules", "business_hours", schedules, DAILY),
            self._whole("surveys", "surveys", surveys, DAILY),
            self._whole("companies", "companies", companies, DAILY),
        ]

    def _people(self) -> list[Stream]:
        agents = Reader("people", AgentRow, reference.agent)
        contacts = Reader("people", ContactRow, reference.contact)
        changed = Window(
            self.api, CONTACTS, contacts, "_updated_since", lambda row: row.updated_at, self.clock, EPOCH,
            margin=timedelta(minutes=5),
        )  # fmt: skip
        return [
            self._whole("agents", "agents", agents, HOURLY, reference.departed_agent),
            Stream("contacts", changed.pull, HOURLY, contacts.again),
        ]

    def _tickets(self) -> list[Stream]:
        reader, own = self.ticket_reader, self.settings
        tickets = Tickets(
            self.api, reader, self._read_desk, self.access.say_what_is_missing, self.clock, self.notify,
            own.since, own.events_since,
        )  # fmt: skip
        passes = {
            only: Sweep(self.api, reader, only, self._read_desk, self.clock, own.events_since)
            for only in _GONE
        }
        return [
            Stream("tickets", tickets.pull, retry=reader.again, since=own.since),
            *(Stream(f"{only}_tickets", sweep.pull, retry=reader.again) for only, sweep in passes.items()),
        ]

    def _beside(self) -> list[Stream]:
        ratings = Reader("ratings", RatingRow, feedback.rating)
        entries = Reader("time_entries", TimeEntryRow, feedback.time_entry)
        answered = Window(
            self.api, _NOT_ON_EVERY_PLAN["ratings"], ratings, "created_since", lambda row: row.created_at, self.clock,
            self.settings.since, margin=timedelta(minutes=5), look_back=timedelta(days=14),
        )  # fmt: skip
        logged = Window(
            self.api, "time_entries", entries, "executed_after", lambda row: row.executed_at, self.clock,
            self.settings.since, margin=timedelta(days=1), look_back=timedelta(days=14),
        )  # fmt: skip
        return [
            Stream("ratings", answered.pull, retry=ratings.again, since=self.settings.since),
            Stream("time_entries", logged.pull, retry=entries.again, since=self.settings.since),
        ]

    def _ticket_alone(self, row: TicketRow) -> Sequence[Record]:
        """A ticket without a look at its conversation."""
        horizon = Horizon(self.settings.events_since, None)
        return ticket_records(row, Look(Reading.NOTHING), horizon, self._desk())

    def _field(self, row: FieldRow) -> Sequence[Record]:
        """A ticket field; that of the status tells the account's own statuses, too."""
        if row.type != "default_status":
            return [reference.ticket_field(row)]
        labels = Labels.read([row], self.settings.statuses)
        for label in labels.guessed():
            self.notify(f"the status {label!r} is taken for open: say in STATUSES what it means")
        return [reference.ticket_field(row), *reference.statuses(labels)]

    async def check(self) -> Checked:
        """`agents/me`, and one row of each list that some plans or roles lack."""
        me = await self.access.me()
        name = me.contact.name if me.contact else None
        lost = {stream: await self.access.refusal(path) for stream, path in _NOT_ON_EVERY_PLAN.items()}
        return Checked(
            f"{name or f'agent {me.id}'} at {self.settings.host}",
            notes=[*restrictions(me), unlisted(self.clock())],
            streams={stream.name: lost.get(stream.name) for stream in self.streams()},
        )
