"""One wide fact a ticket, computed from the whole ticket every time: pure, whatever the order of its rows.

Where the history is known from the creation on, every figure comes from events to the second. Where it
is not, figures rest on the vendor's own, and `history`, `messages` and `approximations` say so.
Definitions are those of docs/kpis.md; docs/decisions.md tells where they differ from vendors' screens.

No clock: verdicts stand as they will at their maturity by what is known now (`fcr_mature_at`,
`reopen_mature_at`); readers leave out those that are not mature yet.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from kpi.calendar import SECOND
from kpi.case import NOBODYS, Case, Whose
from kpi.lesser import SlaInput
from kpi.replies import Talk, bot_outcome, talk
from kpi.service_levels import promised
from kpi.shapes import (
    AnsweredCall,
    Approximated,
    BacklogSpan,
    Context,
    EventInput,
    Signs,
    TicketFact,
    TicketFacts,
    TicketInput,
    TransitionFact,
    TurnFact,
)
from kpi.solving import Solving, solving
from kpi.stock import backlog
from kpi.targets import targeted
from kpi.workdays import workdays

__all__ = [
    "AnsweredCall",
    "Approximated",
    "BacklogSpan",
    "Context",
    "EventInput",
    "Signs",
    "TicketFact",
    "TicketFacts",
    "TicketInput",
    "TransitionFact",
    "TurnFact",
    "ticket_facts",
]


def ticket_facts(
    ticket: TicketInput,
    events: Sequence[EventInput],
    context: Context,
    *,
    calls: Sequence[AnsweredCall] = (),
    sla: Sequence[SlaInput] = (),
    requester_created_at: Sequence[int] = (),
) -> TicketFacts:
    """`calls` are the ticket's answered calls, `sla` its clocks' steps; `requester_created_at` the creation instants of the same
    requester's other countable inbound tickets, for `fcr_strict`. Rows may come in any order, and twice.
    """
    case = Case(ticket, events, context, calls)
    talked = talk(case)
    solved = solving(case)
    counted = _counted(case, talked, solved)
    clocks, risks = promised(case, sla) if sla else ([], [])
    fact = TicketFact._make(
        (
            *_described(case),
            *talked.response,
            *_assigned(case),
            *solved.first,
            *solved.last,
            *solved.clocks,
            *counted,
            *_judged(case, talked, solved, counted, requester_created_at),
            *_marked(case, talked, solved),
            *targeted(case, talked, solved.first.first_solved_at),
            *_known(case, talked),
        )
    )
    return TicketFacts(
        fact,
        backlog(case, talked.replied_at),
        talked.turns,
        solved.transitions,
        clocks,
        workdays(case, talked.replied, solved.transitions),
        risks,
        case.history.agents,
        case.history.groups,
    )


class Described(NamedTuple):
    """Columns of `TicketFact`, in its order; so are the classes below."""

    account: str
    ticket_id: str
    is_countable: int
    is_outbound: int
    is_imported: int
    status: str | None
    channel: str
    priority: str | None
    type: str | None
    category: str | None
    brand_id: str | None
    organisation_id: str | None
    requester_id: str | None
    tags: str
    agent_id: str | None
    group_id: str | None
    created_at: int
    created_day: int
    created_hour: int


def _described(case: Case) -> Described:
    ticket, days = case.ticket, case.context.days
    return Described(
        ticket.account,
        ticket.id,
        int(case.is_countable),
        int(case.is_outbound),
        int(ticket.is_imported),
        ticket.status if ticket.status is not None else case.history.statuses[-1][1],
        ticket.channel,
        ticket.priority,
        ticket.type,
        ticket.category,
        ticket.brand_id,
        ticket.organisation_id,
        ticket.requester_id,
        ticket.tags,
        ticket.agent_id,
        ticket.group_id,
        ticket.created_at,
        days.day(ticket.created_at),
        days.hour_of_week(ticket.created_at),
    )


class Assigned(NamedTuple):
    first_assigned_at: int | None = None
    assigned_day: int | None = None
    assigned_agent_id: str | None = None
    assigned_group_id: str | None = None
    first_assignment_seconds: int | None = None


def _assigned(case: Case) -> Assigned:
    """A look that finds a ticket in somebody's hands does not tell since when."""
    line = case.history.agents
    at, to = next(((since, agent_id) for since, agent_id in line if agent_id is not None), (None, None))
    if not case.is_complete:
        seen_at = None if line[0][1] is not None else at
        at = case.ticket.first_assigned_at
        if at is None and seen_at is not None:
            at = seen_at
            case.approximate(Approximated.ASSIGNMENT)
    if at is None:
        return Assigned()
    return Assigned(at, case.context.days.day(at), to, case.group_at(at), case.seconds(case.created_at, at))


class Counted(NamedTuple):
    replies: int | None
    customer_messages: int | None
    agent_changes: int | None
    group_changes: int | None
    reopens: int
    first_reopened_at: int | None


def _counted(case: Case, talked: Talk, solved: Solving) -> Counted:
    ticket, history = case.ticket, case.history
    reopens = len(solved.reopens)
    if not case.is_complete:
        if ticket.vendor_reopens is not None:
            reopens = ticket.vendor_reopens
        elif reopens:
            case.approximate(Approximated.REOPENS)
    return Counted(
        talked.replies,
        talked.customer_messages,
        _changes(case, history.agents, ticket.vendor_agent_stations, Approximated.AGENT_CHANGES),
        _changes(case, history.groups, ticket.vendor_group_stations, Approximated.GROUP_CHANGES),
        reopens,
        solved.reopens[0] if solved.reopens else None,
    )


