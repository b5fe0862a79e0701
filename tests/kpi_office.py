"""A drop folder's account beside whatever else a database holds: plain lines become files, and are synced."""

import asyncio
import csv
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.files import kind_named
from kpi.catalog import CATALOG
from kpi.recompute import Reporting, refresh
from storage.store import Store
from sync import accounts
from sync.asked import Asked
from sync.engine import Engine

Line = Mapping[str, Any]
"""A file's line by column, as plain values."""
OFFICE = "office"


def read_by(kpis: Collection[str], zone: str = "UTC", **more: Any) -> Reporting:
    """How numbers are cut where only some KPIs are asked for."""
    vendors = {OFFICE: "files", **more.pop("vendors", {})}
    catalog = [metric for metric in CATALOG if metric.id in kpis]
    return Reporting(zone=zone, vendors=vendors, catalog=catalog, **more)


class Office:
    """The files account, and a clock that all tell the time by."""

    def __init__(
        self, database: sa.Engine, folder: Path, reporting: Reporting, clock: Callable[[], datetime]
    ) -> None:
        self.database, self.folder, self.reporting, self.clock = database, folder, reporting, clock
        folder.mkdir(exist_ok=True)
        prefix = f"ACCOUNTS__{OFFICE.upper()}__"
        given = {f"{prefix}CONNECTOR": "files", f"{prefix}DIRECTORY": str(folder)}
        _, [self.account] = accounts.load(given, clock=clock)
        self.engine = Engine(Store(database, clock=clock), self._refreshed, owner="test", clock=clock)
        self._dropped = count(1)

    def _refreshed(self, _may_be_cut: object = None) -> Any:
        return refresh(self.database, self.reporting, now=self.clock())

    def drop(self, name: str, lines: Sequence[Line]) -> None:
        """A file of the kind that its name begins with; a later one is younger."""
        kind = kind_named(name.split("-", maxsplit=1)[0])
        path = self.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in kind.columns)
            for line in lines:
                assert set(line) <= {column.name for column in kind.columns}
                writer.writerow(_cell(line.get(column.name)) for column in kind.columns)
        at = 1_700_000_000 + next(self._dropped)
        os.utime(path, (at, at))

    def sync(self) -> None:
        report = asyncio.run(self.engine.sync(self.account, Asked()))
        assert (report.sentence, report.rejected) == ("", 0), report.bug


def _cell(value: Any) -> str:
    """Instants as people write them: in their own zones."""
    if isinstance(value, datetime):
        ahead = timedelta(hours=value.second % 25 - 12)
        return (value.astimezone(UTC) + ahead).replace(tzinfo=None).isoformat() + _offset(ahead)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _offset(ahead: timedelta) -> str:
    hours = int(ahead.total_seconds()) // 3_600
    return f"{'-' if hours < 0 else '+'}{abs(hours):02}:00"
