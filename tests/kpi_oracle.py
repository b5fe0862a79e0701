"""KPIs worked out by hand, so to speak: plain, slow and obvious, straight from what happened at the made-up desk.

Written from the definitions alone. It shares no code with `kpi` and never looks into a database: the sandbox's
events are the truth, and what a KPI is made of is listed case by case.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.sandbox import Desk
from tests.kpi_cases import CASES, COUNTS, RATIOS, STOCKS
from tests.kpi_life import Case, Life

DIMENSIONS = ("all", "channel", "agent", "group", "priority")
GRAINS = ("day", "week", "month")


KPIS = (*CASES, *STOCKS)


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
    three_is_bad: bool = False
    """Whether 3 of 5 is told as dissatisfied: where there is only good and bad."""


class Truth:
    """The desk as it is now, looked at in one reporting zone."""

    def __init__(self, desk: Desk, zone: str, words: Words) -> None:
        self.now, self.zone, self.words = desk.now(), ZoneInfo(zone), words
        self._stocks: dict[tuple[str, date], list[Case]] = {}
        self.lives = {ticket.number: Life(ticket, self.now, words.three_is_bad) for ticket in desk.tickets()}

    @property
    def countable(self) -> list[Life]:
        return [life for life in self.lives.values() if life.is_countable]

    def day(self, at: int) -> date:
        return datetime.fromtimestamp(at, self.zone).date()

    def cases(self, kpi: str) -> list[Case]:
        return [case for life in self.countable for case in CASES[kpi](life)]

    def cells(self, kpi: str, grain: str, dimension: str) -> dict[tuple[date, str], Cell]:
        """By the first day of the period and the member."""
        if kpi in STOCKS:
            return self._stock(kpi, grain, dimension)
        found: dict[tuple[date, str], list[int]] = {}
        for case in self.cases(kpi):
            member = self._member(case, dimension)
            if member is not None:
                found.setdefault((period(grain, self.day(case.at)), member), []).append(case.value)
        return {key: _cell(kpi, values) for key, values in found.items()}

    def stock(self, kpi: str, on: date) -> list[Case]:
        """Who stood there in the last second of a local day, or now while that day lasts."""
        if (kpi, on) not in self._stocks:
            self._stocks[kpi, on] = self._standing(kpi, on)
        return self._stocks[kpi, on]

    def _standing(self, kpi: str, on: date) -> list[Case]:
        midnight = datetime(on.year, on.month, on.day, tzinfo=self.zone) + timedelta(days=1)
        at = min(int(midnight.astimezone(UTC).timestamp()) - 1, self.now)
        return [
            Case(life.number, at, 1, life.agent(at), life.group(at))
            for life in self.countable
            if life.created <= at and STOCKS[kpi](life, at)
        ]

    def months(self) -> list[date]:
        """From the first ticket's to this one."""
        days = [self.day(life.created) for life in self.lives.values()]
        return sorted({day.replace(day=1) for day in (*days, self.day(self.now))})

    def last_day(self, month: date) -> date:
        """Of a month; today, while the month lasts."""
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        return min(following - timedelta(days=1), self.day(self.now))

    def _stock(self, kpi: str, grain: str, dimension: str) -> dict[tuple[date, str], Cell]:
        """The last day of each period stands for it."""
        day, today = self.day(min(life.created for life in self.countable)), self.day(self.now)
        last_days: dict[date, date] = {}
        while day <= today:
            last_days[period(grain, day)] = day
            day += timedelta(days=1)
        counted: dict[tuple[date, str], int] = {}
        for start, on in last_days.items():
            for case in self.stock(kpi, on):
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
