"""One fact a call, with its legs: whether it was offered, given up, answered, and how long it took."""

from collections.abc import Sequence
from typing import NamedTuple

from kpi.calendar import SECOND, LocalDays

_HANDLED = frozenset({"answered", "abandoned_on_hold"})
"""Who hangs up on hold had been answered."""
_STEPS = {
    "abandoned_in_ivr": "ivr",
    "abandoned_in_queue": "queue",
    "abandoned_in_voicemail": "voicemail",
    "abandoned_on_hold": "on_hold",
}


class CallInput(NamedTuple):
    """Columns of `calls`, under their names there."""

    account: str
    id: str
    ticket_id: str | None
    agent_id: str | None
    group_id: str | None
    direction: str
    outcome: str
    started_at: int
    ended_at: int | None
    wait_seconds: int | None
    answer_seconds: int | None
    talk_seconds: int | None
    hold_seconds: int | None
    wrap_seconds: int | None
    duration_seconds: int | None


class LegInput(NamedTuple):
    """Columns of `call_legs`, under their names there."""

    agent_id: str | None
    talk_seconds: int | None
    hold_seconds: int | None
    wrap_seconds: int | None


class CallFact(NamedTuple):
    """One row of `call_facts`."""

    account: str
    call_id: str
    ticket_id: str | None
    is_inbound: int
    is_handled: int
    """Somebody of the staff talked with the customer."""
    is_offered: int
    """It is known to have come into the queue, and was not given up there at once."""
    is_abandoned: int
    """Given up in the queue, not at once."""
    step: str | None
    """Where the customer gave up: `ivr`, `queue`, `voicemail` or `on_hold`."""
    started_at: int
    started_day: int
    ended_day: int
    agent_id: str | None
    group_id: str | None
    wait_seconds: int | None
    talk_hold_seconds: int | None
    handle_seconds: int | None
    """Talk, hold and wrap-up; neither the queue nor the menu before it."""


def call_fact(
    call: CallInput, legs: Sequence[LegInput], days: LocalDays, short_abandon_seconds: int
) -> CallFact:
    """Legs stand in where the call itself names no agent or no times."""
    is_inbound = call.direction == "inbound"
    is_handled = call.outcome in _HANDLED
    wait_seconds = call.wait_seconds if call.wait_seconds is not None else call.answer_seconds
    is_offered = is_inbound and _is_offered(call.outcome, wait_seconds, short_abandon_seconds)
    talk, hold, wrap = _seconds(call, legs)
    is_timed = is_handled and talk is not None
    return CallFact(
        call.account,
        call.id,
        call.ticket_id,
        int(is_inbound),
        int(is_handled),
        int(is_offered),
        int(is_offered and call.outcome == "abandoned_in_queue"),
        _STEPS.get(call.outcome) if is_inbound else None,
        call.started_at,
        days.day(call.started_at),
        days.day(_ended_at(call)),
        call.agent_id if call.agent_id is not None else _longest(legs),
        call.group_id,
        wait_seconds,
        (talk or 0) + hold if is_timed else None,
        (talk or 0) + hold + wrap if is_timed else None,
    )


def _is_offered(outcome: str, wait_seconds: int | None, short_abandon_seconds: int) -> bool:
    """Whether a call came into the queue: only its wait tells, and one who was missed or left a message
    without any went past it.
    """
    if wait_seconds is None or outcome == "abandoned_in_ivr":
        return False
    if outcome == "abandoned_in_queue":
        return wait_seconds >= short_abandon_seconds
    return outcome in _HANDLED or wait_seconds > 0


def _ended_at(call: CallInput) -> int:
    """Where no end is told, all that is known of the call was over by then."""
    if call.ended_at is not None:
        return max(call.ended_at, call.started_at)
    if call.duration_seconds is not None:
        return call.started_at + call.duration_seconds * SECOND
    known = (call.wait_seconds, call.talk_seconds, call.hold_seconds)
    return call.started_at + sum(seconds or 0 for seconds in known) * SECOND


def _seconds(call: CallInput, legs: Sequence[LegInput]) -> tuple[int | None, int, int]:
    """Talk (null where nothing is known of it), hold and wrap-up."""
    if call.talk_seconds is not None:
        return call.talk_seconds, call.hold_seconds or 0, call.wrap_seconds or 0
    told = [leg for leg in legs if leg.agent_id is not None and leg.talk_seconds is not None]
    if not told:
        return None, 0, 0
    return (
        sum(leg.talk_seconds or 0 for leg in told),
        sum(leg.hold_seconds or 0 for leg in told),
        sum(leg.wrap_seconds or 0 for leg in told),
    )


def _longest(legs: Sequence[LegInput]) -> str | None:
    """Whoever talked longest."""
    named = [(leg.talk_seconds or 0, leg.agent_id) for leg in legs if leg.agent_id is not None]
    return max(named)[1] if named else None
