"""Facts of a stretch of days as cells: one generic aggregation for every entry of the catalogue.

Whole periods are computed, never parts of them, and all sums are integers: the result depends on the
facts alone, not on the way to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from kpi.metric import APPROXIMATED, AT_RISK, DERIVED, EXACT, STOCKS, Metric, Shape
from kpi.periods import Chunk, Grain, last_day, period_of
from kpi.whole import Whole

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EVERYBODY = "*"
ALL = "all"
SHARED = (ALL, "channel", "priority", "type", "category")
"""Dimensions whose members mean the same in every account."""
OF_ACCOUNT = ("group", "agent", "brand", "sla_policy")
MONTHLY = ("organisation", "tag", "hour_of_week")
"""Many members, few facts each: by month only."""
PROFILE = "hour_of_week"
NAMED_BY_ACCOUNT = (*OF_ACCOUNT, "organisation")
"""Dimensions whose members are written `<account>/<id>`."""

Z = 1.959963984540054
RANKS = (EXACT, DERIVED, APPROXIMATED)
LOW_SAMPLE = 30


class Cell(NamedTuple):
    """A row of `kpi_cells`."""

    kpi: str
    grain: str
    period: int
    account: str
    dimension: str
    member: str
    n: int
    numerator: int | None
    denominator: int | None
    p50: float | None
    p90: float | None
    p95: float | None
    ci_low: float | None
    ci_high: float | None
    low_sample: int
    provisional: int
    availability: str
    computed_at: int


class Members(dict[Any, int]):
    """The members of one dimension, numbered as they are met; null is nobody (-1)."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, member: Any) -> int:
        self[member] = number = len(self) - 1
        return number

    def encode(self, values: Iterable[Any]) -> list[int]:
        return list(map(self.__getitem__, values))

    @property
    def names(self) -> list[str]:
        return [str(name) for name in list(self)[1:]]


@dataclass(slots=True)
class Facts:
    """The facts of a stretch, by column. A dimension may hold a fact more than once (tags): `rows`."""

    days: Ints
    accounts: Ints
    account_names: list[str]
    members: dict[str, tuple[Ints, list[str]]]
    rows: dict[str, Ints] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    """By KPI; NaN where a fact does not count."""
    matures: dict[str, Floats] = field(default_factory=dict)
    overs: dict[str, Floats] = field(default_factory=dict)
    """What each fact brings to a ratio's denominator, where that is not one."""
    grains: dict[str, Floats] = field(default_factory=dict)
    """The place in `Grain` of the only grain in which a fact counts."""
    approximations: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class FactReader:
    """Collects fetched rows into columns, without keeping the rows."""

    def __init__(self, metrics: Sequence[Metric], dimensions: Sequence[str]) -> None:
        self.metrics = metrics
        self.dimensions = dimensions
        self.codes = {name: Members() for name in ("account", *dimensions)}
        self.codes |= {metric.id: Members() for metric in metrics if metric.shape is Shape.DISTINCT}
        self.extras = [name for metric in metrics for name in _extras(metric)]
        self.parts: dict[str, list[Any]] = {}
        self.tags: tuple[list[Ints], list[Ints]] = ([], [])
        self.count = 0

    @property
    def columns(self) -> list[str]:
        """What each fetched row must hold, in this order."""
        values = [metric.id for metric in self.metrics]
        return ["day", "approximations", "account", *self.dimensions, *values, *self.extras]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        for name, column in zip(self.columns, zip(*rows, strict=True), strict=True):
            if name == "tag":
                self._add_tags(column)
            elif name in self.codes:
                self._keep(name, np.array(self.codes[name].encode(column), dtype=np.int32))
            elif name in ("day", "approximations"):
                self._keep(name, np.array(column, dtype=np.int64))
            else:
                self._keep(name, np.array(column, dtype=np.float64))
        self.count += len(rows)

    def facts(self) -> Facts:
        found = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        empty = np.zeros(0, dtype=np.int64)
        members = {
            name: (found.get(name, empty).astype(np.int64), self.codes[name].names)
            for name in self.dimensions
            if name != "tag"
        }
        rows: dict[str, Ints] = {}
        if "tag" in self.dimensions:
            at, codes = (np.concatenate(part) if part else empty for part in self.tags)
            rows["tag"] = at
            members["tag"] = (codes, self.codes["tag"].names)
        none = np.zeros(0)
        return Facts(
            days=found.get("day", empty),
            accounts=found.get("account", empty).astype(np.int64),
            account_names=self.codes["account"].names,
            members=members,
            rows=rows,
            values={metric.id: self._values(metric, found.get(metric.id, none)) for metric in self.metrics},
            matures=self._extra(found, "matures"),
            overs=self._extra(found, "over"),
            grains=self._extra(found, "grain"),
            approximations=found.get("approximations", empty),
        )

    def _values(self, metric: Metric, values: Any) -> Floats:
        """What each fact contributes, in the cell's units; the number of a distinct value."""
        if metric.shape is Shape.DISTINCT:
            numbers: Floats = values.astype(np.float64)
            numbers[numbers < 0] = np.nan
            return numbers
        whole: Floats = values if metric.fineness == 1 else np.rint(values * metric.fineness)
        return whole

    def _extra(self, found: Mapping[str, Any], name: str) -> dict[str, Floats]:
        none = np.zeros(0)
        return {
            metric.id: found.get(f"{metric.id} {name}", none)
            for metric in self.metrics
            if f"{metric.id} {name}" in self.extras
        }

    def _keep(self, name: str, part: Any) -> None:
        self.parts.setdefault(name, []).append(part)

    def _add_tags(self, column: Sequence[str | None]) -> None:
        """A fact counts under each of its tags: tags do not add up to the total."""
        at: list[int] = []
        codes: list[int] = []
        members = self.codes["tag"]
        for row, text in enumerate(column, start=self.count):
            if text and text != "[]":
                found = members.encode(sorted(set(msgspec.json.decode(text))))
                codes += found
                at += [row] * len(found)
        self.tags[0].append(np.array(at, dtype=np.int64))
        self.tags[1].append(np.array(codes, dtype=np.int64))


