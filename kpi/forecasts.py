"""What is to be expected: from the same weekdays of the weeks before, and from what was solved lately.

Nothing here remembers an earlier forecast: each is what its rule says by all that is stored. A day of
the past shows what the rule says of it from the four weeks before, so that it can be held against
what came.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import isnan, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi.blocks import ALL, EVERYBODY, Cell
from kpi.cells import Scope
from kpi.metric import LATELY, Metric
from kpi.one_cell import cell_of
from kpi.periods import Grain
from kpi.selecting import fetched
from kpi.statistics import Z, median_intervals, percentile

WEEK, WEEKS, AHEAD_DAYS = 7, 4, 14
FARTHEST = AHEAD_DAYS // WEEK + 1
"""How many weeks before a forecast day its newest weekday that is over lies at most."""
REACH = WEEK * (WEEKS + FARTHEST)
"""How many days before it a forecast looks back at most."""
SURGE_Z, SURGE_COUNT = 3, 10
LATELY_DAYS = 90
"""Days of solves from which a resolution time is expected."""
ENOUGH = 30


class Expected(NamedTuple):
    """A count that is expected, and how far off it usually is."""

    tickets: float
    spread: float

    @property
    def interval(self) -> tuple[float, float]:
        return max(self.tickets - Z * self.spread, 0.0), self.tickets + Z * self.spread

    def z(self, count: int) -> float:
        """How many spreads a count lies above what was expected."""
        return (count - self.tickets) / self.spread


def expected(history: Sequence[int]) -> Expected:
    """The median of some weekdays; their spread is never less than that of rare events (Poisson)."""
    middle = float(median(history))
    deviation = float(median([abs(count - middle) for count in history]))
    return Expected(middle, max(1.4826 * deviation, sqrt(middle), 1.0 if middle == 0 else 0.0))


def is_surge(usual: Expected, count: int) -> bool:
    return count >= SURGE_COUNT and usual.z(count) > SURGE_Z


def weekdays_before(day: int, today: int) -> list[int]:
    """The last four days of the same weekday that are over when the forecast is made."""
    weeks = max((day - today) // WEEK + 1, 1)
    return [day - WEEK * back for back in range(weeks, weeks + WEEKS)]


def bears_on(day: int) -> set[int]:
    """Days whose forecast counts the tickets of a day, or takes the account to have begun by it; and itself."""
    counted = {day + WEEK * weeks for weeks in range(WEEKS + FARTHEST)}
    return counted | set(range(day + WEEK * WEEKS, day + WEEK * (WEEKS + FARTHEST)))


def first_bearing(metric: Metric, day: int, today: int) -> int:
    """The first day whose tickets what is told of a day rests on."""
    return today - LATELY_DAYS + 1 if metric.anchor == LATELY else weekdays_before(day, today)[-1]


def has_begun(counts: "Series", before: Sequence[int]) -> bool:
    """Whether there were any tickets in the week that ends with the oldest of some days."""
    return any(counts.get(before[-1] - back) for back in range(WEEK))


Series = Mapping[int, int]
_Key = tuple[str, str, str]
"""Account, dimension and member."""


def volume_cells(connection: sa.Connection, metrics: Sequence[Metric], scope: Scope) -> Iterator[Cell]:
    """Forecasts up to two weeks ahead, and for each day until today whether it was out of the ordinary."""
    days = sorted(day for day in scope.chunk.periods[Grain.DAY] if day <= scope.today + AHEAD_DAYS)
    if not days:
        return
    series = _series(connection, days[0] - REACH, min(days[-1], scope.today))
    accounts = sorted({account for account, _, _ in series} - {EVERYBODY})
    for key, counts in sorted(series.items()):
        for day in days:
            before = weekdays_before(day, scope.today)
            is_there = key[1] == ALL or any(counts.get(one) for one in (*before, day))
            if is_there and has_begun(series[key[0], ALL, ""], before):
                usual = expected([counts.get(one, 0) for one in before])
                for metric in metrics:
                    yield from _volume_cell(metric, scope, key, day, usual, counts, accounts)


def _volume_cell(
    metric: Metric, scope: Scope, key: _Key, day: int, usual: Expected, counts: Series, accounts: list[str]
) -> Iterator[Cell]:
    account, dimension, member = key
    low, high, young = None, None, day > scope.today
    if metric.id == "volume_forecast":
        value, (low, high) = usual.tickets, usual.interval
    elif young:
        return
    else:
        count, young = counts.get(day, 0), day == scope.today
        value = float(is_surge(usual, count)) if metric.id == "volume_surge" else usual.z(count)
    yield cell_of(
        metric,
        scope,
        Grain.DAY,
        day,
        account,
        n=WEEKS,
        numerator=round(value * metric.fineness),
        denominator=None,
        dimension=dimension,
        member=member,
        interval=(low, high),
        provisional=young,
        accounts=accounts if account == EVERYBODY else [account],
        since=first_bearing(metric, day, scope.today),
    )


def _series(connection: sa.Connection, first: int, last: int) -> Mapping[_Key, Series]:
    """Tickets created a day, of every account and of all, together and by channel."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        "SELECT account, channel, created_day, count(*) FROM ticket_facts WHERE is_countable = 1 "
        f"AND created_day BETWEEN {mark} AND {mark} GROUP BY account, channel, created_day"
    )
    series: dict[_Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for account, channel, day, count in fetched(connection, query, (first, last)):
        for whose in (account, EVERYBODY):
            series[whose, ALL, ""][day] += count
            series[whose, "channel", channel][day] += count
    return series


def resolution_cells(connection: sa.Connection, metrics: Sequence[Metric], scope: Scope) -> Iterator[Cell]:
    """How long a ticket of today is expected to take, by category and priority: today's cells only."""
    today = scope.today
    if today not in scope.chunk.periods[Grain.DAY]:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        "SELECT account, category, priority, full_resolution_seconds FROM ticket_facts "
        "WHERE is_countable = 1 AND is_imported = 0 AND full_resolution_seconds IS NOT NULL "
        f"AND solved_day BETWEEN {mark} AND {mark}"
    )
    found: dict[_Key, list[int]] = defaultdict(list)
    parents: dict[_Key, Sequence[_Key]] = {}
    for account, category, priority, seconds in fetched(connection, query, (today - LATELY_DAYS + 1, today)):
        for whose in (account, EVERYBODY):
            for key, above in _places(whose, category, priority):
                found[key].append(seconds)
                parents[key] = above
    accounts = sorted({account for account, _, _ in found} - {EVERYBODY})
    for key in sorted(found):
        told = next((one for one in (key, *parents[key]) if len(found[one]) >= ENOUGH), None)
        values = np.array(sorted(found[told or key]), dtype=np.float64)
        starts, counts = np.array([0]), np.array([len(values)])
        marks = [float(percentile(values, starts, counts, percent)[0]) for percent in (50, 90, 95)]
        low, high = (
            None if isnan(edge) else float(edge) for [edge] in median_intervals(values, starts, counts)
        )
        for metric in metrics:
            yield cell_of(
                metric,
                scope,
                Grain.DAY,
                today,
                key[0],
                n=len(values),
                numerator=int(values.sum()),
                denominator=len(values),
                dimension=key[1],
                member=key[2],
                percentiles=(marks[0], marks[1], marks[2]),
                interval=(low, high),
                provisional=True,
                accounts=accounts if key[0] == EVERYBODY else [key[0]],
                since=first_bearing(metric, today, today),
            )


BOTH = "category_priority"


def _places(
    account: str, category: str | None, priority: str | None
) -> Iterator[tuple[_Key, Sequence[_Key]]]:
    """The cells that a ticket lies in, each with those that stand in while it holds too few."""
    everything = (account, ALL, "")
    yield everything, ()
    if category is not None:
        yield (account, "category", category), (everything,)
    if priority is not None:
        yield (account, "priority", priority), (everything,)
    if category is not None and priority is not None:
        both = (account, BOTH, f"{category}/{priority}")
        yield both, ((account, "category", category), (account, "priority", priority), everything)