def _changes(
    case: Case,
    line: Sequence[tuple[int, str | None]],
    vendor_stations: int | None,
    figure: Approximated,
) -> int:
    """How often it went from one to another; being nobody's for a while in between is no change."""
    if not case.is_complete:
        if vendor_stations is not None:
            return max(vendor_stations - 1, 0)
        case.approximate(figure)
    changes, last = -1, None
    for _, holder in line:
        if holder is not None and holder != last:
            changes, last = changes + 1, holder
    return max(changes, 0)


class Judged(NamedTuple):
    one_touch: int | None
    reopened_in_window: int | None
    reopen_mature_at: int | None
    fcr: int | None
    fcr_strict: int | None
    fcr_mature_at: int | None
    agent_contacts: int | None


def _judged(
    case: Case, talked: Talk, solved: Solving, counted: Counted, requester_created_at: Sequence[int]
) -> Judged:
    context, first_at = case.context, solved.first.first_solved_at
    one_touch = None
    if solved.last.solved_at is not None and not case.is_outbound:
        one_touch = None if counted.replies is None else int(counted.replies == 1)
        if not case.history.has_all_messages and case.ticket.vendor_one_touch is not None:
            one_touch = int(case.ticket.vendor_one_touch)
    if first_at is None:
        contacts = None if talked.contacts is None else len(talked.contacts)
        return Judged(one_touch, None, None, None, None, None, contacts)
    reopen_until = first_at + context.reopen_window_seconds * SECOND
    is_reopened = any(first_at <= at <= reopen_until for at in solved.reopens)
    until = first_at + context.fcr_window_seconds * SECOND
    contacts = _contacts(talked, counted, until)
    fcr = strict = None
    if contacts and not case.is_outbound:
        fcr = int(contacts == 1 and _is_solved_at(solved, until))
        strict = int(fcr and not any(first_at < at <= until for at in requester_created_at))
    return Judged(one_touch, int(is_reopened), reopen_until, fcr, strict, until, contacts)


def _contacts(talked: Talk, counted: Counted, until: int) -> int | None:
    """Where messages are not known, each reply counts as a contact of its own."""
    if talked.contacts is None:
        return counted.replies
    return sum(at <= until for at in talked.contacts)


def _is_solved_at(solved: Solving, at: int) -> bool:
    """Solves and reopens take turns, a solve first."""
    return sum(transition.at <= at for transition in solved.transitions) % 2 == 1


class Marked(NamedTuple):
    is_escalated: int | None
    is_complaint: int | None
    is_bot_handled: int
    bot_outcome: str | None
    bot_at: int | None
    bot_day: int | None
    bot_agent_id: str | None
    bot_group_id: str | None
    bot_mature_at: int | None
    first_unanswered_at: int | None
    unanswered_day: int | None
    has_reply: int


def _marked(case: Case, talked: Talk, solved: Solving) -> Marked:
    ticket, history, context = case.ticket, case.history, case.context
    is_bot_handled = bool(
        ticket.is_bot_handled
        or history.handoffs
        or history.bot_resolved
        or any(message.role == "bot" for message in history.messages)
    )
    waiting_since = None if solved.last.solved_at is not None else talked.waiting_since
    outcome, bot_at = bot_outcome(case, talked, solved.first.first_solved_at, is_bot_handled)
    bot: Whose = NOBODYS if bot_at is None else case.whose(bot_at)
    return Marked(
        _is_escalated(case, context.escalation),
        int(_bears(case, context.complaint)) if context.complaint.are_chosen else None,
        int(is_bot_handled),
        outcome,
        bot_at,
        *bot,
        None if bot_at is None else bot_at + (outcome != "handed_off") * context.bot_window_seconds * SECOND,
        waiting_since,
        None if waiting_since is None else context.days.day(waiting_since),
        int(case.is_outbound or talked.replied_at is not None),
    )


def _is_escalated(case: Case, signs: Signs) -> int | None:
    return int(_is_moved_into(case, signs) or _bears(case, signs)) if signs.are_chosen else None


def _is_moved_into(case: Case, signs: Signs) -> bool:
    """Handed over to one of the groups; a ticket that began there was not."""
    if not signs.groups:
        return False
    line = case.history.groups
    if not case.is_complete:
        case.approximate(Approximated.ESCALATION)
    return any(
        group in signs.groups and (line[index][1] is not None or at >= case.created_at + SECOND)
        for index, (at, group) in enumerate(line[1:])
    )


def _bears(case: Case, signs: Signs) -> bool:
    ticket = case.ticket
    if ticket.type in signs.types or ticket.category in signs.categories:
        return True
    if not signs.tags:
        return False
    tags: list[str] = msgspec.json.decode(ticket.tags)
    return not signs.tags.isdisjoint(tags) or not signs.tags.isdisjoint(case.history.tags)


class Known(NamedTuple):
    history: str
    messages: str
    approximations: int
    flags: str


def _known(case: Case, talked: Talk) -> Known:
    if not case.is_complete:
        case.approximate(Approximated.BACKLOG)
    if case.history.is_behind:
        case.flags.add("history_behind")
    return Known(
        case.history.kind,
        "summary" if talked.contacts is None else "complete",
        int(case.approximations),
        " ".join(sorted(case.flags)),
    )
