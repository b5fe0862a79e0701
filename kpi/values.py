"""KPI values for people and programs, read from `report_kpis`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from kpi.calendar import day_date
from storage.database import reading


@dataclass(frozen=True, slots=True)
class Value:
    """One row of `report_kpis`."""

    account: str
    kpi: str
    statistic: str
    grain: str
    period_start: date
    dimension: str
    member: str
    member_name: str
    value: float | None
    n: int
    numerator: float | None
    denominator: float | None
    ci_low: float | None
    ci_high: float | None
    low_sample: bool
    provisional: bool
    availability: str
    computed_at: datetime


COLUMNS = tuple(field.name for field in fields(Value))


def values(
    engine: sa.Engine,
    *,
    kpis: Sequence[str] = (),
    grain: str = "week",
    dimension: str = "all",
    account: str | None = "*",
    since: date | None = None,
    until: date | None = None,
) -> list[Value]:
    """Values of periods that begin within `since` to `until`; null for `account` gives every account's.

    Ordered by KPI, account, member, statistic and period.
    """
    view = sa.table("report_kpis", *(sa.column(name) for name in COLUMNS))
    column = view.c
    query = sa.select(view).where(column.grain == grain, column.dimension == dimension)
    if kpis:
        query = query.where(column.kpi.in_(kpis))
    if account is not None:
        query = query.where(column.account == account)
    for bound in between(engine, column.period_start, since, until):
        query = query.where(bound)
    query = query.order_by(column.kpi, column.account, column.member, column.statistic, column.period_start)
    with reading(engine) as connection:
        return [_value(row) for row in connection.execute(query)]


def between(
    engine: sa.Engine, column: sa.ColumnElement[Any], since: date | None, until: date | None
) -> Iterator[sa.ColumnElement[bool]]:
    """That a view's date, which SQLite gives as text, lies within."""
    is_text = engine.dialect.name == "sqlite"
    if since is not None:
        yield column >= (since.isoformat() if is_text else since)
    if until is not None:
        yield column <= (until.isoformat() if is_text else until)


def latest_period(engine: sa.Engine, grain: str) -> date | None:
    """The youngest period of a grain that holds any value."""
    with reading(engine) as connection:
        found = connection.exec_driver_sql(
            "SELECT MAX(c.period) FROM kpi_definitions d JOIN kpi_cells c ON c.kpi = d.kpi "
            f"AND c.generation = d.generation WHERE c.grain = '{grain}' AND c.dimension = 'all'"
        ).scalar()
    return None if found is None else day_date(found)


def _value(row: Sequence[Any]) -> Value:
    found = dict(zip(COLUMNS, row, strict=True))
    found["period_start"] = _date(found["period_start"])
    found["low_sample"], found["provisional"] = bool(found["low_sample"]), bool(found["provisional"])
    at = found["computed_at"]
    found["computed_at"] = datetime.fromisoformat(at) if isinstance(at, str) else at.astimezone(UTC)
    return Value(**found)


def _date(found: str | date) -> date:
    return date.fromisoformat(found) if isinstance(found, str) else found
