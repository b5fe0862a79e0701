"""Opening what a command works with: settings, accounts, the database, its store and its KPIs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors import Misconfigured, utc_now
from kpi.recompute import Refreshed, Reporting, refresh
from storage.database import open_database
from storage.store import Store
from sync import accounts, environment, kpi_file, logs, settings
from sync.accounts import Account
from sync.report import Watch
from sync.settings import BadSettings, Settings
from sync.waiting import MayBeCut


@dataclass(frozen=True, slots=True)
class House:
    """Everything a command needs, opened once."""

    settings: Settings
    accounts: tuple[Account, ...]
    database: sa.Engine
    store: Store

    def choose(self, names: Sequence[str]) -> tuple[Account, ...]:
        """The named accounts, or all that are enabled; an unknown name is answered with those there are."""
        known = {account.name: account for account in self.accounts}
        if unknown := [name for name in names if name not in known]:
            listed = ", ".join(known) or "none; see settings.example.env"
            raise Misconfigured(f"there is no account {', '.join(unknown)}; configured: {listed}")
        if not known:
            raise Misconfigured(
                "no account is configured: run `deskpulse init`, or set DESKPULSE_ACCOUNTS__<NAME>__CONNECTOR"
            )
        return tuple(known[name] for name in names) or tuple(a for a in self.accounts if a.enabled)


def reporting_of(found: Settings) -> Reporting:
    """How the settings and `kpi.toml` want numbers to be cut and meant; BadSettings tells what is wrong."""
    vendors = {name: account.connector for name, account in found.accounts.items()}
    chosen = kpi_file.read(found.kpi_file, vendors)
    return Reporting(
        zone=found.timezone,
        vendors=vendors,
        meaning=chosen.meaning,
        goals=chosen.goals,
        benchmarks=chosen.benchmarks,
    )


def refresher(house: House, watch: Watch) -> Callable[[MayBeCut], Refreshed]:
    """What brings the KPIs up to what is stored, now; `watch` follows it.

    `kpi.toml` is read anew each time. One that cannot be used is told, and the last good one holds.
    """
    reporting = reporting_of(house.settings)

    def refreshed(may_be_cut: MayBeCut) -> Refreshed:
        nonlocal reporting
        try:
            reporting = reporting_of(house.settings)
        except BadSettings as bad:
            for problem in bad.problems:
                logs.LOGGER.error("%s (until then the KPIs mean what they did before)", problem)

        def progress(what: str, done: int, of: int) -> None:
            watch.computing(what, done, of)
            may_be_cut()

        return refresh(house.database, reporting, now=utc_now(), progress=progress)

    return refreshed


@contextmanager
def opened(variables: Mapping[str, str] | None = None, **seams: Any) -> Iterator[House]:
    """Settings with every connector's fields checked, and the database brought up to date where it may be.

    `variables` stand in for the environment's; `seams` (clock, sleep, transport) go to the connectors.
    """
    found, known = accounts.load(environment.read() if variables is None else variables, **seams)
    reporting_of(found)  # what is wrong in it is told before anything begins
    with _database(found) as database:
        yield House(found, known, database, Store(database, store_subjects=found.store_subjects))


@contextmanager
def opened_to_read() -> Iterator[tuple[Settings, sa.Engine]]:
    """For commands that only look at what is stored: a connector's fields may be wrong."""
    found = settings.load(environment.read())
    with _database(found) as database:
        yield found, database


@contextmanager
def _database(found: Settings) -> Iterator[sa.Engine]:
    url = found.database_url.get_secret_value()
    if password := sa.make_url(url).password:
        logs.keep_secret([password])
    database = open_database(url)
    try:
        yield database
    finally:
        database.dispose()
