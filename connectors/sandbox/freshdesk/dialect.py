"""Freshdesk's API over a desk: which address answers what."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from connectors.sandbox.cast import FIRST_CUSTOMER
from connectors.sandbox.desk import Desk
from connectors.sandbox.freshdesk.account import API_KEY, Account, Limits
from connectors.sandbox.freshdesk.answers import Answers
from connectors.sandbox.freshdesk.reference import Reference
from connectors.sandbox.freshdesk.tickets import Tickets
from connectors.sandbox.freshdesk.walks import PAGE_CAP, Lists
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.instants import epoch
from connectors.sandbox.people import ByLastChange, Organisations

Handler = Callable[..., Answer]
_INCLUDES = frozenset({"stats", "requester", "description", "company", "conversations"})


class Freshdesk:
    """One Freshdesk account.

    `ticket_scope` is that of the key's agent: 1 sees all tickets, 2 only those of one group.
    `archives_after_days` takes closed tickets without a change for so long off the list (Freshdesk: 120).
    """

    settings: Mapping[str, str] = {"domain": "sandbox", "api_key": API_KEY}

    def __init__(
        self,
        desk: Desk,
        *,
        limits: Limits | None = None,
        without: Mapping[str, int] | None = None,
        ticket_scope: int = 1,
        archives_after_days: float | None = None,
    ) -> None:
        self.desk = desk
        self.ticket_scope = ticket_scope
        self.account = Account(desk.clock, limits or Limits(), without or {})
        self._reference = Reference(desk)
        self._tickets = Tickets(desk)
        self._lists = Lists(desk, ticket_scope, archives_after_days)
        self._answers = Answers(desk)
        customers = np.arange(FIRST_CUSTOMER, FIRST_CUSTOMER + desk.cast.customers, dtype=np.int64)
        self._contacts = {
            "": ByLastChange(desk, customers[customers % 97 != 0]),
            "deleted": ByLastChange(desk, customers[customers % 97 == 0]),
        }
        self._companies = Organisations(desk)
        self._routes = [
            (re.compile(f"/api/v2/{path}$"), name, handler)
            for table in (self._ticket_routes(), self._people_routes(), self._thing_routes())
            for path, name, handler in table
        ]

    def _ticket_routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "tickets", "tickets", self._ticket_list
        yield r"tickets/(\d+)", "ticket", self._ticket
        yield r"tickets/archived/(\d+)", "archived_ticket", self._archived_ticket
        yield r"tickets/(\d+)/conversations", "conversations", self._conversations
        yield r"tickets/(\d+)/satisfaction_ratings", "ticket_ratings", self._ticket_ratings
        yield "surveys/satisfaction_ratings", "satisfaction_ratings", self._ratings
        yield "time_entries", "time_entries", self._time_entries

    def _people_routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "agents/me", "me", self._me
        yield "agents", "agents", self._plain(self._reference.agents)
        yield "contacts", "contacts", self._contact_list
        yield "companies", "companies", self._company_list

    def _thing_routes(self) -> Iterable[tuple[str, str, Handler]]:
        for name in ("groups", "products", "sla_policies", "business_hours", "surveys", "ticket_fields"):
            yield name, name, self._plain(getattr(self._reference, name))

    # -- the way in ---------------------------------------------------------------------------

    def name_of(self, request: Request) -> str:
        return next((name for path, name, _ in self._routes if path.match(request.path)), "unknown")

    def answer(self, request: Request, base_url: str) -> Answer:
        for path, name, handler in self._routes:
            if match := path.match(request.path):
                single = bool(match.groups()) and name != "conversations"
                headers, refusal = self.account.enter(request, name, single)
                answer = refusal or handler(request, base_url, *map(int, match.groups()))
                break
        else:
            headers, refusal = self.account.enter(request, "unknown", single=True)
            answer = refusal or Answer(404)
        answer.headers |= headers
        return answer

    def _plain(self, rows: Callable[[], list[dict[str, Any]]]) -> Handler:
        def answer(request: Request, base_url: str) -> Answer:
            found = rows()
            return paged(request, base_url, lambda start, count: found[start : start + count])

        return answer

    def _me(self, _request: Request, _base_url: str) -> Answer:
        return Answer.json(self._reference.agent(self.desk.cast.agents[0], self.ticket_scope))

    # -- tickets ------------------------------------------------------------------------------

    def _ticket_list(self, request: Request, base_url: str) -> Answer:
        include = frozenset(filter(None, request.query.get("include", "").split(",")))
        if not include <= _INCLUDES:
            return invalid("include", f"It should be one of these values: '{','.join(sorted(_INCLUDES))}'")
        if (request.whole("page") or 1) > PAGE_CAP:
            words_said = f"You cannot access tickets beyond the {PAGE_CAP}th page. Please provide a smaller page number."
            return invalid("page", words_said)
        try:
            numbers = self._lists.numbers(request.query)
        except ValueError as mistake:
            field, _, message = str(mistake).partition(": ")
            return invalid(field, message)

        def rows(start: int, count: int) -> list[dict[str, Any]]:
            chosen = islice(numbers, start, start + count)
            return [self._tickets.render(self.desk.ticket(number), include) for number in chosen]

        return paged(request, base_url, rows)

    def _ticket(self, request: Request, _base_url: str, number: int) -> Answer:
        if not self._lists.exists(number) or self._lists.is_archived(number):
            return Answer(404)
        ticket = self.desk.ticket(number)
        include = frozenset(request.query.get("include", "").split(","))
        row = self._tickets.render(ticket, include, alone=True)
        if "conversations" in include:
            row["conversations"] = list(islice(self._tickets.conversations(ticket), 10))
        return Answer.json(row)

    def _archived_ticket(self, _request: Request, _base_url: str, number: int) -> Answer:
        if not self._lists.exists(number) or not self._lists.is_archived(number):
            return Answer(404)
        row = self._tickets.render(self.desk.ticket(number), frozenset(), alone=True)
        return Answer.json({**row, "archived": True})

    def _conversations(self, request: Request, base_url: str, number: int) -> Answer:
        if not self._lists.exists(number) or self.desk.ticket(number).deleted_at:
            return Answer(404)
        found = list(self._tickets.conversations(self.desk.ticket(number)))
        return paged(request, base_url, lambda start, count: found[start : start + count])

    # -- the rest -----------------------------------------------------------------------------

    def _ratings(self, request: Request, base_url: str) -> Answer:
        since = epoch(request.query.get("created_since", "")) or 0
        rows = self._answers.ratings(since)
        return paged(request, base_url, lambda start, count: list(islice(rows, start, start + count)))

    def _ticket_ratings(self, request: Request, base_url: str, number: int) -> Answer:
        if not self._lists.exists(number):
            return Answer(404)
        found = self._answers.ratings_of(number)
        return paged(request, base_url, lambda start, count: found[start : start + count])

    def _time_entries(self, request: Request, base_url: str) -> Answer:
        since = epoch(request.query.get("executed_after", "")) or 0
        until = epoch(request.query.get("executed_before", "")) or self.desk.now()
        return paged(
            request, base_url, lambda start, count: self._answers.time_entries(since, until, start, count)
        )

    def _contact_list(self, request: Request, base_url: str) -> Answer:
        order = self._contacts.get(request.query.get("state", ""), self._contacts[""])
        since = epoch(request.query.get("_updated_since", "")) or 0
        return paged(
            request,
            base_url,
            lambda start, count: [
                self._reference.contact(key, at) for at, key in order.page(since, start, count)
            ],
        )

    def _company_list(self, request: Request, base_url: str) -> Answer:
        def rows(start: int, count: int) -> list[dict[str, Any]]:
            return [self._reference.company(key, at) for at, key in self._companies.page(0, start, count)]

        return paged(request, base_url, rows)


def invalid(field: str, message: str) -> Answer:
    wrong = {"field": field, "message": message, "code": "invalid_value"}
    return Answer.json({"description": "Validation failed", "errors": [wrong]}, 400)


def paged(request: Request, base_url: str, rows: Callable[[int, int], list[dict[str, Any]]]) -> Answer:
    """Rows from an offset; a Link header names the next page, if there is one."""
    page, size = max(request.whole("page") or 1, 1), request.whole("per_page") or 30
    if not 1 <= size <= 100:
        return invalid("per_page", "It should be a value between 1 and 100")
    found = rows((page - 1) * size, size + 1)
    answer = Answer.json(found[:size])
    if len(found) > size:
        answer.headers["Link"] = f'<{base_url}{_with_page(request.target, page + 1)}>;rel="next"'
    return answer


def _with_page(target: str, page: int) -> str:
    path, _, query = target.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("page=")]
    return f"{path}?{'&'.join([*kept, f'page={page}'])}"
