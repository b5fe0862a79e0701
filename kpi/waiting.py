"""Day ends at which customers' messages waited for an answer."""

from collections.abc import Iterator
from typing import Any

from kpi.facts import TicketFact
from kpi.metric import DESCRIBING
from kpi.shapes import TurnFact
from kpi.stored import LESSER, Stored

_COLUMNS = TicketFact._fields
_DESCRIBED = tuple(_COLUMNS.index(name) for name in (*DESCRIBING, "agent_id", "group_id"))
_UNANSWERED_AT, _UNANSWERED_DAY = _COLUMNS.index("first_unanswered_at"), _COLUMNS.index("unanswered_day")
_TURNS = 1 + list(LESSER).index("turn_facts")
_ASKED_AT, _ASKED_DAY, _REPLIED_DAY = (
    TurnFact._fields.index(name) for name in ("asked_at", "asked_day", "replied_day")
)


def changed_waits(before: Stored, now: Stored) -> Iterator[tuple[int, int | None]]:
    """From and until which day messages waited that did not before, or waited otherwise."""
    for wait in {*_waits(before)} ^ {*_waits(now)}:
        yield wait[0], wait[1]


def _waits(facts: Stored) -> Iterator[tuple[Any, ...]]:
    """From, until, since when, and what the wait is read with."""
    fact = facts[0]
    if fact is None:
        return
    described = tuple(fact[column] for column in _DESCRIBED)
    for turn in facts[_TURNS]:
        yield turn[_ASKED_DAY], turn[_REPLIED_DAY], turn[_ASKED_AT], *described
    if fact[_UNANSWERED_DAY] is not None:
        yield fact[_UNANSWERED_DAY], None, fact[_UNANSWERED_AT], *described
