"""What stands beside values: changes that are more than chance, and goals."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from kpi.values import between
from storage.database import reading

Row = TypeVar("Row", "Change", "GoalNow")


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `report_kpi_changes` that differs from the period before by more than chance."""

    kpi: str
    statistic: str
    account: str
    member: str
    period_start: date
    change: float
    verdict: str | None
    """`better` or `worse`; null of a KPI that is good neither way."""


@dataclass(frozen=True, slots=True)
class GoalNow:
    """A row of `report_goals`."""

    kpi: str
    statistic: str
    account: str
    member: str
    direction: str
    target: float
    period_start: date | None
    progress: float | None
    is_met: bool | None
    is_on_track: bool | None
    due_date: date


def significant_changes(
    engine: sa.Engine,
    *,
    kpis: Sequence[str],
    grain: str,
    dimension: str,
    account: str,
    since: date | None,
    until: date | None,
) -> list[Change]:
    """Of the values that `values` gives for the same question."""
    names = [field.name for field in fields(Change)]
    view = sa.table("report_kpi_changes", *map(sa.column, (*names, "grain", "dimension", "is_significant")))
    query = sa.select(*(view.c[name] for name in names)).where(
        view.c.grain == grain, view.c.dimension == dimension, view.c.account == account
    )
    is_true: sa.ColumnElement[Any] = sa.literal_column("1" if engine.dialect.name == "sqlite" else "true")
    query = query.where(view.c.is_significant == is_true)
    if kpis:
        query = query.where(view.c.kpi.in_(kpis))
    for bound in between(engine, view.c.period_start, since, until):
        query = query.where(bound)
    with reading(engine) as connection:
        return [_made(Change, row) for row in connection.execute(query).mappings()]


def goals_now(engine: sa.Engine, *, dimension: str, account: str) -> list[GoalNow]:
    """Every goal as its latest value stands."""
    names = [field.name for field in fields(GoalNow)]
    view = sa.table("report_goals", *map(sa.column, (*names, "dimension")))
    query = sa.select(*(view.c[name] for name in names)).where(
        view.c.dimension == dimension, view.c.account == account
    )
    latest: dict[tuple[str, str, str, date], GoalNow] = {}
    with reading(engine) as connection:
        found = [_made(GoalNow, row) for row in connection.execute(query).mappings()]
    for goal in sorted(found, key=lambda goal: goal.period_start or date.min):
        latest[goal.kpi, goal.statistic, goal.member, goal.due_date] = goal
    return sorted(latest.values(), key=lambda goal: goal.due_date)


def _made(kind: type[Row], row: Any) -> Row:
    """A view's row; SQLite gives dates as text and flags as numbers."""
    found = dict(row)
    for name in found.keys() & {"period_start", "due_date"}:
        if isinstance(found[name], str):
            found[name] = date.fromisoformat(found[name])
    for name in found.keys() & {"is_met", "is_on_track"}:
        found[name] = None if found[name] is None else bool(found[name])
    return kind(**found)
