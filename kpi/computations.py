"""KPIs that have a computation of their own, by the anchor that touches them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from kpi.bearing import volume_days
from kpi.blocks import Cell
from kpi.cells import Scope
from kpi.customer_base import customer_cells, purchase_cells
from kpi.forecasts import LATELY_DAYS, resolution_cells, volume_cells
from kpi.metric import AHEAD, CUSTOMERS, LATELY, PURCHASES, Anchor, Metric
from kpi.selecting import fetched

Computation = Callable[[sa.Connection, Sequence[Metric], Scope], Iterator[Cell]]

COMPUTATIONS: Mapping[Anchor, Computation] = {
    CUSTOMERS: customer_cells,
    PURCHASES: purchase_cells,
    AHEAD: volume_cells,
    LATELY: resolution_cells,
}


def _of_customers(connection: sa.Connection, today: int) -> Iterable[int]:
    first = fetched(connection, "SELECT min(started_day) FROM customer_facts")[0][0]
    return () if first is None else range(first, today + 1)


def _ahead(connection: sa.Connection, today: int) -> Iterable[int]:
    return volume_days(
        (row[0] for row in fetched(connection, "SELECT DISTINCT created_day FROM ticket_facts")), today
    )


def _lately(connection: sa.Connection, today: int) -> Iterable[int]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = f"SELECT 1 FROM ticket_facts WHERE solved_day > {mark} AND solved_day <= {mark} LIMIT 1"
    return (today,) if fetched(connection, query, (today - LATELY_DAYS, today)) else ()


DAYS_OF: Mapping[Anchor, Callable[[sa.Connection, int], Iterable[int]]] = {
    CUSTOMERS: _of_customers,
    AHEAD: _ahead,
    LATELY: _lately,
}
"""All days for which such KPIs may have a value, where that is not each day with a fact."""
