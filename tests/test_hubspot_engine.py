"""HubSpot through the engine: into a database, with its KPIs, and again after something has changed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sandbox import Desk, HubSpot, Sandbox, faults
from connectors.sandbox.hubspot.words import TICKET
from kpi.recompute import Reporting, refresh
from storage.store import Store
from sync import accounts
from sync.asked import Asked
from sync.engine import Engine
from sync.report import Report

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
VOLUME = (
    "SELECT sum(value) FROM report_kpis WHERE kpi = 'ticket_volume' AND grain = 'month'"
    " AND dimension = 'all' AND account = 'service'"
)


class Service:
    """One HubSpot account in one database; the sandbox's clock is everybody's."""

    def __init__(self, sandbox: Sandbox, database: sa.Engine) -> None:
        self.desk, self.database = sandbox.desk, database
        given: Mapping[str, str] = {
            "ACCOUNTS__SERVICE__CONNECTOR": "hubspot",
            "ACCOUNTS__SERVICE__ACCESS_TOKEN": sandbox.settings["access_token"],
            "ACCOUNTS__SERVICE__BASE_URL": sandbox.url,
            "ACCOUNTS__SERVICE__SINCE": (NOW - timedelta(days=100)).date().isoformat(),
            "ACCOUNTS__SERVICE__EVENTS_SINCE": (NOW - timedelta(days=100)).date().isoformat(),
        }
        clock = self.desk.clock
        _, (self.account,) = accounts.load(given, clock=clock, sleep=clock.sleep)
        reporting = Reporting(zone="UTC", vendors={"service": "hubspot"})
        self.engine = Engine(
            Store(database, clock=clock),
            lambda: refresh(database, reporting, now=clock()),
            owner="test",
            clock=clock,
        )

    def sync(self) -> Report:
        return asyncio.run(self.engine.sync(self.account, Asked()))

    def one(self, query: str) -> Any:
        with self.database.connect() as connection:
            return connection.execute(sa.text(query)).scalar_one()


def countable(desk: Desk) -> int:
    return sum(not ticket.deleted_at and not ticket.merged_into for ticket in desk.tickets())


@pytest.fixture
def sandbox() -> Any:
    desk = Desk(seed=11, tickets=180, days=60, now=NOW)
    with Sandbox(desk, HubSpot(desk)) as running:
        yield running


def test_a_sync_fills_the_database_and_its_kpis_and_the_next_only_what_changed(
    sandbox: Sandbox, database: sa.Engine
) -> None:
    service = Service(sandbox, database)
    first = service.sync()

    assert first.sentence == ""
    assert first.kpi is not None
    assert service.one(VOLUME) == countable(sandbox.desk)
    assert service.one("SELECT count(*) FROM report_ratings") > 10
    assert service.one("SELECT count(*) FROM report_calls") > 5
    assert service.one("SELECT count(*) FROM report_tickets WHERE status = 'closed'") > 50
    named = "SELECT count(*) FROM report_tickets WHERE agent_id IS NOT NULL AND agent_name IS NULL"
    assert service.one(named) == 0

    sandbox.desk.clock.advance(minutes=15)
    number = next(t.number for t in sandbox.desk.tickets() if not t.is_solved and not t.deleted_at)
    sandbox.desk.act(number, ("status", "solved"), actor=3, role="agent")
    sandbox.desk.clock.advance(minutes=5)
    second = service.sync()

    assert second.sentence == ""
    assert second.requests < first.requests
    solved = f"SELECT status FROM report_tickets WHERE ticket_id = '{TICKET + number}'"
    assert service.one(solved) == "closed"
    assert service.one(VOLUME) == countable(sandbox.desk)


def test_surveys_that_always_fail_stop_nothing_else(sandbox: Sandbox, database: sa.Engine) -> None:
    sandbox.fail("feedback_submissions", faults.status(500, "{}"), times=1_000)
    service = Service(sandbox, database)
    report = service.sync()

    failed = {name for name, stream in report.streams.items() if stream.sentence}
    assert failed == {"ratings", "archived_ratings"}
    assert service.one("SELECT count(*) FROM report_calls") > 5
    assert service.one(VOLUME) == countable(sandbox.desk)
