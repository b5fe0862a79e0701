"""Which streams an account has: where each is, how its rows are read, how often."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from connectors import Clock, Stream
from connectors.zendesk import answers, events, reference
from connectors.zendesk.api import TALK, USER_EXPORTS, ZendeskApi
from connectors.zendesk.exports import CALL_OVERLAP, SHORT_PAGE, ByCursor, ByTime, Export, Tickets
from connectors.zendesk.lists import Schedules, Whole
from connectors.zendesk.reading import Reader
from connectors.zendesk.rows import (
    CallRow,
    EventRow,
    LegRow,
    MembershipRow,
    MetricEventRow,
    NamedRow,
    PolicyRow,
    RatingRow,
    ScheduleRow,
    StatusRow,
    SurveyRow,
    TicketRow,
    UserRow,
)
from connectors.zendesk.settings import ZendeskSettings
from connectors.zendesk.surveys import Ratings, SurveyResponses
from connectors.zendesk.tickets import ticket_record

DAILY: Final = timedelta(hours=24)
HOURLY: Final = timedelta(hours=1)
OPEN_TO_AGENTS: Final = frozenset(
    {"groups", "memberships", "brands", "fields", "forms", "statuses", "agents"}
)
"""Zendesk opens all the others to admins only."""
_BASE: Final = "/api/v2"
_EXPORT: Final = f"{_BASE}/incremental"
_TALK: Final = f"{_BASE}/channels/voice/stats/incremental"
_STAFF: Final = {"role[]": ["agent", "admin"]}
_EVERYBODY: Final = {"support_type_scope": "all"}
"""Without it, tickets of AI agents are left out."""
_TICKETS: Final = {"include": "metric_sets", **_EVERYBODY}
_BEGINNING: Final = datetime.fromtimestamp(1, tz=UTC)
"""Tickets of today belong to people and organisations of any age."""
_PERSON: Final = Reader("people", UserRow, reference.person)
_ORGANISATION: Final = Reader("organisations", NamedRow, reference.organisation)
_EVENT: Final = Reader("ticket_events", EventRow, events.event_records)
_SLA_EVENT: Final = Reader("sla_events", MetricEventRow, answers.sla_event)
_CALL: Final = Reader("calls", CallRow, answers.call)
_LEG: Final = Reader("call_legs", LegRow, answers.leg)
_RATING: Final = Reader("ratings", RatingRow, answers.rating)
_SURVEY: Final = Reader("ratings", SurveyRow, answers.survey_response)
_SCHEDULE: Final = Reader("schedules", ScheduleRow, reference.schedule)
_LISTS: Final = (
    ("groups", "groups?exclude_deleted=false", "groups", Reader("groups", NamedRow, reference.group)),
    (
        "memberships",
        "group_memberships",
        "group_memberships",
        Reader("memberships", MembershipRow, reference.membership),
    ),
    ("brands", "brands", "brands", Reader("brands", NamedRow, reference.brand)),
    ("fields", "ticket_fields", "ticket_fields", Reader("fields", NamedRow, reference.field)),
    ("forms", "ticket_forms", "ticket_forms", Reader("fields", NamedRow, reference.form)),
    ("statuses", "custom_statuses", "custom_statuses", Reader("statuses", StatusRow, reference.status)),
    ("sla_policies", "slas/policies", "sla_policies", Reader("sla_policies", PolicyRow, reference.policy)),
)
"""Stream, path, key of the rows, reader."""


class Streams:
    """The streams of one account; `uses_sla` tells whether it has SLA policies."""

    def __init__(
        self,
        api: ZendeskApi,
        clock: Clock,
        settings: ZendeskSettings,
        notify: Callable[[str], None],
        uses_sla: Callable[[], Awaitable[bool]],
    ) -> None:
        self.api, self.clock, self.settings, self.notify = api, clock, settings, notify
        self.uses_sla = uses_sla

    def all(self) -> list[Stream]:
        """In the order in which they are read: the longest walk that nothing rests on comes last."""
        return [*self._reference(), *self._history(), *self._surveys(), *self._talk(), self._users()]

    def _reference(self) -> list[Stream]:
        schedules = Schedules(self.api, self.clock, _SCHEDULE, self.notify)
        organisations = Export(f"{_EXPORT}/organizations", "organizations", _ORGANISATION, _BEGINNING)
        return [
            *(self._list(name, path, field, reader) for name, path, field, reader in _LISTS),
            Stream("schedules", schedules.pull, DAILY, _SCHEDULE.again),
            self._list("agents", "users", "users", _PERSON, HOURLY, _STAFF),
            self._by_time("organisations", organisations, HOURLY),
        ]

    def _history(self) -> list[Stream]:
        since, own = self.settings.events_since, self.settings
        record = partial(ticket_record, host=own.host, category_field=own.category_field)
        reader = Reader("tickets", TicketRow, record)
        export = Export(f"{_EXPORT}/tickets/cursor", "tickets", reader, self.settings.since, _TICKETS)
        tickets = Tickets(self.api, self.clock, export, self.notify, record)
        log = Export(f"{_EXPORT}/ticket_events", "ticket_events", _EVENT, since, _EVERYBODY)
        steps = Export(
            f"{_EXPORT}/ticket_metric_events", "ticket_metric_events", _SLA_EVENT, since, full_page=SHORT_PAGE
        )
        return [
            Stream("tickets", tickets.pull, retry=reader.again, since=self.settings.since),
            replace(self._by_time("ticket_events", log), since=since),
            replace(self._by_time("sla_events", steps, needed=self.uses_sla), since=since),
        ]

    def _surveys(self) -> list[Stream]:
        """An account uses one of the two; the other answers with nothing, or is not on its plan."""
        ratings = Ratings(self.api, self.clock, self.settings.since, _RATING)
        surveys = SurveyResponses(self.api, self.clock, self.settings.since, _SURVEY)
        return [
            Stream("ratings", ratings.pull, retry=_RATING.again, since=self.settings.since),
            Stream("survey_responses", surveys.pull, retry=_SURVEY.again, since=self.settings.since),
        ]

    def _talk(self) -> list[Stream]:
        since = self.settings.since
        return [
            replace(
                self._by_time(name, Export(path, field, reader, since, bucket=TALK, overlap=CALL_OVERLAP)),
                since=since,
            )
            for name, path, field, reader in (
                ("calls", f"{_TALK}/calls", "calls", _CALL),
                ("call_legs", f"{_TALK}/legs", "legs", _LEG),
            )
        ]

    def _users(self) -> Stream:
        export = Export(f"{_EXPORT}/users/cursor", "users", _PERSON, _BEGINNING, bucket=USER_EXPORTS)
        users = ByCursor(self.api, self.clock, export, self.notify)
        return Stream("users", users.pull, HOURLY, _PERSON.again)

    def _list(
        self,
        name: str,
        path: str,
        field: str,
        reader: Reader,
        every: timedelta = DAILY,
        params: Mapping[str, Any] | None = None,
    ) -> Stream:
        whole = Whole(self.api, self.clock, f"{_BASE}/{path}", field, reader, params)
        return Stream(name, whole.pull, every, reader.again)

    def _by_time(
        self,
        name: str,
        export: Export,
        every: timedelta = timedelta(0),
        needed: Callable[[], Awaitable[bool]] | None = None,
    ) -> Stream:
        walk = ByTime(self.api, self.clock, export, self.notify, needed)
        return Stream(name, walk.pull, every, export.reader.again)
