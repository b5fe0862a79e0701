"""KPIs worked out by hand, so to speak: plain, slow and obvious, straight from what happened at the made-up desk.

Written from the definitions alone. It shares no code with `kpi` and never looks into a database: the sandbox's
events are the truth, and what a KPI is made of is listed case by case.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.sandbox import Desk
from connectors.sandbox.cast import SCHEDULES
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket

DONE = ("solved", "closed")
REOPEN_WINDOW = 30 * 86_400
DIMENSIONS = ("all", "channel", "agent", "group", "priority")
GRAINS = ("day", "week", "month")


class Case(NamedTuple):
    """One thing that counts: when, how much, and whose it was then (keys of the desk, 0 is nobody)."""

    ticket: int
    at: int
    value: int
    agent: int
    group: int


class Cell(NamedTuple):
    n: int
    values: Mapping[str, float]
    """By statistic."""


class Words(NamedTuple):
    """What a vendor calls the members of dimensions."""

    agent: Callable[[int], str]
    group: Callable[[int], str]
    channels: Mapping[str, str]
    """Where one is called otherwise than at the desk."""
    no_priority: str | None = None
    """What a ticket without one has."""
    first_ticket: int = 0
    """What is added to a ticket's number to make its id."""


class Life:
    """One ticket, and questions about it that can be answered by reading down its events."""

    def __init__(self, ticket: Ticket, now: int) -> None:
        self.ticket, self.now = ticket, now
        self.number, self.events = ticket.number, ticket.events
        self.created = ticket.created_at
        opening = next(event for event in self.events if event.kind == "created")
        self.is_outbound = opening.role == "agent"

    @property
    def is_countable(self) -> bool:
        return not self.ticket.deleted_at and not self.ticket.merged_into

    def _last(self, kind: str, until: int) -> str | None:
        found = None
        for event in self.events:
            if event.kind == kind and event.at <= until:
                found = event.value
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

    def agent_changes(self) -> int:
        holders = [
            event.value for event in self.events if event.kind == "agent" and event.value not in (None, "0")
        ]
        distinct = [one for number, one in enumerate(holders) if number == 0 or one != holders[number - 1]]
        return max(len(distinct) - 1, 0)

    def open_seconds(self, end: int) -> int:
        """From its creation to `end`, while the schedule in force at each moment was open."""
        marks = [(event.at, int(event.value or 0)) for event in self.events if event.kind == "schedule"]
        total = 0
        for number, (start, schedule) in enumerate(marks):
            until = marks[number + 1][0] if number + 1 < len(marks) else end
            total += open_between(schedule, max(start, self.created), min(until, end))
        return total

    def open_seconds_under_the_last(self, end: int) -> int:
        """From its creation to `end`, all of it under the schedule in force at `end`."""
        return open_between(int(self._last("schedule", end) or 1), self.created, end)

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


# What each KPI is made of ------------------------------------------------------------------------


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
    return _at_last_solve(life, life.agent_changes())


def _replies(life: Life) -> Iterator[Case]:
    return _at_last_solve(life, len(life.replies))


def _satisfied(life: Life) -> Iterator[Case]:
    if life.answers:
        last = life.answers[-1]
        score = int((last.value or "").split("|")[0])
        yield Case(life.number, last.at, int(score >= 4), life.agent(last.at), life.group(last.at))


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
}
COUNTS = ("ticket_volume", "tickets_solved", "backlog")
RATIOS = ("csat_score", "reopen_rate", "one_touch_rate")
KPIS = (*CASES, "backlog")


# Cases as numbers --------------------------------------------------------------------------------


class Truth:
    """The desk as it is now, looked at in one reporting zone."""

    def __init__(self, desk: Desk, zone: str, words: Words) -> None:
        self.now, self.zone, self.words = desk.now(), ZoneInfo(zone), words
        self.lives = {ticket.number: Life(ticket, self.now) for ticket in desk.tickets()}

    @property
    def countable(self) -> list[Life]:
        return [life for life in self.lives.values() if life.is_countable]

    def day(self, at: int) -> date:
        return datetime.fromtimestamp(at, self.zone).date()

    def cases(self, kpi: str) -> list[Case]:
        return [case for life in self.countable for case in CASES[kpi](life)]

    def cells(self, kpi: str, grain: str, dimension: str) -> dict[tuple[date, str], Cell]:
        """By the first day of the period and the member."""
        if kpi == "backlog":
            return self._stock(grain, dimension)
        found: dict[tuple[date, str], list[int]] = {}
        for case in self.cases(kpi):
            member = self._member(case, dimension)
            if member is not None:
                found.setdefault((period(grain, self.day(case.at)), member), []).append(case.value)
        return {key: _cell(kpi, values) for key, values in found.items()}

    def backlog(self, on: date) -> list[Case]:
        """Who stood unsolved in the last second of a local day, or now while that day lasts."""
        midnight = datetime(on.year, on.month, on.day, tzinfo=self.zone) + timedelta(days=1)
        at = min(int(midnight.astimezone(UTC).timestamp()) - 1, self.now)
        return [
            Case(life.number, at, 1, life.agent(at), life.group(at))
            for life in self.countable
            if life.created <= at and life.status(at) not in DONE
        ]

    def months(self) -> list[date]:
        """From the first ticket's to this one."""
        days = [self.day(life.created) for life in self.lives.values()]
        return sorted({day.replace(day=1) for day in (*days, self.day(self.now))})

    def last_day(self, month: date) -> date:
        """Of a month; today, while the month lasts."""
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        return min(following - timedelta(days=1), self.day(self.now))

    def _stock(self, grain: str, dimension: str) -> dict[tuple[date, str], Cell]:
        """The last day of each period stands for it."""
        day, today = self.day(min(life.created for life in self.countable)), self.day(self.now)
        last_days: dict[date, date] = {}
        while day <= today:
            last_days[period(grain, day)] = day
            day += timedelta(days=1)
        counted: dict[tuple[date, str], int] = {}
        for start, on in last_days.items():
            for case in self.backlog(on):
                member = self._member(case, dimension)
                if member is not None:
                    counted[start, member] = counted.get((start, member), 0) + 1
        return {key: Cell(n, {"value": n}) for key, n in counted.items()}

    def _member(self, case: Case, dimension: str) -> str | None:
        ticket = self.lives[case.ticket].ticket
        if dimension == "all":
            return ""
        if dimension == "agent":
            return self.words.agent(case.agent) if case.agent else None
        if dimension == "group":
            return self.words.group(case.group) if case.group else None
        if dimension == "channel":
            return self.words.channels.get(ticket.channel, ticket.channel)
        return ticket.priority or self.words.no_priority


def period(grain: str, day: date) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def _cell(kpi: str, values: Sequence[int]) -> Cell:
    n = len(values)
    if kpi in COUNTS:
        return Cell(n, {"value": n})
    if kpi in RATIOS:
        return Cell(n, {"value": 100 * sum(values) / n})
    marks = {f"p{percent}": _percentile(values, percent / 100) for percent in (50, 90, 95)}
    return Cell(n, {"mean": sum(values) / n, **marks})


def _percentile(values: Sequence[int], share: float) -> float:
    """At share · (n − 1) in order of size, and in between on the straight line."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
