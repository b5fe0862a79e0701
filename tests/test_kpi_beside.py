"""The table of KPIs: an arrow where a value changed by more than chance, and its goal."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from rich.console import Console

from kpi.catalog import metric_named
from kpi.comparing import goals_now, significant_changes
from kpi.goals import Goal
from kpi.values import values
from sync.kpi_beside import Beside
from sync.kpi_table import pivot
from tests.kpi_desk import Desk
from tests.test_kpi_changes import answers, replied

CATALOG = [metric_named("csat_score"), metric_named("first_response_time"), metric_named("ticket_volume")]


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=CATALOG)


def lines(desk: Desk, *goals: Goal, dimension: str = "all") -> list[str]:
    desk.reporting = replace(desk.reporting, goals=goals)
    desk.refresh()
    asked = {"grain": "month", "dimension": dimension, "account": "*"}
    found = values(desk.engine, **asked)
    changes = significant_changes(desk.engine, kpis=(), since=date(2024, 1, 1), until=None, **asked)
    beside = Beside.of(changes, goals_now(desk.engine, dimension=dimension, account="*"))
    periods = sorted({value.period_start.isoformat() for value in found})
    made = pivot(found, CATALOG, periods, lambda value: value.period_start.isoformat(), beside=beside)
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        console.print(made)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_an_arrow_stands_only_where_the_change_is_more_than_chance(desk: Desk) -> None:
    desk.deliver(
        *answers(48, 80, "2024-03-05"), *answers(56, 70, "2024-04-05"), *answers(55, 70, "2024-05-05")
    )
    assert "csat_score 60.0 % 80.0 % ↑ 78.6 %" in lines(desk)


def test_a_goal_stands_beside_its_value_with_how_far_it_is(desk: Desk) -> None:
    desk.deliver(*replied("2024-03-10", [5400]), *answers(19, 20, "2024-03-05"))
    faster = Goal(
        "first_response_time", "p50", 3600, "lower", date(2024, 1, 1), date(2024, 12, 31), baseline=7200
    )
    happy = Goal("csat_score", "value", 90, "higher", date(2024, 1, 1), date(2024, 6, 30))
    found = lines(desk, faster, happy)
    assert "csat_score 95.0 %° ≥ 90 % by 2024-06-30 met" in found
    assert "first_response_time p50 1 h 30 min° ≤ 1 h by 2024-12-31 50 %" in found
    assert "ticket_volume 1" in found


def test_without_goals_there_is_no_column_for_them(desk: Desk) -> None:
    desk.deliver(*answers(1, 2, "2024-03-05"))
    assert not any("goal" in line for line in lines(desk))


def test_an_agent_s_goal_stands_in_the_agent_s_line(desk: Desk) -> None:
    desk.deliver(*replied("2024-03-10", [5400]))
    goal = Goal("first_response_time", "p50", 3600, "lower", date(2024, 1, 1), date(2024, 12, 31),
                dimension="agent", member="acme/ann")  # fmt: skip
    assert "first_response_time p50 1 h 30 min° ≤ 1 h by 2024-12-31" in lines(desk, goal, dimension="agent")
