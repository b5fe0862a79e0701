"""Goals and benchmarks: what values are held against. Readers compare when they read; nothing is recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from kpi.blocks import EVERYBODY, NAMED_BY_ACCOUNT
from kpi.calendar import day_number
from storage.judged import kpi_benchmarks, kpi_goals


@dataclass(frozen=True, slots=True)
class Goal:
    """A value to be reached by a day."""

    kpi: str
    statistic: str
    target: float
    direction: str
    """`higher`: reached from the target upwards; `lower`: downwards."""
    start: date
    due: date
    grain: str = "month"
    account: str = EVERYBODY
    dimension: str = "all"
    member: str = ""
    baseline: float | None = None
    """Where it began; null is the last value before `start`."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What others report, with where they say so: a figure without a source is none."""

    kpi: str
    statistic: str
    value: float
    source: str
    industry: str = "all"
    year: int | None = None
    measured_as: str = ""
    """Their definition, where it is not quite ours."""


BENCHMARKS = (
    Benchmark("csat_score", "value", 82, "Zendesk Benchmark", year=2013, measured_as="good ÷ (good + bad)"),
    Benchmark("fcr_rate", "value", 70, "SQM Group: good is 70-79 %, world class from 80 %",
              measured_as="asked of customers in a survey after the call; ours is read from tickets"),
    Benchmark("fcr_rate", "value", 70, "Top KPIs to Track for Effective Customer Service Management: 70-75 %",
              measured_as="the article does not say how, only that it depends on the industry"),
    Benchmark("abandonment_rate", "value", 5, "Calabrio: below 5 % is good, 5-8 % acceptable"),
    Benchmark("escalation_rate", "value", 10, "Plecto: ideally below 10 %"),
    Benchmark("contact_rate", "value", 2, "Decagon: below 2 %", industry="SaaS", measured_as="per user and month"),
    Benchmark("contact_rate_per_order", "value", 5, "Decagon: below 5 %", industry="e-commerce"),
    Benchmark("agent_utilization", "value", 79, "globalwfm.com: 79-86 %, the lower end",
              measured_as="of paid time; ours of the time that agent_time files call available"),
    Benchmark("agent_utilization", "value", 86, "globalwfm.com: 79-86 %, the upper end",
              measured_as="of paid time; ours of the time that agent_time files call available"),
    Benchmark("sla_attainment_rate", "value", 90, "jetstack.ai, HubSpot audit guide"),
    Benchmark("first_response_time", "p50", 17_100, "Zendesk Benchmark, as collected in 2018",
              industry="manufacturing", year=2018),
    Benchmark("first_response_time", "p50", 8670, "Zendesk Benchmark, as collected in 2018",
              industry="real estate", year=2018),
    Benchmark("one_touch_rate", "value", 36, "Zendesk Benchmark, as collected in 2018",
              industry="manufacturing", year=2018, measured_as="fewer than two replies, none included"),
    Benchmark("one_touch_rate", "value", 39, "Zendesk Benchmark, as collected in 2018",
              industry="real estate", year=2018, measured_as="fewer than two replies, none included"),
)  # fmt: skip
"""Those that hold where `kpi.toml` gives none."""


def keep(connection: sa.Connection, goals: Sequence[Goal], benchmarks: Sequence[Benchmark]) -> None:
    """Make these the ones that readers see."""
    _replace(connection, kpi_goals, [_goal_row(number, goal) for number, goal in enumerate(goals)])
    _replace(
        connection,
        kpi_benchmarks,
        [{"ordinal": number, **_fields(one)} for number, one in enumerate(benchmarks)],
    )


def _replace(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    query = sa.select(table).order_by(table.c.ordinal)
    if [dict(row) for row in connection.execute(query).mappings()] != list(rows):
        connection.execute(sa.delete(table))
        if rows:
            connection.execute(sa.insert(table), rows)


def _goal_row(number: int, goal: Goal) -> dict[str, Any]:
    account, member = goal.account, goal.member
    if goal.dimension in NAMED_BY_ACCOUNT:
        account, _, member = goal.member.partition("/")
    row = _fields(goal)
    start, due = day_number(row.pop("start")), day_number(row.pop("due"))
    return {
        "ordinal": number,
        **row,
        "cell_account": account,
        "cell_member": member,
        "start_day": start,
        "due_day": due,
    }


def _fields(one: Goal | Benchmark) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
