"""The incremental exports of Zendesk: tickets, ticket events, users, organisations."""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.sandbox.cast import FIRST_CUSTOMER
from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.order import pack
from connectors.sandbox.people import Organisations, Users
from connectors.sandbox.zendesk import paging
from connectors.sandbox.zendesk.reference import Reference
from connectors.sandbox.zendesk.tickets import ChangeLog, Tickets, is_ai_agents

Rows = Iterator[tuple[int, dict[str, Any]]]


class Exports:
    def __init__(self, desk: Desk, reference: Reference, *, legacy_csat: bool) -> None:
        self.desk = desk
        self.users = Users(desk)
        self._organisations = Organisations(desk)
        self._tickets = Tickets(desk, legacy_csat=legacy_csat)
        self._log = ChangeLog()
        self._reference = reference

    def tickets(self, request: Request, base_url: str) -> Answer:
        changed, render = self._changed(request), self._render(request, base_url)
        return paging.cursor_export(request, base_url, "tickets", self.desk.now(), changed, render)

    def tickets_by_time(self, request: Request, base_url: str) -> Answer:
        changed, render = self._changed(request), self._render(request, base_url)

        def since(start: int, until: int) -> Rows:
            for version, number in changed(pack(start, 0) - 1, until):
                yield version, render(version, number)

        return paging.time_export(request, base_url, "tickets", self.desk.now(), since)

    def ticket_events(self, request: Request, base_url: str) -> Answer:
        wanted = self._in_scope(request)

        def since(start: int, until: int) -> Rows:
            for at, number, ordinal in self.desk.updates(start, until):
                if wanted(number):
                    yield at, self._log.render(self.desk.ticket(number), ordinal)

        return paging.time_export(request, base_url, "ticket_events", self.desk.now(), since)

    def user_changes(self, request: Request, base_url: str) -> Answer:
        def render(version: int, key: int) -> dict[str, Any]:
            if key < FIRST_CUSTOMER:
                return self._reference.agent(self.desk.cast.by_key[key], base_url)
            return self._reference.customer(key, version, base_url)

        return paging.cursor_export(request, base_url, "users", self.desk.now(), self.users.after, render)

    def organisations(self, request: Request, base_url: str) -> Answer:
        def since(start: int, until: int) -> Rows:
            for at, key in self._organisations.after(pack(start, 0) - 1, until):
                yield at, self._reference.organisation(key, at, base_url)

        return paging.time_export(request, base_url, "organizations", self.desk.now(), since)

    def _in_scope(self, request: Request) -> Callable[[int], bool]:
        """Whether a ticket is in the asked `support_type_scope`: without it, only what people handle."""
        scope = request.query.get("support_type_scope", "agent")
        if scope == "all":
            return lambda _number: True
        return lambda number: is_ai_agents(self.desk.ticket(number)) == (scope == "ai_agent")

    def _changed(self, request: Request) -> paging.Changed:
        wanted = self._in_scope(request)
        living = request.query.get("exclude_deleted") == "true"

        def changed(after: int, until: int) -> Iterator[tuple[int, int]]:
            for version, number in self.desk.changed(after, until):
                if wanted(number) and not (living and self.desk.ticket(number).deleted_at):
                    yield version, number

        return changed

    def _render(self, request: Request, base_url: str) -> paging.Render:
        sets = "metric_sets" in request.query.get("include", "").split(",")

        def render(version: int, number: int) -> dict[str, Any]:
            return self._tickets.render(self.desk.ticket(number), version, base_url, metric_set=sets)

        return render
