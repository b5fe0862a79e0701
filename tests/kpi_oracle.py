"""KPIs worked out by hand, so to speak: plain, slow and obvious, straight from what happened at the made-up desk.

Written from the definitions alone. It shares no code with `kpi` and never looks into a database: the sandbox's
events are the truth, and what a KPI is made of is listed case by case.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from connectors.sandbox import Desk
from tests.kpi_cases import CASES, COUNTS, RATIOS, STOCKS
from tests.kpi_life import Case, Life

DIMENSIONS = ("all", "channel", "agent", "group", "priority")
GRAINS = ("day", "week", "month")


class Cell(NamedTuple):
    n: int
    values: Mapping[str, float]
    """By statistic."""


Cells = dict[tuple[date, str], Cell]
"""By the first day of the period and the member."""
ByTicket = dict[int, list[tuple[date, float]]]
"""What each ticket adds, and the day that this is dated by."""


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
    three_is_bad: bool = False
    """Whether 3 of 5 is told as dissatisfied: where there is only good and bad."""
    has_calls: bool = True
    has_marks: bool = True
    """Whether tickets bear types and tags."""
    category: Callable[[str], str] = str


class Truth:
    """The desk as it is now, looked at in one reporting zone."""

    def __init__(self, desk: Desk, zone: str, words: Words) -> None:
        self.desk, self.now, self.zone, self.words = desk, desk.now(), ZoneInfo(zone), words
        self.lives = {ticket.number: Life(ticket, self.now, words.three_is_bad) for ticket in desk.tickets()}
        for life in self.lives.values():
            same = (one for one in self.lives.values() if one.ticket.requester == life.ticket.requester)
            life.others = [one for one in same if one is not life]
        self._cases: dict[Tell, list[Case]] = {}
        self._standing: dict[tuple[TellAt, date], list[Case]] = {}

    def cases(self, tell: "Tell") -> list[Case]:
        if tell not in self._cases:
            self._cases[tell] = list(tell(self))
        return self._cases[tell]

    def standing(self, tell: "TellAt", on: date) -> list[Case]:
        """Those at a local day's end."""
        if (tell, on) not in self._standing:
            self._standing[tell, on] = list(tell(self, self.end_of(on)))
        return self._standing[tell, on]

    @property
    def countable(self) -> list[Life]:
        return [life for life in self.lives.values() if life.is_countable]

    def day(self, at: int) -> date:
        return datetime.fromtimestamp(at, self.zone).date()

    def end_of(self, day: date) -> int:
        """The last second of a local day, or now while that day lasts."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(days=1)
        return min(int(midnight.astimezone(UTC).timestamp()) - 1, self.now)

    def days(self) -> list[date]:
        """From the first ticket's to today."""
        day, today, found = self.day(min(life.created for life in self.countable)), self.day(self.now), []
        while day <= today:
            found.append(day)
            day += timedelta(days=1)
        return found

    def months(self) -> list[date]:
        """From the first ticket's to this one."""
        days = [self.day(life.created) for life in self.lives.values()]
        return sorted({day.replace(day=1) for day in (*days, self.day(self.now))})

    def last_day(self, month: date) -> date:
        """Of a month; today, while the month lasts."""
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        return min(following - timedelta(days=1), self.day(self.now))

    def member(self, case: Case, dimension: str) -> str | None:
        ticket = self.lives[case.ticket].ticket
        if dimension == "all":
            return ""
        if dimension == "agent":
            return self.words.agent(case.agent) if case.agent else None
        if dimension == "group":
            return self.words.group(case.group) if case.group else None
        if dimension == "channel":
            return self.words.channels.get(ticket.channel, ticket.channel)
        if dimension == "category":
            return self.words.category(ticket.category) if ticket.category else None
        return ticket.priority or self.words.no_priority


Tell = Callable[[Truth], Iterable[Case]]
TellAt = Callable[[Truth, int], Iterable[Case]]


class Measure(Protocol):
    """One KPI, whole."""

    @property
    def dimensions(self) -> Sequence[str]: ...

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells: ...

    def by_ticket(self, truth: Truth) -> ByTicket:
        """What `explain` lists of every month."""
        ...


class Flow(NamedTuple):
    """Things that happen: every one of a period counts."""

    cases: Tell
    summed: Callable[[Sequence[int]], Cell]
    dimensions: Sequence[str] = DIMENSIONS

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        found: dict[tuple[date, str], list[int]] = {}
        for case in truth.cases(self.cases):
            member = truth.member(case, dimension)
            if member is not None:
                found.setdefault((period(grain, truth.day(case.at)), member), []).append(case.value)
        return {key: self.summed(values) for key, values in found.items()}

    def by_ticket(self, truth: Truth) -> ByTicket:
        found: ByTicket = {}
        for case in truth.cases(self.cases):
            found.setdefault(case.ticket, []).append((truth.day(case.at), case.value))
        return found


class Stock(NamedTuple):
    """Things that stand at a day's end; the last day of each period stands for it."""

    standing: TellAt
    """Who stands there at an instant."""
    summed: Callable[[Sequence[int]], Cell]
    dimensions: Sequence[str] = DIMENSIONS

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        last_days = {period(grain, day): day for day in truth.days()}
        found: dict[tuple[date, str], list[int]] = {}
        for start, on in last_days.items():
            for case in truth.standing(self.standing, on):
                member = truth.member(case, dimension)
                if member is not None:
                    found.setdefault((start, member), []).append(case.value)
        return {key: self.summed(values) for key, values in found.items()}

    def by_ticket(self, truth: Truth) -> ByTicket:
        found: ByTicket = {}
        for on in map(truth.last_day, truth.months()):
            for case in truth.standing(self.standing, on):
                found.setdefault(case.ticket, []).append((on, case.value))
        return found


def period(grain: str, day: date) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def counted(values: Sequence[int]) -> Cell:
    return Cell(len(values), {"value": sum(values)})


def shared(values: Sequence[int]) -> Cell:
    return Cell(len(values), {"value": 100 * sum(values) / len(values)})


def spread(values: Sequence[int]) -> Cell:
    marks = {f"p{percent}": _percentile(values, percent / 100) for percent in (50, 90, 95)}
    return Cell(len(values), {"mean": sum(values) / len(values), **marks})


def _percentile(values: Sequence[int], share: float) -> float:
    """At share · (n − 1) in order of size, and in between on the straight line."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def of_each(tell: Callable[[Life], Iterable[Case]], truth: Truth) -> Iterable[Case]:
    return [case for life in truth.countable for case in tell(life)]


def _standing(stands: Callable[[Life, int], bool], truth: Truth, at: int) -> Iterable[Case]:
    return [
        Case(life.number, at, 1, life.agent(at), life.group(at))
        for life in truth.countable
        if life.created <= at and stands(life, at)
    ]


def _summed(kpi: str) -> Callable[[Sequence[int]], Cell]:
    return counted if kpi in COUNTS else shared if kpi in RATIOS else spread


BASIC: Mapping[str, Measure] = {
    **{kpi: Flow(partial(of_each, tell), _summed(kpi)) for kpi, tell in CASES.items()},
    **{kpi: Stock(partial(_standing, stands), counted) for kpi, stands in STOCKS.items()},
}
