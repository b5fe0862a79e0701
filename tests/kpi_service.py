"""One vendor's imitation of a desk, synced by the real engine into a database and refreshed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.sandbox import Desk, Freshdesk, HubSpot, Sandbox, Zendesk
from connectors.sandbox.freshdesk import words as freshdesk
from connectors.sandbox.hubspot import words as hubspot
from connectors.sandbox.zendesk import ids as zendesk
from kpi.explain import Explanation, explain
from kpi.recompute import Reporting, refresh
from storage.store import Store
from sync import accounts
from sync.asked import Asked
from sync.engine import Engine
from tests.kpi_meant import meant
from tests.kpi_oracle import Cell, Words

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DIALECTS = {"zendesk": Zendesk, "freshdesk": Freshdesk, "hubspot": HubSpot}
WORDS = {
    "zendesk": Words(
        lambda agent: f"zendesk/{zendesk.user(agent)}",
        lambda group: f"zendesk/{zendesk.GROUP + group}",
        {},
        three_is_bad=True,
    ),
    "freshdesk": Words(
        lambda agent: f"freshdesk/{freshdesk.PERSON + agent}",
        lambda group: f"freshdesk/{freshdesk.GROUP + group}",
        {"api": "web"},
        no_priority="low",
        has_calls=False,
    ),
    "hubspot": Words(
        lambda agent: f"hubspot/{hubspot.OWNER + agent}",
        lambda group: f"hubspot/{hubspot.TEAM + group}",
        {"api": "other", "social": "other"},
        first_ticket=hubspot.TICKET,
        has_marks=False,
        category=str.upper,
    ),
}
Cells = dict[tuple[str, str, str], dict[tuple[date, str], Cell]]


class Service:
    """One account, named as its vendor is; its clock is the desk's."""

    def __init__(self, database: sa.Engine, vendor: str, sandbox: Sandbox, zone: str = "UTC") -> None:
        self.database, self.vendor, self.clock = database, vendor, sandbox.clock
        begun = (NOW - timedelta(days=150)).date().isoformat()
        own = {"connector": vendor, "since": begun, "events_since": begun, **sandbox.settings}
        given = {f"ACCOUNTS__{vendor.upper()}__{name.upper()}": value for name, value in own.items()}
        _, [self.account] = accounts.load(given, clock=self.clock, sleep=self.clock.sleep)
        self.reporting = Reporting(zone=zone, vendors={vendor: vendor}, meaning=meant())
        store = Store(database, clock=self.clock)
        self.engine = Engine(store, self._refreshed, owner="test", clock=self.clock)

    def _refreshed(self, _may_be_cut: object = None) -> Any:
        return refresh(self.database, self.reporting, now=self.clock())

    def sync(self) -> None:
        report = asyncio.run(self.engine.sync(self.account, Asked()))
        assert report.sentence == ""

    def cells(self) -> Cells:
        """`report_kpis` as a reader sees it, by KPI, grain and dimension."""
        query = sa.text(
            "SELECT kpi, grain, dimension, period_start, member, statistic, value, n FROM report_kpis"
            " WHERE account = :account"
        )
        found: Cells = {}
        with self.database.connect() as connection:
            for kpi, grain, dimension, start, member, statistic, value, n in connection.execute(
                query, {"account": self.vendor}
            ):
                day = date.fromisoformat(start) if isinstance(start, str) else start
                cells = found.setdefault((kpi, grain, dimension), {})
                known = cells.get((day, member))
                cells[day, member] = Cell(n, {**(known.values if known else {}), statistic: value})
        return found

    def explained(self, kpi: str, month: date, dimension: str = "all", member: str = "") -> Explanation:
        """A month's number."""
        return explain(
            self.database,
            self.reporting,
            kpi=kpi,
            day=month,
            grain="month",
            dimension=dimension,
            member=member,
            account=self.vendor,
            now=self.clock(),
        )


@contextmanager
def told_by(vendor: str, desk: Desk, database: sa.Engine, zone: str = "UTC") -> Iterator[Service]:
    with Sandbox(desk, DIALECTS[vendor](desk)) as sandbox:
        yield Service(database, vendor, sandbox, zone)


def quiet(desk: Desk) -> None:
    """On to a moment before which nothing happened for a while: vendors withhold the latest changes."""
    while True:
        now = desk.now()
        if not any(True for _ in desk.updates(now - 300, now)):
            return
        desk.clock.advance(minutes=1)
