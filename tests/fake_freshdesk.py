"""An in-memory Freshdesk behind httpx.MockTransport: it lists, pages, limits and refuses like the real one.

    desk = FakeFreshdesk()
    desk.ticket(1, created="2026-03-01T09:00:00Z")
    desk.reply(1, "2026-03-01T09:30:00Z", agent=7)
    desk.resolve(1, "2026-03-01T10:00:00Z")

Everything a person does moves `stats` and `updated_at` the way Freshdesk moves them. `desk.calls`
is what was asked; `desk.before` runs before each answer, to change things under a walk.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
from fake_freshdesk_plan import Plan

Row = dict[str, Any]

PAGE_CAP = 300
_FAR_FUTURE = "9999-12-31T00:00:00Z"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestClock:
    """Time that moves only when somebody sleeps or a test says so."""

    __test__ = False

    def __init__(self, now: str = "2026-06-01T12:00:00Z") -> None:
        self.now = instant(now)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Call:
    path: str
    query: dict[str, str]
    credits: int
    at: datetime


@dataclass
class FakeFreshdesk:
    clock: TestClock = field(default_factory=TestClock)
    plan: Plan = field(default_factory=Plan)
    key: str = "secret-key"
    updated_since_is_inclusive: bool = True
    deleting_moves_updated_at: bool = True

    tickets: dict[int, Row] = field(default_factory=dict)
    conversations: dict[int, list[Row]] = field(default_factory=dict)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    refused: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """Path → status and body, for plans and roles that lack an endpoint."""
    broken: list[httpx.Response] = field(default_factory=list)
    """Answers given, in turn, instead of the next ones."""
    before: Callable[[httpx.Request], None] | None = None
    calls: list[Call] = field(default_factory=list)
    me: Row = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._order: dict[str, list[tuple[str, int]]] = {}
        self._next_id = 9_000_000_000
        self.me = self.me or _agent_row(67013469919, "Team Lead")
        self.lists.setdefault("ticket_fields", default_ticket_fields())

    # What people do --------------------------------------------------------------------------

    def ticket(self, number: int, created: str, **more: Any) -> Row:
        row = ticket_row(number, created, **more)
        self.tickets[number] = row
        self.conversations.setdefault(number, [])
        self._order.clear()
        return row

    def touch(self, number: int, at: str, **fields: Any) -> Row:
        """Change fields; `updated_at` moves."""
        row = self.tickets[number]
        row.update(fields)
        row["updated_at"] = at
        self._order.clear()
        return row

    def status(self, number: int, code: int, at: str) -> Row:
        row = self.touch(number, at, status=code)
        stats = row["stats"]
        was_done = stats["resolved_at"] is not None and stats.get("_done", False)
        stats["status_updated_at"] = at
        stats["pending_since"] = at if code == 3 else None
        if code in {4, 5}:
            stats["resolved_at"] = stats["resolved_at"] if was_done else at
            stats["closed_at"] = at if code == 5 else None
        elif was_done:
            stats["reopened_at"] = at
        stats["_done"] = code in {4, 5}
        return row

    def resolve(self, number: int, at: str) -> Row:
        return self.status(number, 4, at)

    def close(self, number: int, at: str) -> Row:
        return self.status(number, 5, at)

    def reply(self, number: int, at: str, agent: int = 7, **more: Any) -> Row:
        stats = self.touch(number, at)["stats"]
        if self.tickets[number]["source"] != 10:  # the vendor keeps these null on outbound tickets
            stats["agent_responded_at"] = at
            stats["first_responded_at"] = stats["first_responded_at"] or at
        return self._say(number, at, user_id=agent, incoming=False, source=0, category=3, **more)

    def ask(self, number: int, at: str, **more: Any) -> Row:
        row = self.touch(number, at)
        row["stats"]["requester_responded_at"] = at
        return self._say(number, at, user_id=row["requester_id"], incoming=True, source=0, category=1, **more)

    def note(self, number: int, at: str, body: str = "Test note", agent: int = 7) -> Row:
        self.touch(number, at)
        return self._say(
            number, at, user_id=agent, incoming=False, private=True, source=2, category=2, body_text=body
        )

    def rate(self, number: int, code: Any, at: str, feedback: str | None = None) -> Row:
        """A rating; with words in it, it is also an incoming message, and moves the ticket late."""
        ticket = self.tickets[number]
        row = rating_row(self._id(), number, code, at, feedback, ticket)
        self.lists.setdefault("surveys/satisfaction_ratings", []).append(row)
        if feedback:
            ticket["stats"]["requester_responded_at"] = at
            self._say(number, at, user_id=ticket["requester_id"], incoming=True, source=6, category=7)
            self.touch(number, stamp(instant(at) + timedelta(seconds=8)))
        return row

    def merge(
        self, number: int, into: int, at: str, words: str = "This ticket is closed and merged into ticket"
    ) -> None:
        self.note(number, at, f"{words} {into}")
        self.note(into, at, f"Ticket with ID {number} is merged into this ticket")
        self.close(number, at)

    def delete(self, number: int, at: str) -> None:
        self.tickets[number]["deleted"] = True
        self.touch(number, at if self.deleting_moves_updated_at else self.tickets[number]["updated_at"])

    def purge(self, number: int) -> None:
        del self.tickets[number], self.conversations[number]
        self._order.clear()

    def spam(self, number: int, at: str) -> None:
        self.touch(number, at, spam=True)

    def log_time(self, number: int, at: str, seconds: int) -> Row:
        row = {
            "id": self._id(), "ticket_id": number, "agent_id": 7, "billable": True, "note": "private words",
            "timer_running": False, "time_spent": f"{seconds // 3600:02}:{seconds % 3600 // 60:02}",
            "time_spent_in_seconds": seconds, "executed_at": at, "start_time": at, "created_at": at,
            "updated_at": at,
        }  # fmt: skip
        self.lists.setdefault("time_entries", []).append(row)
        return row

    def _say(self, number: int, at: str, **more: Any) -> Row:
        row = {
            "id": self._id(), "ticket_id": number, "created_at": at, "updated_at": at, "private": False,
            "auto_response": False, "automation_id": None, "automation_type_id": None,
            "body": "<div>confidential words</div>", "body_text": "confidential words", **more,
        }  # fmt: skip
        self.conversations[number].append(row)
        return row

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    # What it answers -------------------------------------------------------------------------

    @property
    def settings(self) -> dict[str, str]:
        return {"domain": "acme", "api_key": self.key}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def asked(self, path: str, **query: str) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.path == path and all(call.query.get(key) == value for key, value in query.items())
        ]

    def forget_calls(self) -> None:
        self.calls.clear()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.before is not None:
            self.before(request)
        if self.broken:
            return self.broken.pop(0)
        path = request.url.path.removeprefix("/api/v2/")
        query = dict(request.url.params)
        cost = _credits(path, query)
        self.calls.append(Call(path, query, cost, self.clock()))
        now = self.clock()
        wait = self.plan.spend(path, cost, now)
        headers = self.plan.headers(path, cost, now)
        if wait is not None:
            headers["Retry-After"] = f"{wait:.1f}"
            return httpx.Response(429, json={"message": "You have exceeded the limit"}, headers=headers)
        status, body, more = self._route(path, query, request)
        content = b"" if body is None else json.dumps(body).encode()
        headers |= {"Content-Type": "application/json", "Date": format_datetime(now, usegmt=True), **more}
        return httpx.Response(status, content=content, headers=headers)

    def _route(
        self, path: str, query: dict[str, str], request: httpx.Request
    ) -> tuple[int, Any, dict[str, str]]:
        if request.headers.get("Authorization") != httpx.BasicAuth(self.key, "X")._auth_header:
            return 401, {"code": "invalid_credentials", "message": "You have to be logged in"}, {}
        if path in self.refused:
            return *self.refused[path], {}
        return self._found(path, query, request)

    def _found(
        self, path: str, query: dict[str, str], request: httpx.Request
    ) -> tuple[int, Any, dict[str, str]]:
        if path == "agents/me":
            return 200, self.me, {}
        if path == "tickets":
            return self._tickets(query, request)
        if match := re.fullmatch(r"tickets/(\d+)", path):
            ticket = self.tickets.get(int(match[1]))
            return (404, None, {}) if ticket is None else (200, _shown(ticket, True), {})
        if match := re.fullmatch(r"tickets/(\d+)/conversations", path):
            return self._conversation(int(match[1]), query, request)
        if path in self.lists or path in _PLAIN_LISTS:
            return _paged(self._plain(path, query), query, request)
        return 404, None, {}

    def _conversation(
        self, number: int, query: dict[str, str], request: httpx.Request
    ) -> tuple[int, Any, dict[str, str]]:
        ticket = self.tickets.get(number)
        if ticket is None or ticket.get("deleted"):
            return 404, None, {}
        return _paged(self.conversations[number], query, request)

    def _plain(self, path: str, query: dict[str, str]) -> list[Row]:
        rows = self.lists.get(path, [])
        filters = {
            "created_since": "created_at",
            "_updated_since": "updated_at",
            "executed_after": "executed_at",
        }
        for name, column in filters.items():
            if name in query:
                since = _plain_stamp(query[name])
                rows = [row for row in rows if row.get(column, _FAR_FUTURE) >= since]
        return rows

    def _tickets(self, query: dict[str, str], request: httpx.Request) -> tuple[int, Any, dict[str, str]]:
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        if size > 100:
            return 400, _invalid("per_page", "It should be a value less than or equal to 100"), {}
        if page > PAGE_CAP:
            words = f"You cannot access tickets beyond the {PAGE_CAP}th page. Please provide a smaller page number."
            return 400, _invalid("page", words), {}
        order = self._listed(query)
        first = (page - 1) * size
        chosen = [number for _, number in order[first : first + size]]
        with_stats = "stats" in query.get("include", "")
        rows = [_shown(self.tickets[number], with_stats) for number in chosen]
        return 200, rows, _link(request, page) if len(order) > first + size else {}

    def _listed(self, query: dict[str, str]) -> list[tuple[str, int]]:
        since, kind = query.get("updated_since"), query.get("filter", "default")
        if since is None:  # tickets created in the last 30 days
            oldest = stamp(self.clock() - timedelta(days=30))
            order = [one for one in self._sorted(kind, "created_at") if one[0] >= oldest]
        else:
            order = self._sorted(kind, "updated_at")
            cut = bisect_left if self.updated_since_is_inclusive else bisect_right
            edge = 0 if self.updated_since_is_inclusive else 10**18
            order = order[cut(order, (_plain_stamp(since), edge)) :]
            if query.get("order_by", "created_at") != "updated_at":
                order.sort(key=lambda one: (self.tickets[one[1]]["created_at"], one[1]))
        if query.get("order_type", "desc") == "desc":
            order.reverse()
        return order

    def _sorted(self, kind: str, column: str) -> list[tuple[str, int]]:
        name = f"{kind}/{column}"
        if name not in self._order:
            shown = {"default": (False, False), "deleted": (True, None), "spam": (False, True)}[kind]
            self._order[name] = sorted(
                (row[column], number)
                for number, row in self.tickets.items()
                if bool(row.get("deleted")) == shown[0] and shown[1] in {None, bool(row["spam"])}
            )
        return self._order[name]


_PLAIN_LISTS = frozenset(
    {
        "agents", "groups", "contacts", "companies", "products", "surveys", "surveys/satisfaction_ratings",
        "time_entries", "sla_policies", "business_hours", "ticket_fields",
    }
)  # fmt: skip


def _plain_stamp(since: str) -> str:
    return stamp(instant(since))


def _credits(path: str, query: dict[str, str]) -> int:
    """One a call, and two more for each include on a list."""
    includes = [word for word in query.get("include", "").split(",") if word]
    return 1 + (2 if path == "tickets" else 1) * len(includes)


def _paged(rows: list[Row], query: dict[str, str], request: httpx.Request) -> tuple[int, Any, dict[str, str]]:
    size, page = min(100, int(query.get("per_page", "30"))), int(query.get("page", "1"))
    return 200, rows[(page - 1) * size : page * size], _link(request, page) if len(rows) > page * size else {}


def _link(request: httpx.Request, page: int) -> dict[str, str]:
    url = request.url.copy_set_param("page", str(page + 1))
    return {"Link": f'< {url}>;rel="next"'}


def _invalid(name: str, words: str) -> Row:
    return {
        "description": "Validation failed",
        "errors": [{"field": name, "message": words, "code": "invalid_value"}],
    }


def _shown(row: Row, with_stats: bool) -> Row:
    shown = {key: value for key, value in row.items() if key != "stats"}
    if with_stats:
        shown["stats"] = {key: value for key, value in row["stats"].items() if key != "_done"}
    return shown


# Rows -------------------------------------------------------------------------------------------


def ticket_row(number: int, created: str, **more: Any) -> Row:
    stats = {
        "agent_responded_at": None, "requester_responded_at": None, "first_responded_at": None,
        "status_updated_at": created, "reopened_at": None, "resolved_at": None, "closed_at": None,
        "pending_since": None,
    }  # fmt: skip
    stats.update(more.pop("stats", {}))
    return {
        "id": number, "subject": f"Ticket {number}", "status": 2, "priority": 2, "source": 1, "type": "Question",
        "requester_id": 500_000 + number % 997, "responder_id": 7, "group_id": 3, "company_id": None,
        "product_id": None, "spam": False, "tags": [], "custom_fields": {}, "created_at": created,
        "updated_at": created, "due_by": None, "fr_due_by": None, "nr_due_by": None, "is_escalated": False,
        "fr_escalated": False, "nr_escalated": False, "description": "<p>confidential words</p>",
        "description_text": "confidential words", "stats": stats, **more,
    }  # fmt: skip


def rating_row(number: int, ticket_id: int, code: Any, at: str, feedback: str | None, ticket: Row) -> Row:
    return {
        "id": number, "survey_id": 9, "user_id": ticket["requester_id"], "agent_id": ticket["responder_id"],
        "group_id": ticket["group_id"], "ticket_id": ticket_id, "feedback": feedback, "created_at": at,
        "updated_at": at, "ratings": {"default_question": code},
    }  # fmt: skip


def _agent_row(number: int, name: str, **more: Any) -> Row:
    return {
        "id": number, "ticket_scope": 1, "type": "support_agent", "occasional": False, "available": True,
        "created_at": "2020-10-22T02:37:13Z", "updated_at": "2025-01-01T00:00:00Z",
        "contact": {"name": name, "email": f"{number}@example.com", "active": True, "time_zone": "Magadan"},
        **more,
    }  # fmt: skip


agent_row = _agent_row


def default_ticket_fields() -> list[Row]:
    return [
        {
            "id": 1, "name": "status", "label": "Status", "type": "default_status",
            "choices": {
                "2": ["Open", "Being Processed"], "3": ["Pending", "Awaiting your Reply"],
                "4": ["Resolved", "This ticket has been Resolved"],
                "5": ["Closed", "This ticket has been Closed"],
                "6": ["Waiting on Customer", "Awaiting your Reply"],
                "7": ["Waiting on Third Party", "Being Processed"],
            },
        },
        {
            "id": 2, "name": "source", "label": "Source", "type": "default_source",
            "choices": {"Email": 1, "Portal": 2, "Phone": 3, "Chat through SMS": 23},
        },
    ]  # fmt: skip
