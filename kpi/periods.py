"""Local days as integers (days since 1970-01-01), and the weeks and months they lie in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kpi.calendar import month_start, next_month, week_start

Days = npt.NDArray[np.int64]


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def period_of(grain: Grain, days: Days) -> Days:
    """The first day of the period in which each day lies."""
    if grain is Grain.DAY:
        return days
    if grain is Grain.WEEK:
        return days - (days + 3) % 7  # 1970-01-01 was a Thursday
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)


def start_of(grain: Grain, day: int) -> int:
    """The first day of the period in which a day lies."""
    if grain is Grain.DAY:
        return day
    return week_start(day) if grain is Grain.WEEK else month_start(day)


def last_day(grain: Grain, first: int) -> int:
    if grain is Grain.DAY:
        return first
    return first + 6 if grain is Grain.WEEK else next_month(first) - 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of days that is read at once, and the periods to be computed from it.

    A month with its touched days, and the touched weeks that begin in it; the stretch reaches into
    the next month as far as the last of these weeks does.
    """

    first: int
    last: int
    periods: dict[Grain, frozenset[int]]


def chunks(days: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
    """The stretches to read so that every period of the touched days is computed once and whole, by month."""
    touched = sorted(set(days))
    months: dict[int, dict[Grain, set[int]]] = {}

    def of(month: int) -> dict[Grain, set[int]]:
        return months.setdefault(month, {grain: set() for grain in Grain})

    for day in touched:
        own = of(month_start(day))
        own[Grain.DAY].add(day)
        own[Grain.MONTH].add(month_start(day))
        of(month_start(week_start(day)))[Grain.WEEK].add(week_start(day))
    for month, periods in sorted(months.items()):
        firsts = [period for grain in Grain for period in periods[grain]]
        lasts = [last_day(grain, period) for grain in Grain for period in periods[grain]]
        yield (
            month,
            Chunk(min(firsts), max(lasts), {grain: frozenset(found) for grain, found in periods.items()}),
        )
