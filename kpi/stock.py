"""The local day ends at which a ticket stood in the backlog."""

from kpi.case import Case
from kpi.history import SOLVED
from kpi.shapes import BacklogSpan

_State = tuple[str | int | None, ...]
_Change = tuple[int, int, str | int | None]
"""When, which part of the state (status, agent, group, has_reply), and its new value."""


def backlog(case: Case, replied_at: int | None) -> list[BacklogSpan]:
    """A day end belongs to the state after all that happened on its local day. Where local time runs back
    over midnight, the day already begun goes on.
    """
    if not case.is_countable:
        return []
    day = case.context.days.day
    state: list[str | int | None] = [None, None, None, int(case.is_outbound)]
    today = day(case.created_at)
    stretches: list[tuple[int, int | None, _State]] = []
    for at, part, value in _changes(case, replied_at):
        on = day(at) if at > case.created_at else today
        if on > today:
            _stand(stretches, today, on, state)
            today = on
        state[part] = value
    _stand(stretches, today, None, state)
    ticket = case.ticket
    return [
        BacklogSpan(ticket.account, ticket.id, ordinal, from_day, until_day, *stood)  # type: ignore[arg-type]  # parts have the columns' types
        for ordinal, (from_day, until_day, stood) in enumerate(stretches)
    ]


def _changes(case: Case, replied_at: int | None) -> list[_Change]:
    history = case.history
    changes: list[_Change] = [(at, 0, status) for at, status in history.statuses]
    changes += [(at, 1, agent_id) for at, agent_id in history.agents]
    changes += [(at, 2, group_id) for at, group_id in history.groups]
    if replied_at is not None:
        changes.append((replied_at, 3, 1))
    changes.sort(key=_at)
    return changes


def _at(change: _Change) -> int:
    return change[0]


def _stand(
    stretches: list[tuple[int, int | None, _State]],
    from_day: int,
    until_day: int | None,
    state: list[str | int | None],
) -> None:
    """Nothing is noted of days it stood solved; a change that was taken back within a day is none."""
    if state[0] is None or state[0] in SOLVED:
        return
    stood = (*state[:3], state[3])
    if stretches and stretches[-1][1] == from_day and stretches[-1][2] == stood:
        stretches[-1] = stretches[-1][0], until_day, stood
    else:
        stretches.append((from_day, until_day, stood))
