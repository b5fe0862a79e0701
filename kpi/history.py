"""A ticket's life, read once from its events: who had it, in what state, and who wrote when."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.shapes import AnsweredCall, Context, EventInput, Line, TicketInput

SOLVED = frozenset({"solved", "closed"})
TOLD_BY_HISTORY = frozenset({
    "agent", "bot_handoff", "bot_resolved", "created", "group", "message", "messages_read", "schedule", "status",
})  # fmt: skip
"""Kinds of events that a history is read from, besides tags where those mark something."""


class Message(NamedTuple):
    """What a customer, an agent or a bot said in public; an answered call is an agent's word too."""

    at: int
    role: str
    actor_id: str | None
    is_call: bool = False


class History:
    """Statuses, agents, groups and schedules as lines; public messages and bot events in order."""

    __slots__ = (
        "agents",
        "bot_resolved",
        "groups",
        "handoffs",
        "is_behind",
        "kind",
        "messages",
        "messages_read_at",
        "opened_by",
        "schedules",
        "spoken",
        "statuses",
        "tags",
    )

    def __init__(self) -> None:
        self.kind = "summary"
        self.statuses: list[tuple[int, str]] = []
        self.agents: Line = []
        self.groups: Line = []
        self.schedules: Line = []
        self.messages: list[Message] = []
        self.messages_read_at: int | None = None
        self.spoken = False
        """Whether the log holds any message at all, private ones included."""
        self.handoffs: list[int] = []
        self.bot_resolved: list[int] = []
        self.tags: set[str] = set()
        self.opened_by: str | None = None
        self.is_behind = False
        """The ticket's row says it was solved after all that the log knows."""

    @property
    def has_all_messages(self) -> bool:
        return self.messages_read_at is not None or (self.kind == "complete" and self.spoken)


def role_of(event: EventInput, ticket: TicketInput, context: Context) -> str:
    """The event's own word, else the side its actor is on."""
    if event.actor_role is not None:
        return event.actor_role
    return side_of(event.actor_id, ticket, context)


def side_of(actor_id: str | None, ticket: TicketInput, context: Context) -> str:
    if actor_id is None or actor_id == "-1":
        return "system"
    if actor_id == ticket.requester_id:
        return "end_user"
    return "agent" if actor_id in context.staff else "end_user"


def value_at(line: Line, at: int) -> str | None:
    """The value after everything that happened at `at`; before the line begins, its first."""
    if len(line) == 1:
        return line[0][1]
    return line[max(bisect_left(line, (at + 1,)) - 1, 0)][1]


def read(
    ticket: TicketInput, events: Sequence[EventInput], context: Context, calls: Sequence[AnsweredCall] = ()
) -> History:
    history = History()
    if events:
        _read_events(history, ticket, _ordered(events), context)
    if calls:
        said = [Message(call.at, "agent", call.agent_id, is_call=True) for call in calls]
        history.messages = sorted((*history.messages, *said), key=_said_at)
    created_at = ticket.created_at
    for line, now in ((history.agents, ticket.agent_id), (history.groups, ticket.group_id)):
        if not line:
            line.append((created_at, now))
    if history.kind != "complete":
        _fill_in(history, ticket)
    _catch_up(history, ticket)
    return history


def _said_at(message: Message) -> int:
    return message.at


def _ordered(events: Sequence[EventInput]) -> list[EventInput]:
    """By instant, sequence and id, as the vendor tells them; of one instant the creation comes first."""
    ordered = sorted(events)
    for place, event in enumerate(ordered):
        if event.event == "created":
            first = place
            while first and ordered[first - 1][0] == event[0] and ordered[first - 1].event != "created":
                first -= 1
            if first != place:
                ordered.insert(first, ordered.pop(place))
    return ordered


def _read_events(
    history: History, ticket: TicketInput, events: Sequence[EventInput], context: Context
) -> None:
    changes: list[tuple[int, str]] = []
    previous: str | None = None
    last: EventInput | None = None
    for event in events:
        if event == last:
            continue
        last = event
        kind, value = event.event, event.value
        if kind == "message":
            _say(history, event, ticket, context)
        elif kind in ("status", "created"):
            if kind == "created":
                _open(history, event, ticket, context)
            if value is not None:
                previous = previous if changes else event.previous
                changes.append((event.at, value))
        elif kind in _LINES:
            _change(getattr(history, _LINES[kind]), event, ticket.created_at)
        else:
            _note(history, event)
    if history.kind != "complete" and changes and changes[0][0] < ticket.created_at + SECOND:
        history.kind = "observed"
    _set_statuses(history, changes, ticket.created_at, previous)


