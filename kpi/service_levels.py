"""What became of each promise on a ticket: one fact an SLA clock (metric and instance).

Vendors tell a clock in two ways. A log (Zendesk) says when it ran, what was promised and when that was
broken; a look (Freshdesk, HubSpot) says how it stands and when it is due. No clock of ours is read: a
promise that is still open stands as broken from its due instant on (`decided_at`), and readers leave it
out until then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import Case
from kpi.history import value_at
from kpi.lesser import SlaFact, SlaInput

_RANK = {"activated": 0, "applied": 1, "measured": 2, "paused": 3, "breached": 4, "fulfilled": 5}
"""Of one instant: it starts before it is aimed, and is broken before it is met."""
_AT_RISK_SECONDS = 1_800


def sla_facts(case: Case, steps: Iterable[SlaInput]) -> list[SlaFact]:
    """Facts of a ticket's clocks, in the order of their key; clocks without a target are none."""
    clocks: dict[tuple[str, int], list[SlaInput]] = defaultdict(list)
    for step in steps:
        if not step.is_deleted:
            clocks[step.metric, step.instance].append(step)
    return list(_facts(case, clocks))


def _facts(case: Case, clocks: dict[tuple[str, int], list[SlaInput]]) -> Iterator[SlaFact]:
    for key in sorted(clocks):
        clock = _Clock(case)
        for step in sorted(clocks[key], key=_order):
            clock.follow(step)
        if clock.is_promised and clock.started_at is not None:
            yield _fact(case, key, clock, clock.started_at)


def _order(step: SlaInput) -> tuple[int, int, str]:
    return step.at, _RANK.get(step.event, 2), step.id


@dataclass(slots=True)
class _Clock:
    """One clock, stepped through what is told of it."""

    case: Case
    started_at: int | None = None
    since: int | None = None
    """When it last began to run; null while it does not."""
    elapsed: int = 0
    """Microseconds that it ran before that."""
    runs: list[tuple[int, int]] = field(default_factory=list)
    """From when to when it did."""
    target_seconds: int | None = None
    is_business: bool = False
    policy_id: str | None = None
    due_at: int | None = None
    is_due_told: bool = False
    """The vendor says itself when it is due."""
    is_paused: bool = False
    breached_at: int | None = None
    fulfilled_at: int | None = None

    @property
    def is_promised(self) -> bool:
        return self.is_due_told or self.target_seconds is not None

    def follow(self, step: SlaInput) -> None:
        if self.started_at is None:
            self.started_at = step.at
        if step.due_at is not None:
            self.due_at, self.is_due_told = step.due_at, True
        match step.event:
            case "activated":
                self.since, self.is_paused, self.fulfilled_at = step.at, False, None
                self._aim()
            case "applied":
                self._apply(step)
            case "paused":
                self._stop(step.at)
                self.is_paused = True
            case "breached":
                self.breached_at = step.at if self.breached_at is None else self.breached_at
            case "fulfilled":
                self._stop(step.at)
                self.fulfilled_at = step.at

    def _apply(self, step: SlaInput) -> None:
        self.policy_id = step.policy_id if step.policy_id is not None else self.policy_id
        if step.target_seconds is not None:
            self.target_seconds, self.is_business = step.target_seconds, bool(step.is_business)
            self._aim()

    def _stop(self, at: int) -> None:
        if self.since is not None and at > self.since:
            self.elapsed += at - self.since
            self.runs.append((self.since, at))
        self.since = None

    def _aim(self) -> None:
        """Work out when it is due if it goes on running, where the vendor does not say."""
        if self.is_due_told or self.target_seconds is None or self.since is None:
            return
        if not self.is_business:
            self.due_at = self.since + max(self.target_seconds * SECOND - self.elapsed, 0)
        elif self.case.hours is not None:
            elapsed = sum(self.case.hours.between(start, end) for start, end in self.runs)
            self.due_at = self.case.hours.due_at(self.since, max(self.target_seconds * SECOND - elapsed, 0))

    @property
    def missed_at(self) -> int | None:
        """The instant at which the promise was broken, or will be if nothing happens."""
        if self.breached_at is not None:
            return self.breached_at
        if self.fulfilled_at is not None and not (
            self.is_due_told and self.due_at is not None and self.fulfilled_at > self.due_at
        ):
            return None
        return self.due_at


class _Verdict(NamedTuple):
    state: str
    met: int | None = None
    decided_at: int | None = None
    on: int | None = None
    """The instant whose day and actors are the verdict's."""


def _verdict(clock: _Clock) -> _Verdict:
    fulfilled_at, missed_at = clock.fulfilled_at, clock.missed_at
    if fulfilled_at is not None:
        missed = missed_at is not None and missed_at <= fulfilled_at
        return _Verdict("missed" if missed else "met", int(not missed), fulfilled_at, fulfilled_at)
    if clock.breached_at is None and (clock.is_paused or missed_at is None):
        return _Verdict("paused")
    assert missed_at is not None
    return _Verdict("broken", 0, missed_at + (clock.breached_at is None), missed_at)


def _fact(case: Case, key: tuple[str, int], clock: _Clock, started_at: int) -> SlaFact:
    verdict, days = _verdict(clock), case.context.days
    broken_at = clock.missed_at if verdict.met == 0 else None
    risk = _risk(clock, verdict, started_at)
    ticket = case.ticket
    return SlaFact._make(
        (
            ticket.account,
            ticket.id,
            *key,
            clock.policy_id,
            verdict.state,
            started_at,
            clock.due_at,
            clock.fulfilled_at,
            verdict.met,
            verdict.decided_at,
            *_whose(case, verdict.on),
            None if broken_at is None else broken_at + (clock.breached_at is None),
            *_whose(case, broken_at),
            None if risk is None else risk[0],
            None if risk is None else days.day(risk[0]),
            None if risk is None else risk[1],
            None if risk is None else days.day(risk[1]),
        )
    )


def _whose(case: Case, at: int | None) -> tuple[int | None, str | None, str | None]:
    """The local day of an instant, and whose the ticket was then."""
    if at is None:
        return None, None, None
    return (
        case.context.days.day(at),
        value_at(case.history.agents, at),
        value_at(case.history.groups, at),
    )


def _risk(clock: _Clock, verdict: _Verdict, started_at: int) -> tuple[int, int] | None:
    """From half an hour before it was due, or four fifths of its time, until it was decided."""
    due_at = clock.due_at if clock.due_at is not None else clock.breached_at
    if due_at is None or verdict.state == "paused":
        return None
    from_at = started_at if clock.since is None else max(started_at, clock.since - clock.elapsed)
    begins = max(started_at, min(due_at - _AT_RISK_SECONDS * SECOND, from_at + (due_at - from_at) * 4 // 5))
    ends = min(
        due_at if clock.breached_at is None else min(due_at, clock.breached_at), clock.fulfilled_at or due_at
    )
    return (begins, ends + 1) if begins <= ends else None
