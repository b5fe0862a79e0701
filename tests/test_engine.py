import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fake_account import FakeAccount, Refreshed, Script, for_ever, page, ticket

from connectors import (
    Misconfigured,
    Page,
    RateLimited,
    Rejected,
    Unavailable,
    Unexpected,
    Unsupported,
)
from storage.database import open_database
from storage.errors import DatabaseUnavailable
from storage.store import Saved, Store
from storage.tables import reaches
from sync.asked import Asked
from sync.engine import Engine
from sync.report import Outcome, Report, StreamReport, Watch
from sync.waiting import MayBeCut

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """An engine on a real SQLite file, with a KPI refresh that is only counted."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.database = open_database(f"sqlite:///{path}")
        self.store = Store(self.database, clock=self.clock)
        self.refreshes = 0
        self.watch = Watch()

    def engine(self, store: Store | None = None, owner: str = "here:1:x", **options: Any) -> Engine:
        watch = options.pop("watch", self.watch)
        return Engine(
            store or self.store, self.refresh, owner=owner, clock=self.clock, watch=watch, **options
        )

    def refresh(self, _may_be_cut: MayBeCut) -> Refreshed:
        self.refreshes += 1
        return Refreshed(periods=3)

    def sync(self, account: FakeAccount, asked: Asked = Asked(), **options: Any) -> Report:  # noqa: B008 - frozen
        return asyncio.run(self.engine(**options).sync(account, asked))  # type: ignore[arg-type] # a fake

    def tickets(self) -> list[str]:
        with self.database.connect() as connection:
            return [row[0] for row in connection.execute(sa.text("SELECT id FROM tickets ORDER BY id"))]

    def runs(self) -> list[dict[str, Any]]:
        with self.database.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text("SELECT * FROM runs")).mappings()]

    def reaches(self) -> dict[str, datetime | None]:
        """Stream → since when everything was read."""
        with self.database.connect() as connection:
            rows = connection.execute(sa.select(reaches.c.stream, reaches.c.since))
            return {row[0]: row[1] for row in rows}

    def cursor(self, stream: str = "tickets") -> Any:
        known = self.store.checkpoint("acme", stream)
        return known.cursor if known else None


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk.db")
    yield desk
    desk.database.dispose()


def test_pages_are_stored_kpis_refreshed_and_the_run_reported(desk: Desk) -> None:
    account = FakeAccount(Script("tickets", [page(1, 2), page(3)]))

    report = desk.sync(account)

    assert desk.tickets() == ["1", "2", "3"]
    assert desk.cursor() == {"after": 3}
    assert desk.refreshes == 1
    assert (report.outcome, report.exit_code, report.rows_read, report.rows_changed) == (
        Outcome.DONE,
        0,
        3,
        3,
    )
    [run] = desk.runs()
    assert (run["outcome"], run["requests"], run["rows_read"], run["kpi_periods"]) == ("done", 2, 3, 3)
    assert account.opened[0].closed


def test_the_next_sync_goes_on_from_the_checkpoint(desk: Desk) -> None:
    script = Script("tickets", [page(1, 2), page(3)])
    desk.sync(FakeAccount(script))
    report = desk.sync(FakeAccount(script))

    assert script.asked == [None, {"after": 3}]
    assert report.rows_read == 0


def test_full_reads_from_the_beginning_and_changes_nothing(desk: Desk) -> None:
    script = Script("tickets", [page(1, 2), page(3)])
    desk.sync(FakeAccount(script))
    report = desk.sync(FakeAccount(script), Asked(full=True))

    assert script.asked == [None, None]
    assert (report.rows_read, report.rows_changed) == (3, 0)


def test_how_far_back_a_first_sync_read_is_kept_whatever_the_settings_say_later(desk: Desk) -> None:
    first, later = NOW - timedelta(days=30), NOW - timedelta(days=20)
    desk.sync(FakeAccount(Script("groups", [page(7)]), Script("tickets", [page(1), page(2)], since=first)))
    assert desk.reaches() == {"tickets": first}
    desk.sync(FakeAccount(Script("tickets", [page(1), page(2), page(3)], since=later)))
    desk.sync(FakeAccount(Script("tickets", [page(1), page(2)], since=later)), Asked(full=True))
    desk.store.reset("acme")
    assert desk.reaches() == {"tickets": first}


def test_a_full_sync_reaches_further_back_once_it_is_over(desk: Desk) -> None:
    first, further = NOW - timedelta(days=30), NOW - timedelta(days=90)
    desk.sync(FakeAccount(Script("tickets", [page(1), page(2)], since=first)))
    broken = Script("tickets", [page(1), Unavailable("the helpdesk does not answer")], since=further)
    desk.sync(FakeAccount(broken), Asked(full=True))
    assert desk.reaches() == {"tickets": first}
    desk.sync(FakeAccount(Script("tickets", [page(1), page(2)], since=further)))
    assert desk.reaches() == {"tickets": further}


def test_a_first_sync_that_was_cut_has_not_reached_anything_yet(desk: Desk) -> None:
    began = NOW - timedelta(days=30)
    desk.sync(FakeAccount(Script("tickets", [page(1), Unavailable("no answer")], since=began)))
    assert desk.reaches() == {"tickets": None}
    desk.sync(FakeAccount(Script("tickets", [page(1), page(2)], since=NOW)))
    assert desk.reaches() == {"tickets": began}


def test_an_account_of_which_nothing_could_be_read_reaches_nowhere(desk: Desk) -> None:
    desk.sync(FakeAccount(Script("tickets", [Misconfigured("the token was revoked")], since=NOW)))
    assert desk.reaches() == {}


def test_the_next_page_is_fetched_while_one_is_stored(desk: Desk) -> None:
    second_asked = threading.Event()

    class Waiting(Store):
        def save(self, account: str, stream: str, page: Page) -> Saved:
            assert second_asked.wait(5), "the next page was not asked for during the save"
            return super().save(account, stream, page)

    async def note() -> None:
        second_asked.set()

    report = desk.sync(
        FakeAccount(Script("tickets", [page(1), note, page(2)])),
        store=Waiting(desk.database, clock=desk.clock),
    )
    assert report.outcome is Outcome.DONE


def test_reference_data_is_not_read_at_every_sync(desk: Desk) -> None:
    groups = Script("groups", [page(7)], every=timedelta(hours=1))
    account = FakeAccount(groups, Script("tickets", [page(1)]))
    desk.sync(account)
    desk.clock.now += timedelta(minutes=59)
    report = desk.sync(account)
    assert (len(groups.asked), report.streams["groups"].outcome) == (1, Outcome.FRESH)

    desk.clock.now += timedelta(minutes=1)
    desk.sync(account)
    assert len(groups.asked) == 2


@pytest.mark.parametrize("asked", [Asked(full=True), Asked(streams=("groups",))])
def test_what_is_asked_for_is_read_however_fresh(desk: Desk, asked: Asked) -> None:
    groups = Script("groups", [page(7)], every=timedelta(hours=1))
    desk.sync(FakeAccount(groups))
    desk.sync(FakeAccount(groups), asked)
    assert len(groups.asked) == 2


def test_only_named_streams_are_read(desk: Desk) -> None:
    groups, tickets = Script("groups", [page(7)]), Script("tickets", [page(1)])
    desk.sync(FakeAccount(groups, tickets), Asked(streams=("tickets",)))
    assert (len(groups.asked), len(tickets.asked)) == (0, 1)


def test_an_unknown_stream_is_answered_with_those_there_are(desk: Desk) -> None:
    report = desk.sync(FakeAccount(Script("tickets", [])), Asked(streams=("tickts",)))
    assert (report.exit_code, report.sentence) == (2, "there is no stream tickts; choose from tickets")


def test_an_unfinished_stream_keeps_its_pages_and_goes_on_from_there(desk: Desk) -> None:
    broken = Script("tickets", [page(1, 2), Unavailable("the helpdesk does not answer")])
    report = desk.sync(FakeAccount(broken))
    assert desk.tickets() == ["1", "2"]
    assert (report.outcome, report.exit_code) == (Outcome.FAILED, 1)
    assert desk.refreshes == 1  # what was stored counts

    healed = Script("tickets", [page(1, 2), page(3)])
    assert desk.sync(FakeAccount(healed)).outcome is Outcome.DONE
    assert healed.asked == [{"after": 2}]
    assert desk.tickets() == ["1", "2", "3"]


def test_a_failed_stream_does_not_stop_the_others(desk: Desk) -> None:
    account = FakeAccount(
        Script("groups", [Unexpected("a list where an object should be")]), Script("tickets", [page(1)])
    )
    report = desk.sync(account)
    assert desk.tickets() == ["1"]
    assert (report.outcome, report.exit_code) == (Outcome.PARTIAL, 1)
    assert report.sentence == "groups: a list where an object should be"
    known = desk.store.checkpoint("acme", "groups")
    assert known is not None
    assert known.last_error == "a list where an object should be"


def test_a_bug_in_a_connector_does_not_stop_the_others_and_shows_no_data(desk: Desk) -> None:
    account = FakeAccount(Script("groups", [KeyError("a customer's words")]), Script("tickets", [page(1)]))
    report = desk.sync(account)
    assert desk.tickets() == ["1"]
    assert report.sentence == "groups: failed with KeyError, a bug; please report it with the log"


def test_a_stream_that_the_plan_lacks_is_skipped_by_name(desk: Desk) -> None:
    account = FakeAccount(
        Script("calls", [Unsupported("Talk is not part of this plan")]), Script("tickets", [page(1)])
    )
    report = desk.sync(account)
    assert (report.outcome, report.exit_code) == (Outcome.DONE, 0)
    assert report.streams["calls"].outcome is Outcome.SKIPPED
    known = desk.store.checkpoint("acme", "calls")
    assert known is not None
    assert known.skipped == "Talk is not part of this plan"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Misconfigured("the token was revoked: make a new one"), 2),
        (RateLimited("come back in an hour", 3600), 1),
    ],
)
def test_what_concerns_the_whole_account_stops_it(desk: Desk, error: Exception, code: int) -> None:
    later = Script("tickets", [page(2)])
    report = desk.sync(FakeAccount(Script("groups", [page(1), error]), later))
    assert (report.exit_code, report.sentence) == (code, str(error))
    assert later.asked == []
    assert desk.tickets() == ["1"]
    assert desk.refreshes == 1


def test_a_helpdesk_that_is_down_is_not_asked_for_every_stream(desk: Desk) -> None:
    down = Unavailable("the helpdesk does not answer")
    scripts = [Script(name, [down]) for name in ("a", "b", "c")]
    report = desk.sync(FakeAccount(*scripts))
    assert [len(script.asked) for script in scripts] == [1, 1, 0]
    assert (report.outcome, report.sentence) == (Outcome.FAILED, "the helpdesk does not answer")


def test_a_cursor_that_comes_back_is_an_error_and_not_an_endless_loop(desk: Desk) -> None:
    report = desk.sync(
        FakeAccount(Script("tickets", [page(1), page(2), page(3, cursor={"after": 1}), page(4)]))
    )
    assert desk.tickets() == ["1", "2"]
    assert report.exit_code == 1
    assert "same cursor" in report.sentence


def test_a_page_without_cursor_leaves_the_stored_one(desk: Desk) -> None:
    desk.sync(FakeAccount(Script("tickets", [page(1), Page([ticket(2)])])))
    assert desk.cursor() == {"after": 1}


def test_rejected_rows_are_counted_and_stop_nothing(desk: Desk) -> None:
    bad = Rejected("tickets", "9", {"id": 9}, "created_at is missing")
    report = desk.sync(FakeAccount(Script("tickets", [page(1, rejected=[bad])])))
    assert (report.exit_code, report.rejected, report.rows_read) == (0, 1, 2)
    assert len(desk.store.rejected("acme")) == 1


def test_an_account_that_another_process_syncs_is_left_alone(desk: Desk) -> None:
    desk.store.take_lease("acme", "elsewhere", 60)
    account = FakeAccount(Script("tickets", [page(1)]))
    report = desk.sync(account)
    assert (report.outcome, report.exit_code) == (Outcome.BUSY, 1)
    assert (account.opened, desk.runs()) == ([], [])


def test_the_lease_is_given_back(desk: Desk) -> None:
    desk.sync(FakeAccount(Script("tickets", [Unavailable("down")])))
    assert desk.store.take_lease("acme", "elsewhere", 60)


def test_the_kpis_of_two_accounts_are_refreshed_one_after_the_other(desk: Desk) -> None:
    inside = 0

    def refresh(_may_be_cut: MayBeCut) -> Refreshed:
        nonlocal inside
        inside += 1
        assert inside == 1
        threading.Event().wait(0.05)
        inside -= 1
        return Refreshed()

    engine = Engine(desk.store, refresh, owner="here", clock=desk.clock)

    async def both() -> list[Report]:
        accounts = [FakeAccount(Script("tickets", [page(1)]), name=name) for name in ("a", "b")]
        return list(await asyncio.gather(*(engine.sync(account) for account in accounts)))  # type: ignore[arg-type]

    assert [report.outcome for report in asyncio.run(both())] == [Outcome.DONE, Outcome.DONE]


async def cancelled(sync: "asyncio.Task[Report]") -> None:
    sync.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sync


def test_a_cancellation_inside_an_hour_long_wait_stops_at_once_at_a_page_boundary(desk: Desk) -> None:
    first_stored = asyncio.Event()

    class Telling(Watch):
        def stored(self, report: Report, done: StreamReport) -> None:
            first_stored.set()

    async def scenario() -> None:
        account = FakeAccount(Script("tickets", [page(1), for_ever, page(2)]))
        sync = asyncio.create_task(desk.engine(watch=Telling()).sync(account))  # type: ignore[arg-type]
        await first_stored.wait()
        await asyncio.wait_for(cancelled(sync), 1)

    asyncio.run(scenario())
    assert desk.tickets() == ["1"]
    [run] = desk.runs()
    assert run["outcome"] == "interrupted"
    assert desk.refreshes == 0
    assert desk.store.take_lease("acme", "elsewhere", 60)


def test_a_running_save_ends_before_a_cancelled_sync_does(desk: Desk) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Store):
        def save(self, account: str, stream: str, page: Page) -> Saved:
            inside.set()
            go_on.wait(5)
            return super().save(account, stream, page)

    async def scenario() -> None:
        slow = Slow(desk.database, clock=desk.clock)
        account = FakeAccount(Script("tickets", [page(1), for_ever]))
        sync = asyncio.create_task(desk.engine(slow).sync(account))  # type: ignore[arg-type]
        await asyncio.to_thread(inside.wait)
        sync.cancel()
        await asyncio.sleep(0)
        assert not sync.done()
        go_on.set()
        await asyncio.wait_for(cancelled(sync), 2)

    asyncio.run(scenario())
    assert desk.tickets() == ["1"]
    assert desk.cursor() == {"after": 1}


def test_a_cancellation_cuts_a_kpi_refresh_between_two_of_its_steps(desk: Desk) -> None:
    inside, go_on, steps = threading.Event(), threading.Event(), []

    def refresh(may_be_cut: MayBeCut) -> Refreshed:
        for step in range(1_000):
            steps.append(step)
            inside.set()
            go_on.wait(5)
            may_be_cut()
        return Refreshed()

    async def scenario() -> None:
        engine = Engine(desk.store, refresh, owner="here", clock=desk.clock)
        sync = asyncio.create_task(engine.sync(FakeAccount(Script("tickets", [page(1)]))))  # type: ignore[arg-type]
        await asyncio.to_thread(inside.wait)
        sync.cancel()
        await asyncio.sleep(0)
        assert not sync.done()
        go_on.set()
        await asyncio.wait_for(cancelled(sync), 2)

    asyncio.run(scenario())
    assert steps == [0]
    assert desk.runs()[0]["outcome"] == "interrupted"
    assert desk.store.take_lease("acme", "elsewhere", 60)


@pytest.mark.parametrize("method", ["open_run", "checkpoint", "save", "stream_done", "close_run"])
def test_a_database_that_fails_ends_the_run_with_a_sentence(desk: Desk, method: str) -> None:
    def full(*_args: Any, **_figures: Any) -> Any:
        raise DatabaseUnavailable("the disk is full: free some space")

    broken = Store(desk.database, clock=desk.clock)
    setattr(broken, method, full)
    report = desk.sync(FakeAccount(Script("tickets", [page(1)])), store=broken)
    if method == "close_run":  # everything else is done; the next run closes this one
        assert report.outcome is Outcome.DONE
    else:
        assert (report.exit_code, report.sentence) == (1, "the disk is full: free some space")
    assert desk.sync(FakeAccount(Script("tickets", [page(1)]))).outcome is Outcome.DONE
    assert desk.tickets() == ["1"]


def test_a_kpi_refresh_that_fails_keeps_what_was_stored(desk: Desk) -> None:
    def refresh(_may_be_cut: MayBeCut) -> Refreshed:
        raise DatabaseUnavailable("locked for long")

    engine = Engine(desk.store, refresh, owner="here", clock=desk.clock)
    report = asyncio.run(engine.sync(FakeAccount(Script("tickets", [page(1)]))))  # type: ignore[arg-type]
    assert (report.exit_code, report.sentence) == (1, "locked for long")
    assert desk.tickets() == ["1"]
    assert desk.runs()[0]["outcome"] == "failed"


def test_a_watcher_hears_everything_in_order(desk: Desk) -> None:
    heard: list[str] = []

    class Listening(Watch):
        def started(self, report: Report) -> None:
            heard.append("started")

        def reading(self, report: Report, done: StreamReport) -> None:
            heard.append(f"reading {done.stream}")

        def stored(self, report: Report, done: StreamReport) -> None:
            heard.append(f"stored {done.rows}")

        def read(self, report: Report, done: StreamReport) -> None:
            heard.append(f"read {done.stream}")

        def recomputing(self, report: Report) -> None:
            heard.append("recomputing")

        def ended(self, report: Report) -> None:
            heard.append(report.outcome.value)

    desk.sync(FakeAccount(Script("tickets", [page(1, 2), page(3)])), watch=Listening())
    assert heard == [
        "started",
        "reading tickets",
        "stored 2",
        "stored 3",
        "read tickets",
        "recomputing",
        "done",
    ]
