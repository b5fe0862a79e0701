"""What `report_kpis` should show, worked out from plain facts by hand, so to speak: every column that is a number.

Shares no code with `kpi`: sums are Python's own, percentiles are `statistics`', the intervals are written from
their textbook formulas.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor, isclose, sqrt
from statistics import NormalDist, quantiles
from typing import NamedTuple

import sqlalchemy as sa

GRAINS = ("day", "week", "month")
ALL = "all"
EVERYBODY = "*"
BOUND = ("agent", "group")
"""Dimensions whose members are an account's own, under all accounts too."""
Z = NormalDist().inv_cdf(0.975)
Number = int | Fraction


class Fact(NamedTuple):
    """One thing that counts: whose, on which local day, how much, and where it belongs."""

    account: str
    day: date
    value: Number = 1
    members: Mapping[str, Sequence[str]] = {}
    """By dimension; of people and groups as `account/id`."""
    over: Number = 1
    """What it brings to a denominator of its own."""
    key: str = ""
    """What makes it one of several different things."""


class Row(NamedTuple):
    value: float | None
    n: int
    numerator: float | None
    denominator: float | None
    low: float | None = None
    high: float | None = None
    is_low_sample: bool = False


Key = tuple[str, date, str, str]
"""Account, first day of the period, member, statistic."""
Rows = dict[Key, Row]
Shape = Callable[[Sequence[Fact]], Mapping[str, Row]]
"""Some facts of one cell → its rows by statistic."""


def period(grain: str, day: date) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def last_day(grain: str, start: date) -> date:
    if grain == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=6) if grain == "week" else start


def bound(account: str, member: str | None) -> tuple[str, ...]:
    """A person or a group of an account, as a dimension's member; nobody is in none."""
    return (f"{account}/{member}",) if member else ()


Groups = dict[tuple[str, date, str], list[Fact]]
"""By account (or all of them), first day and member."""


def grouped(facts: Iterable[Fact], grain: str, dimension: str) -> Groups:
    found: Groups = {}
    for fact in facts:
        for member in ("",) if dimension == ALL else fact.members.get(dimension, ()):
            for account in (fact.account, EVERYBODY):
                found.setdefault((account, period(grain, fact.day), member), []).append(fact)
    return found


def rows_of(facts: Iterable[Fact], shape: Shape, grain: str, dimension: str) -> Rows:
    return {
        (*place, statistic): row
        for place, some in grouped(facts, grain, dimension).items()
        for statistic, row in shape(some).items()
    }


def wilson(successes: Number, n: Number) -> tuple[float, float]:
    """In percent: where |share − p| = z·√(p(1−p)/n)."""
    middle = (float(successes) + Z * Z / 2) / (float(n) + Z * Z)
    half = Z * sqrt(max(float(successes * (1 - Fraction(successes) / n)), 0) + Z * Z / 4) / (float(n) + Z * Z)
    return max(100 * (middle - half), 0), min(100 * (middle + half), 100)


def count(facts: Sequence[Fact]) -> Mapping[str, Row]:
    total = float(sum(fact.value for fact in facts))
    return {"value": Row(total, len(facts), total, None)}


def share(facts: Sequence[Fact]) -> Mapping[str, Row]:
    """Facts are 1 or 0."""
    hits, n = sum(fact.value for fact in facts), len(facts)
    return {"value": Row(float(100 * Fraction(hits) / n), n, float(hits), n, *wilson(hits, n), n < 30)}


def mean(facts: Sequence[Fact]) -> Mapping[str, Row]:
    total, n = sum(fact.value for fact in facts), len(facts)
    return {"value": Row(float(Fraction(total) / n), n, float(total), n, is_low_sample=n < 30)}


def net(facts: Sequence[Fact]) -> Mapping[str, Row]:
    """Promoters are 1, passives 0, detractors −1."""
    n = len(facts)
    up, down = (Fraction(sum(fact.value == side for fact in facts), n) for side in (1, -1))
    margin = 100 * Z * sqrt((up + down - (up - down) ** 2) / n)
    value = float(100 * (up - down))
    total = float(sum(fact.value for fact in facts))
    return {"value": Row(value, n, total, n, value - margin, value + margin, n < 30)}


def ratio(facts: Sequence[Fact]) -> Mapping[str, Row]:
    """Σ value ÷ Σ over, in percent."""
    above, below = sum(fact.value for fact in facts), sum(fact.over for fact in facts)
    n = len(facts)
    return {
        "value": Row(
            float(100 * Fraction(above) / below), n, float(above), float(below), is_low_sample=n < 30
        )
    }


