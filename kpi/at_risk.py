"""SLA clocks that were at risk at a day's end, today now: a stock told by instants, for it may last minutes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from kpi.selecting import fetched


def rows_at_risk(
    connection: sa.Connection, relation: str, columns: Iterable[str], ends: Sequence[tuple[int, int]]
) -> Iterator[tuple[Any, ...]]:
    """The clocks at risk at each of some day ends (the day, and the first instant after it), the day first."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = f"SELECT {', '.join(columns)} FROM {relation} x WHERE risk_at < {mark} AND risk_until >= {mark}"
    for day, end in ends:
        for row in fetched(connection, query, (end, end)):
            yield day, *row


def is_other_risk(connection: sa.Connection, after: int, until: int) -> bool:
    """Whether a clock came to be at risk, or was decided, between two instants."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return any(
        fetched(
            connection,
            f"SELECT 1 FROM sla_facts WHERE {column} >= {mark} AND {column} <= {mark} LIMIT 1",
            (after, until),
        )
        for column in ("risk_at", "risk_until")
    )
