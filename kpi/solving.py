"""When a ticket was solved and reopened, and how long it stood in which status."""

from collections.abc import Sequence
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import Case
from kpi.history import SOLVED
from kpi.shapes import Approximated, TransitionFact


class FirstSolve(NamedTuple):
    """Columns of `TicketFact`, in its order."""

    first_solved_at: int | None = None
    first_solved_day: int | None = None
    first_solved_agent_id: str | None = None
    first_solved_group_id: str | None = None
    first_resolution_seconds: int | None = None
    first_resolution_business_seconds: int | None = None


class LastSolve(NamedTuple):
    """Columns of `TicketFact`, in its order."""

    solved_at: int | None = None
    solved_day: int | None = None
    solved_agent_id: str | None = None
    solved_group_id: str | None = None
    full_resolution_seconds: int | None = None
    full_resolution_business_seconds: int | None = None


class Clocks(NamedTuple):
    """Columns of `TicketFact`, in its order: total time in statuses, known once solved."""

    active_resolution_seconds: int | None = None
    requester_wait_seconds: int | None = None
    requester_wait_business_seconds: int | None = None
    agent_wait_seconds: int | None = None
    agent_wait_business_seconds: int | None = None
    on_hold_seconds: int | None = None
    on_hold_business_seconds: int | None = None
    agent_work_seconds: int | None = None
    agent_work_business_seconds: int | None = None


class Solving(NamedTuple):
    first: FirstSolve
    last: LastSolve
    clocks: Clocks
    reopens: Sequence[int]
    transitions: list[TransitionFact]


_UNSOLVED = Solving(FirstSolve(), LastSolve(), Clocks(), (), [])


def solving(case: Case) -> Solving:
    solves: list[int] = []
    reopens: list[int] = []
    is_solved = False
    for at, status in case.history.statuses:
        now = status in SOLVED
        if now != is_solved:
            (solves if now else reopens).append(at)
        is_solved = now
    if not solves:
        return _UNSOLVED
    transitions = _transitions(case, solves, reopens)
    if not is_solved:
        return Solving(_first(case, solves), LastSolve(), Clocks(), reopens, transitions)
    return Solving(_first(case, solves), _last(case, solves[-1]), _clocks(case), reopens, transitions)


def _first(case: Case, solves: Sequence[int]) -> FirstSolve:
    """The first solve that is not older than the ticket."""
    at = next((at for at in solves if at >= case.created_at), None)
    if at != solves[0]:
        case.flags.add("negative_duration")
    if at is None:
        return FirstSolve()
    ticket = case.ticket
    seconds = case.seconds(case.created_at, at)
    business = case.business_or(ticket.vendor_first_resolution_business_seconds, case.created_at, at)
    if not case.is_complete and not ticket.is_imported:
        if ticket.vendor_first_resolution_seconds is not None:
            seconds = ticket.vendor_first_resolution_seconds
            case.rounded(Approximated.FIRST_RESOLUTION)
        elif ticket.reopened_at is not None or ticket.vendor_reopens:
            case.approximate(Approximated.FIRST_RESOLUTION)
        if ticket.vendor_first_resolution_business_seconds is not None:
            business = ticket.vendor_first_resolution_business_seconds
    return FirstSolve(
        at,
        *case.whose(at),
        seconds,
        business,
    )


def _last(case: Case, at: int) -> LastSolve:
    ticket = case.ticket
    seconds = case.seconds(case.created_at, at)
    business = case.business_or(ticket.vendor_full_resolution_business_seconds, case.created_at, at)
    if not case.is_complete and not ticket.is_imported:
        if ticket.vendor_full_resolution_seconds is not None:
            seconds = ticket.vendor_full_resolution_seconds
            case.rounded(Approximated.FULL_RESOLUTION)
        elif ticket.solved_at is None and ticket.closed_at is None:
            case.approximate(Approximated.FULL_RESOLUTION)
        if ticket.vendor_full_resolution_business_seconds is not None:
            business = ticket.vendor_full_resolution_business_seconds
    return LastSolve(
        at,
        *case.whose(at),
        seconds,
        business,
    )


# Status clocks ------------------------------------------------------------------------------------


def _clocks(case: Case) -> Clocks:
    ticket = case.ticket
    if ticket.is_imported:
        return Clocks()
    if case.history.kind == "summary":
        return _vendor_clocks(case)
    if not case.is_complete:
        case.approximate(Approximated.WAITS)
    open_, pending, on_hold = _elapsed(case)
    clocks = (open_ + pending + on_hold, open_ + on_hold, pending, on_hold, open_)
    active, requester, agent, held, work = (microseconds // SECOND for microseconds in clocks)
    if case.hours is None:
        return Clocks(active, requester, None, agent, None, held, None, work, None)
    open_, pending, on_hold = _elapsed_open(case)
    return Clocks(
        active,
        requester,
        (open_ + on_hold) // SECOND,
        agent,
        pending // SECOND,
        held,
        on_hold // SECOND,
        work,
        open_ // SECOND,
    )


def _elapsed(case: Case) -> tuple[int, int, int]:
    """Microseconds in new and open, pending, on hold."""
    open_ = pending = on_hold = 0
    statuses = case.history.statuses
    for index in range(len(statuses) - 1):
        start, status = statuses[index]
        elapsed = max(statuses[index + 1][0] - max(start, case.created_at), 0)
        if status == "pending":
            pending += elapsed
        elif status == "on_hold":
            on_hold += elapsed
        elif status not in SOLVED:
            open_ += elapsed
    return open_, pending, on_hold


def _elapsed_open(case: Case) -> tuple[int, int, int]:
    """The same within business hours."""
    open_ = pending = on_hold = 0
    statuses = case.history.statuses
    for index in range(len(statuses) - 1):
        start, status = statuses[index]
        if status in SOLVED:
            continue
        elapsed = case.open_between(max(start, case.created_at), statuses[index + 1][0])
        if status == "pending":
            pending += elapsed
        elif status == "on_hold":
            on_hold += elapsed
        else:
            open_ += elapsed
    return open_, pending, on_hold


def _vendor_clocks(case: Case) -> Clocks:
    """The vendor's clocks; its time in new and open is what its requester waits beyond on-hold."""
    ticket = case.ticket
    requester, agent, held = (
        ticket.vendor_requester_wait_seconds,
        ticket.vendor_agent_wait_seconds,
        ticket.vendor_on_hold_seconds,
    )
    open_requester, open_held = (
        ticket.vendor_requester_wait_business_seconds,
        ticket.vendor_on_hold_business_seconds,
    )
    case.rounded(Approximated.WAITS)
    return Clocks(
        None if requester is None or agent is None else requester + agent,
        requester,
        open_requester,
        agent,
        ticket.vendor_agent_wait_business_seconds,
        held,
        open_held,
        None if requester is None or held is None else requester - held,
        None if open_requester is None or open_held is None else open_requester - open_held,
    )


def _transitions(case: Case, solves: Sequence[int], reopens: Sequence[int]) -> list[TransitionFact]:
    ticket = case.ticket
    found = []
    for ordinal in range(len(solves) + len(reopens)):
        number, is_reopen = divmod(ordinal, 2)
        at = reopens[number] if is_reopen else solves[number]
        found.append(
            TransitionFact(
                ticket.account,
                ticket.id,
                ordinal,
                "reopen" if is_reopen else "solve",
                at,
                *case.whose(at),
            )
        )
    return found
