"""KPIs of what only files tell, against a computation by hand from the very lines that were dropped."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import open_database
from tests.kpi_office import Office, read_by
from tests.kpi_oracle_outside import KPIS, told
from tests.kpi_oracle_rows import GRAINS, assert_same, shown
from tests.kpi_outside_facts import Outside
from tests.outside_world import NOW, World

DIMENSIONS = ("all", "agent", "group", "channel", "step")


@pytest.fixture
def database(sqlite_url: str) -> Iterator[sa.Engine]:
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


def check(database: sa.Engine, outside: Outside) -> None:
    found = shown(database, *KPIS)
    for kpi in KPIS:
        compared = 0
        for grain in GRAINS:
            for dimension, rows in told(outside, kpi, grain, DIMENSIONS):
                assert_same(f"{kpi} by {dimension}, {grain}", rows, found.get((kpi, grain, dimension), {}))
                compared += len(rows)
        assert compared > 10, f"{kpi}: hardly anything to compare"


@pytest.mark.parametrize(("seed", "zone"), [(1, "UTC"), (2, "America/New_York")])
def test_every_kpi_is_what_the_files_say_and_stays_it_when_they_are_corrected(
    database: sa.Engine, tmp_path: Path, seed: int, zone: str
) -> None:
    world = World(seed)
    office = Office(database, tmp_path / "drop", read_by(KPIS, zone), lambda: world.now)
    world.begin(office)
    office.sync()
    check(database, Outside(world, zone))
    world.go_on(office)
    office.sync()
    check(database, Outside(world, zone))


def test_more_successes_than_runs_is_a_value_that_is_no_share(database: sa.Engine, tmp_path: Path) -> None:
    """Figures are typed in by people; a wrong one must not keep all others from being computed."""
    office = Office(database, tmp_path / "drop", read_by(KPIS), lambda: NOW)
    figure = {"grain": "month", "period_start": date(2026, 10, 1)}
    runs, successes = ({**figure, "name": f"automation_{name}"} for name in ("runs", "successes"))
    office.drop("business_figures-1", [{**runs, "value": 10}, {**successes, "value": 12}])
    office.sync()
    [row] = [
        row
        for key, row in shown(database, "automation_success_rate")[
            "automation_success_rate", "month", "all"
        ].items()
        if key[0] == "*"
    ]
    assert (row.value, row.low, row.high) == (120, None, None)


def test_everybody_who_answers_about_a_ticket_counts_in_the_net_promoter_score(
    database: sa.Engine, tmp_path: Path
) -> None:
    office = Office(database, tmp_path / "drop", read_by(KPIS), lambda: NOW)
    answer = {"survey_type": "nps", "survey": "autumn", "ticket_id": "1"}
    office.drop("survey_answers-1", [
        {**answer, "respondent_id": "ada", "score": 10, "answered_at": NOW - timedelta(hours=2)},
        {**answer, "respondent_id": "ben", "score": 3, "answered_at": NOW - timedelta(hours=1)},
    ])  # fmt: skip
    office.sync()
    assert shown(database, "nps")["nps", "month", "all"]["*", date(2026, 11, 1), "", "value"].n == 2


def test_a_call_of_which_no_end_is_told_ended_when_all_that_is_known_of_it_was_over(
    database: sa.Engine, tmp_path: Path
) -> None:
    office = Office(database, tmp_path / "drop", read_by(KPIS), lambda: NOW)
    call = {
        "id": "1",
        "direction": "inbound",
        "outcome": "answered",
        "started_at": datetime(2026, 11, 1, 23, 50, tzinfo=UTC),
    }
    office.drop("calls-1", [{**call, "wait_seconds": 300, "talk_seconds": 290, "hold_seconds": 30}])
    office.sync()
    assert {
        day for _, day, _, _ in shown(database, "average_handle_time")["average_handle_time", "day", "all"]
    } == {date(2026, 11, 2)}
