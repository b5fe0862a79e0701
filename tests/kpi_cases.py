"""What each KPI is made of, ticket by ticket: written from the definitions alone."""

from collections.abc import Callable, Iterator, Mapping

from tests.kpi_life import DONE, Case, Life

REOPEN_WINDOW = 30 * 86_400


def _volume(life: Life) -> Iterator[Case]:
    yield Case(life.number, life.created, 1, life.ticket.agent, life.ticket.group)


def _at_last_solve(life: Life, value: int) -> Iterator[Case]:
    if life.is_solved:
        at = life.solves[-1]
        yield Case(life.number, at, value, life.agent(at), life.group(at))


def _at_first_solve(life: Life, value: int) -> Iterator[Case]:
    at = life.solves[0]
    yield Case(life.number, at, value, life.agent(at), life.group(at))


def _solved(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, 1)


def _first_response(life: Life) -> Iterator[Case]:
    if life.replies and not life.is_outbound:
        reply = life.replies[0]
        yield Case(life.number, reply.at, reply.at - life.created, reply.actor, life.group(reply.at))


def _first_response_business(life: Life) -> Iterator[Case]:
    for case in _first_response(life):
        yield case._replace(value=life.open_seconds(case.at))


def _first_resolution(life: Life) -> Iterator[Case]:
    if life.solves:
        yield from _at_first_solve(life, life.solves[0] - life.created)


def _full_resolution(life: Life) -> Iterator[Case]:
    if life.is_solved:
        yield from _at_last_solve(life, life.solves[-1] - life.created)


def _full_resolution_business(life: Life) -> Iterator[Case]:
    if life.is_solved:
        yield from _at_last_solve(life, life.open_seconds(life.solves[-1]))


def _requester_wait(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, life.seconds_in("new", "open", "on_hold"))


def _reopened(life: Life) -> Iterator[Case]:
    if life.solves and life.solves[0] + REOPEN_WINDOW <= life.now:
        came_back = any(at <= life.solves[0] + REOPEN_WINDOW for at in life.reopens)
        yield from _at_first_solve(life, int(came_back))


def _one_touch(life: Life) -> Iterator[Case]:
    if not life.is_outbound:
        yield from _at_last_solve(life, int(len(life.replies) == 1))


def _agent_changes(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, life.changes("agent"))


def _replies(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, len(life.replies))


def _satisfied(life: Life) -> Iterator[Case]:
    if life.answers:
        last = life.answers[-1]
        score = int((last.value or "").split("|")[0])
        yield Case(life.number, last.at, int(score >= 4), life.agent(last.at), life.group(last.at))


def _answered_badly(life: Life) -> Iterator[Case]:
    for case in _satisfied(life):
        score = int((life.answers[-1].value or "").split("|")[0])
        yield case._replace(value=int(score <= (3 if life.three_is_bad else 2)))


def _commented(life: Life) -> Iterator[Case]:
    for case in _satisfied(life):
        yield case._replace(value=int(bool((life.answers[-1].value or "").split("|")[1].strip())))


def _moves(life: Life, instants: list[int]) -> Iterator[Case]:
    for at in instants:
        yield Case(life.number, at, 1, life.agent(at), life.group(at))


def _solve_events(life: Life) -> Iterator[Case]:
    return _moves(life, life.solves)


def _reopen_events(life: Life) -> Iterator[Case]:
    return _moves(life, life.reopens)


def _first_response_created(life: Life) -> Iterator[Case]:
    for case in _first_response(life):
        yield Case(life.number, life.created, case.value, life.ticket.agent, life.ticket.group)


def _first_resolution_created(life: Life) -> Iterator[Case]:
    if life.solves:
        seconds = life.solves[0] - life.created
        yield Case(life.number, life.created, seconds, life.ticket.agent, life.ticket.group)


def _full_resolution_created(life: Life) -> Iterator[Case]:
    if life.is_solved:
        seconds = life.solves[-1] - life.created
        yield Case(life.number, life.created, seconds, life.ticket.agent, life.ticket.group)


def _resolved_by_now(life: Life) -> Iterator[Case]:
    yield Case(life.number, life.created, int(life.is_solved), life.ticket.agent, life.ticket.group)


