"""Service level clocks of a ticket, worked out from its events by plain stepping.

Clocks: `reply` (first customer message to the next public reply of a person; one instance a turn),
`requester_wait` (new, open, on hold), `agent_work` (new, open), `resolution` (all unsolved statuses).
Two of them carry targets, by priority: the VIPs' run round the clock, everybody else's in opening hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.sandbox.hours import OpenHours
from connectors.sandbox.story import Event, Plot

VIP_POLICY, POLICY = 1, 2
TARGETS_MINUTES: Mapping[str, Mapping[str, int]] = {
    "reply": {"low": 1_440, "normal": 480, "high": 120, "urgent": 30},
    "requester_wait": {"low": 5_760, "normal": 2_880, "high": 1_440, "urgent": 480},
}
"""What everybody is promised; VIPs get half of it."""

_SOLVED = frozenset({"solved", "closed"})
_RUNS_IN: Mapping[str, frozenset[str]] = {
    "requester_wait": frozenset({"new", "open", "on_hold"}),
    "agent_work": frozenset({"new", "open"}),
    "resolution": frozenset({"new", "open", "pending", "on_hold"}),
}


class Step(NamedTuple):
    """`kind`: activate, pause, apply, fulfill, breach. Minutes are what the clock shows then."""

    at: int
    clock: str
    instance: int
    kind: str
    policy: int = 0
    target_minutes: int = 0
    is_business: bool = False
    calendar_minutes: int = 0
    business_minutes: int = 0
    is_deleted: bool = False


def policy_of(plot: Plot) -> int:
    return VIP_POLICY if plot.organisation and plot.organisation % 11 == 0 else POLICY


def target_of(clock: str, policy: int, priority: str | None) -> int:
    """Minutes; 0 where nothing is promised."""
    minutes = TARGETS_MINUTES.get(clock, {}).get(priority or "", 0)
    return minutes // 2 if policy == VIP_POLICY else minutes


@dataclass
class _Clock:
    name: str
    instance: int = 1
    since: int = 0
    """When it last started to run; 0 while it does not."""
    calendar: int = 0
    business: int = 0
    due: int = 0
    """When it breaches if it goes on running; 0 while no target runs."""
    is_breached: bool = False
    target: tuple[int, int, bool] = (0, 0, False)
    """Policy, minutes, whether in opening hours."""
    steps: list[Step] = field(default_factory=list)


class Sla:
    """Follows the clocks of one ticket through its events."""

    def __init__(self, plot: Plot, hours: Mapping[int, OpenHours]) -> None:
        self.policy = policy_of(plot)
        self.number = plot.number
        self.hours = hours
        self.schedule = 1
        self.priority: str | None = None
        self.status = ""
        self.steps: list[Step] = []
        self.reply = _Clock("reply", instance=0)
        self.clocks = {name: _Clock(name) for name in _RUNS_IN}

    def follow(self, events: Sequence[Event], until: int) -> list[Step]:
        """All steps up to `until`, in order of time."""
        for event in events:
            self._breach_before(event.at)
            self._read(event)
        self._breach_before(until + 1)
        self.steps.sort(key=_at)
        return self.steps

    def _read(self, event: Event) -> None:
        kind = event.kind
        if kind == "status":
            self._status(event.value or "", event.at)
        elif kind == "priority":
            self.priority = event.value
            for clock in (self.reply, *self.clocks.values()):
                if clock.since:
                    self._apply(clock, event.at)
        elif kind == "schedule":
            self._change_schedule(int(event.value or 1), event.at)
        elif kind == "deleted":
            for clock in (self.reply, *self.clocks.values()):
                clock.since = clock.due = 0
        elif kind == "message" and event.public:
            self._message(event.role, event.at)

    def _message(self, role: str, at: int) -> None:
        if role == "end_user" and not self.reply.since:
            self.reply.instance += 1
            self.reply.calendar = self.reply.business = 0
            self.reply.is_breached = False
            self._start(self.reply, at)
        elif role == "agent" and self.reply.since:
            self._stop(self.reply, at, "fulfill")

    def _status(self, status: str, at: int) -> None:
        for clock in self.clocks.values():
            runs = status in _RUNS_IN[clock.name]
            if runs and not clock.since:
                self._start(clock, at)
            elif clock.since and not runs:
                self._stop(clock, at, "fulfill" if status in _SOLVED else "pause")
        if status in _SOLVED and self.reply.since:
            self._stop(self.reply, at, "fulfill")
        self.status = status

    def _change_schedule(self, schedule: int, at: int) -> None:
        for clock in (self.reply, *self.clocks.values()):
            if clock.since:
                self._bank(clock, at)
                clock.since = at
        self.schedule = schedule
        for clock in (self.reply, *self.clocks.values()):
            if clock.since:
                self._aim(clock, at)

    # -- one clock ----------------------------------------------------------------------------

    def _start(self, clock: _Clock, at: int) -> None:
        clock.since = at
        self._note(clock, at, "activate")
        self._apply(clock, at)

    def _stop(self, clock: _Clock, at: int, kind: str) -> None:
        self._bank(clock, at)
        clock.since = clock.due = 0
        self._note(clock, at, kind)

    def _bank(self, clock: _Clock, at: int) -> None:
        clock.calendar += at - clock.since
        clock.business += self.hours[self.schedule].between(clock.since, at)

    def _apply(self, clock: _Clock, at: int) -> None:
        minutes = target_of(clock.name, self.policy, self.priority)
        target = (self.policy, minutes, self.policy == POLICY)
        if not minutes:
            return
        if target != clock.target or clock.name == "reply":
            clock.target = target
            self._note(clock, at, "apply")
        self._aim(clock, at)

    def _aim(self, clock: _Clock, at: int) -> None:
        """Work out when the running clock breaches its target."""
        _, minutes, business = clock.target
        if clock.is_breached or not minutes:
            return
        if business:
            spent = clock.business + self.hours[self.schedule].between(clock.since, at)
            left = minutes * 60 - spent
            clock.due = self.hours[self.schedule].after(at, left) if left > 0 else at
        else:
            clock.due = max(clock.since + minutes * 60 - clock.calendar, at)

    def _breach_before(self, at: int) -> None:
        for clock in (self.reply, *self.clocks.values()):
            if clock.due and clock.due < at:
                due, clock.due, clock.is_breached = clock.due, 0, True
                self._note(clock, due, "breach")

    def _note(self, clock: _Clock, at: int, kind: str) -> None:
        policy, minutes, business = clock.target if kind in {"apply", "breach"} else (0, 0, False)
        running = at - clock.since if clock.since else 0
        open_time = self.hours[self.schedule].between(clock.since, at) if running else 0
        step = Step(
            at=at,
            clock=clock.name,
            instance=clock.instance,
            kind=kind,
            policy=policy,
            target_minutes=minutes,
            is_business=business,
            calendar_minutes=(clock.calendar + running) // 60,
            business_minutes=(clock.business + open_time) // 60,
        )
        self.steps.append(step)


def _at(step: Step) -> int:
    return step.at
