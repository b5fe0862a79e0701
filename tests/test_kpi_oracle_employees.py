"""What employees answer: the published values are right, and nobody can work out what fewer than five said."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from storage.database import open_database
from tests.kpi_office import Line, Office, read_by
from tests.kpi_oracle_rows import EVERYBODY, Fact, Row, Rows, Shape, is_same, mean, net, rows_of, share, shown
from tests.kpi_outside_facts import Outside
from tests.outside_world import World

LEAST = 5
KPIS: Mapping[str, tuple[str, Shape]] = {
    "esat_score": ("1-5", share),
    "esat_mean": ("1-5", mean),
    "enps": ("0-10", net),
}


@pytest.fixture
def database(sqlite_url: str) -> Iterator[sa.Engine]:
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


def said(kpi: str, score: int) -> int:
    if kpi == "esat_mean":
        return score
    if kpi == "esat_score":
        return int(score >= 4)
    return 1 if score >= 9 else 0 if score >= 7 else -1


def answers(outside: Outside, kpi: str) -> list[Fact]:
    """A team is the group of an employee's answer."""
    return [
        outside.fact(
            {**line, "group_id": line["team"]}, outside.day(line["answered_at"]), said(kpi, line["score"])
        )
        for line in outside.answers("employee", KPIS[kpi][0])
    ]


def check(database: sa.Engine, outside: Outside) -> None:
    found = shown(database, *KPIS)
    for kpi, (_, shape) in KPIS.items():
        facts = answers(outside, kpi)
        for grain in ("day", "week"):
            assert not any((kpi, grain, dimension) in found for dimension in ("all", "group"))
        assert {dimension for one, _, dimension in found if one == kpi} == {"all", "group"}
        told = [rows_of(facts, shape, "month", dimension) for dimension in ("all", "group")]
        cells = [found[kpi, "month", dimension] for dimension in ("all", "group")]
        for expected, rows in zip(told, cells, strict=True):
            assert {key: row.n for key, row in rows.items()} == {key: row.n for key, row in expected.items()}
            published = {key: row for key, row in rows.items() if row.value is not None}
            assert all(is_same(expected[key], row) for key, row in published.items())
            assert all(row.n >= LEAST for row in published.values())
            assert all(row == hidden(row) for key, row in rows.items() if key not in published)
        assert not list(disclosed(*cells)), kpi


def hidden(row: Row) -> Row:
    return Row(None, row.n, None, None, is_low_sample=row.is_low_sample)


def disclosed(wholes: Rows, teams: Rows) -> Iterator[tuple[date, str, int]]:
    """Where a published value less published parts of it leaves somebody, but fewer than five."""
    months = {start for _, start, _, _ in wholes}
    accounts = sorted({account for account, _, _, _ in wholes} - {EVERYBODY})
    for month in months:
        for parts in product((False, True), repeat=len(accounts)):
            known = [
                published(teams, account, month) if by_team else published(wholes, account, month)
                for account, by_team in zip(accounts, parts, strict=True)
            ]
            for account, whole in [
                (EVERYBODY, [n for some in known for n in some]),
                *zip(accounts, known, strict=True),
            ]:
                for n in published(wholes, account, month):
                    if 0 < n - sum(whole) < LEAST:
                        yield month, account, n - sum(whole)


def published(rows: Rows, account: str, month: date) -> list[int]:
    """How many answers each value that an account shows rests on."""
    return [row.n for key, row in rows.items() if key[:2] == (account, month) and row.value is not None]


def surveyed(counts: Mapping[tuple[str | None, str], int]) -> Sequence[Line]:
    """So many answers of each account's team, all of one month."""
    at, random = datetime(2026, 10, 7, 9, tzinfo=UTC), Random(1)
    return [
        {"id": f"{account}-{team}-{number}", "account": account, "survey_type": "employee", "scale": "1-5",
         "score": random.randint(1, 5), "team": team, "answered_at": at}
        for (account, team), count in counts.items()
        for number in range(count)
    ]  # fmt: skip


CASES = [
    pytest.param({("north", "day"): 9, ("north", "night"): 3}, id="a team too small"),
    pytest.param({("north", "day"): 20, ("south", "day"): 3}, id="an account too small"),
    pytest.param(
        {("north", "day"): 10, ("north", "night"): 10, ("south", "day"): 3},
        id="an account too small beside one of teams",
    ),
    pytest.param({("north", "day"): 9, ("north", "night"): 5, ("south", "day"): 7}, id="all large enough"),
]


@pytest.mark.parametrize("counts", CASES)
def test_no_difference_tells_what_fewer_than_five_said(
    database: sa.Engine, tmp_path: Path, counts: Mapping[tuple[str | None, str], int]
) -> None:
    world = World(1)
    office = Office(database, tmp_path / "drop", read_by(KPIS), lambda: world.now)
    world.drop(office, "survey_answers-1", list(surveyed(counts)))
    office.sync()
    found = shown(database, *KPIS)
    cells = [found["esat_score", "month", dimension] for dimension in ("all", "group")]
    assert not list(disclosed(*cells))
    if min(counts.values()) >= LEAST:
        assert all(row.value is not None for rows in cells for row in rows.values())


@pytest.mark.parametrize("seed", range(2))
def test_employees_surveys_are_what_the_files_say_and_keep_the_few_hidden(
    database: sa.Engine, tmp_path: Path, seed: int
) -> None:
    world = World(seed)
    office = Office(database, tmp_path / "drop", read_by(KPIS), lambda: world.now)
    world.begin(office, "survey_answers")
    office.sync()
    check(database, Outside(world, "UTC"))
    world.go_on(office, "survey_answers")
    office.sync()
    check(database, Outside(world, "UTC"))