def _first_resolution_business(life: Life) -> Iterator[Case]:
    if life.solves:
        yield from _at_first_solve(life, life.open_seconds(life.solves[0]))


def _reply_times(life: Life) -> Iterator[Case]:
    for asked, reply in life.turns():
        yield Case(life.number, reply.at, reply.at - asked, reply.actor, life.group(reply.at))


def _reply_times_business(life: Life) -> Iterator[Case]:
    for asked, reply in life.turns():
        yield Case(
            life.number, reply.at, life.open_seconds_from(asked, reply.at), reply.actor, life.group(reply.at)
        )


def _customer_messages(life: Life) -> Iterator[Case]:
    said = [one for one in life.events if one.kind == "message" and one.public and one.role == "end_user"]
    return _at_last_solve(life, len(said))


def _transferred(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, int(life.changes("agent") > 0))


def _group_changes(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, life.changes("group"))


def _time_in(*statuses: str) -> Callable[[Life], Iterator[Case]]:
    return lambda life: _at_last_solve(life, life.seconds_in(*statuses))


def _open_time_in(*statuses: str) -> Callable[[Life], Iterator[Case]]:
    return lambda life: _at_last_solve(life, life.open_seconds_in(*statuses))


CASES: Mapping[str, Callable[[Life], Iterator[Case]]] = {
    "csat_score": _satisfied,
    "ticket_volume": _volume,
    "tickets_solved": _solved,
    "first_response_time": _first_response,
    "first_response_time_business": _first_response_business,
    "first_resolution_time": _first_resolution,
    "full_resolution_time": _full_resolution,
    "full_resolution_time_business": _full_resolution_business,
    "requester_wait_time": _requester_wait,
    "reopen_rate": _reopened,
    "one_touch_rate": _one_touch,
    "agent_changes_per_ticket": _agent_changes,
    "replies_per_ticket": _replies,
    "csat_dissatisfied_rate": _answered_badly,
    "csat_comment_rate": _commented,
    "solve_events": _solve_events,
    "reopen_events": _reopen_events,
    "first_response_time_created": _first_response_created,
    "first_resolution_time_created": _first_resolution_created,
    "full_resolution_time_created": _full_resolution_created,
    "resolution_rate": _resolved_by_now,
    "first_resolution_time_business": _first_resolution_business,
    "avg_reply_time": _reply_times,
    "avg_reply_time_business": _reply_times_business,
    "customer_messages_per_ticket": _customer_messages,
    "transfer_rate": _transferred,
    "group_changes_per_ticket": _group_changes,
    "active_resolution_time": _time_in("new", "open", "pending", "on_hold"),
    "agent_wait_time": _time_in("pending"),
    "on_hold_time": _time_in("on_hold"),
    "agent_work_time": _time_in("new", "open"),
    "requester_wait_time_business": _open_time_in("new", "open", "on_hold"),
    "agent_wait_time_business": _open_time_in("pending"),
    "on_hold_time_business": _open_time_in("on_hold"),
    "agent_work_time_business": _open_time_in("new", "open"),
}
STOCKS: Mapping[str, Callable[[Life, int], bool]] = {
    "backlog": lambda life, at: life.status(at) not in DONE,
    "backlog_active": lambda life, at: life.status(at) in ("new", "open"),
    "backlog_waiting_customer": lambda life, at: life.status(at) == "pending",
    "backlog_on_hold": lambda life, at: life.status(at) == "on_hold",
    "backlog_unassigned": lambda life, at: life.status(at) not in DONE and not life.agent(at),
    "backlog_unreplied": lambda life, at: (
        life.status(at) not in DONE
        and not life.is_outbound
        and not any(reply.at <= at for reply in life.replies)
    ),
}
"""Which tickets stand in them at an instant."""
COUNTS = ("ticket_volume", "tickets_solved", "solve_events", "reopen_events")
RATIOS = (
    "csat_score", "csat_dissatisfied_rate", "csat_comment_rate", "reopen_rate", "one_touch_rate",
    "resolution_rate", "transfer_rate",
)  # fmt: skip
