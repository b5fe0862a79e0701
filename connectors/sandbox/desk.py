"""The helpdesk at its clock's now: which tickets exist, what is known about them, what changed last.

A ticket follows its story until it is changed by hand (`change`, `act` …); from then on only hands move it.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from heapq import heappop, heappush, merge
from itertools import takewhile
from random import Random
from threading import RLock

import numpy as np
import numpy.typing as npt

from connectors.sandbox.clock import Clock
from connectors.sandbox.history import CREATED, FINAL, OFFERED, RATED, RERATED, History
from connectors.sandbox.order import LastChanges, Timeline, pack, unpack
from connectors.sandbox.sla import Sla, Step
from connectors.sandbox.story import SYSTEM, Act, Event, Plot, Teller, written
from connectors.sandbox.ticket import Ticket

BY_HAND = 500
"""Ordinal of the first update that was made by hand."""
_LONGEST_TARGET = 25 * 86_400
"""No target takes longer than this, closed days included."""
_REBUILD_AT = 150_000


class Desk:
    """One made-up helpdesk. All instants are epoch seconds; `lock` guards every look and every change."""

    def __init__(
        self,
        *,
        seed: int = 1,
        tickets: int = 500,
        days: float = 120,
        now: datetime | None = None,
        ahead_days: float = 14,
    ) -> None:
        self.clock = Clock(now)
        self.lock = RLock()
        self.seed = seed
        self.history = History(
            seed=seed, tickets=tickets, days=days, now=now or datetime.now(UTC), ahead_days=ahead_days
        )
        self.cast = self.history.cast
        self._created = np.ascontiguousarray(self.history.skeleton.times[:, CREATED])
        self._dice = Random()
        self._hand = Random(f"{seed} by hand")
        self._story = lru_cache(maxsize=4_096)(self._tell)
        self.demoted: dict[int, int] = {}
        """Agents who are mere users since that instant."""
        self._cut: dict[int, int] = {}
        self._acts: dict[int, list[Event]] = {}
        self._scripted_steps: dict[int, int] = {}
        self._done: list[tuple[int, int, int]] = []
        self._answered: list[tuple[int, int, int]] = []
        per_day = tickets / max(days, 0.1)
        stretch = int(min(max(20_000 / (8 * per_day) * 86_400, 3_600), 30 * 86_400))
        self._updates = Timeline(self.history.start, stretch, self._alive, self._update_times)
        self._steps = Timeline(self.history.start, stretch // 2, self._may_breach, self._step_times)
        self._seen_until = 0
        self._build()

    # -- one ticket ---------------------------------------------------------------------------

    def now(self) -> int:
        return int(self.clock.seconds())

    def script(self, number: int) -> list[Event]:
        """The ticket's whole story, the part that is still to come too."""
        return self._story(number)[1]

    def _tell(self, number: int) -> tuple[Plot, list[Event]]:
        teller = Teller(self.history, number, self._dice)
        return teller.plot, teller.tell()

    def events(self, number: int) -> list[Event]:
        """Everything that has happened to the ticket so far."""
        now = self.now()
        script = self._story(number)[1]
        cut = self._cut.get(number)
        if cut is None:
            return script if script[-1].at <= now else [event for event in script if event.at <= now]
        return [event for event in script if event.at <= cut] + [e for e in self._acts[number] if e.at <= now]

    def ticket(self, number: int) -> Ticket:
        """Raises KeyError for a ticket that does not exist yet."""
        with self.lock:
            events = self.events(number) if 0 < number <= self.history.size else []
            if not events:
                raise KeyError(number)
            return Ticket(self._story(number)[0], events)

    def ticket_at(self, number: int, at: int) -> Ticket:
        """The ticket as it was at an earlier instant."""
        return Ticket(self._story(number)[0], [event for event in self.events(number) if event.at <= at])

    def count(self) -> int:
        """How many tickets exist now; their numbers are 1 to that."""
        return int(np.searchsorted(self._created, np.int32(self.now()), side="right"))

    def tickets(self) -> Iterator[Ticket]:
        """All tickets as they are now, by number."""
        for number in range(1, self.count() + 1):
            yield self.ticket(number)

    # -- what changed last --------------------------------------------------------------------

    def _build(self) -> None:
        now = self.now()
        times = self.history.skeleton.times
        count = self.count()
        final = times[:count, FINAL]
        numbers = np.arange(1, count + 1, dtype=np.int64)
        last = final.astype(np.int64)
        self._coming: list[tuple[int, int]] = []
        for index in np.flatnonzero(final > now).tolist():
            last[index] = self._follow(index + 1, now)
        for number in self._cut:
            events = self.events(number)
            if events:
                last[number - 1] = events[-1].at
        if count < self.history.size:
            heappush(self._coming, (int(times[count, CREATED]), count + 1))
        self._order = LastChanges(np.sort(last << 24 | numbers), self.history.size)
        self._seen_until = now

    def _follow(self, number: int, now: int) -> int:
        """The ticket's last change so far; notes when its next one comes."""
        script = self._tell(number)[1]
        upto = bisect_right(script, now, key=_at)
        if upto < len(script):
            heappush(self._coming, (script[upto].at, number))
        return script[upto - 1].at

    def _catch_up(self) -> int:
        now = self.now()
        if now < self._seen_until or len(self._order) > _REBUILD_AT:
            self._build()
        times = self.history.skeleton.times
        while self._coming and self._coming[0][0] <= now:
            number = heappop(self._coming)[1]
            born = int(times[number - 1, CREATED])
            if born > self._seen_until and number < self.history.size:
                following = int(times[number, CREATED])
                if following > self._seen_until:
                    heappush(self._coming, (following, number + 1))
            if number not in self._cut:
                self._order.move(number, self._follow(number, now))
        self._seen_until = now
        return now

    def changed(self, after: int, until: int) -> Iterator[tuple[int, int]]:
        """(last change, number) of tickets after the packed key, up to `until`, in that order."""
        self._catch_up()
        limit = pack(until + 1, 0)
        return map(unpack, takewhile(limit.__gt__, self._order.after(after)))

    # -- what happened when -------------------------------------------------------------------

    def _alive(self, begin: int, end: int) -> list[int]:
        times = self.history.skeleton.times
        count = int(np.searchsorted(self._created, np.int32(end)))
        found: list[int] = (np.flatnonzero(times[:count, FINAL] >= begin) + 1).tolist()
        return found

    def _update_times(self, number: int) -> list[tuple[int, int]]:
        script = self._tell(number)[1]
        return sorted({(event.at, event.update) for event in script if event.kind != "touched"})

    def updates(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        """(instant, number, ordinal) of every update of every ticket, in order of time."""
        script = (
            key
            for key in self._updates.since(since, until)
            if self._cut.get(key[1]) is None or key[0] <= self._cut[key[1]]
        )
        by_hand = takewhile(
            lambda key: key[0] <= until, self._done[bisect_right(self._done, (since, 0, 0)) :]
        )
        return merge(script, by_hand)

    def update(self, number: int, ordinal: int) -> list[Event]:
        return [event for event in self.events(number) if event.update == ordinal]

    def sla(self, number: int) -> list[Step]:
        """Every step of the ticket's service level clocks so far."""
        plot = self._story(number)[0]
        return Sla(plot, self.history.hours).follow(self.events(number), self.now())

    def sla_steps(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        """(instant, number, ordinal in `sla`) of all tickets' steps, in order of time."""
        until = min(until, self.now())
        script = (
            key for key in self._steps.since(since, until) if key[2] < self._scripted_steps.get(key[1], 4_096)
        )
        by_hand = sorted(
            (step.at, number, ordinal)
            for number, scripted in self._scripted_steps.items()
            for ordinal, step in enumerate(self.sla(number)[scripted:], scripted)
            if since <= step.at <= until
        )
        return merge(script, by_hand)

    def _step_times(self, number: int) -> list[tuple[int, int]]:
        plot, script = self._tell(number)
        steps = Sla(plot, self.history.hours).follow(script, self.history.until)
        return [(step.at, ordinal) for ordinal, step in enumerate(steps)]

    def _may_breach(self, begin: int, end: int) -> list[int]:
        """Tickets alive then; the unsolved may breach a target after their last event."""
        times = self.history.skeleton.times
        count = int(np.searchsorted(self._created, np.int32(end)))
        last = times[:count, FINAL]
        still_open = ~self.history.is_over(times[:count])
        found: list[int] = (np.flatnonzero(last + still_open * _LONGEST_TARGET >= begin) + 1).tolist()
        return found

    @cached_property
    def _scripted_surveys(self) -> npt.NDArray[np.int64]:
        """Packed (instant, number, step); steps: 0 offered, 1 answered, 2 answered otherwise."""
        found = []
        for step, column in enumerate((OFFERED, RATED, RERATED)):
            at = self.history.skeleton.times[:, column].astype(np.int64)
            index = np.flatnonzero(at)
            found.append(at[index] << 26 | (index + 1) << 2 | step)
        return np.sort(np.concatenate(found))

    def surveys(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        """(instant, number, step) of surveys offered (0) and answered (1 and up), in order of time."""
        by_hand = takewhile(
            lambda key: key[0] <= until, self._answered[bisect_right(self._answered, (since, 0, 0)) :]
        )
        return merge(self._scripted_until(since, min(until, self.now())), by_hand)

    def _scripted_until(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        keys = self._scripted_surveys
        for position in range(int(np.searchsorted(keys, since << 26)), len(keys), 256):
            for key in keys[position : position + 256].tolist():
                at, number = key >> 26, key >> 2 & 0xFFFFFF
                if at > until:
                    return
                if at <= self._cut.get(number, at):
                    yield at, number, key & 3

    def is_changed(self, number: int) -> bool:
        """Whether the ticket was changed by hand."""
        return number in self._cut

    def changed_by_hand(self) -> list[int]:
        return sorted(self._cut)

    # -- changes by hand ----------------------------------------------------------------------

    def act(
        self, number: int, *items: tuple[str, str | None], actor: int = SYSTEM, role: str = "system"
    ) -> None:
        """Do something to a ticket now: items are (kind, value) as in Event, a message's value `public`.

        Raises KeyError for a ticket that does not exist yet.
        """
        with self.lock:
            now = self.now()
            events = self.ticket(number).events
            known: dict[str, str | None] = {event.kind: event.value for event in events}
            at = max(now, events[-1].at)
            ordinal = max(events[-1].update + 1, BY_HAND)
            if number not in self._cut:
                self._scripted_steps[number] = len(self.sla(number))
                self._cut[number] = now
            done = self._acts.setdefault(number, [])
            added = written([Act(at, actor, role, items)], known, ordinal)
            if not added:
                return
            done += added
            if any(event.kind != "touched" for event in added):
                insort(self._done, (at, number, ordinal))
            for event in added:
                if event.kind.startswith("survey"):
                    insort(self._answered, (at, number, ordinal if event.kind == "survey_answered" else 0))
            self._order.move(number, at)

    def touch(self, number: int) -> None:
        """A change of the system's own: moves the export's version, not updated_at, and leaves no audit."""
        self.act(number, ("touched", None))

    def touch_all_same_second(self, count: int) -> list[int]:
        """The newest `count` tickets get a tag in one bulk update, all in this second."""
        with self.lock:
            existing = self.count()
            numbers = list(range(max(existing - count, 0) + 1, existing + 1))
            for number in numbers:
                self.act(number, ("tag_added", f"bulk_{self.now()}"))
            return numbers

    def demote(self, agent: int) -> None:
        """The agent (a key) becomes an end user now; what they did as an agent stays done."""
        self.demoted[agent] = self.now()

    def change(self, count: int, *, within_days: float = 30) -> list[int]:
        """Something happens now to that many tickets created lately: replies, solves, transfers, answers."""
        with self.lock:
            numbers = self._changeable(count, within_days)
            for number in numbers:
                self._change(self.ticket(number))
            return numbers

    def _changeable(self, count: int, within_days: float) -> list[int]:
        existing = self.count()
        oldest = self.now() - int(within_days * 86_400)
        first = int(np.searchsorted(self._created, np.int32(max(oldest, 0))))
        candidates = list(range(first + 1, existing + 1))
        self._hand.shuffle(candidates)
        found: list[int] = []
        for number in candidates:
            ticket = self.ticket(number)
            if ticket.status != "closed" and not ticket.deleted_at and ticket.plot.name != "spam":
                found.append(number)
                if len(found) == count:
                    return sorted(found)
        raise ValueError(f"only {len(found)} tickets of the last {within_days} days can still change")

    def _change(self, ticket: Ticket) -> None:
        dice, number = self._hand.random(), ticket.number
        agent = ticket.agent or self.cast.on_duty(ticket.group or 1, dice, self.now()).key
        if ticket.is_solved and dice < 0.5 and ticket.plot.name != "bot_solved":
            score = "5|" if dice < 0.38 else "2|Not what I asked for"
            items: tuple[tuple[str, str | None], ...] = (("survey_answered", score),)
            self.act(number, *items, actor=ticket.requester, role="end_user")
        elif ticket.is_solved or dice < 0.2:
            self.act(
                number, ("message", "public"), ("status", "open"), actor=ticket.requester, role="end_user"
            )
        elif dice < 0.5:
            self.act(
                number,
                ("agent", str(agent)),
                ("message", "public"),
                ("status", "pending"),
                actor=agent,
                role="agent",
            )
        elif dice < 0.8:
            self.act(
                number,
                ("agent", str(agent)),
                ("message", "public"),
                ("status", "solved"),
                actor=agent,
                role="agent",
            )
        elif dice < 0.9:
            other = self.cast.on_duty(ticket.group or 1, dice * 7 % 1, self.now()).key
            self.act(number, ("agent", str(other)), ("message", "private"), actor=agent, role="agent")
        else:
            urgent = "high" if ticket.priority == "urgent" else "urgent"
            self.act(number, ("priority", urgent), ("tag_added", "watched"), actor=agent, role="agent")


def _at(event: Event) -> int:
    return event.at
