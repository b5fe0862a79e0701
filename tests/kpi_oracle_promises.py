"""Promises to customers, worked out event by event: which were kept, which were not, which soon will not be.

Two clocks of a ticket carry one, by its priority: each turn of a customer until a person replies, and all time in
new, open and on hold until it is solved. VIPs' targets are half as long and run round the clock, everybody else's
in opening hours. Written from the definitions alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from connectors.sandbox.story import Event
from tests.kpi_life import DONE, Case, Life, open_between
from tests.kpi_oracle import Flow, Measure, Stock, Truth, counted, shared

_MINUTES = {
    "reply": {"low": 1_440, "normal": 480, "high": 120, "urgent": 30},
    "wait": {"low": 5_760, "normal": 2_880, "high": 1_440, "urgent": 480},
}
_WAITS_IN = ("new", "open", "on_hold")
_SOON = 1_800


@dataclass
class Promise:
    """One clock of one ticket."""

    life: Life
    name: str
    is_vip: bool
    is_promised: bool = False
    """Whether it ever ran with a target."""
    spent: int = 0
    """Seconds of the target's own time that it ran."""
    runs: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """From, to, spent before, target, schedule."""
    is_running: bool = False
    fulfilled: int | None = None
    broken: int | None = None

    def target(self, priority: str | None) -> int:
        return _MINUTES[self.name].get(priority or "", 0) * 60 // (2 if self.is_vip else 1)

    def elapsed(self, schedule: int, start: int, end: int) -> int:
        return max(end - start, 0) if self.is_vip else open_between(schedule, start, end)

    def reached(self, schedule: int, start: int, end: int, seconds: int) -> int | None:
        """When so many seconds have run from the start on; null where that is not before the end."""
        if self.elapsed(schedule, start, end) < seconds:
            return None
        low, high = start, end
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self.elapsed(schedule, start, middle) >= seconds else (middle + 1, high)
            )
        return low

    def run(self, start: int, end: int, priority: str | None, schedule: int) -> None:
        target = self.target(priority)
        self.is_promised = self.is_promised or bool(target)
        if target:
            self.runs.append((start, end, self.spent, target, schedule))
        if target and self.broken is None:
            due = self.reached(schedule, start, end, max(target - self.spent, 0))
            self.broken = due if due is not None and due < end else None
        self.spent += self.elapsed(schedule, start, end)


def promises(life: Life) -> list[Promise]:
    """Every clock that ran with a target, and what came of it by now."""
    organisation = life.ticket.plot.organisation
    is_vip = bool(organisation and organisation % 11 == 0)
    wait, replies = Promise(life, "wait", is_vip), [Promise(life, "reply", is_vip)]
    priority, schedule = None, 1
    for event, following in pairwise([*life.events, None]):
        assert event is not None
        if event.kind == "priority":
            priority = event.value
        elif event.kind == "schedule":
            schedule = int(event.value or 1)
        elif event.kind == "deleted":
            wait.is_running = replies[-1].is_running = False
        elif event.kind == "status":
            _on_status(event, wait, replies[-1])
        elif event.kind == "message" and event.public:
            _on_message(event, replies, is_vip)
        until = life.now + 1 if following is None else following.at
        for clock in (wait, replies[-1]):
            if clock.is_running:
                clock.run(event.at, until, priority, schedule)
    return [clock for clock in (wait, *replies) if clock.is_promised]


def _on_status(event: Event, wait: Promise, reply: Promise) -> None:
    if event.value in _WAITS_IN:
        wait.is_running, wait.fulfilled = True, None if not wait.is_running else wait.fulfilled
    elif wait.is_running:
        wait.is_running = False
        wait.fulfilled = event.at if event.value in DONE else None
    if event.value in DONE and reply.is_running:
        reply.is_running, reply.fulfilled = False, event.at


def _on_message(event: Event, replies: list[Promise], is_vip: bool) -> None:
    reply = replies[-1]
    if event.role == "end_user" and not reply.is_running:
        replies.append(Promise(reply.life, "reply", is_vip, is_running=True))
    elif event.role == "agent" and reply.is_running:
        reply.is_running, reply.fulfilled = False, event.at


def _of_all(truth: Truth) -> Iterator[Promise]:
    for life in truth.countable:
        yield from promises(life)


def _case(promise: Promise, at: int, value: int) -> Case:
    life = promise.life
    return Case(life.number, at, value, life.agent(at), life.group(at))


def _kept(truth: Truth) -> Iterator[Case]:
    for promise in _of_all(truth):
        if promise.fulfilled is not None:
            yield _case(promise, promise.fulfilled, int(promise.broken is None))
        elif promise.broken is not None:
            yield _case(promise, promise.broken, 0)


def _broken(truth: Truth) -> Iterator[Case]:
    for promise in _of_all(truth):
        if promise.broken is not None:
            yield _case(promise, promise.broken, 1)


def is_at_risk(promise: Promise, at: int) -> bool:
    """Whether it runs at an instant, is not broken, and is due within half an hour or has used four fifths of its time."""
    if promise.broken is not None and promise.broken <= at:
        return False
    for start, end, spent, target, schedule in promise.runs:
        if start <= at < end:
            used = spent + promise.elapsed(schedule, start, at)
            is_soon = promise.reached(schedule, at, at + _SOON, target - used) is not None
            return used >= target * 4 / 5 or is_soon
    return False


def _at_risk(truth: Truth, at: int) -> Iterator[Case]:
    for promise in _of_all(truth):
        if is_at_risk(promise, at):
            yield _case(promise, at, 1)


PROMISES: Mapping[str, Measure] = {
    "sla_attainment_rate": Flow(_kept, shared),
    "sla_breach_count": Flow(_broken, counted),
    "sla_at_risk_count": Stock(_at_risk, counted),
}