def distribution(facts: Sequence[Fact]) -> Mapping[str, Row]:
    ordered, n = sorted(float(fact.value) for fact in facts), len(facts)
    twentieths = quantiles(ordered, n=20, method="inclusive") if n > 1 else ordered * 19
    rank = floor((n + 1 - Z * sqrt(n)) / 2)
    interval = (ordered[rank - 1], ordered[n - rank]) if rank >= 1 else (None, None)
    total = sum(ordered)
    return {
        "mean": Row(total / n, n, total, n, is_low_sample=n < 30),
        "p50": Row(twentieths[9], n, total, n, *interval, n < 30),
        "p90": Row(twentieths[17], n, total, n, is_low_sample=n < 10),
        "p95": Row(twentieths[18], n, total, n, is_low_sample=n < 20),
    }  # fmt: skip


def different(facts: Iterable[Fact]) -> int:
    return len({(fact.account, fact.key) for fact in facts})


def total(facts: Iterable[Fact]) -> Number:
    return sum(fact.value for fact in facts)


class Quotient(NamedTuple):
    """Some facts set against others of the same period and account, and of the same member unless `is_whole`."""

    above: Sequence[Fact]
    below: Sequence[Fact]
    measure_above: Callable[[Sequence[Fact]], Number] = total
    measure_below: Callable[[Sequence[Fact]], Number] = total
    scale: int = 100
    is_whole: bool = False
    has_interval: bool = False
    is_counted: bool = False
    """What is above is counted: where there is only what is below, it is none."""

    def rows(self, grain: str, dimension: str) -> Rows:
        above = grouped(self.above, grain, dimension)
        below = grouped(self.below, grain, ALL if self.is_whole else dimension)
        found: Rows = {}
        for place in {*above, *below} if self.is_counted and dimension == ALL else self._places(above, below):
            account, start, member = place
            if dimension in BOUND:
                account = member.split("/")[0]
            whose = below.get((account, start, "") if self.is_whole else place, [])
            divisor = self.measure_below(whose)
            if divisor:
                some = above.get(place, [])
                found[(*place, "value")] = self._row(
                    self.measure_above(some), divisor, max(len(some), len(whose))
                )
        return found

    def _places(self, above: Groups, below: Groups) -> Iterable[tuple[str, date, str]]:
        return above if self.is_whole else {*above, *below}

    def _row(self, amount: Number, divisor: Number, n: int) -> Row:
        interval = wilson(amount, divisor) if self.has_interval and amount <= divisor else (None, None)
        value = float(self.scale * Fraction(amount) / Fraction(divisor))
        return Row(value, n, float(amount), float(divisor), *interval, n < 30)


def shown(database: sa.Engine, *kpis: str) -> dict[tuple[str, str, str], Rows]:
    """`report_kpis` of some KPIs by KPI, grain and dimension."""
    query = (
        "SELECT kpi, grain, dimension, account, period_start, member, statistic, value, n, numerator, denominator,"
        f" ci_low, ci_high, low_sample FROM report_kpis WHERE kpi IN ({', '.join(map(repr, kpis))})"
    )
    found: dict[tuple[str, str, str], Rows] = {}
    with database.connect() as connection:
        for kpi, grain, dimension, account, start, member, statistic, *numbers, is_low in (
            connection.exec_driver_sql(query)
        ):  # fmt: skip
            day = date.fromisoformat(start) if isinstance(start, str) else start
            rows = found.setdefault((kpi, grain, dimension), {})
            rows[account, day, member, statistic] = Row(*numbers, bool(is_low))
    return found


def differences(told: Rows, found: Rows) -> Iterator[tuple[Key, Row | None, Row | None]]:
    for key in sorted({*told, *found}):
        if not is_same(told.get(key), found.get(key)):
            yield key, told.get(key), found.get(key)


def is_same(told: Row | None, found: Row | None) -> bool:
    if told is None or found is None:
        return told is found
    return all(
        here is there if here is None or there is None else isclose(here, there, rel_tol=1e-9, abs_tol=1e-9)
        for here, there in zip(told, found, strict=True)
    )


def assert_same(name: str, told: Rows, found: Rows) -> None:
    wrong = list(differences(told, found))
    assert not wrong, f"{name}: {len(wrong)} of {len(told)} differ: {wrong[:3]}"
