"""Where a KPI's facts are read: one query an anchor and stretch of days, into columns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi.at_risk import rows_at_risk
from kpi.calendar import SECOND, local_days
from kpi.cells import MONTHLY, PROFILE, Cell, FactReader, Facts, Ints, Scope, cells
from kpi.composing import composed, with_periods_before
from kpi.computations import COMPUTATIONS
from kpi.metric import AGE, AT_RISK, STOCKS, Anchor, Metric, measures
from kpi.periods import Chunk, Grain, last_day
from kpi.whole import Whole

FETCHED = 20_000
DESCRIPTIVE = {
    "channel": "channel",
    "priority": "priority",
    "type": "type",
    "category": "category",
    "brand": "brand_id",
    "organisation": "organisation_id",
    "tag": "tags",
    PROFILE: "created_hour",
}


@contextmanager
def raw_cursor(connection: sa.Connection) -> Iterator[Any]:
    """The driver's own cursor: rows as plain tuples. On Postgres it stays on the server, so that
    a stretch is never held twice."""
    raw = connection.connection.driver_connection
    assert raw is not None
    cursor = raw.cursor(name="facts") if connection.dialect.name == "postgresql" else raw.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class Times:
    """Until when a stretch's stocks have stood."""

    now: int
    today: int
    zone: str

    def end_of(self, day: int) -> int:
        """The instant at which a day ended, or for which today's figures stand."""
        return self.now if day >= self.today else local_days(self.zone).start_of(day + 1)


def read_facts(connection: sa.Connection, metrics: Sequence[Metric], chunk: Chunk, times: Times) -> Facts:
    """The facts of a chunk for entries of one anchor, none of them composed."""
    anchor = metrics[0].anchor
    dimensions = _dimensions(metrics, chunk)
    reader = FactReader(metrics, dimensions)
    if anchor == AT_RISK:
        return _read_risks(connection, metrics, _day_ends(chunk, times.today), reader, times)
    if anchor in STOCKS:
        return _read_stock(connection, metrics, _day_ends(chunk, times.today), reader, times)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        f"SELECT {', '.join(_selected(anchor, anchor.day, metrics, dimensions))} FROM {anchor.source} x "
        f"WHERE {anchor.day} BETWEEN {mark} AND {mark}"
    )
    with raw_cursor(connection) as cursor:
        cursor.execute(query, (chunk.first, chunk.last))
        while rows := cursor.fetchmany(FETCHED):
            reader.add(rows)
    return reader.facts()


def _dimensions(metrics: Sequence[Metric], chunk: Chunk) -> list[str]:
    """Organisations, tags and hours are read where a month is computed."""
    names = ["channel", "priority", "type", "category", "brand", "group", "agent"]
    names += metrics[0].anchor.dimensions
    if not chunk.periods[Grain.MONTH]:
        return names
    has_profile = any(metric.has_profile for metric in metrics)
    return names + [name for name in MONTHLY if name != PROFILE or has_profile]


_PLACES = " ".join(f"WHEN '{grain}' THEN {place}" for place, grain in enumerate(Grain))


def _selected(
    anchor: Anchor, day: str, metrics: Sequence[Metric], dimensions: Sequence[str]
) -> Iterator[str]:
    """The columns that `FactReader` takes."""
    columns = {**DESCRIPTIVE, **{name: name for name in anchor.dimensions}}
    columns |= {"group": anchor.group, "agent": anchor.agent}
    yield from (day, "approximations", "account", *(columns[name] for name in dimensions))
    for metric in metrics:
        yield f"CASE WHEN {metric.where or '1 = 1'} THEN {metric.value} END"
    for metric in metrics:
        if metric.matures_at:
            yield metric.matures_at
        if metric.over:
            yield metric.over
        if metric.grain:
            yield f"CASE {metric.grain} {_PLACES} END"


def _day_ends(chunk: Chunk, today: int) -> Ints:
    """The day ends that are asked for: each touched day's, and the last of each week and month."""
    ends = {min(last_day(grain, period), today) for grain in Grain for period in chunk.periods[grain]}
    return np.array(sorted(ends), dtype=np.int64)


