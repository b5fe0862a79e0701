"""One ticket of the made-up desk, and questions about it that can be answered by reading down its events.

Shares no code with `kpi` and never looks into a database: the sandbox's events are the truth.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.sandbox.cast import SCHEDULES
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket

DONE = ("solved", "closed")


class Case(NamedTuple):
    """One thing that counts: when, how much, and whose it was then (keys of the desk, 0 is nobody)."""

    ticket: int
    at: int
    value: int
    agent: int
    group: int


class Life:
    """One ticket, and questions about it that can be answered by reading down its events."""

    def __init__(self, ticket: Ticket, now: int, three_is_bad: bool) -> None:
        self.ticket, self.now, self.three_is_bad = ticket, now, three_is_bad
        self.number, self.events = ticket.number, ticket.events
        self.created = ticket.created_at
        self.others: list[Life] = []
        """The same customer's other tickets."""
        opening = next(event for event in self.events if event.kind == "created")
        self.is_outbound = opening.role == "agent"

    @property
    def is_countable(self) -> bool:
        return not self.ticket.deleted_at and not self.ticket.merged_into

    def _last(self, kind: str, until: int) -> str | None:
        found = None
        for event in self._of_kind.get(kind, ()):
            if event.at <= until:
                found = event.value
        return found

    @cached_property
    def _of_kind(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.kind, []).append(event)
        return found

    def status(self, at: int) -> str:
        return self._last("status", at) or "new"

    def agent(self, at: int) -> int:
        return int(self._last("agent", at) or 0)

    def group(self, at: int) -> int:
        return int(self._last("group", at) or 0)

    @cached_property
    def statuses(self) -> list[tuple[int, str]]:
        return [(event.at, event.value or "") for event in self.events if event.kind == "status"]

    @cached_property
    def solves(self) -> list[int]:
        return self._turns(into_done=True)

    @cached_property
    def reopens(self) -> list[int]:
        return self._turns(into_done=False)

    def _turns(self, *, into_done: bool) -> list[int]:
        found, before = [], False
        for at, status in self.statuses:
            now = status in DONE
            if now != before and now == into_done:
                found.append(at)
            before = now
        return found

    @property
    def is_solved(self) -> bool:
        return self.status(self.now) in DONE

    @cached_property
    def replies(self) -> list[Event]:
        """What people of the staff wrote for the customer; the message that opens a ticket is none."""
        return [
            event
            for event in self.events
            if event.kind == "message" and event.public and event.role == "agent" and event.update
        ]

    def seconds_in(self, *statuses: str) -> int:
        total = 0
        for (start, status), (end, _) in zip(self.statuses, self.statuses[1:], strict=False):
            if status in statuses:
                total += end - start
        return total

    def changes(self, kind: str) -> int:
        """How often it went from one agent, or group, to another."""
        holders = [
            event.value for event in self.events if event.kind == kind and event.value not in (None, "0")
        ]
        distinct = [one for number, one in enumerate(holders) if number == 0 or one != holders[number - 1]]
        return max(len(distinct) - 1, 0)

    def open_seconds(self, end: int) -> int:
        """From its creation to `end`, while the schedule in force at each moment was open."""
        return self.open_seconds_from(self.created, end)

    def open_seconds_under_the_last(self, end: int) -> int:
        """From its creation to `end`, all of it under the schedule in force at `end`."""
        return open_between(int(self._last("schedule", end) or 1), self.created, end)

    def open_seconds_in(self, *statuses: str) -> int:
        """Time in statuses while the schedule in force at each moment was open."""
        total = 0
        for (start, status), (end, _) in zip(self.statuses, self.statuses[1:], strict=False):
            if status in statuses:
                total += self.open_seconds_from(start, end)
        return total

    def open_seconds_from(self, start: int, end: int) -> int:
        marks = [(event.at, int(event.value or 0)) for event in self.events if event.kind == "schedule"]
        total = 0
        for number, (since, schedule) in enumerate(marks):
            until = marks[number + 1][0] if number + 1 < len(marks) else end
            total += open_between(schedule, max(since, start), min(until, end))
        return total

    def turns(self) -> list[tuple[int, Event]]:
        """Since when a customer waited, and the reply that ended it; the ticket itself opens the first."""
        found, asked = [], None if self.is_outbound else self.created
        for event in self.events:
            if event.kind == "message" and event.public:
                if event.role == "end_user":
                    asked = event.at if asked is None else asked
                elif event.role == "agent" and event.update and asked is not None:
                    found.append((asked, event))
                    asked = None
        return found

    def open_seconds_in_stays(self, *statuses: str) -> int:
        """Time in statuses, each stay under the schedule in force at its end."""
        total = 0
        for (start, status), (end, _) in zip(self.statuses, self.statuses[1:], strict=False):
            if status in statuses:
                total += open_between(int(self._last("schedule", end) or 1), start, end)
        return total

    @cached_property
    def answers(self) -> list[Event]:
        return [event for event in self.events if event.kind == "survey_answered"]


def open_between(schedule: int, start: int, end: int) -> int:
    """Every window of every day, one after the other, in the schedule's own zone."""
    told = next(one for one in SCHEDULES if one.key == schedule)
    zone, total = ZoneInfo(told.zone), 0
    if end <= start:
        return 0
    day = datetime.fromtimestamp(start, zone).date() - timedelta(days=1)
    while day <= datetime.fromtimestamp(end, zone).date():
        for opens, closes in told.weekly:
            if opens // 1440 == day.isoweekday() % 7 and not _is_holiday(told.holidays, day):
                begin = _instant(day, opens % 1440, zone)
                finish = _instant(day, closes - opens // 1440 * 1440, zone)
                total += max(0, min(end, finish) - max(start, begin))
        day += timedelta(days=1)
    return total


def _is_holiday(holidays: Sequence[tuple[str, str, str]], day: date) -> bool:
    return any(first <= day.isoformat() <= last for _, first, last in holidays)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    if minutes == 1440:
        day, minutes = day + timedelta(days=1), 0
    at = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    return int(at.astimezone(UTC).timestamp())