_LINES = {"agent": "agents", "group": "groups", "schedule": "schedules"}


def _open(history: History, event: EventInput, ticket: TicketInput, context: Context) -> None:
    history.kind = "complete"
    if event.actor_role is not None or event.actor_id is not None:
        history.opened_by = role_of(event, ticket, context)


def _say(history: History, event: EventInput, ticket: TicketInput, context: Context) -> None:
    """What customers see: theirs unless private, the staff's and bots' only where public."""
    history.spoken = True
    role = role_of(event, ticket, context)
    if role == "end_user":
        is_seen = event.is_public is None or bool(event.is_public)
    else:
        is_seen = role != "system" and bool(event.is_public) and event.actor_id not in context.light
    if is_seen:
        history.messages.append(Message(event.at, role, event.actor_id))


def _note(history: History, event: EventInput) -> None:
    kind = event.event
    if kind == "tag_added" and event.value is not None:
        history.tags.add(event.value)
    elif kind == "messages_read":
        history.messages_read_at = event.at
    elif kind == "bot_handoff":
        history.handoffs.append(event.at)
    elif kind == "bot_resolved":
        history.bot_resolved.append(event.at)


def _change(line: Line, event: EventInput, created_at: int) -> None:
    if not line:
        # A look tells who has it, not since when: taken to be so from the beginning.
        before = event.value if event.source == "observed" and event.previous is None else event.previous
        line.append((min(created_at, event.at), before))
    if event.value != line[-1][1]:
        line.append((event.at, event.value))


def _set_statuses(
    history: History, changes: Sequence[tuple[int, str]], created_at: int, previous: str | None
) -> None:
    """Statuses from the creation on. A change stamped before the creation keeps its stamp."""
    statuses = history.statuses
    if history.kind == "complete" and not (changes and changes[0][0] <= created_at):
        statuses.append((created_at, previous or "new"))
    elif history.kind == "summary" and previous is not None and changes:
        statuses.append((created_at, previous))
    for at, status in changes:
        if not statuses or statuses[-1][1] != status:
            statuses.append((at, status))


def _fill_in(history: History, ticket: TicketInput) -> None:
    """What the vendor's own instants tell about the time before the log begins."""
    if history.kind == "observed":
        return
    created_at, known = ticket.created_at, history.statuses
    begins_at = known[1][0] if len(known) > 1 else None
    now = ticket.status
    is_solved = now in SOLVED
    marks: list[tuple[int, str]] = []
    if ticket.first_solved_at is not None:
        marks.append((ticket.first_solved_at, "solved"))
    if ticket.reopened_at is not None:
        marks.append((ticket.reopened_at, "open"))
    if is_solved:
        marks.append((solved_instant(ticket), "solved"))
    was = known[0][1] if known else (now if now is not None and not is_solved else "open")
    found = [(created_at, was)]
    for at, status in sorted(marks):
        if (begins_at is None or at < begins_at) and found[-1][1] != status:
            found.append((at, status))
    for at, status in known[1:]:
        if found[-1][1] != status:
            found.append((at, status))
    if not is_solved and now is not None and len(known) < 2 and found[-1][1] != now:
        found.append((found.pop()[0], now))
    history.statuses = found


def solved_instant(ticket: TicketInput) -> int:
    """When a ticket that is solved now was solved, as far as its row tells."""
    at = ticket.solved_at
    if at is None:
        at = ticket.closed_at
    if at is None and ticket.vendor_full_resolution_seconds is not None:
        at = ticket.created_at + ticket.vendor_full_resolution_seconds * SECOND
    if at is None:
        at = ticket.updated_at
    return ticket.created_at if at is None else at


def _catch_up(history: History, ticket: TicketInput) -> None:
    """A row can be newer than the log: what it says happened after the log's end, did."""
    if ticket.status not in SOLVED or history.statuses[-1][1] in SOLVED:
        return
    at = ticket.solved_at if ticket.solved_at is not None else ticket.closed_at
    if at is not None and at > history.statuses[-1][0]:
        history.statuses.append((at, "solved"))
        history.is_behind = True
