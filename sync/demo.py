"""`demo`: the whole product in one go, on helpdesks that this machine makes up.

Each vendor's sandbox runs as a process of its own and tells the same history in its vendor's dialect.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors import utc_now
from connectors.registry import names as installed_connectors
from connectors.sandbox.vendors import VENDORS
from kpi.catalog import CATALOG
from kpi.values import values
from sync import logs
from sync.engine import Engine
from sync.kpi_table import LEGEND, pivot
from sync.lease import this_process
from sync.opening import House, opened, refresher
from sync.report import Logged, Report
from sync.telling import DONE, FAILED, NotPossible
from sync.terminal import Bars, out, run_lines, say, table
from sync.words import duration, number, several

DATABASE = Path("demo.db")
TICKETS = 2_000
DAYS = 150
CHANGED = 40
SHOWN = (
    "ticket_volume", "tickets_solved", "net_ticket_flow", "backlog", "backlog_unreplied", "backlog_age",
    "csat_score", "csat_response_rate", "nps", "ces_score", "first_response_time", "first_response_time_business",
    "first_response_within_target_rate", "avg_reply_time", "full_resolution_time", "full_resolution_time_business",
    "requester_wait_time", "fcr_rate", "one_touch_rate", "reopen_rate", "replies_per_ticket", "transfer_rate",
    "average_handle_time", "abandonment_rate", "sla_attainment_rate", "bot_deflection_rate",
)  # fmt: skip
"""The KPIs a first look is about; `deskpulse kpi` shows all."""
_LATER = timedelta(minutes=10)
"""Vendors withhold or index the latest changes for a while."""
_STARTUP_SECONDS = 60


class Clock:
    """Time as the demo's helpdesks have it: it can be moved on, so that nobody waits for theirs."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass(frozen=True, slots=True)
class Helpdesk:
    """A sandbox that answers, and the settings with which an account reaches it."""

    vendor: str
    url: str
    settings: Mapping[str, str]

    def ask(self, what: str, **arguments: Any) -> None:
        """Make something happen there."""
        request = urllib.request.Request(  # noqa: S310 - the sandbox on this machine
            f"{self.url}/_sandbox/{what}",
            json.dumps(arguments).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_STARTUP_SECONDS):  # noqa: S310
            pass


def show(folder: Path | None = None) -> int:
    """Two syncs of every vendor and the KPIs; 1 if a sync failed."""
    database = (folder or Path()) / DATABASE
    _make_room(database)
    vendors = [vendor for vendor in VENDORS if vendor in installed_connectors()]
    say(
        f"Starting {several(len(vendors), 'helpdesk')} on this machine, {number(TICKETS)} tickets of {DAYS} days each …"
    )
    clock = Clock()
    with sandboxes(vendors) as helpdesks, opened(_variables(helpdesks, database), clock=clock) as house:
        first = _sync(house)
        for helpdesk in helpdesks:
            helpdesk.ask("change", count=CHANGED, within_days=30)
            helpdesk.ask("advance", seconds=_LATER.total_seconds())
        clock.ahead = _LATER
        say(f"Something happened to {CHANGED} tickets of each helpdesk. Syncing again …")
        second = _sync(house)
        _show_kpis(house, vendors)
        _show_cost(first, second)
    for line in _NEXT.format(database=database).splitlines():
        say(line)
    return max(FAILED if report.exit_code else DONE for report in (*first, *second))


_NEXT = """
Everything is in {database}. Go on with
  export DESKPULSE_DATABASE_URL=sqlite:///{database}
  deskpulse kpi                                     every KPI, week by week
  deskpulse kpi csat_score first_response_time --by channel --grain month
  deskpulse verify
or with your own helpdesk: deskpulse init"""


@contextmanager
def sandboxes(vendors: Sequence[str]) -> Iterator[list[Helpdesk]]:
    """One made-up history in several dialects; the processes end with the block."""
    now = utc_now().replace(microsecond=0).isoformat()
    with ExitStack() as stack:
        running = [(vendor, stack.enter_context(_process(vendor, now))) for vendor in vendors]
        yield [_answering(vendor, process) for vendor, process in running]


@contextmanager
def _process(vendor: str, now: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "connectors.sandbox", "--vendor", vendor, "--now", now, "--running"]
    command += ["--tickets", str(TICKETS), "--days", str(DAYS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _answering(vendor: str, process: "subprocess.Popen[str]") -> Helpdesk:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise NotPossible(
            f"the sandbox of {vendor} ended at once: run `python -m connectors.sandbox --vendor {vendor}`"
        )
    told = json.loads(line)
    return Helpdesk(vendor, told["url"], told["settings"])


def _variables(helpdesks: Sequence[Helpdesk], database: Path) -> dict[str, str]:
    """What an admin would have set."""
    found = {"DATABASE_URL": f"sqlite:///{database}"}
    for helpdesk in helpdesks:
        prefix = f"ACCOUNTS__{helpdesk.vendor.upper()}__"
        given = {"connector": helpdesk.vendor, "events_since": f"{DAYS + 30}d", **helpdesk.settings}
        found |= {prefix + name.upper(): value for name, value in given.items()}
    return found


def _sync(house: House) -> list[Report]:
    with Bars() if sys.stderr.isatty() else nullcontext(Logged()) as watch:
        if isinstance(watch, Logged):
            logs.configure("console")
        engine = Engine(house.store, refresher(house, watch), owner=this_process(), watch=watch)

        async def everything() -> list[Report]:
            return list(await asyncio.gather(*(engine.sync(account) for account in house.accounts)))

        reports = asyncio.run(everything())
    console = out()
    for report in reports:
        for line in run_lines(report):
            console.print(line, soft_wrap=True)
    return reports


def _show_kpis(house: House, vendors: Sequence[str]) -> None:
    """The last whole month, a column an account."""
    today = utc_now().date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    found = values(house.database, kpis=SHOWN, grain="month", account=None, since=month, until=month)
    columns = [*vendors, "all"]
    made = pivot(
        found, CATALOG, columns, lambda value: "all" if value.account == "*" else value.account,
        title=f"{month:%B %Y}", statistics=("value", "p50"),
    )  # fmt: skip
    console = out()
    console.print()
    console.print(made)
    console.print(LEGEND, style="dim")


def _show_cost(first: Sequence[Report], second: Sequence[Report]) -> None:
    """What the second sync cost beside the first."""
    numbers = ("requests", "rows read", "new or changed", "KPI periods", "seconds")
    made = table("sync", "account", *numbers, title="What it cost", numbers=numbers)
    for name, reports in (("first", first), ("second", second)):
        for report in reports:
            made.add_row(
                name, report.account, number(report.requests), number(report.rows_read), number(report.rows_changed),
                number(report.kpi.periods if report.kpi else 0), duration(report.seconds),
            )  # fmt: skip
    console = out()
    console.print()
    console.print(made)


def _make_room(database: Path) -> None:
    """A demo before this one left its database; anybody else's file of that name stays."""
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as old:
            is_ours = old.execute("SELECT 1 FROM sqlite_master WHERE name = 'report_kpis'").fetchone()
    except sqlite3.Error:
        is_ours = None
    if not is_ours:
        raise NotPossible(f"{database} exists and is none of deskpulse's: move it away first")
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
