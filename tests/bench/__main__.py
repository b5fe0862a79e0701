"""`make bench`: what a sync costs, beside a loop that does nothing but fetch, decode and insert.

Processor time is what counts: the sandbox is another process on the same machine, and may take as much of
it as what is measured. Results are printed, and written to bench-results/ as JSON.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from connectors.registry import names as installed_connectors
from connectors.sandbox.vendors import VENDORS
from storage.database import connect, migrate
from tests.bench.catalogue import catalogue
from tests.bench.measured import Cost, Served, run, sandbox
from tests.postgres import Cluster

CHANGED = 1_000
"""Or a fortieth, where there are fewer tickets: they must be of the last 30 days and not closed."""
_RESULTS = Path("bench-results")
_DATABASES = ("sqlite", "postgres")
_ALONE = {"zendesk": "90d", "freshdesk": "1d", "hubspot": "90d"}
"""Histories that the tickets' stream reads too: Freshdesk's cost a request a ticket, which the bare loop does not make."""


class Bench:
    """Runs what is to be measured, each time in a process of its own."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.results: list[dict[str, Any]] = []
        self._databases = 0

    def new_database(self, kind: str) -> str:
        self._databases += 1
        if kind == "sqlite":
            return f"sqlite:///{self.folder / f'bench-{self._databases}.db'}"
        self.cluster.run(f"CREATE DATABASE bench_{self._databases}")
        url = self.cluster.url(f"bench_{self._databases}")
        database = connect(url)
        migrate(database)
        database.dispose()
        return url

    def bare(self, served: Served, vendor: str, kind: str) -> dict[str, Any]:
        url, before = self.new_database(kind), self.server_cpu_seconds()
        command = [sys.executable, "-m", "tests.bench.bare", vendor, json.dumps(served.settings), url]
        told: dict[str, Any] = json.loads(run(command, folder=self.folder, env={})[1].splitlines()[-1])
        return told | {"server_cpu_seconds": self.server_cpu_seconds() - before}

    def server_cpu_seconds(self) -> float:
        """What Postgres has used up in connections that are closed."""
        used = psutil.Process(self.cluster.process.pid).cpu_times()
        return float(used.children_user + used.children_system)

    def timed(
        self, served: Served, vendor: str, url: str, *arguments: str, events_since: str = "90d"
    ) -> tuple[Cost, dict[str, Any]]:
        env = {"DESKPULSE_DATABASE_URL": url, **served.account("bench", vendor, events_since=events_since)}
        command = [sys.executable, "-m", "tests.bench.timed", *arguments]
        cost, printed = run(command, folder=self.folder, env=env)
        told: dict[str, Any] = json.loads(printed.splitlines()[-1])
        if not told["outcome"].startswith("done"):
            print(f"{vendor}: {told['outcome']}", file=sys.stderr)
        return cost, told

    def note(self, what: str, vendor: str, kind: str, **figures: Any) -> None:
        self.results.append({"what": what, "vendor": vendor, "database": kind, **figures})
        words = ", ".join(
            f"{name} {value:,}" for name, value in figures.items() if isinstance(value, (int, float))
        )
        print(f"{what} · {vendor} · {kind}: {words}", file=sys.stderr, flush=True)

    # What is measured ------------------------------------------------------------------------

    def first_sync(self, served: Served, vendor: str, kind: str, tickets: int) -> None:
        """The tickets alone beside the bare loop, then everything a sync reads."""
        bare = self.bare(served, vendor, kind)
        url, before = self.new_database(kind), self.server_cpu_seconds()
        cost, told = self.timed(served, vendor, url, "sync", "tickets", events_since=_ALONE[vendor])
        part, kpis = told["parts"]["tickets"], told["parts"]["KPIs"]
        facts = told["parts"].get("of which facts", part | {"cpu_seconds": 0})
        figures = {
            "tickets": tickets,
            "tickets_per_second": round(tickets / told["seconds"]),
            "read_and_store_cpu_us": micro(part["cpu_seconds"], tickets),
            "kpi_cpu_us": micro(kpis["cpu_seconds"], tickets),
            "facts_cpu_us": micro(facts["cpu_seconds"], tickets),
            "all_cpu_us": micro(told["cpu_seconds"], tickets),
            "server_cpu_us": micro(self.server_cpu_seconds() - before, tickets),
            "startup_cpu_seconds": round(told["startup_cpu_seconds"], 2),
            "peak_mb": round(cost.peak_mb),
        }
        figures |= {
            "bare_cpu_us": micro(bare["cpu_seconds"], tickets),
            "bare_server_cpu_us": micro(bare["server_cpu_seconds"], tickets),
            "bare_tickets_per_second": round(tickets / bare["seconds"]),
            "times_bare_without_kpis": ratio(part["cpu_seconds"], bare["cpu_seconds"]),
            "times_bare": ratio(told["cpu_seconds"], bare["cpu_seconds"]),
        }
        self.note("tickets alone", vendor, kind, **figures)

    def everything(self, served: Served, vendor: str, kind: str, tickets: int) -> str:
        url = self.new_database(kind)
        cost, told = self.timed(served, vendor, url, "sync")
        for name, part in told["parts"].items():
            if part["rows"]:
                cpu = part["cpu_seconds"]
                self.note(f"  {name}", vendor, kind, rows=part["rows"], cpu_seconds=round(cpu, 2),
                          cpu_us_a_row=micro(cpu, part["rows"]), seconds=round(part["seconds"], 2))  # fmt: skip
        self.note("whole first sync", vendor, kind, rows=told["rows"], requests=told["requests"],
                  seconds=round(told["seconds"], 1), cpu_seconds=round(told["cpu_seconds"], 1),
                  cpu_us_a_ticket=micro(told["cpu_seconds"], tickets), peak_mb=round(cost.peak_mb))  # fmt: skip
        return url

    def nothing_new(self, served: Served, vendor: str, kind: str, url: str, label: str = "") -> None:
        """Idle, and all tickets again, unchanged."""
        self._again(f"idle sync{label}", served, vendor, kind, url, "sync")
        again = f"tickets again, unchanged{label}"
        self._again(again, served, vendor, kind, url, "sync", "--full", "tickets")

    def afterwards(
        self, served: Served, vendor: str, kind: str, url: str, tickets: int, label: str = ""
    ) -> None:
        """Some tickets changed, and all KPIs from scratch."""
        changing = min(CHANGED, tickets // 40)
        served.ask("change", count=changing, within_days=30)
        served.ask("advance", seconds=300)
        changed = self._again(f"{changing:,} tickets changed" + label, served, vendor, kind, url, "sync")
        scratch = self._again("all KPIs from scratch" + label, served, vendor, kind, url, "rebuild")
        refreshed = changed["parts"]["KPIs"]
        self.note("refresh after changes, of from scratch" + label, vendor, kind,
                  share_of_seconds=ratio(refreshed["seconds"], scratch["parts"]["KPIs"]["seconds"]),
                  share_of_cpu=ratio(refreshed["cpu_seconds"], scratch["parts"]["KPIs"]["cpu_seconds"]))  # fmt: skip

    def _again(
        self, what: str, served: Served, vendor: str, kind: str, url: str, *arguments: str
    ) -> dict[str, Any]:
        cost, told = self.timed(served, vendor, url, *arguments)
        kpis = told["parts"]["KPIs"]
        self.note(what, vendor, kind, requests=told["requests"], rows=told["rows"], changed=told["changed"],
                  periods=told["periods"], kpi_seconds=round(kpis["seconds"], 2),
                  kpi_cpu_seconds=round(kpis["cpu_seconds"], 2), seconds=round(told["seconds"], 2),
                  cpu_seconds=round(told["cpu_seconds"], 2),
                  peak_mb=round(cost.peak_mb))  # fmt: skip
        return told

    def memory(self, vendor: str, tickets: int) -> None:
        """A tenth of the tickets, and all of them: peaks of reading and storing, and of computing every KPI."""
        peaks: dict[str, list[float]] = {"pull": [], "rebuild": []}
        for size in (tickets // 10, tickets):
            with sandbox(vendor, size) as served:
                url = self.new_database("sqlite")
                for what, arguments in (("pull", ["tickets"]), ("rebuild", [])):
                    cost, told = self.timed(served, vendor, url, what, *arguments)
                    peaks[what].append(cost.peak_mb)
                    self.note(f"memory: {what}", vendor, "sqlite", tickets=size, peak_mb=round(cost.peak_mb, 1),
                              seconds=round(told["seconds"], 1), cpu_seconds=round(told["cpu_seconds"], 1))  # fmt: skip
        for what, (small, large) in peaks.items():
            self.note(f"memory: {what}, all of a tenth", vendor, "sqlite", times=ratio(large, small))


def micro(seconds: float, count: int) -> int:
    """Microseconds each."""
    return round(seconds * 1_000_000 / max(count, 1))


def ratio(one: float, other: float) -> float:
    return round(one / max(other, 1e-9), 3)


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="deskpulse-bench-") as folder:
        cluster = Cluster()
        try:
            yield Bench(Path(folder), cluster)
        finally:
            cluster.remove()


def show(results: Sequence[dict[str, Any]]) -> None:
    console = Console(width=160)
    for what in dict.fromkeys(result["what"] for result in results):
        rows = [result for result in results if result["what"] == what]
        names = [name for name in rows[0] if name != "what"]
        table = Table(title=what.strip(), title_justify="left", show_edge=False)
        for name in names:
            table.add_column(
                name.replace("_", " "), justify="left" if name in ("vendor", "database") else "right"
            )
        for row in rows:
            table.add_row(
                *(f"{value:,}" if isinstance(value, (int, float)) else value for value in map(row.get, names))
            )
        console.print(table, "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--tickets", type=int, default=20_000, help="in the 12 months' history")
    parser.add_argument("--full", action="store_true", help="a million tickets; takes hours")
    parser.add_argument("--vendor", action="append", choices=VENDORS, help="only this one; may be repeated")
    parser.add_argument("--only", action="append", choices=["throughput", "refresh", "memory", "catalogue"])
    given = parser.parse_args()
    tickets = 1_000_000 if given.full else given.tickets
    parts = given.only or ["throughput", "refresh", "memory", "catalogue"]
    vendors = [vendor for vendor in given.vendor or VENDORS if vendor in installed_connectors()]
    began = datetime.now(UTC)
    with bench() as running:
        for vendor in vendors:
            measure(running, vendor, tickets, parts)
        if "catalogue" in parts:
            catalogue(running, tickets)
        show(running.results)
        machine = {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
        }
        _RESULTS.mkdir(exist_ok=True)
        path = _RESULTS / f"{began:%Y%m%dT%H%M%S}.json"
        path.write_text(
            json.dumps({"at": began.isoformat(), "machine": machine, "results": running.results}, indent=1)
        )
        print(f"written to {path}")


def measure(running: Bench, vendor: str, tickets: int, parts: Sequence[str]) -> None:
    if "throughput" in parts:
        with sandbox(vendor, tickets) as served:
            for kind in _DATABASES:
                running.first_sync(served, vendor, kind, tickets)
            urls = {kind: running.everything(served, vendor, kind, tickets) for kind in _DATABASES}
            if "refresh" in parts:
                for kind, url in urls.items():
                    running.nothing_new(served, vendor, kind, url)
                for kind, url in urls.items():
                    running.afterwards(served, vendor, kind, url, tickets)
            running.note("sandbox", vendor, "", cpu_seconds=round(served.cpu_seconds(), 1))
    if "refresh" in parts and vendor == "zendesk":
        with sandbox(vendor, 2 * tickets, days=730) as served:
            url = running.new_database("sqlite")
            running.timed(served, vendor, url, "sync")
            running.nothing_new(served, vendor, "sqlite", url, ", history doubled")
            running.afterwards(served, vendor, "sqlite", url, tickets, ", history doubled")
    if "memory" in parts:
        running.memory(vendor, tickets)


if __name__ == "__main__":
    main()
