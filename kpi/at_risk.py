"""SLA clocks at risk: a stock told by instants, for it may last minutes."""

import sqlalchemy as sa

from kpi.selecting import fetched


def is_other_risk(connection: sa.Connection, after: int, until: int) -> bool:
    """Whether a clock came to be at risk, or was decided, between two instants."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return any(
        fetched(
            connection,
            f"SELECT 1 FROM risk_spans WHERE {column} >= {mark} AND {column} <= {mark} LIMIT 1",
            (after, until),
        )
        for column in ("risk_at", "risk_until")
    )
