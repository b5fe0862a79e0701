"""Facts of a stretch of days as cells: one generic aggregation for every entry of the catalogue.

Whole periods are computed, never parts of them, and all sums are integers: the result depends on the
facts alone, not on the way to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kpi.blocks import ALL, EVERYBODY, LOW_SAMPLE, NAMED_BY_ACCOUNT, RANKS, Block, Cells, Loose, cells_of
from kpi.columns import Facts
from kpi.discretion import discreet
from kpi.metric import APPROXIMATED, AT_RISK, DERIVED, FILES, STOCKS, UNAVAILABLE, Metric, Shape
from kpi.periods import Chunk, Grain, last_day, period_of
from kpi.reading import MONTHLY, PROFILE
from kpi.statistics import Floats, Ints, balances, median_intervals, percentile, wilsons
from kpi.whole import Whole

Bools = npt.NDArray[np.bool_]


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


def cells(metric: Metric, facts: Facts, scope: Scope) -> Cells:
    """Every cell of a KPI in the chunk's periods."""
    building = _Building(metric, facts, scope)
    if len(facts.days):
        _fill(building)
    found = building.block()
    return Loose(metric.id, discreet(list(cells_of(found)), metric.least)) if metric.least else found


def _fill(building: "_Building") -> None:
    metric, facts, scope = building.metric, building.facts, building.scope
    values = facts.values[metric.id]
    counts = ~np.isnan(values)
    if metric.is_only_where_told:
        told = [metric.available(scope.vendors.get(name)) != UNAVAILABLE for name in facts.account_names]
        counts &= np.array(told, dtype=np.bool_)[facts.accounts]
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
            building, place, periods, dated, at, counts & inside, np.flatnonzero(young & inside), ranks
        )
        for dimension in _dimensions(metric, facts, grain):
            grouping.group(dimension)


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
        [_rank(metric, scope.vendors.get(name)) for name in facts.account_names], dtype=np.int64
    )
    ranks = of_account[facts.accounts]
    ranks[(facts.approximations & int(metric.approximated)) != 0] = 2
    return ranks


def _rank(metric: Metric, vendor: str | None) -> int:
    """What a vendor does not give came from files."""
    for available in (metric.available(vendor), metric.available(FILES)):
        if available in RANKS:
            return RANKS.index(available)
    return RANKS.index(DERIVED)


_COLUMNS = 9
"""Grain, period, account, dimension, member, n, numerator, provisional, rank."""


class _Building:
    """The cells of one KPI, grain by grain and dimension by dimension, until they are whole."""

    def __init__(self, metric: Metric, facts: Facts, scope: Scope) -> None:
        self.metric, self.facts, self.scope = metric, facts, scope
        self.account_names = [*facts.account_names, EVERYBODY]
        self.dimension_names = [ALL, *facts.members]
        self.member_names = [""]
        self._begins = {ALL: 0}
        self._columns: list[list[Ints]] = [[] for _ in range(_COLUMNS)]
        self._others: list[Floats] = []
        self._marks: list[list[Floats]] = [[] for _ in range(5)]

    def begin(self, dimension: str) -> int:
        """Where the members of a dimension begin among all names."""
        found = self._begins.get(dimension)
        if found is None:
            found = self._begins[dimension] = len(self.member_names)
            self.member_names += self.facts.members[dimension][1]
        return found

    def add(self, columns: Sequence[Ints], others: Floats, marks: Sequence[Floats]) -> None:
        for kept, column in zip(self._columns, columns, strict=True):
            kept.append(column)
        self._others.append(others)
        for parts, mark in zip(self._marks, marks, strict=False):
            parts.append(mark)

    def block(self) -> Block:
        nothing = np.zeros(0, dtype=np.int64)
        columns = [np.concatenate([nothing, *parts]) for parts in self._columns]
        grains, periods, accounts, dimensions, members, n, numerators, provisional, ranks = columns
        others: Floats = np.concatenate([np.zeros(0), *self._others])
        metric, is_count = self.metric, self.metric.shape in (Shape.COUNT, Shape.DISTINCT)
        marks = [np.concatenate([np.zeros(0), *parts]) for parts in self._marks]
        is_distribution = metric.shape is Shape.DISTRIBUTION
        return Block(
            metric.id,
            self.scope.now,
            self.account_names,
            self.dimension_names,
            self.member_names,
            grains,
            periods,
            accounts,
            dimensions,
            members,
            n,
            numerators,
            None if is_count else (np.rint(others).astype(np.int64) if metric.over else n),
            marks[:3] if is_distribution else None,
            marks[3:] if is_distribution else self._interval(numerators, others, n),
            np.zeros(len(n), dtype=np.int64) if is_count else (n < LOW_SAMPLE).astype(np.int64),
            provisional,
            ranks,
        )

    def _interval(self, numerators: Ints, others: Floats, n: Ints) -> Sequence[Floats] | None:
        totals = numerators.astype(np.float64)
        if self.metric.shape is Shape.BALANCE:
            return balances(totals, others, n)
        return wilsons(totals, n) if self.metric.has_interval else None


