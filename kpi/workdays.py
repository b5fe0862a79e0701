"""Who worked on a ticket on which day: who replied in public, and with whom it was when it was solved."""

from collections.abc import Sequence

from kpi.case import Case
from kpi.history import Message, value_at
from kpi.lesser import WorkdayFact
from kpi.shapes import TransitionFact


def workdays(
    case: Case, replies: Sequence[Message], transitions: Sequence[TransitionFact]
) -> list[WorkdayFact]:
    """One fact an agent and day, in the order of their key."""
    found: dict[tuple[str, int], WorkdayFact] = {}
    ticket, days, groups = case.ticket, case.context.days, case.history.groups
    acts = [(reply.at, reply.actor_id, 1, 0) for reply in replies]
    acts += [(one.at, one.agent_id, 0, 1) for one in transitions if one.transition == "solve"]
    for at, agent_id, replied, solved in acts:
        if agent_id is None:
            continue
        key = agent_id, days.day(at)
        before = found.get(key)
        if before is None:
            group_id = value_at(groups, at)
            found[key] = WorkdayFact(ticket.account, ticket.id, *key, group_id, replied, solved)
        else:
            found[key] = before._replace(replies=before.replies + replied, solves=before.solves + solved)
    return [found[key] for key in sorted(found)]
