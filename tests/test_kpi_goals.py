"""Goals and benchmarks stand beside values when they are read; setting one computes nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import CATALOG, metric_named
from kpi.goals import BENCHMARKS, Benchmark, Goal
from kpi.metric import Shape
from tests.kpi_desk import Desk
from tests.test_kpi_changes import answers, replied

NOW = "2024-12-01T00:00:00Z"
JANUARY, JUNE = date(2024, 1, 1), date(2024, 6, 29)
FASTER = Goal("first_response_time", "mean", 28_800, "lower", JANUARY, JUNE, baseline=36_000)


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=[metric_named("csat_score"), metric_named("first_response_time")])


def rows(desk: Desk, view: str, **where: Any) -> list[dict[str, Any]]:
    conditions = " AND ".join(["1 = 1", *(f"{name} = :{name}" for name in where)])
    with desk.engine.connect() as connection:
        query = sa.text(f"SELECT * FROM {view} WHERE {conditions}")
        found = [dict(row) for row in connection.execute(query, where).mappings()]
    return sorted(found, key=lambda row: str(row["period_start"]))


def aim(desk: Desk, *goals: Goal, benchmarks: tuple[Benchmark, ...] = BENCHMARKS) -> Any:
    desk.reporting = replace(desk.reporting, goals=goals, benchmarks=benchmarks)
    return desk.refresh(NOW)


@pytest.mark.parametrize(
    ("actual", "is_met", "progress"),
    [(28_800, True, 100), (32_400, False, 50), (39_600, False, -50), (21_600, True, 200)],
)
def test_progress_is_the_share_of_the_way_to_the_target(
    desk: Desk, actual: int, is_met: bool, progress: float
) -> None:
    desk.deliver(*replied("2024-01-10", [actual]))
    aim(desk, FASTER)
    [found] = rows(desk, "report_goals")
    assert (found["value"], bool(found["is_met"]), found["progress"]) == (actual, is_met, progress)
    assert (str(found["period_start"]), str(found["due_date"])) == ("2024-01-01", "2024-06-29")


def test_a_goal_is_on_track_while_its_progress_keeps_up_with_the_time(desk: Desk) -> None:
    """31 of 181 days are 17 %, 91 are 50 %."""
    desk.deliver(*replied("2024-01-10", [34_200]), *replied("2024-03-10", [34_200]))  # 25 % of the way
    aim(desk, FASTER)
    assert [bool(row["is_on_track"]) for row in rows(desk, "report_goals")] == [True, False]


def test_without_a_baseline_a_goal_begins_at_the_last_value_before_it(desk: Desk) -> None:
    desk.deliver(*replied("2023-10-10", [50_000]), *replied("2023-11-10", [36_000]))
    desk.deliver(*replied("2024-01-10", [32_400]))
    aim(desk, replace(FASTER, baseline=None))
    [found] = rows(desk, "report_goals")
    assert (found["baseline"], found["progress"]) == (36_000, 50)


def test_a_goal_without_any_value_is_shown_without_one(desk: Desk) -> None:
    aim(desk, Goal("csat_score", "value", 90, "higher", JANUARY, JUNE, name="Happy"))
    [found] = rows(desk, "report_goals")
    assert (found["name"], found["value"], found["is_met"], found["is_on_track"]) == (
        "Happy",
        None,
        None,
        None,
    )


def test_a_goal_may_be_an_agent_s_and_counts_until_it_is_due(desk: Desk) -> None:
    desk.deliver(*replied("2024-01-10", [60]), *replied("2024-07-10", [60]))
    aim(desk, replace(FASTER, dimension="agent", member="acme/ann"))
    [found] = rows(desk, "report_goals")
    assert (found["account"], found["member"], found["value"]) == ("*", "acme/ann", 60)


def test_setting_goals_and_benchmarks_computes_nothing(desk: Desk) -> None:
    desk.show(NOW, *answers(3, 4, "2024-01-10"))
    done = aim(desk, FASTER, benchmarks=(Benchmark("csat_score", "value", 70, "a book"),))
    assert (done.tickets, done.values) == (0, 0)
    aim(desk)
    assert rows(desk, "report_goals") == []


def test_a_value_is_shown_beside_what_others_report(desk: Desk) -> None:
    desk.deliver(*answers(3, 4, "2024-01-10"))
    aim(desk, benchmarks=(Benchmark("csat_score", "value", 60, "a book", "retail", 2020, "as here"),))
    [found] = rows(desk, "report_benchmarks", account="*", grain="month")
    assert (found["value"], found["benchmark"], found["delta"], found["delta_percent"]) == (75, 60, 15, 25)
    assert (found["source"], found["industry"], found["year"]) == ("a book", "retail", 2020)


def test_the_usual_benchmarks_have_a_source_and_a_statistic_that_their_kpi_has() -> None:
    known = {metric.id: metric for metric in CATALOG}
    for one in BENCHMARKS:
        assert one.source
        assert (known[one.kpi].shape is Shape.DISTRIBUTION) == (one.statistic != "value")