def _extras(metric: Metric) -> Iterator[str]:
    """Columns that an entry needs besides its value."""
    for name, is_needed in (("matures", metric.matures_at), ("over", metric.over), ("grain", metric.grain)):
        if is_needed:
            yield f"{metric.id} {name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What all cells of one aggregation share."""

    chunk: Chunk
    now: int
    today: int
    """The reporting zone's local day at `now`."""
    vendors: Mapping[str, str]
    """Account → connector, for how well its data support a KPI."""
    whole: Whole = field(default_factory=Whole)

    def whole_since(self, metric: Metric, account: str) -> int:
        """The first day of which a KPI's facts were all read."""
        return self.whole.since(metric.anchor, account)


def cells(metric: Metric, facts: Facts, scope: Scope) -> Iterator[Cell]:
    """Every cell of a KPI in the chunk's periods."""
    if not len(facts.days):
        return
    values = facts.values[metric.id]
    counts = ~np.isnan(values)
    young = np.zeros(len(values), dtype=np.bool_)
    if metric.matures_at:
        young = counts & ~(facts.matures[metric.id] <= scope.now)
        counts &= ~young
    ranks = _ranks(metric, facts, scope)
    for place, grain in enumerate(Grain):
        if metric.least and grain is not Grain.MONTH:
            continue
        periods = np.array(sorted(scope.chunk.periods[grain]), dtype=np.int64)
        if not len(periods):
            continue
        of_fact = period_of(grain, facts.days)
        at = np.searchsorted(periods, of_fact).clip(max=len(periods) - 1)
        inside = periods[at] == of_fact
        if metric.grain:
            inside &= facts.grains[metric.id] == place
        dated = periods
        if metric.anchor in (*STOCKS, AT_RISK):
            dated = np.array([min(last_day(grain, period), scope.today) for period in periods.tolist()])
            inside &= facts.days == dated[at]
        grouping = _Grouping(
            metric, facts, scope, grain, periods, dated, at, counts & inside, young & inside, ranks
        )
        found = (
            cell for dimension in _dimensions(metric, facts, grain) for cell in grouping.cells(dimension)
        )
        yield from discreet(found, metric.least) if metric.least else found


