"""HubSpot's API over a desk: which address answers what."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from connectors.sandbox.cast import GROUPS, Agent
from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.hubspot import objects, words
from connectors.sandbox.hubspot.account import ACCESS_TOKEN, ZONE, Account, Limits, error
from connectors.sandbox.hubspot.objects import Family, Index
from connectors.sandbox.hubspot.others import Companies, Feedback, LoggedCalls
from connectors.sandbox.hubspot.tickets import Tickets
from connectors.sandbox.instants import iso
from connectors.sandbox.people import staff_changed_at
from connectors.sandbox.story import Event

Handler = Callable[..., Answer]
LATE_EVERY, LATE_SECONDS = 50, 1_200
"""Every fiftieth record comes to the search's index twenty minutes late."""


class HubSpot:
    """One HubSpot account.

    `lag_seconds` is how long after its change a record comes to the search's index, by its key. `without` names
    the kinds that scopes do not open: `{"feedback_submissions": 403}`. `short_pages` lets the search give less
    than was asked for, and go on.
    """

    settings: Mapping[str, str] = {"access_token": ACCESS_TOKEN}

    def __init__(
        self,
        desk: Desk,
        *,
        limits: Limits | None = None,
        without: Mapping[str, int] | None = None,
        lag_seconds: Callable[[int], int] | None = None,
        short_pages: bool = False,
    ) -> None:
        self.desk = desk
        self.account = Account(desk.clock, limits or Limits(), without or {})
        self._tickets = Tickets(desk)
        self._families: Mapping[str, Family] = {
            "tickets": self._tickets,
            "feedback_submissions": Feedback(desk),
            "calls": LoggedCalls(desk),
            "companies": Companies(desk),
        }
        self._index = Index(desk.now, lag_seconds or _usual_lag, short_pages)
        self._routes = [(re.compile(f"{path}$"), name, handler) for path, name, handler in self._table()]

    def _table(self) -> Iterable[tuple[str, str, Handler]]:
        crm, version = "/crm/objects", words.VERSION
        conversations = f"/conversations/conversations/{version}/threads"
        yield f"/account-info/{version}/details", "account", self._account_info
        yield f"/crm/owners/{version}", "owners", self._owners
        yield f"/crm/pipelines/{version}/tickets", "pipelines", self._pipelines
        yield conversations, "threads", self._threads
        yield rf"{conversations}/(\d+)/messages", "messages", self._messages
        yield rf"/crm/associations/{version}/(\w+)/(\w+)/batch/read", "associations", self._associations
        yield rf"{crm}/{version}/(\w+)/search", "search", self._search
        yield rf"{crm}/{version}/(\w+)/batch/read", "batch", self._batch
        yield rf"{crm}/{version}/(\w+)", "list", self._list

    # -- the way in ---------------------------------------------------------------------------

    def name_of(self, request: Request) -> str:
        """Requests for records are named by kind and way: `tickets list`, `calls search`."""
        for path, name, _ in self._routes:
            if match := path.match(request.path):
                return " ".join((*match.groups()[:1], name)) if name in _OF_A_KIND else name
        return "token" if request.path.endswith("/token") else "unknown"

    def answer(self, request: Request, base_url: str) -> Answer:
        if request.path == f"/oauth/{words.VERSION}/token":
            return self.account.grant(request)
        for path, name, handler in self._routes:
            if match := path.match(request.path):
                kind = match[1] if name in _OF_A_KIND else name
                headers, refusal = self.account.enter(request, kind, is_search=name == "search")
                answer = refusal or handler(request, base_url, *match.groups())
                answer.headers |= headers
                return answer
        return Answer(404, b"<html><title>404 Not Found</title></html>", content_type="text/html")

    def _account_info(self, _request: Request, _base_url: str) -> Answer:
        told = {"portalId": 1, "accountType": "STANDARD", "timeZone": ZONE, "companyCurrency": "EUR",
                "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1"}  # fmt: skip
        return Answer.json(told)

    # -- records ------------------------------------------------------------------------------

    def _list(self, request: Request, base_url: str, kind: str) -> Answer:
        family = self._families.get(kind)
        return _unknown(kind) if family is None else objects.listed(request, family, base_url)

    def _batch(self, request: Request, _base_url: str, kind: str) -> Answer:
        family = self._families.get(kind)
        return _unknown(kind) if family is None else objects.batch(request, family)

    def _search(self, request: Request, _base_url: str, kind: str) -> Answer:
        family = self._families.get(kind)
        return _unknown(kind) if family is None else self._index.answer(request, family)

    def _associations(self, request: Request, _base_url: str, kind: str, other: str) -> Answer:
        if kind == "contacts" and other == "tickets":
            return objects.linked(request, self._of_contact)
        family = self._families.get(kind)
        if family is None:
            return _unknown(kind)

        def ids_of(number: int) -> list[int]:
            key = number - family.base
            return family.associated(key, other) if family.exists(key) else []

        return objects.linked(request, ids_of)

    @cached_property
    def _written_by(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number in range(1, self.desk.history.size + 1):
            found.setdefault(self.desk.history.requester(number), []).append(number)
        return found

    def _of_contact(self, contact: int) -> list[int]:
        numbers = self._written_by.get(contact - words.CONTACT, [])
        return [words.TICKET + number for number in numbers if self._tickets.exists(number)]

    # -- people and stages --------------------------------------------------------------------

    def _owners(self, request: Request, _base_url: str) -> Answer:
        archived, now = request.query.get("archived") == "true", self.desk.now()
        rows = [
            self._owner(agent, archived)
            for agent in self.desk.cast.agents
            if words.has_left(agent, self.desk.demoted, now) == archived
        ]
        size = request.whole("limit") or 100
        start = request.whole("after") or 0
        body: dict[str, Any] = {"results": rows[start : start + size]}
        if start + size < len(rows):
            body["paging"] = {"next": {"after": str(start + size)}}
        return Answer.json(body)

    def _owner(self, agent: Agent, archived: bool) -> dict[str, Any]:
        """Who left is known by another field, and never says when."""
        first, _, last = agent.name.partition(" ")
        user = words.USER + agent.key
        team = {
            "id": str(words.TEAM + agent.group),
            "name": next(group.name for group in GROUPS if group.key == agent.group),
            "primary": True,
        }
        row = {
            "id": words.owner(agent.key),
            "email": agent.email,
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userIdIncludingInactive": user,
            "createdAt": iso(self.desk.history.start - 86_400 * 400),
            "updatedAt": iso(staff_changed_at(self.desk, agent)),
            "archived": archived,
            "teams": [team],
        }
        return row if archived else {**row, "userId": user}

    def _pipelines(self, _request: Request, _base_url: str) -> Answer:
        named = ((words.SUPPORT, 1, "Support Pipeline"), (words.COMPLAINTS, 2, "Complaints"))
        return Answer.json({"results": [_pipeline(key, form, label) for key, form, label in named]})

    # -- conversations ------------------------------------------------------------------------

    def _threads(self, request: Request, _base_url: str) -> Answer:
        rows = []
        for number in self._tickets.alive((request.whole("after") or words.THREAD) - words.THREAD):
            ticket = self.desk.ticket(number)
            if ticket.channel in words.TALKS:
                rows.append(
                    {
                        "id": str(words.THREAD + number),
                        "createdAt": iso(ticket.created_at),
                        "status": "CLOSED" if ticket.is_solved else "OPEN",
                        "inboxId": "1",
                        "associatedContactId": str(words.CONTACT + ticket.requester),
                        "spam": False,
                        "archived": False,
                        "threadAssociations": {"associatedTicketId": str(words.TICKET + number)},
                    }
                )
            if len(rows) == (request.whole("limit") or 100):
                break
        return Answer.json({"results": rows})

    def _messages(self, _request: Request, _base_url: str, thread: str) -> Answer:
        number = int(thread) - words.THREAD
        if not self._tickets.exists(number):
            return error(404, "OBJECT_NOT_FOUND", "No thread found")
        ticket = self.desk.ticket(number)
        rows = [
            _message(number, place, event)
            for place, event in enumerate(ticket.events)
            if event.kind in {"message", "agent"}
        ]
        return Answer.json({"results": rows[::-1]})


def _message(number: int, place: int, event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": str(number * words.MESSAGE + place),
        "createdAt": iso(event.at),
        "createdBy": _actor(event),
        "archived": False,
    }
    if event.kind == "agent":
        return row | {"type": "ASSIGNMENT", "assignedTo": f"A-{words.USER + int(event.value or 0)}"}
    row["text"] = "The text of a message."
    if not event.public:
        return row | {"type": "COMMENT"}
    incoming = event.role == "end_user"
    state = {"statusType": "RECEIVED" if incoming else "SENT"}
    return row | {"type": "MESSAGE", "direction": "INCOMING" if incoming else "OUTGOING", "status": state}


def _actor(event: Event) -> str:
    if event.role == "agent":
        return f"A-{words.USER + event.actor}"
    return {"end_user": f"V-{words.CONTACT + event.actor}", "bot": "L-1"}.get(event.role, "S-hubspot")


def _pipeline(key: str, form: int, label: str) -> dict[str, Any]:
    stages = [
        {
            "id": words.stage(form, status),
            "label": named,
            "displayOrder": place,
            "metadata": {
                "ticketState": "CLOSED" if status == "closed" else "OPEN",
                "isClosed": str(status == "closed").lower(),
            },
            "createdAt": "1970-01-01T00:00:00Z",
            "updatedAt": "1970-01-01T00:00:00Z",
            "archived": False,
        }
        for place, (status, named) in enumerate(words.STAGE_LABELS)
    ]
    return {"id": key, "label": label, "displayOrder": form - 1, "archived": False, "stages": stages[::-1]}


def _usual_lag(key: int) -> int:
    return LATE_SECONDS if key % LATE_EVERY == 0 else 5


def _unknown(kind: str) -> Answer:
    """HubSpot's own answer has no category."""
    return Answer.json({"status": "error", "message": f"Unable to infer object type from: {kind}"}, 400)


_OF_A_KIND = frozenset({"associations", "search", "batch", "list"})
