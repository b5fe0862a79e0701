"""Zendesk's API over a desk: which address answers what."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.sandbox.cast import FIRST_CUSTOMER
from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.instants import iso
from connectors.sandbox.zendesk import paging
from connectors.sandbox.zendesk.account import CLIENT_ID, CLIENT_SECRET, Account, Limits
from connectors.sandbox.zendesk.exports import Exports
from connectors.sandbox.zendesk.metric_events import MetricEvents
from connectors.sandbox.zendesk.reference import Reference
from connectors.sandbox.zendesk.surveys import Ratings, SurveyResponses
from connectors.sandbox.zendesk.talk import Talk

Handler = Callable[..., Answer]


class Zendesk:
    """One Zendesk account.

    `csat` is `legacy` (satisfaction ratings) or `survey` (survey responses). `without` names what the plan
    or role lacks and how that is said: `{"calls": 403, "schedules": 404}`.
    """

    settings: Mapping[str, str] = {
        "subdomain": "sandbox",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }

    def __init__(
        self,
        desk: Desk,
        *,
        limits: Limits | None = None,
        csat: str = "legacy",
        without: Mapping[str, int] | None = None,
        role: str = "admin",
    ) -> None:
        self.desk = desk
        self.csat = csat
        self.account = Account(desk.clock, limits or Limits(), without or {}, role)
        self._reference = Reference(desk)
        self._exports = Exports(desk, self._reference, legacy_csat=csat == "legacy")
        self._ratings = Ratings(desk)
        self._responses = SurveyResponses(desk)
        self._talk = Talk(desk)
        self._metric_events = MetricEvents(desk)
        self._routes = [
            (re.compile(f"{path}$"), name, handler)
            for table in (self._credential_routes(), self._export_routes(), self._list_routes())
            for path, name, handler in table
        ]

    def _credential_routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "/oauth/tokens", "token", self.account.grant
        yield "/api/v2/oauth/tokens", "token", self.account.grant
        yield "/api/v2/oauth/tokens/current", "token_state", self.account.token_state
        yield "/api/v2/users/me", "me", self._me

    def _export_routes(self) -> Iterable[tuple[str, str, Handler]]:
        base, exports = "/api/v2/incremental", self._exports
        yield f"{base}/tickets/cursor", "tickets", exports.tickets
        yield f"{base}/tickets", "tickets_by_time", exports.tickets_by_time
        yield f"{base}/ticket_events", "ticket_events", exports.ticket_events
        yield f"{base}/users/cursor", "users", exports.user_changes
        yield f"{base}/organizations", "organizations", exports.organisations
        yield f"{base}/ticket_metric_events", "metric_events", self._metric_events.answer
        yield "/api/v2/channels/voice/stats/incremental/calls", "calls", self._talk.calls
        yield "/api/v2/channels/voice/stats/incremental/legs", "legs", self._talk.legs

    def _list_routes(self) -> Iterable[tuple[str, str, Handler]]:
        base, reference = "/api/v2", self._reference
        yield f"{base}/users", "agents", self._users
        yield f"{base}/tickets/count", "ticket_count", self._ticket_count
        yield f"{base}/satisfaction_ratings", "satisfaction_ratings", self._rating_list
        yield f"{base}/guide/survey_responses", "survey_responses", self._response_list
        yield f"{base}/business_hours/schedules/(\\d+)/holidays", "holidays", self._holidays
        yield f"{base}/groups", "groups", self._groups
        for path, rows, cursors in (
            ("group_memberships", reference.memberships, True),
            ("brands", reference.brands, True),
            ("ticket_fields", reference.ticket_fields, True),
            ("ticket_forms", reference.ticket_forms, False),
            ("custom_statuses", reference.custom_statuses, False),
            ("custom_roles", reference.custom_roles, False),
            ("slas/policies", reference.sla_policies, False),
            ("business_hours/schedules", reference.schedules, False),
        ):
            name = {"slas/policies": "sla_policies"}.get(path, path.rpartition("/")[2])
            yield f"{base}/{path}", name, _listing(name, rows, cursors)

    # -- the way in ---------------------------------------------------------------------------

    def name_of(self, request: Request) -> str:
        return next((name for path, name, _ in self._routes if path.match(request.path)), "unknown")

    def answer(self, request: Request, base_url: str) -> Answer:
        for path, name, handler in self._routes:
            if match := path.match(request.path):
                if name == "token":
                    return handler(request, base_url)
                headers, refusal = self.account.enter(request, name)
                answer = refusal or handler(request, base_url, *match.groups())
                answer.headers.update(headers)
                return answer
        return paging.error(404, "InvalidEndpoint", "Not found")

    def _me(self, _request: Request, base_url: str) -> Answer:
        agent = self.desk.cast.agents[0 if self.account.role == "admin" else 3]
        return Answer.json({"user": {**self._reference.agent(agent, base_url), "role": self.account.role}})

    def _ticket_count(self, _request: Request, _base_url: str) -> Answer:
        """Approximate: above 100,000 the value is stuck and nobody says when it was taken."""
        count = self.desk.count()
        taken = iso(self.desk.now()) if count < 100_000 else None
        return Answer.json({"count": {"value": min(count, 100_000), "refreshed_at": taken}})

    # -- lists --------------------------------------------------------------------------------

    def _groups(self, request: Request, base_url: str) -> Answer:
        rows = self._reference.groups(base_url)
        if request.query.get("exclude_deleted", "true") != "false":
            rows = [row for row in rows if not row["deleted"]]
        return paging.listed(request, base_url, "groups", rows)

    def _users(self, request: Request, base_url: str) -> Answer:
        roles = set(request.values("role[]") or request.values("role"))
        rows = [self._reference.agent(agent, base_url) for agent in self.desk.cast.agents]
        if roles:
            rows = [row for row in rows if row["role"] in roles]
        if not roles or "end-user" in roles:
            for at, key in self._exports.users.after(0, self.desk.now()):
                if key >= FIRST_CUSTOMER:
                    rows.append(self._reference.customer(key, at, base_url))
        return paging.listed(request, base_url, "users", rows)

    def _holidays(self, _request: Request, _base_url: str, schedule: str) -> Answer:
        rows = self._reference.holidays(int(schedule))
        if rows is None:
            return paging.error(404, "RecordNotFound", "Not found")
        return Answer.json({"holidays": rows})

    def _rating_list(self, request: Request, base_url: str) -> Answer:
        latest = self.desk.now() - paging.WITHHELD_SECONDS
        start, end = request.whole("start_time") or 0, request.whole("end_time")
        if start > latest or (end is not None and end > latest):
            return paging.too_recent()
        place = paging.passed(request)
        if place is None:
            return paging.bad_cursor()
        until = self.desk.now() if end is None else end
        rows = self._ratings.rows(max(start, place[0]), until, request.query.get("score", ""), base_url)
        if "page[size]" not in request.query:
            whole = [row for _, row in rows]
            return paging.listed(request, base_url, "satisfaction_ratings", whole, cursors=False)
        left = paging.past(place, ((at, row["id"], row) for at, row in rows))
        return paging.cursor_list(request, base_url, "satisfaction_ratings", left, most=100)

    def _response_list(self, request: Request, base_url: str) -> Answer:
        if self.csat != "survey":
            return paging.cursor_list(request, base_url, "survey_responses", [], most=50)
        start = (request.whole("filter[created_at_start]") or 0) // 1_000
        end = request.whole("filter[created_at_end]")
        place = paging.place_of(request.query.get("page[after]"))
        if place is None:
            return paging.bad_cursor()
        subjects = {zrn for zrn in request.query.get("filter[subject_zrns]", "").split(",") if zrn}
        rows = self._responses.rows(start, self.desk.now() if end is None else end // 1_000, subjects)
        places = ((row["id"], row) for row in rows)
        if request.query.get("sort") == "-id":
            newest_first = sorted(places, key=_place, reverse=True)
            left = (pair for pair in newest_first if not place or pair[0] < place)
        else:
            left = (pair for pair in places if pair[0] > place)
        return paging.cursor_list(request, base_url, "survey_responses", left, most=50)


def _listing(name: str, rows: Callable[[str], list[dict[str, Any]]], cursors: bool) -> Handler:
    def answer(request: Request, base_url: str) -> Answer:
        return paging.listed(request, base_url, name, rows(base_url), cursors=cursors)

    return answer


def _place(pair: tuple[str, dict[str, Any]]) -> str:
    return pair[0]