def _dimensions(metric: Metric, facts: Facts, grain: Grain) -> list[str]:
    if metric.least:
        return [ALL, "group"]
    if metric.only_by:
        return [name for name in metric.only_by if name in facts.members]
    names = (name for name in facts.members if grain is Grain.MONTH or name not in MONTHLY)
    return [ALL, *(name for name in names if metric.has_profile or name != PROFILE)]


def _ranks(metric: Metric, facts: Facts, scope: Scope) -> Ints:
    """How well each fact's account supports the KPI, degraded where the fact itself is inferred."""
    of_account = np.array(
        [
            RANKS.index(available) if (available := metric.available(scope.vendors.get(name))) in RANKS else 2
            for name in facts.account_names
        ],
        dtype=np.int64,
    )
    ranks = of_account[facts.accounts]
    ranks[(facts.approximations & int(metric.approximated)) != 0] = 2
    return ranks


class _Grouping:
    """The facts of one KPI and grain, ready to be grouped by any dimension."""

    def __init__(
        self, metric: Metric, facts: Facts, scope: Scope, grain: Grain, periods: Ints, dated: Ints, at: Ints,
        counts: Bools, young: Bools, ranks: Ints,
    ) -> None:  # fmt: skip
        self.metric, self.facts, self.scope, self.grain = metric, facts, scope, grain
        self.periods, self.at, self.counts, self.young, self.ranks = periods, at, counts, young, ranks
        self.dated = dated
        """The first day that each period's facts may lie on."""
        values = facts.values[metric.id]
        self.order = np.flatnonzero(counts)
        if metric.shape is Shape.DISTRIBUTION:
            self.order = self.order[np.argsort(values[self.order], kind="stable")]
        self.by_value = values[self.order]

    def cells(self, dimension: str) -> Iterator[Cell]:
        facts = self.facts
        if dimension == ALL:
            codes, names = np.zeros(len(facts.days), dtype=np.int64), [""]
        else:
            codes, names = facts.members[dimension]
        per_account = list(self._grouped(dimension, codes, names, by_account=True))
        yield from per_account
        if dimension in NAMED_BY_ACCOUNT:
            return
        if len(facts.account_names) == 1 and self._is_as_whole_as_all(facts.account_names[0]):
            yield from (cell._replace(account=EVERYBODY) for cell in per_account)
        else:
            yield from self._grouped(dimension, codes, names, by_account=False)

    def _is_as_whole_as_all(self, account: str) -> bool:
        metric, scope = self.metric, self.scope
        return scope.whole_since(metric, account) == scope.whole_since(metric, EVERYBODY)

    def _grouped(self, dimension: str, codes: Ints, names: list[str], *, by_account: bool) -> Iterator[Cell]:
        accounts = self.facts.account_names if by_account else [EVERYBODY]
        size = len(accounts) * len(self.periods) * len(names)
        if not size:
            return
        rows = self.facts.rows.get(dimension)
        order, values = self.order, self.by_value
        young = np.flatnonzero(self.young)
        if rows is not None:
            order, values, codes, young = self._exploded(rows, codes)
            keys, young_keys = (
                self._keys(order, codes[0], names, by_account),
                self._keys(young, codes[1], names, by_account),
            )
        else:
            keys, young_keys = (
                self._keys(order, codes[order], names, by_account),
                self._keys(young, codes[young], names, by_account),
            )
        known = keys >= 0
        yield from self._rows(
            dimension,
            accounts,
            names,
            size,
            keys[known],
            values[known],
            order[known],
            young_keys[young_keys >= 0],
        )

    def _exploded(self, rows: Ints, codes: Ints) -> tuple[Ints, Floats, Any, Ints]:
        """Facts by tag: in the order of values, each under each of its tags."""
        place = np.full(len(self.facts.days), -1, dtype=np.int64)
        place[self.order] = np.arange(len(self.order))
        at = place[rows]
        counted = np.flatnonzero(at >= 0)
        counted = counted[np.argsort(at[counted], kind="stable")]
        young = np.flatnonzero(self.young[rows])
        order = rows[counted]
        return order, self.by_value[at[counted]], (codes[counted], codes[young]), rows[young]

    def _keys(self, rows: Ints, codes: Ints, names: list[str], by_account: bool) -> Ints:
        keys = self.at[rows] * len(names) + codes
        if by_account:
            keys = keys + self.facts.accounts[rows] * (len(self.periods) * len(names))
        keys[codes < 0] = -1
        return keys

    def _rows(
        self, dimension: str, accounts: list[str], names: list[str], size: int,
        keys: Ints, values: Floats, order: Ints, young: Ints,
    ) -> Iterator[Cell]:  # fmt: skip
        n = np.bincount(keys, minlength=size)
        sums = self._sums(keys, values, order, size)
        others = self._others(keys, values, order, size)
        provisional = np.bincount(young, minlength=size) > 0
        ranks = self.ranks[order]
        rank = np.where(
            np.bincount(keys[ranks == 2], minlength=size) > 0,
            2,
            np.where(np.bincount(keys[ranks == 1], minlength=size) > 0, 1, 0),
        )
        rank[self._not_whole(accounts, len(names))] = RANKS.index(APPROXIMATED)
        filled = np.flatnonzero(n)
        percentiles = self._percentiles(keys, values, n, size, filled)
        metric, per_account = self.metric, len(self.periods) * len(names)
        is_count = metric.shape in (Shape.COUNT, Shape.DISTINCT)
        for index, count, total, other, early, worst, marks in zip(
            filled.tolist(), n[filled].tolist(), sums[filled].tolist(), others[filled].tolist(),
            provisional[filled].tolist(), rank[filled].tolist(), percentiles, strict=True,
        ):  # fmt: skip
            low, high = self._interval(round(total), round(other), count) or marks[3:]
            yield Cell(
                metric.id,
                str(self.grain),
                int(self.periods[index % per_account // len(names)]),
                accounts[index // per_account],
                dimension,
                names[index % len(names)],
                count,
                round(total),
                None if is_count else round(other) if metric.over else count,
                marks[0],
                marks[1],
                marks[2],
                low,
                high,
                int(not is_count and count < LOW_SAMPLE),
                int(early),
                RANKS[worst],
                self.scope.now,
            )

    def _not_whole(self, accounts: list[str], width: int) -> Bools:
        """Which keys are those of periods from before all of an account's facts were read."""
        whole = np.array([self.scope.whole_since(self.metric, account) for account in accounts])
        return np.repeat(self.dated[None, :] < whole[:, None], width)

    def _sums(self, keys: Ints, values: Floats, order: Ints, size: int) -> Floats:
        """Σ of the values, or how many different ones there are."""
        if self.metric.shape is not Shape.DISTINCT:
            return np.bincount(keys, weights=values, minlength=size).astype(np.float64)
        facts = self.facts
        whose = values.astype(np.int64) * len(facts.account_names) + facts.accounts[order]
        width = int(whose.max(initial=0)) + 1
        different = np.unique(keys * width + whose) // width
        return np.bincount(different, minlength=size).astype(np.float64)

    def _others(self, keys: Ints, values: Floats, order: Ints, size: int) -> Floats:
        """Σ of the facts' own denominators; of a balance, how many are on either side."""
        if self.metric.over:
            overs = self.facts.overs[self.metric.id][order]
            return np.bincount(keys, weights=overs, minlength=size).astype(np.float64)
        if self.metric.shape is Shape.BALANCE:
            return np.bincount(keys, weights=np.abs(values), minlength=size).astype(np.float64)
        return np.zeros(size)

    def _interval(self, total: int, other: int, count: int) -> tuple[float, float] | None:
        if self.metric.shape is Shape.BALANCE:
            return balance(total, other, count)
        return wilson(total, count) if self.metric.has_interval else None

    def _percentiles(
        self, keys: Ints, values: Floats, n: Ints, size: int, filled: Ints
    ) -> list[tuple[float | None, ...]]:
        """p50, p90, p95, and the interval of the p50."""
        if self.metric.shape is not Shape.DISTRIBUTION:
            return [(None,) * 5] * len(filled)
        narrow = keys.astype(np.uint16) if size < 65_536 else keys
        grouped = values[np.argsort(narrow, kind="stable")]
        starts = np.concatenate(([0], np.cumsum(n)))[:-1][filled]
        marks = [percentile(grouped, starts, n[filled], percent).tolist() for percent in (50, 90, 95)]
        return list(zip(*marks, *median_interval(grouped, starts, n[filled]), strict=True))


def percentile(grouped: Floats, starts: Ints, counts: Ints, percent: int) -> Floats:
    """PERCENTILE_CONT (Hyndman-Fan type 7) of ascending runs: at p·(n−1), linear in between."""
    hundredths = percent * (counts - 1)
    below = hundredths // 100
    above = np.minimum(below + 1, counts - 1)
    low = grouped[starts + below]
    high = grouped[starts + above]
    found: Floats = low + hundredths % 100 * (high - low) / 100
    return found


def median_interval(
    grouped: Floats, starts: Ints, counts: Ints
) -> tuple[list[float | None], list[float | None]]:
    """The 95 % interval of the median of ascending runs, from ranks: no shape is assumed. Fewer than six
    values have none.
    """
    ranks = np.floor((counts + 1 - Z * np.sqrt(counts)) / 2).astype(np.int64)
    known = ranks > 0
    inner = np.where(known, ranks, 1) - 1
    low, high = grouped[starts + inner], grouped[starts + counts - 1 - inner]
    return _where(known, low), _where(known, high)


def _where(known: Bools, values: Floats) -> list[float | None]:
    return [
        value if is_known else None for value, is_known in zip(values.tolist(), known.tolist(), strict=True)
    ]


def discreet(found: Iterable[Cell], least: int) -> list[Cell]:
    """Cells without the values of fewer answers than `least`, and of so many more that no difference between
    a whole and its published parts tells them.
    """
    cells = list(found)
    hidden = {place for place, cell in enumerate(cells) if cell.n < least}
    for parts, whole in _partitions(cells):
        left = sum(cells[place].n for place in parts if place in hidden)
        left += cells[whole].n - sum(cells[place].n for place in parts)
        for place in sorted(
            parts, key=lambda place: (cells[place].n, cells[place].member, cells[place].account)
        ):
            if 0 < left < least and place not in hidden:
                hidden.add(place)
                left += cells[place].n
    return [
        cell._replace(numerator=None, denominator=None, ci_low=None, ci_high=None)
        if place in hidden
        else cell
        for place, cell in enumerate(cells)
    ]


def _partitions(cells: Sequence[Cell]) -> Iterator[tuple[list[int], int]]:
    """Groups within their account, accounts within all."""
    for whole, cell in enumerate(cells):
        if cell.dimension != ALL:
            continue
        at = (cell.grain, cell.period)
        groups = [
            place
            for place, other in enumerate(cells)
            if (other.grain, other.period) == at and other.dimension != ALL and other.account == cell.account
        ]
        accounts = [
            place
            for place, other in enumerate(cells)
            if (other.grain, other.period) == at and other.dimension == ALL and other.account != EVERYBODY
        ]
        if groups:
            yield groups, whole
        if cell.account == EVERYBODY and accounts:
            yield accounts, whole


def balance(total: int, sided: int, n: int) -> tuple[float, float]:
    """The 95 % margin around a difference of shares, in percent."""
    net = total / n
    margin = 100 * Z * sqrt(max(sided / n - net * net, 0.0) / n)
    return 100 * net - margin, 100 * net + margin


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The Wilson 95 % interval of a share, in percent, without continuity correction."""
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)
