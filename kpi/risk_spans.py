"""When a promise was about to be broken: half an hour before its due instant, or with four fifths of its time used.

That time is the target's own: of a target in opening hours, a night uses nothing up. A clock may come to be at risk
more than once, for it pauses, and its target changes with its ticket.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import Case

_SOON = 1_800 * SECOND


class Run(NamedTuple):
    """A stretch in which a clock ran with one target."""

    start: int
    end: int | None
    """Null while it runs."""
    target_seconds: int | None
    is_business: bool


Span = tuple[int, int]
"""From when on, and since when no longer."""


def risks(case: Case, runs: Iterable[Run], breached_at: int | None) -> Iterator[Span]:
    """Of a clock whose runs are known, oldest first; what is broken is no longer at risk."""
    passed = opened = 0
    for run in runs:
        if breached_at is not None and run.start >= breached_at:
            return
        if run.target_seconds is not None:
            yield from _of_run(case, run, opened if run.is_business else passed, breached_at)
        if run.end is not None:
            passed += run.end - run.start
            opened += 0 if case.hours is None else case.hours.between(run.start, run.end)


def _of_run(case: Case, run: Run, spent: int, breached_at: int | None) -> Iterator[Span]:
    assert run.target_seconds is not None
    target = run.target_seconds * SECOND
    due_at = _reached(case, run, target - spent) if spent < target else breached_at
    if due_at is None:
        due_at = breached_at
    if due_at is None:
        return
    used_at = _reached(case, run, target * 4 // 5 - spent)
    begins = due_at - _SOON if used_at is None else min(due_at - _SOON, used_at)
    begins, ends = max(begins, run.start), due_at + 1 if breached_at is None else breached_at
    if run.end is not None:
        ends = min(ends, run.end)
    if begins < ends:
        yield begins, ends


def _reached(case: Case, run: Run, wanted: int) -> int | None:
    """When so much of the target's own time has run from the start on; null where no opening hours are known."""
    if wanted <= 0:
        return run.start
    if not run.is_business:
        return run.start + wanted
    return None if case.hours is None else case.hours.due_at(run.start, wanted)


def risk_until_due(started_at: int, due_at: int, ended_at: int | None) -> Iterator[Span]:
    """Of a clock of which only the due instant is told: its time is all from its start to then."""
    begins = max(started_at, min(due_at - _SOON, started_at + (due_at - started_at) * 4 // 5))
    ends = due_at + 1 if ended_at is None else min(due_at, ended_at) + 1
    if begins < ends:
        yield begins, ends
