"""What values come to when they are held against goals and benchmarks: KPIs that are computed when they are read.

They have no facts and no cells. `report_kpis` gives them by a dimension of their own: a member a goal or
benchmark, by the label that `report_goals` and `report_benchmarks` name.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import sqlalchemy as sa

from kpi.catalog import CATALOG, metric_named
from kpi.metric import Anchor, Metric, Shape
from storage.database import reading
from storage.judged import kpi_goals
from storage.words import Words

_GOAL = Anchor("its KPI", "kpi_goals", "start_day", "", "")
_BENCHMARK = Anchor("its KPI", "kpi_benchmarks", "year", "", "")

GOAL_PROGRESS = Metric(
    id="goal_progress",
    title="Goal progress",
    unit="%",
    direction="higher",
    anchor=_GOAL,
    shape=Shape.RATIO,
    definition="How far a KPI has come from where a goal began to its target: 0 % at the baseline, 100 % at the "
    "target, negative the wrong way. By goal; `report_goals` says whether it is met and on track.",
    formula="100 × (baseline - value) ÷ (baseline - target)",
    scale=100,
    waits_for="goals in kpi.toml",
    only_by=("goal",),
)
BENCHMARK_DELTA = Metric(
    id="benchmark_delta",
    title="Distance to a benchmark",
    unit="its KPI's",
    direction="neutral",
    anchor=_BENCHMARK,
    shape=Shape.COUNT,
    definition="How far a KPI's value is from what others report: in its own unit, percentage points where that is %. "
    "By benchmark, those of kpi.toml or else some that come along; `report_benchmarks` names industry, source and year.",
    formula="value - benchmark",
    only_by=("benchmark",),
)
JUDGED = (GOAL_PROGRESS, BENCHMARK_DELTA)
JUDGED_IDS = tuple(metric.id for metric in JUDGED)
KNOWN = (*CATALOG, *JUDGED)
"""Everything that has an id."""


def known_metric(name: str) -> Metric:
    """As `metric_named`, those that are computed when they are read included."""
    for metric in JUDGED:
        if name == metric.id:
            return metric
    return metric_named(name)


def unit_of(metric: Metric, member: str) -> str:
    """The unit of a value: a distance has that of the KPI by which its benchmark's label begins."""
    if metric.id != BENCHMARK_DELTA.id:
        return metric.unit
    return metric_named(member.replace(",", " ").split(" ", 1)[0]).unit


@dataclass(frozen=True, slots=True)
class Judgement:
    """A row of `report_goals` or `report_benchmarks`: a value, and what it is held against."""

    kpi: str
    statistic: str
    account: str
    value: float
    target: float | None = None
    baseline: float | None = None
    direction: str | None = None
    due_date: date | None = None
    is_met: bool | None = None
    is_on_track: bool | None = None
    dimension: str = "all"
    member: str = ""
    benchmark: float | None = None
    delta_percent: float | None = None
    industry: str | None = None
    source: str | None = None
    year: int | None = None
    measured_as: str | None = None

    @property
    def numerator(self) -> float:
        """Of progress: how far it has come; of a distance, that."""
        if self.benchmark is not None:
            return self.value - self.benchmark
        return (self.baseline or 0) - self.value

    @property
    def denominator(self) -> float:
        """Of progress: the whole way; of a distance there is none."""
        return (self.baseline or 0) - self.target if self.target is not None else 0


def goal_grains(engine: sa.Engine) -> list[str]:
    """The lengths of periods by which goals are set; none where there is no goal."""
    with reading(engine) as connection:
        return sorted(connection.execute(sa.select(kpi_goals.c.grain).distinct()).scalars())


_OF_GOAL = (
    "kpi", "statistic", "account", "value", "target", "baseline", "direction", "due_date", "is_met", "is_on_track",
    "dimension", "member",
)  # fmt: skip
_OF_BENCHMARK = (
    "kpi", "statistic", "account", "value", "benchmark", "delta_percent", "industry", "source", "year", "measured_as",
)  # fmt: skip


def judgement(
    connection: sa.Connection, metric: Metric, label: str, grain: str, period: int, account: str
) -> Judgement | None:
    """What stands behind one value of `JUDGED`; null where there is no such."""
    is_goal = metric.id == GOAL_PROGRESS.id
    names = _OF_GOAL if is_goal else _OF_BENCHMARK
    view = "report_goals" if is_goal else "report_benchmarks"
    query = (
        f"SELECT {', '.join(names)} FROM {view} WHERE label = :label AND grain = :grain AND account = :account "
        f"AND period_start = {Words(connection.dialect.name).day(str(period))} AND value IS NOT NULL"
    )
    told = {"label": label, "grain": grain, "account": account}
    row = connection.execute(sa.text(query), told).mappings().first()
    return None if row is None else _made(row)


def _made(row: Any) -> Judgement:
    """A view's row; SQLite gives dates as text and flags as numbers."""
    found = {field.name: row[field.name] for field in fields(Judgement) if field.name in row}
    if isinstance(due := found.get("due_date"), str):
        found["due_date"] = date.fromisoformat(due)
    for name in ("is_met", "is_on_track"):
        if found.get(name) is not None:
            found[name] = bool(found[name])
    return Judgement(**found)
