"""What became of each promise on a ticket: one fact an SLA clock (metric and instance), and when it was at risk.

Vendors tell a clock in two ways. A log (Zendesk) says when it ran, what was promised and when that was
broken; a look (Freshdesk, HubSpot) says how it stands and when it is due. No clock of ours is read: a
promise that is still open stands as broken from its due instant on (`decided_at`), and readers leave it
out until then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import NOBODYS, Case
from kpi.lesser import RiskSpan, SlaFact, SlaInput
from kpi.risk_spans import Run, Span, risk_until_due, risks

_RANK = {"activated": 0, "applied": 1, "measured": 2, "paused": 3, "breached": 4, "fulfilled": 5}
"""Of one instant: it starts before it is aimed, and is broken before it is met."""
Promised = tuple[list[SlaFact], list[RiskSpan]]


def promised(case: Case, steps: Iterable[SlaInput]) -> Promised:
    """Facts of a ticket's clocks, in the order of their key; clocks without a target are none."""
    clocks: dict[tuple[str, int], list[SlaInput]] = defaultdict(list)
    for step in steps:
        if not step.is_deleted:
            clocks[step.metric, step.instance].append(step)
    facts: list[SlaFact] = []
    spans: list[RiskSpan] = []
    for key in sorted(clocks):
        clock = _Clock(case)
        for step in sorted(clocks[key], key=_order):
            clock.follow(step)
        if clock.is_promised and clock.started_at is not None:
            verdict = _verdict(clock)
            found = list(_risks(case, clock, clock.started_at, verdict.state))
            risk_at = found[-1][0] if found and verdict.state != "paused" else None
            facts.append(_fact(case, key, clock, verdict, risk_at))
            spans += _spans(case, key, clock.policy_id, found)
    return facts, spans


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
    runs: list[Run] = field(default_factory=list)
    """These stretches, each with the target of its time."""
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
            if self.since is not None:
                self._stop(step.at)
                self.since = step.at
            self.target_seconds, self.is_business = step.target_seconds, bool(step.is_business)
            self._aim()

    def _stop(self, at: int) -> None:
        if self.since is not None and at > self.since:
            self.elapsed += at - self.since
            self.runs.append(self._run(self.since, at))
        self.since = None

    def _run(self, since: int, until: int | None) -> Run:
        return Run(since, until, self.target_seconds, self.is_business)

    @property
    def all_runs(self) -> Iterable[Run]:
        return self.runs if self.since is None else (*self.runs, self._run(self.since, None))

    def _aim(self) -> None:
        """Work out when it is due if it goes on running, where the vendor does not say."""
        if self.is_due_told or self.target_seconds is None or self.since is None:
            return
        if not self.is_business:
            self.due_at = self.since + max(self.target_seconds * SECOND - self.elapsed, 0)
        elif self.case.hours is not None:
            elapsed = sum(self.case.hours.between(run.start, run.end or run.start) for run in self.runs)
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


def _fact(case: Case, key: tuple[str, int], clock: _Clock, verdict: _Verdict, risk_at: int | None) -> SlaFact:
    broken_at = clock.missed_at if verdict.met == 0 else None
    ticket = case.ticket
    return SlaFact._make(
        (
            ticket.account,
            ticket.id,
            *key,
            clock.policy_id,
            verdict.state,
            clock.started_at,
            clock.due_at,
            clock.fulfilled_at,
            verdict.met,
            verdict.decided_at,
            *(NOBODYS if verdict.on is None else case.whose(verdict.on)),
            None if broken_at is None else broken_at + (clock.breached_at is None),
            *(NOBODYS if broken_at is None else case.whose(broken_at)),
            risk_at,
        )
    )


def _risks(case: Case, clock: _Clock, started_at: int, state: str) -> Iterator[Span]:
    if not clock.is_due_told:
        return risks(case, clock.all_runs, clock.breached_at)
    if clock.due_at is None or state == "paused":
        return iter(())
    ended = [at for at in (clock.breached_at, clock.fulfilled_at) if at is not None]
    return risk_until_due(started_at, clock.due_at, min(ended, default=None))


def _spans(
    case: Case, key: tuple[str, int], policy_id: str | None, found: Iterable[Span]
) -> Iterator[RiskSpan]:
    """Each as long as the ticket was with one agent and group."""
    ticket, day = case.ticket, case.context.days.day
    lines = case.history.agents, case.history.groups
    ordinal = 0
    for begins, ends in found:
        moved = {at for line in lines for at, _ in line if begins < at < ends}
        marks = [begins, *sorted(moved), ends]
        for since, until in pairwise(marks):
            from_day, *holder = case.whose(since)
            yield RiskSpan._make(
                (
                    ticket.account,
                    ticket.id,
                    *key,
                    ordinal,
                    policy_id,
                    since,
                    from_day,
                    until,
                    day(until),
                    *holder,
                )
            )
            ordinal += 1
