"""Whether a first response came within its target, and from when on that stands."""

from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import Case
from kpi.replies import Talk


class Targeted(NamedTuple):
    """Columns of `TicketFact`, in its order."""

    target_seconds: int | None = None
    target_day: int | None = None
    target_agent_id: str | None = None
    target_group_id: str | None = None
    target_met: int | None = None
    target_mature_at: int | None = None


def targeted(case: Case, talked: Talk, first_solved_at: int | None) -> Targeted:
    """A reply decides it when it comes, else the target when it passes; a ticket solved before that without
    a reply waits no longer, and is neither met nor missed.
    """
    ticket, context = case.ticket, case.context
    fitting = (one for one in context.response_targets if one.fits(ticket.channel, ticket.priority))
    target = next(fitting, None)
    if target is None or case.is_outbound or ticket.is_imported:
        return Targeted()
    response = talked.response
    at, seconds = response.first_response_at, response.first_response_seconds
    if at is not None:
        if seconds is None:
            return Targeted(target.seconds)
        who = response.replied_agent_id, response.replied_group_id
        return Targeted(target.seconds, response.replied_day, *who, int(seconds <= target.seconds), at)
    due_at = case.created_at + target.seconds * SECOND
    if talked.replied_at is not None or (first_solved_at is not None and first_solved_at <= due_at):
        return Targeted(target.seconds)
    return Targeted(target.seconds, *case.whose(due_at), 0, due_at + 1)
