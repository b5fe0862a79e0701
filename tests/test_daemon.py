import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from fake_account import FakeAccount, Script, for_ever, page, refresh

from connectors import Misconfigured, RateLimited
from storage.database import open_database
from storage.store import Store
from sync import daemon, health
from sync.daemon import Daemon, Patience, first_due
from sync.engine import Engine
from sync.health import DAEMON, judge
from sync.report import Report, Watch
from sync.schedule import parse

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_START_WITHIN", timedelta(0))


class Ended(Watch):
    """Counts ended runs and lets a test wait for them."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.began = asyncio.Event()
        self.stored_one = asyncio.Event()
        self.ended_one = asyncio.Event()

    def reading(self, report: Report, done: object) -> None:
        self.began.set()

    def stored(self, report: Report, done: object) -> None:
        self.stored_one.set()

    def ended(self, report: Report) -> None:
        self.reports.append(report)
        self.ended_one.set()


@asynccontextmanager
async def running(database: sa.Engine, *accounts: FakeAccount) -> AsyncIterator[tuple[Daemon, Ended]]:
    watch, store = Ended(), Store(database)
    engine = Engine(store, refresh, owner="here", watch=watch)
    made = Daemon(engine, store, accounts, owner="here")  # type: ignore[arg-type] # fakes
    serving = asyncio.create_task(made.run())
    yield made, watch
    made.stop()
    assert await asyncio.wait_for(serving, 5)


def test_an_account_is_synced_at_once_and_again_on_its_schedule(database: sa.Engine) -> None:
    async def scenario() -> int:
        async with running(database, FakeAccount(Script("tickets", [page(1)]), every="every 1s")) as (
            _,
            watch,
        ):
            for _again in range(2):
                await asyncio.wait_for(watch.ended_one.wait(), 5)
                watch.ended_one.clear()
            return len(watch.reports)

    assert asyncio.run(scenario()) == 2


def test_stopping_cuts_an_hour_long_wait_at_a_page_boundary(database: sa.Engine) -> None:
    async def scenario() -> tuple[float, list[Report]]:
        account = FakeAccount(Script("tickets", [page(1), for_ever, page(2)]))
        async with running(database, account) as (made, watch):
            await asyncio.wait_for(watch.stored_one.wait(), 5)
            began = time.monotonic()
            made.stop()
            await asyncio.wait_for(watch.ended_one.wait(), 5)
        return time.monotonic() - began, watch.reports

    seconds, reports = asyncio.run(scenario())
    assert seconds < 1
    assert [report.outcome.value for report in reports] == ["interrupted"]
    known = Store(database).checkpoint("acme", "tickets")
    assert known is not None
    assert known.cursor == {"after": 1}


def test_one_account_s_endless_wait_does_not_hold_up_another(database: sa.Engine) -> None:
    async def scenario() -> list[str]:
        stuck = FakeAccount(Script("tickets", [for_ever]), name="stuck")
        async with running(database, stuck, FakeAccount(Script("tickets", [page(1)]))) as (_, watch):
            await asyncio.wait_for(watch.ended_one.wait(), 5)
            return [report.account for report in watch.reports]

    assert asyncio.run(scenario()) == ["acme"]


def test_an_account_is_never_synced_twice_at_once(database: sa.Engine) -> None:
    script = Script("tickets", [for_ever])

    async def scenario() -> None:
        account = FakeAccount(script, every="every 1s")
        async with running(database, account) as (made, watch):
            await asyncio.wait_for(watch.began.wait(), 5)
            for _tick in range(3):
                await made._fire(account)  # type: ignore[arg-type] # a fake
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert len(script.asked) == 1


def test_a_misconfigured_account_is_left_alone_for_a_while_and_the_daemon_stays_up(
    database: sa.Engine,
) -> None:
    script = Script("tickets", [Misconfigured("the token was revoked")])

    async def scenario() -> None:
        account = FakeAccount(script)
        async with running(database, account) as (made, watch):
            await asyncio.wait_for(watch.ended_one.wait(), 5)
            await asyncio.gather(*made._syncs.values())
            await made._fire(account)  # type: ignore[arg-type] # a fake
            assert not made._syncs

    asyncio.run(scenario())
    assert len(script.asked) == 1


def report_of(error: Exception | None) -> Report:
    report = Report("acme", NOW)
    if error:
        report.blame(error)
    return report


def test_patience_grows_from_15_minutes_to_6_hours_and_a_success_ends_it() -> None:
    patience, waits = Patience(), []
    for _ in range(7):
        patience.learn(report_of(Misconfigured("no")), now=0)
        waits.append(patience.not_before / 60)
    assert waits == [15, 30, 60, 120, 240, 360, 360]
    patience.learn(report_of(None), now=0)
    assert (patience.not_before, patience.strikes) == (0, 0)


def test_an_account_that_was_asked_to_wait_waits_so_long() -> None:
    patience = Patience()
    patience.learn(report_of(RateLimited("later", 3600)), now=100)
    assert patience.not_before == 3700


@pytest.mark.parametrize(
    ("rhythm", "last", "due"),
    [
        ("every 10m", None, NOW),
        ("every 10m", NOW - timedelta(minutes=4), NOW + timedelta(minutes=6)),
        ("every 10m", NOW - timedelta(days=4), NOW),
        ("0 6 * * *", None, NOW),
        ("0 6 * * *", NOW - timedelta(hours=2), None),
        ("0 6 * * *", NOW - timedelta(hours=7), NOW),
    ],
)
def test_a_start_does_what_was_missed_once_and_nothing_too_early(
    rhythm: str, last: datetime | None, due: datetime | None
) -> None:
    assert first_due(parse(rhythm), last, NOW) == due


def test_accounts_start_at_different_moments() -> None:
    assert len({daemon.spread(f"account_{number}") for number in range(20)}) > 15


def test_after_a_clock_jump_every_account_is_synced_now(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_WATCH_SECONDS", 0.01)
    database, offset = open_database(sqlite_url), timedelta(0)
    store = Store(database)
    store.stream_done("acme", "tickets", datetime.now(UTC))
    watch_holder: list[Ended] = []

    async def scenario() -> int:
        nonlocal offset
        watch = Ended()
        watch_holder.append(watch)
        engine = Engine(store, refresh, owner="here", watch=watch)
        account = FakeAccount(Script("tickets", [page(1)]), every="every 1d")
        made = Daemon(
            engine,
            store,
            [account],
            owner="here",
            clock=lambda: datetime.now(UTC) + offset,  # type: ignore[list-item]
        )
        serving = asyncio.create_task(made.run())
        await asyncio.sleep(0.05)
        assert watch.reports == []
        offset = -timedelta(hours=1)
        await asyncio.wait_for(watch.ended_one.wait(), 5)
        made.stop()
        await serving
        return len(watch.reports)

    assert asyncio.run(scenario()) == 1
    database.dispose()


def test_the_daemon_shows_that_it_lives_and_takes_the_sign_away_when_it_stops(database: sa.Engine) -> None:
    url = database.url.render_as_string(hide_password=False)

    async def scenario() -> bool:
        async with running(database, FakeAccount(Script("tickets", [page(1)]))) as (_, watch):
            await asyncio.wait_for(watch.ended_one.wait(), 5)
            leases, successes = await asyncio.to_thread(health.read, url)
            rhythm = {"acme": parse("every 10m")}
            assert judge(rhythm, leases, successes, now=datetime.now(UTC)) == []
            return DAEMON in leases

    assert asyncio.run(scenario())
    leases, successes = health.read(url)
    complaints = judge({"acme": parse("every 10m")}, leases, successes, now=datetime.now(UTC))
    assert complaints == ["the daemon shows no sign of life: start `deskpulse run`"]


def test_an_account_without_success_is_a_complaint_unless_it_is_being_synced() -> None:
    soon, rhythm = NOW + timedelta(seconds=30), {"acme": parse("every 10m")}
    alive = {DAEMON: soon}
    assert judge(rhythm, alive, {}, now=NOW) == ["acme last succeeded never: see `deskpulse status`"]
    assert judge(rhythm, {**alive, "acme": soon}, {}, now=NOW) == []
    assert judge(rhythm, alive, {"acme": NOW - timedelta(minutes=34)}, now=NOW) == []
    old = {"acme": NOW - timedelta(minutes=36)}
    assert judge(rhythm, alive, old, now=NOW) == ["acme last succeeded 36 min ago: see `deskpulse status`"]
