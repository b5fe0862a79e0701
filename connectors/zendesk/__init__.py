"""Zendesk: Support, satisfaction surveys, SLA and Talk, by incremental exports."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from connectors import ApiClient, Checked, Connector, ConnectorSettings, Misconfigured, Stream, Unsupported
from connectors.zendesk import answers, events, reference
from connectors.zendesk.api import ZendeskApi, classify, limits, observe
from connectors.zendesk.rows import (
    CallRow,
    EventRow,
    LegRow,
    MembershipRow,
    MetricEventRow,
    NamedRow,
    PolicyRow,
    RatingRow,
    StatusRow,
    SurveyRow,
    TicketRow,
    UserRow,
)
from connectors.zendesk.settings import API_TOKENS_END, ZendeskSettings
from connectors.zendesk.streams import (
    Fields,
    Ratings,
    Schedules,
    SurveyResponses,
    Tickets,
    Whole,
    again,
    calls,
    legs,
    organisations,
    sla_events,
    ticket_events,
)

__all__ = ["ZendeskConnector", "ZendeskSettings"]

DAILY = timedelta(hours=24)
HOURLY = timedelta(hours=1)
QUARTER_HOURLY = timedelta(minutes=15)
_STAFF = {"role[]": ["agent", "admin"]}


class ZendeskConnector(Connector[ZendeskSettings]):
    """One Zendesk account."""

    Settings: ClassVar[type[ConnectorSettings]] = ZendeskSettings

    def __init__(self, settings: ZendeskSettings, **ports: Any) -> None:
        super().__init__(settings, **ports)
        self.client = ApiClient(
            settings.host,
            auth=settings.auth(),
            limits=limits(),
            observe=observe,
            classify=classify,
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
        )
        self.api = ZendeskApi(self.client)
        self._has_sla: bool | None = None
        if settings.uses_api_token:
            self.notify(
                f"API tokens stop working on {API_TOKENS_END}: create an OAuth client and set CLIENT_ID, CLIENT_SECRET"
            )

    @property
    def requests(self) -> int:
        return self.client.requests

    async def aclose(self) -> None:
        await self.client.aclose()

    def streams(self) -> Sequence[Stream]:
        return [*self._reference(), *self._people(), *self._history(), *self._surveys(), *self._talk()]

    def _whole(
        self, kind: str, path: str, field: str, row: type[Any], make: Any, params: Any = None
    ) -> Whole:
        return Whole(self.api, self.clock, kind, f"/api/v2/{path}", field, row, make, params)

    def _reference(self) -> list[Stream]:
        groups = self._whole(
            "groups", "groups", "groups", NamedRow, reference.group, {"exclude_deleted": "false"}
        )
        memberships = self._whole(
            "memberships", "group_memberships", "group_memberships", MembershipRow, reference.membership
        )
        brands = self._whole("brands", "brands", "brands", NamedRow, reference.brand)
        fields = self._whole("fields", "ticket_fields", "ticket_fields", NamedRow, reference.field)
        forms = self._whole("fields", "ticket_forms", "ticket_forms", NamedRow, reference.form)
        statuses = self._whole("statuses", "custom_statuses", "custom_statuses", StatusRow, reference.status)
        policies = self._whole("sla_policies", "slas/policies", "sla_policies", PolicyRow, reference.policy)
        return [
            Stream("groups", groups.pull, DAILY, again(NamedRow, reference.group)),
            Stream("memberships", memberships.pull, DAILY, again(MembershipRow, reference.membership)),
            Stream("brands", brands.pull, DAILY, again(NamedRow, reference.brand)),
            Stream("fields", Fields(fields, forms).pull, DAILY, again(NamedRow, reference.field)),
            Stream("statuses", statuses.pull, DAILY, again(StatusRow, reference.status)),
            Stream("sla_policies", policies.pull, DAILY, again(PolicyRow, reference.policy)),
            Stream("schedules", Schedules(self.api, self.clock).pull, DAILY),
        ]

    def _people(self) -> list[Stream]:
        agents = self._whole("people", "users", "users", UserRow, reference.person, _STAFF)
        orgs = organisations(self.api, self.clock, self.notify)
        return [
            Stream("agents", agents.pull, HOURLY, again(UserRow, reference.person)),
            Stream("organisations", orgs.pull, HOURLY, again(NamedRow, reference.organisation)),
        ]

    def _history(self) -> list[Stream]:
        since = self.settings.events_since
        tickets = Tickets(self.api, self.clock, self.settings.host, self.settings.since)
        log = ticket_events(self.api, self.clock, since, self.notify)
        sla = sla_events(self.api, self.clock, since, self.notify, self._uses_sla)
        return [
            Stream("tickets", tickets.pull, retry=again(TicketRow, tickets.make)),
            Stream("ticket_events", log.pull, retry=again(EventRow, events.event_records)),
            Stream("sla_events", sla.pull, retry=again(MetricEventRow, answers.sla_event)),
        ]

    def _surveys(self) -> list[Stream]:
        """An account uses one of the two; the other answers with nothing, or is not on its plan."""
        since = self.settings.since
        ratings = Ratings(self.api, self.clock, since)
        surveys = SurveyResponses(self.api, self.clock, since)
        return [
            Stream("ratings", ratings.pull, retry=again(RatingRow, answers.rating)),
            Stream(
                "survey_responses", surveys.pull, QUARTER_HOURLY, again(SurveyRow, answers.survey_response)
            ),
        ]

    def _talk(self) -> list[Stream]:
        since = self.settings.since
        return [
            Stream(
                "calls",
                calls(self.api, self.clock, since, self.notify).pull,
                retry=again(CallRow, answers.call),
            ),
            Stream(
                "call_legs",
                legs(self.api, self.clock, since, self.notify).pull,
                retry=again(LegRow, answers.leg),
            ),
        ]

    async def _uses_sla(self) -> bool:
        """Metric events are by far the densest stream; without SLA policies nothing rests on them."""
        if self._has_sla is None:
            try:
                path = "/api/v2/slas/policies"
                self._has_sla = any(
                    [page.rows async for page in self.api.list(path, "sla_policies", PolicyRow)]
                )
            except Unsupported:
                self._has_sla = False
        return self._has_sla

    async def check(self) -> Checked:
        """`users/me`: a wrong token is answered with 200 and an anonymous user."""
        try:
            answer = await self.client.get("/api/v2/users/me")
        except Unsupported:
            raise Misconfigured(
                f"there is no Zendesk account at {self.settings.host}: check SUBDOMAIN"
            ) from None
        user = answer.body.get("user") if isinstance(answer.body, dict) else None
        if not isinstance(user, dict) or user.get("id") is None:
            raise Misconfigured(
                "Zendesk does not know these credentials (it answered as an anonymous user): check them"
            )
        notes = []
        if self.settings.uses_api_token:
            notes.append(f"API tokens stop working on {API_TOKENS_END}: move to an OAuth client")
        role = str(user.get("role"))
        lost = None
        if role != "admin":
            lost = f"needs the role admin, not {role}"
            notes.append(f"{user.get('email')} is {role}: Zendesk opens its exports to admins only")
        return Checked(
            f"{user.get('name')} ({role}) at {self.settings.host}",
            notes=notes,
            streams={stream.name: lost for stream in self.streams()},
        )