def _read_stock(
    connection: sa.Connection, metrics: Sequence[Metric], days: Ints, reader: FactReader, times: Times
) -> Facts:
    """Stocks as facts: a span counts once at each day end that is asked for."""
    anchor = metrics[0].anchor
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        f"SELECT until_day, {', '.join(_selected(anchor, anchor.day, metrics, reader.dimensions))} "
        f"FROM {anchor.source} x "
        f"WHERE from_day <= {mark} AND (until_day IS NULL OR until_day > {mark})"
    )
    aged = metrics if anchor == AGE else ()
    with raw_cursor(connection) as cursor:
        cursor.execute(query, (int(days[-1]), int(days[0])))
        while rows := cursor.fetchmany(FETCHED):
            reader.add(list(_standing(rows, days, aged, times)))
    return reader.facts()


def _read_risks(
    connection: sa.Connection, metrics: Sequence[Metric], days: Ints, reader: FactReader, times: Times
) -> Facts:
    """Clocks at risk as facts of the day ends that are asked for."""
    anchor = metrics[0].anchor
    _day, *columns = _selected(anchor, anchor.day, metrics, reader.dimensions)
    ends = [(day, times.end_of(day)) for day in days.tolist()]
    reader.add(list(rows_at_risk(connection, anchor.source, columns, ends)))
    return reader.facts()


def _standing(
    rows: Sequence[Sequence[Any]], days: Ints, aged: Sequence[Metric], times: Times
) -> Iterator[tuple[Any, ...]]:
    firsts = np.searchsorted(days, [row[1] for row in rows])
    last = int(days[-1]) + 1
    lasts = np.searchsorted(days, [last if row[0] is None else row[0] for row in rows])
    ends = {day: times.end_of(day) for day in days.tolist()} if aged else {}
    for row, first, end in zip(rows, firsts.tolist(), lasts.tolist(), strict=True):
        for day in days[first:end].tolist():
            if aged:
                since = row[-len(aged) :]
                ages = (age(metric, at, ends[day]) for metric, at in zip(aged, since, strict=True))
                yield (day, *row[2 : -len(aged)], *ages)
            else:
                yield (day, *row[2:])


def age(metric: Metric, since: int | None, until: int) -> int | None:
    """What a fact that stands since an instant contributes at another one."""
    if since is None:
        return None
    seconds = max(until - since, 0) // SECOND
    if metric.older_than_seconds is None:
        return seconds
    return 1 if seconds > metric.older_than_seconds else None


class Sources(NamedTuple):
    """What some KPIs are computed from together."""

    anchors: tuple[Anchor, ...]
    is_growth: bool
    """Whether the periods before are read, too."""


def by_sources(metrics: Iterable[Metric]) -> dict[Sources, list[Metric]]:
    found: dict[Sources, list[Metric]] = defaultdict(list)
    for metric in metrics:
        found[Sources(metric.anchors, metric.is_growth)].append(metric)
    return found


class Stretch(NamedTuple):
    """The cells of some KPIs of the same sources in a stretch of days."""

    metrics: Sequence[Metric]
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class CellsWork:
    """Computes the cells of a stretch as they are at one instant."""

    now: int
    today: int
    zone: str
    vendors: Mapping[str, str]
    whole: Whole

    def __call__(self, connection: sa.Connection, stretch: Stretch) -> list[Cell]:
        metrics, chunk = stretch
        compute = COMPUTATIONS.get(metrics[0].anchor)
        if compute is not None:
            return list(
                compute(connection, metrics, Scope(chunk, self.now, self.today, self.vendors, self.whole))
            )
        read = with_periods_before(chunk) if metrics[0].is_growth else chunk
        found: dict[str, list[Cell]] = {}
        for measured in _by_anchor(measures(metrics)).values():
            facts = read_facts(connection, measured, read, Times(self.now, self.today, self.zone))
            scope = Scope(read, self.now, self.today, self.vendors, self.whole)
            found |= {measure.id: list(cells(measure, facts, scope)) for measure in measured}
        return [
            cell
            for metric in metrics
            for cell in (composed(metric, found, chunk, self.now) if metric.terms else found[metric.id])
        ]


def _by_anchor(found: Iterable[Metric]) -> Mapping[Anchor, list[Metric]]:
    """Each measure once."""
    by_anchor: dict[Anchor, dict[str, Metric]] = defaultdict(dict)
    for measure in found:
        by_anchor[measure.anchor][measure.id] = measure
    return {anchor: list(measured.values()) for anchor, measured in by_anchor.items()}