class _Grouping:
    """The facts of one KPI and grain, ready to be grouped by any dimension."""

    def __init__(
        self, building: _Building, grain: int, periods: Ints, dated: Ints, at: Ints, counts: Bools, young: Ints,
        ranks: Ints,
    ) -> None:  # fmt: skip
        self.building, self.metric, self.facts = building, building.metric, building.facts
        self.grain, self.periods, self.at, self.young, self.ranks = grain, periods, at, young, ranks
        self.dated = dated
        """The first day that each period's facts may lie on."""
        values = self.facts.values[self.metric.id]
        self.order = np.flatnonzero(counts)
        if self.metric.shape is Shape.DISTRIBUTION:
            self.order = self.order[np.argsort(values[self.order], kind="stable")]
        self.by_value = values[self.order]

    def group(self, dimension: str) -> None:
        """Add the cells of a dimension's members, by account, and of all accounts where they are the same."""
        accounts = self.facts.account_names
        facts = self._facts(dimension)
        of_each = self._grouped(dimension, facts, accounts)
        if dimension in NAMED_BY_ACCOUNT:
            return
        if len(accounts) == 1 and self._is_as_whole_as_all(accounts[0]):
            grain, periods, account, *rest = of_each[0]
            self.building.add((grain, periods, account + 1, *rest), *of_each[1:])
        else:
            self._grouped(dimension, facts, [EVERYBODY])

    def _is_as_whole_as_all(self, account: str) -> bool:
        metric, scope = self.metric, self.building.scope
        return scope.whole_since(metric, account) == scope.whole_since(metric, EVERYBODY)

    def _facts(self, dimension: str) -> "_Dimension":
        """The facts that count and the young ones, with a member of the dimension each."""
        facts, order, young = self.facts, self.order, self.young
        if dimension == ALL:
            nobody = np.zeros(len(order), dtype=np.int64)
            return _Dimension(order, self.by_value, nobody, young, np.zeros(len(young), dtype=np.int64), 1)
        codes, names = facts.members[dimension]
        rows = facts.rows.get(dimension)
        if rows is not None:
            return self._exploded(rows, codes, len(names))
        known, young_known = codes[order] >= 0, codes[young] >= 0
        order, values, young = order[known], self.by_value[known], young[young_known]
        return _Dimension(order, values, codes[order], young, codes[young], len(names))

    def _exploded(self, rows: Ints, codes: Ints, width: int) -> "_Dimension":
        """Facts by tag: in the order of values, each under each of its tags."""
        place = np.full(len(self.facts.days), -1, dtype=np.int64)
        place[self.order] = np.arange(len(self.order))
        at = place[rows]
        counted = np.flatnonzero(at >= 0)
        counted = counted[np.argsort(at[counted], kind="stable")]
        is_young = np.zeros(len(self.facts.days), dtype=np.bool_)
        is_young[self.young] = True
        young = np.flatnonzero(is_young[rows])
        return _Dimension(
            rows[counted], self.by_value[at[counted]], codes[counted], rows[young], codes[young], width
        )

    def _grouped(
        self, dimension: str, of: "_Dimension", accounts: Sequence[str]
    ) -> tuple[tuple[Ints, ...], Floats, Sequence[Floats]]:
        """Add the cells of some accounts, or of all together; gives their columns."""
        whole_width = len(self.periods) * of.width
        size = len(accounts) * whole_width
        keys, young = self._keys(of.order, of.codes, of.width), self._keys(of.young, of.young_codes, of.width)
        is_all = accounts[0] == EVERYBODY
        if not is_all and len(accounts) > 1:
            keys = keys + self.facts.accounts[of.order] * whole_width
            young = young + self.facts.accounts[of.young] * whole_width
        n = np.bincount(keys, minlength=size)
        filled = np.flatnonzero(n)
        counts = n[filled]
        account, rest = np.divmod(filled, whole_width) if size else (filled, filled)
        period, member = np.divmod(rest, of.width) if size else (filled, filled)
        building = self.building
        columns = (
            np.full(len(filled), self.grain),
            self.periods[period],
            account + (len(self.facts.account_names) if is_all else 0),
            np.full(len(filled), building.dimension_names.index(dimension)),
            member + building.begin(dimension),
            counts,
            np.rint(self._sums(keys, of, size)[filled]).astype(np.int64),
            (np.bincount(young, minlength=size)[filled] > 0).astype(np.int64),
            self._worst(keys, of.order, size, accounts, of.width)[filled],
        )
        found = columns, self._others(keys, of, size)[filled], self._marks(keys, of.values, n, size, filled)
        building.add(*found)
        return found

    def _keys(self, rows: Ints, codes: Ints, width: int) -> Ints:
        return self.at[rows] * width + codes

    def _worst(self, keys: Ints, order: Ints, size: int, accounts: Sequence[str], width: int) -> Ints:
        """How well each is supported: as its worst fact is, and at most approximated where its period is from
        before all of the account's facts were read.
        """
        ranks = self.ranks[order]
        worst = np.zeros(size, dtype=np.int64)
        for rank in (1, 2):
            worst[keys[ranks == rank]] = rank
        scope = self.building.scope
        whole = np.array([scope.whole_since(self.metric, account) for account in accounts])
        not_whole = self.dated[None, :] < whole[:, None]
        if not_whole.any():
            worst[np.repeat(not_whole, width)] = RANKS.index(APPROXIMATED)
        return worst

    def _sums(self, keys: Ints, of: "_Dimension", size: int) -> Floats:
        """Σ of the values, or how many different ones there are."""
        if self.metric.shape is not Shape.DISTINCT:
            return np.bincount(keys, weights=of.values, minlength=size).astype(np.float64)
        facts = self.facts
        whose = of.values.astype(np.int64) * len(facts.account_names) + facts.accounts[of.order]
        width = int(whose.max(initial=0)) + 1
        different = np.unique(keys * width + whose) // width
        return np.bincount(different, minlength=size).astype(np.float64)

    def _others(self, keys: Ints, of: "_Dimension", size: int) -> Floats:
        """Σ of the facts' own denominators; of a balance, how many are on either side."""
        if self.metric.over:
            return np.bincount(
                keys, weights=self.facts.overs[self.metric.id][of.order], minlength=size
            ).astype(np.float64)
        if self.metric.shape is Shape.BALANCE:
            return np.bincount(keys, weights=np.abs(of.values), minlength=size).astype(np.float64)
        return np.zeros(size)

    def _marks(self, keys: Ints, values: Floats, n: Ints, size: int, filled: Ints) -> Sequence[Floats]:
        """p50, p90, p95, and the interval of the p50."""
        if self.metric.shape is not Shape.DISTRIBUTION:
            return ()
        narrow = keys.astype(np.uint16) if size < 65_536 else keys
        grouped = values[np.argsort(narrow, kind="stable")]
        starts = np.concatenate(([0], np.cumsum(n)))[:-1][filled]
        counts = n[filled]
        return [
            *(percentile(grouped, starts, counts, percent) for percent in (50, 90, 95)),
            *median_intervals(grouped, starts, counts),
        ]


@dataclass(frozen=True, slots=True)
class _Dimension:
    """The facts that count, in the order of their values, and the young ones, each with its member."""

    order: Ints
    values: Floats
    codes: Ints
    young: Ints
    young_codes: Ints
    width: int
    """How many members there are."""
