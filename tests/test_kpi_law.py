"""The law of the refresh: however records arrive and whenever it runs, it ends as computing afresh does."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from kpi.catalog import CATALOG
from kpi.chosen_hours import ChosenSchedule, ExtraHolidays
from kpi.meaning import DAY_SECONDS, Meaning, ResponseTarget
from kpi.recompute import Reporting, rebuild, refresh
from kpi.rules import CategoryRule, Threshold
from kpi.shapes import Signs
from kpi.verify import verify
from storage.database import open_database
from storage.derived import FACT_TABLES, kpi_cells
from storage.store import Store
from storage.tables import TABLES, metadata, reaches
from tests.random_history import START, Team

_VENDORS = {"acme": "zendesk", "zeta": "freshdesk"}
_MEANING = Meaning(
    escalation=Signs(groups=frozenset({"g2"}), tags=frozenset({"vip"})),
    complaint=Signs(tags=frozenset({"x"})),
)
_MEANINGS = (
    _MEANING,
    replace(_MEANING, satisfied={"1-5": Threshold(3, 5), "good_bad": Threshold(0, 1)}),
    replace(
        _MEANING,
        fcr_window_seconds=2 * DAY_SECONDS,
        reopen_window_seconds=3 * DAY_SECONDS,
        bot_window_seconds=3600,
        response_targets=(ResponseTarget(7200, frozenset({"chat"})), ResponseTarget(DAY_SECONDS)),
        categories=(
            CategoryRule("seldom", tags=frozenset({"y"})),
            CategoryRule("g", groups=frozenset({"g1"})),
        ),
        schedules=(ChosenSchedule(frozenset({"zeta"}), "UTC", {"2": [[0, 43_200]]}),),
        holidays=(ExtraHolidays(frozenset({"*"}), [["2024-03-01", "2024-03-20"]]),),
    ),
)
_AT_ONCE = 25
"""KPIs that one history is about: every one is in many of them."""
_EXAMPLES = 100 if settings.get_current_profile_name() == "full" else 5
"""Each takes seconds; `--chaos-full` takes its time."""
_ZONES = ("America/New_York", "Asia/Kolkata")


class Killed(BaseException):
    """What a SIGKILL is to a refresh: it ends between two of its transactions."""


def _killer(random: Random) -> Callable[[str, int, int], None]:
    left = random.randint(0, 6)

    def progress(_what: str, _done: int, _of: int) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    return progress


def _live(engine: sa.Engine, random: Random, tickets: int) -> tuple[Reporting, Any]:
    """Deliver everything, and refresh now and then; gives what was asked for last, and when."""
    now, catalog = START, random.sample(CATALOG, _AT_ONCE)
    reporting = Reporting(zone=random.choice(_ZONES), vendors=_VENDORS, meaning=_MEANING, catalog=catalog)
    store = Store(engine, clock=lambda: START)
    for account, page in Team(random).pages(tickets):
        if random.random() < 0.1:
            _read_further(store, random, account)
        store.save(account, "all", page)
        if random.random() < 0.4:
            now += timedelta(hours=random.choice((0, 1, 20, 200, 900)))
            if random.random() < 0.1:
                reporting = replace(reporting, zone=random.choice(_ZONES))
            if random.random() < 0.1:
                reporting = replace(reporting, meaning=random.choice(_MEANINGS))
            with suppress(Killed):
                progress = _killer(random) if random.random() < 0.3 else lambda *_: None
                if random.random() < 0.1:
                    since = random.choice((None, START.date() + timedelta(days=random.randint(0, 60))))
                    rebuild(engine, reporting, now=now, since=since, progress=progress)
                else:
                    refresh(engine, reporting, now=now, progress=progress)
    refresh(engine, reporting, now=now)
    return reporting, now


def _read_further(store: Store, random: Random, account: str) -> None:
    """A walk over a stream of the account begins, further back than another one or not, and may end."""
    stream = random.choice(("tickets", "ticket_events", "ratings"))
    store.walk_begun(account, stream, START + timedelta(hours=random.randint(-100, 1500)))
    if random.random() < 0.7:
        store.stream_done(account, stream, START)


def _contents(engine: sa.Engine) -> dict[str, list[Any]]:
    """Facts, and the cells that readers see, without when they were computed."""
    found = {}
    with engine.connect() as connection:
        for table in FACT_TABLES:
            found[table.name] = sorted(map(repr, connection.execute(sa.select(table))))
        seen = sa.text(
            "SELECT c.* FROM kpi_cells c JOIN kpi_definitions d ON d.kpi = c.kpi AND d.generation = c.generation"
        )
        left_out = ("generation", "computed_at")
        found[kpi_cells.name] = sorted(
            repr({name: value for name, value in row.items() if name not in left_out})
            for row in connection.execute(seen).mappings()
        )
    return found


def _afresh(engine: sa.Engine, elsewhere: sa.Engine, reporting: Reporting, now: Any) -> dict[str, list[Any]]:
    """What the same rows come to in a database that has never seen anything else."""
    with engine.connect() as connection, elsewhere.begin() as other:
        for table in (*TABLES.values(), reaches):
            if rows := [dict(row) for row in connection.execute(sa.select(table)).mappings()]:
                other.execute(sa.insert(table), rows)
    rebuild(elsewhere, reporting, now=now)
    return _contents(elsewhere)


def _empty(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for table in metadata.tables.values():
            connection.execute(sa.delete(table))


@pytest.fixture
def elsewhere(sqlite_template: Any, tmp_path: Any) -> Iterator[sa.Engine]:
    path = tmp_path / "elsewhere.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = open_database(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.mark.chaos
@pytest.mark.timeout(120 if _EXAMPLES < 100 else 3600)
@given(seed=st.integers(0, 2**32), tickets=st.integers(1, 7))
@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_way_of_arriving_ends_as_computing_afresh(
    database: sa.Engine, elsewhere: sa.Engine, seed: int, tickets: int
) -> None:
    for engine in (database, elsewhere):
        _empty(engine)
    reporting, now = _live(database, Random(seed), tickets)
    note(f"{reporting.zone} {now}")
    kept = _contents(database)
    assert kept == _afresh(database, elsewhere, reporting, now)
    assert verify(database, reporting, now=now).is_right
