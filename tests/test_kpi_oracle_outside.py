"""KPIs of what only files tell, against a computation by hand from the very lines that were dropped."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi.recompute import Reporting
from storage.database import open_database
from tests.kpi_office import OFFICE, Office
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
    found = shown(database)
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
    reporting = Reporting(zone=zone, vendors={OFFICE: "files"})
    office = Office(database, tmp_path / "drop", reporting, lambda: world.now)
    world.begin(office)
    office.sync()
    check(database, Outside(world, zone))
    world.go_on(office)
    office.sync()
    check(database, Outside(world, zone))


def test_more_successes_than_runs_is_a_value_that_is_no_share(database: sa.Engine, tmp_path: Path) -> None:
    """Figures are typed in by people; a wrong one must not keep all others from being computed."""
    office = Office(database, tmp_path / "drop", Reporting(vendors={OFFICE: "files"}), lambda: NOW)
    figure = {"grain": "month", "period_start": date(2026, 10, 1)}
    runs, successes = ({**figure, "name": f"automation_{name}"} for name in ("runs", "successes"))
    office.drop("business_figures-1", [{**runs, "value": 10}, {**successes, "value": 12}])
    office.sync()
    [row] = [
        row
        for key, row in shown(database)["automation_success_rate", "month", "all"].items()
        if key[0] == "*"
    ]
    assert (row.value, row.low, row.high) == (120, None, None)
