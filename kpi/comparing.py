"""What stands beside values: changes that are more than chance, and goals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from kpi.values import between
from storage.database import reading

Row = TypeVar("Row", "Change", "GoalNow", "Compared")
Key = tuple[str, str, str, str, date]
"""KPI, statistic, dimension, member and period."""


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


@dataclass(frozen=True, slots=True)
class Compared:
    """What stands beside one value: a row of `report_kpi_changes`, and of its goals the one that is due first."""

    previous_period_start: date | None = None
    previous_value: float | None = None
    change: float | None = None
    change_percent: float | None = None
    is_significant: bool | None = None
    verdict: str | None = None
    year_ago_period_start: date | None = None
    year_ago_value: float | None = None
    year_change: float | None = None
    year_change_percent: float | None = None
    year_is_significant: bool | None = None
    year_verdict: str | None = None
    goal: str | None = None
    goal_direction: str | None = None
    goal_target: float | None = None
    goal_due_date: date | None = None
    goal_progress: float | None = None
    goal_is_met: bool | None = None
    goal_is_on_track: bool | None = None


NOTHING_BESIDE = Compared()
_OF_CHANGE = tuple(field.name for field in fields(Compared) if not field.name.startswith("goal"))
_OF_GOAL = {
    "goal": "label", "goal_direction": "direction", "goal_target": "target", "goal_due_date": "due_date",
    "goal_progress": "progress", "goal_is_met": "is_met", "goal_is_on_track": "is_on_track",
}  # fmt: skip


def compared(
    engine: sa.Engine,
    *,
    kpis: Sequence[str],
    grain: str,
    dimension: str,
    account: str,
    since: date | None,
    until: date | None,
) -> Mapping[Key, Compared]:
    """What stands beside the values that `values` gives for the same question."""
    asked = _Asked(tuple(kpis), grain, dimension, account, since, until)
    with reading(engine) as connection:
        changes = connection.execute(asked.of(engine, "report_kpi_changes", _OF_CHANGE)).mappings().all()
        goals = (
            connection.execute(asked.of(engine, "report_goals", tuple(_OF_GOAL.values()))).mappings().all()
        )
    found: dict[Key, dict[str, Any]] = {
        _key(row): {name: row[name] for name in _OF_CHANGE} for row in changes
    }
    for row in sorted(goals, key=lambda row: str(row["due_date"]), reverse=True):
        found.setdefault(_key(row), {}).update({name: row[theirs] for name, theirs in _OF_GOAL.items()})
    return {key: _made(Compared, row) for key, row in found.items()}


class _Asked(NamedTuple):
    """A question of a view that has the columns of `report_kpis`' key."""

    kpis: tuple[str, ...]
    grain: str
    dimension: str
    account: str
    since: date | None
    until: date | None

    def of(self, engine: sa.Engine, name: str, columns: Sequence[str]) -> sa.Select[Any]:
        """Rows of a view, with their key."""
        view = sa.table(name, *map(sa.column, {*_KEY, "grain", "account", *columns}))
        query = sa.select(*(view.c[column] for column in {*_KEY, *columns})).where(
            view.c.grain == self.grain,
            view.c.dimension == self.dimension,
            view.c.account == self.account,
            *between(engine, view.c.period_start, self.since, self.until),
        )
        return query.where(view.c.kpi.in_(self.kpis)) if self.kpis else query


_KEY = ("kpi", "statistic", "dimension", "member", "period_start")


def _key(row: Any) -> Key:
    start = row["period_start"]
    started = date.fromisoformat(start) if isinstance(start, str) else start
    return row["kpi"], row["statistic"], row["dimension"], row["member"], started


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
    asked = _Asked(tuple(kpis), grain, dimension, account, since, until)
    is_true: sa.ColumnElement[Any] = sa.literal_column("1" if engine.dialect.name == "sqlite" else "true")
    names = [field.name for field in fields(Change)]
    query = asked.of(engine, "report_kpi_changes", names)
    query = query.where(sa.column("is_significant") == is_true)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [_made(Change, {name: row[name] for name in names}) for row in rows]


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


_DATES = {"period_start", "due_date", "previous_period_start", "year_ago_period_start", "goal_due_date"}
_FLAGS = {
    "is_met", "is_on_track", "is_significant", "year_is_significant", "goal_is_met", "goal_is_on_track",
}  # fmt: skip


def _made(kind: type[Row], row: Any) -> Row:
    """A view's row; SQLite gives dates as text and flags as numbers."""
    found = dict(row)
    for name in found.keys() & _DATES:
        if isinstance(found[name], str):
            found[name] = date.fromisoformat(found[name])
    for name in found.keys() & _FLAGS:
        found[name] = None if found[name] is None else bool(found[name])
    return kind(**found)
