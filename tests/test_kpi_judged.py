"""Progress towards goals and distances to benchmarks are found by id wherever a KPI is, and computed when read."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import metric_named
from kpi.explain import explain
from kpi.goals import Benchmark, Goal
from kpi.judged import BENCHMARK_DELTA, GOAL_PROGRESS, JUDGED, unit_of
from kpi.values import values
from storage.derived import kpi_cells
from tests.kpi_desk import Desk, instant
from tests.test_kpi_changes import answers, replied

NOW = "2024-12-01T00:00:00Z"
JANUARY, JUNE = date(2024, 1, 1), date(2024, 6, 29)
FASTER = Goal(
    "first_response_time", "mean", 28_800, "lower", JANUARY, JUNE, baseline=36_000, name="Answer faster"
)
BOOK = Benchmark("csat_score", "value", 60, "a book", "retail", 2020, "as here")


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=[metric_named("csat_score"), metric_named("first_response_time")])


def _judge(desk: Desk, *goals: Goal, benchmarks: tuple[Benchmark, ...] = ()) -> None:
    desk.reporting = replace(desk.reporting, goals=goals, benchmarks=benchmarks)
    desk.refresh(NOW)


def _progress(desk: Desk) -> list[dict[str, Any]]:
    return desk.rows("goal_progress", grain="month", dimension="goal")


def test_the_progress_of_a_goal_is_a_value_with_its_parts(desk: Desk) -> None:
    desk.deliver(*replied("2024-01-10", [32_400]))
    _judge(desk, FASTER)
    [row] = _progress(desk)
    assert (row["value"], row["numerator"], row["denominator"]) == (50, 3600, 7200)
    assert (row["member"], row["member_name"], str(row["period_start"])) == (
        "Answer faster",
        "Answer faster",
        "2024-01-01",
    )
    assert (row["n"], bool(row["low_sample"]), row["availability"], row["statistic"]) == (
        1,
        True,
        "exact",
        "value",
    )


def test_a_goal_without_a_name_is_called_by_its_kpi_and_no_two_share_one(desk: Desk) -> None:
    desk.deliver(*replied("2024-01-10", [32_400]))
    unnamed = replace(FASTER, name="")
    _judge(desk, FASTER, unnamed, replace(unnamed, target=1), replace(FASTER, target=2))
    assert [row["member"] for row in _progress(desk)] == [
        "Answer faster",
        "Answer faster (2)",
        "first_response_time mean",
        "first_response_time mean (2)",
    ]


def test_without_a_goal_or_a_value_there_is_no_progress(desk: Desk) -> None:
    desk.deliver(*replied("2024-01-10", [32_400]))
    _judge(desk)
    assert _progress(desk) == []
    _judge(desk, replace(FASTER, start=date(2024, 2, 1)))
    assert _progress(desk) == []


def test_the_distance_to_a_benchmark_is_a_value_of_every_account_and_period(desk: Desk) -> None:
    desk.deliver(*answers(3, 4, "2024-01-10"))
    _judge(desk, benchmarks=(BOOK,))
    [row] = desk.rows("benchmark_delta", grain="month", dimension="benchmark")
    assert (row["value"], row["member"]) == (15, "csat_score, retail: a book (2020)")
    assert row["ci_low"] < 15 < row["ci_high"]
    assert desk.rows("benchmark_delta", grain="week", dimension="benchmark", account="acme")


def test_neither_is_among_the_values_of_everything_together_nor_a_cell(desk: Desk) -> None:
    desk.deliver(*answers(3, 4, "2024-01-10"), *replied("2024-01-10", [32_400]))
    _judge(desk, FASTER, benchmarks=(BOOK,))
    assert {value.kpi for value in values(desk.engine, grain="month")} == {
        "csat_score",
        "first_response_time",
    }
    with desk.engine.connect() as connection:
        stored = set(connection.execute(sa.select(kpi_cells.c.kpi).distinct()).scalars())
    assert stored == {"csat_score", "first_response_time"}


def test_both_are_defined_with_what_they_wait_for(desk: Desk) -> None:
    desk.refresh(NOW)
    query = sa.text("SELECT kpi, waits_for, formula FROM report_kpi_definitions")
    with desk.engine.connect() as connection:
        defined = {row[0]: row[1] for row in connection.execute(query)}
    assert defined["goal_progress"] == "goals in kpi.toml"
    assert {metric.id for metric in JUDGED} <= defined.keys()
    assert desk.refresh(NOW).values == 0


def test_a_distance_is_in_the_unit_of_its_kpi() -> None:
    assert unit_of(BENCHMARK_DELTA, "first_response_time p50, retail: a book") == "s"
    assert unit_of(BENCHMARK_DELTA, "csat_score, all: a book") == "%"
    assert unit_of(GOAL_PROGRESS, "csat_score") == "%"
    assert unit_of(metric_named("first_response_time"), "email") == "s"


def _explained(desk: Desk, kpi: str, member: str, dimension: str) -> Any:
    return explain(
        desk.engine, desk.reporting, kpi=kpi, day=date(2024, 1, 10), grain="month", dimension=dimension,
        member=member, now=instant(NOW),
    )  # fmt: skip


def test_progress_is_explained_by_its_parts_and_the_value_behind_it(desk: Desk) -> None:
    desk.deliver(*replied("2024-01-10", [32_400]))
    _judge(desk, FASTER)
    found = _explained(desk, "goal_progress", "Answer faster", "goal")
    assert (found.numerator, found.denominator) == (3600, 7200)
    assert [value.value for value in found.stored] == [50]
    assert found.is_current
    [part] = found.parts
    assert part.term.measure.id == "first_response_time"
    assert len(part.explanation.counted) == 1
    told = found.judgement
    assert (told.baseline, told.target, told.direction, told.value) == (36_000, 28_800, "lower", 32_400)
    assert (told.is_met, told.is_on_track, told.due_date) == (False, True, JUNE)


def test_a_distance_is_explained_by_the_benchmark_and_its_source(desk: Desk) -> None:
    desk.deliver(*answers(3, 4, "2024-01-10"))
    _judge(desk, benchmarks=(BOOK,))
    found = _explained(desk, "benchmark_delta", "csat_score, retail: a book (2020)", "benchmark")
    told = found.judgement
    assert (told.value, told.benchmark, told.delta_percent) == (75, 60, 25)
    assert (told.industry, told.source, told.year, told.measured_as) == ("retail", "a book", 2020, "as here")
    assert [part.term.measure.id for part in found.parts] == ["csat_score"]


def test_an_unknown_goal_is_explained_by_the_lack_of_it(desk: Desk) -> None:
    desk.refresh(NOW)
    found = _explained(desk, "goal_progress", "Nothing", "goal")
    assert (found.stored, found.parts, found.judgement) == ([], (), None)
