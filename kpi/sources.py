"""Where a KPI's facts are read: one query an anchor and stretch of days, into columns."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi.cells import MONTHLY, Cell, FactReader, Facts, Ints, Scope, cells
from kpi.metric import DAY_END, RATED, Anchor, Metric
from kpi.periods import Chunk, Grain, last_day

FETCHED = 20_000
DESCRIPTIVE = {
    "channel": "channel",
    "priority": "priority",
    "type": "type",
    "category": "category",
    "brand": "brand_id",
    "organisation": "organisation_id",
    "tag": "tags",
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


def read_facts(connection: sa.Connection, metrics: Sequence[Metric], chunk: Chunk, today: int) -> Facts:
    """The facts of a chunk for entries of one anchor."""
    anchor = metrics[0].anchor
    dimensions = _dimensions(chunk)
    reader = FactReader(metrics, dimensions)
    if anchor == DAY_END:
        return _read_stock(connection, metrics, _day_ends(chunk, today), reader)
    query = _query(anchor, metrics, dimensions, connection.dialect.name)
    with raw_cursor(connection) as cursor:
        cursor.execute(query, (chunk.first, chunk.last))
        while rows := cursor.fetchmany(FETCHED):
            reader.add(rows)
    return reader.facts()


def _dimensions(chunk: Chunk) -> list[str]:
    """Organisations and tags are read where a month is computed."""
    names = ["channel", "priority", "type", "category", "brand", "group", "agent"]
    return names + (list(MONTHLY) if chunk.periods[Grain.MONTH] else [])


def _query(anchor: Anchor, metrics: Sequence[Metric], dimensions: Sequence[str], dialect: str) -> str:
    columns = {**DESCRIPTIVE, "group": anchor.group, "agent": anchor.agent}
    approximations = "0" if anchor == RATED else "approximations"
    selected = [anchor.day, approximations, "account", *(columns[name] for name in dimensions)]
    selected += [f"CASE WHEN {metric.where} THEN {metric.value} END" for metric in metrics]
    selected += [metric.matures_at for metric in metrics if metric.matures_at]
    mark = "?" if dialect == "sqlite" else "%s"
    return f"SELECT {', '.join(selected)} FROM {anchor.table} WHERE {anchor.day} BETWEEN {mark} AND {mark}"


def _day_ends(chunk: Chunk, today: int) -> Ints:
    """The day ends that are asked for: each touched day's, and the last of each week and month."""
    ends = {min(last_day(grain, period), today) for grain in Grain for period in chunk.periods[grain]}
    return np.array(sorted(ends), dtype=np.int64)


def _read_stock(
    connection: sa.Connection, metrics: Sequence[Metric], days: Ints, reader: FactReader
) -> Facts:
    """Stocks as facts: a span counts once at each day end that is asked for."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    columns = {
        **{name: f"f.{column}" for name, column in DESCRIPTIVE.items()},
        "group": "s.group_id",
        "agent": "s.agent_id",
    }
    selected = ["s.from_day", "s.until_day", "f.approximations", "s.account"]
    selected += [columns[name] for name in reader.dimensions]
    query = (
        f"SELECT {', '.join(selected)} FROM backlog_spans s "
        "JOIN ticket_facts f ON f.account = s.account AND f.ticket_id = s.ticket_id "
        f"WHERE f.is_countable = 1 AND s.from_day <= {mark} AND (s.until_day IS NULL OR s.until_day > {mark})"
    )
    with raw_cursor(connection) as cursor:
        cursor.execute(query, (int(days[-1]), int(days[0])))
        while rows := cursor.fetchmany(FETCHED):
            reader.add(list(_standing(rows, days, len(metrics))))
    return reader.facts()


def _standing(rows: Sequence[Sequence[Any]], days: Ints, metrics: int) -> Iterator[tuple[Any, ...]]:
    ones = (1,) * metrics
    firsts = np.searchsorted(days, [row[0] for row in rows])
    last = int(days[-1]) + 1
    lasts = np.searchsorted(days, [last if row[1] is None else row[1] for row in rows])
    for row, first, end in zip(rows, firsts.tolist(), lasts.tolist(), strict=True):
        for day in days[first:end].tolist():
            yield (day, row[2], row[3], *row[4:], *ones)


class Stretch(NamedTuple):
    """The cells of some KPIs of one anchor in a stretch of days."""

    metrics: Sequence[Metric]
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class CellsWork:
    """Computes the cells of a stretch as they are at one instant."""

    now: int
    today: int
    vendors: Mapping[str, str]

    def __call__(self, connection: sa.Connection, stretch: Stretch) -> list[Cell]:
        facts = read_facts(connection, stretch.metrics, stretch.chunk, self.today)
        scope = Scope(stretch.chunk, self.now, self.today, self.vendors)
        return [cell for metric in stretch.metrics for cell in cells(metric, facts, scope)]
