"""One sync, or one rebuild of all KPIs, that tells what each part of it cost: a line of JSON at the end.

`python -m tests.bench.timed sync [--full] [STREAM…]`, `… pull …` (no KPIs) or `… rebuild`; settings come from the
environment.
"""

import argparse
import asyncio
import json
import resource
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import psutil

from connectors import utc_now
from kpi.recompute import Refreshed, rebuild
from sync.asked import Asked
from sync.engine import Engine
from sync.lease import this_process
from sync.opening import House, opened, refresher, reporting_of
from sync.report import Report, StreamReport, Watch


def cpu_seconds() -> float:
    """Of this process and of those it has started, whether they have ended or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = time.process_time() + ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            used = child.cpu_times()
            found += used.user + used.system
    return found


@dataclass
class Part:
    """One stream, or the KPI refresh."""

    rows: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0


@dataclass
class Told:
    startup_cpu_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Without the start-up."""
    seconds: float = 0.0
    outcome: str = ""
    requests: int = 0
    rows: int = 0
    changed: int = 0
    periods: int = 0
    parts: dict[str, Part] = field(default_factory=dict)


class Meter(Watch):
    """Reads the processor's clock wherever one part ends and the next begins."""

    def __init__(self) -> None:
        self.told = Told()
        self._cpu = self._at = 0.0

    def begin(self) -> None:
        self._cpu, self._at = cpu_seconds(), time.monotonic()

    def end(self, name: str, rows: int) -> None:
        self.told.parts[name] = Part(rows, cpu_seconds() - self._cpu, time.monotonic() - self._at)

    def computing(self, what: str, done: int, of: int) -> None:
        """The refresh computes facts, part by part, then cells."""
        if what == "facts":
            self.end("of which facts", done)

    def reading(self, report: Report, done: StreamReport) -> None:
        self.begin()

    def read(self, report: Report, done: StreamReport) -> None:
        self.end(done.stream, done.rows)

    def recomputing(self, report: Report) -> None:
        self.begin()


def sync(house: House, meter: Meter, asked: Asked, *, with_kpis: bool) -> None:
    told = meter.told
    refresh = refresher(house, meter) if with_kpis else lambda _may_be_cut: Refreshed()
    engine = Engine(house.store, refresh, owner=this_process(), watch=meter)
    [account] = house.accounts
    report = asyncio.run(engine.sync(account, asked))
    meter.end("KPIs", report.kpi.tickets if report.kpi else 0)
    told.outcome = f"{report.outcome.value} {report.sentence}".strip()
    told.requests, told.rows, told.changed = report.requests, report.rows_read, report.rows_changed
    told.periods = report.kpi.periods if report.kpi else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sync", "pull", "rebuild"])
    parser.add_argument("streams", nargs="*")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_intermixed_args()
    meter = Meter()
    with opened() as house:
        meter.told.startup_cpu_seconds, began = cpu_seconds(), time.monotonic()
        told = meter.told
        if given.what != "rebuild":
            asked = Asked(tuple(given.streams), given.full)
            sync(house, meter, asked, with_kpis=given.what == "sync")
        else:
            meter.begin()
            done = rebuild(
                house.database, reporting_of(house.settings), now=utc_now(), progress=meter.computing
            )
            meter.end("KPIs", done.tickets)
            told.periods, told.outcome = done.periods, "done"
        told.cpu_seconds = cpu_seconds() - told.startup_cpu_seconds
        told.seconds = time.monotonic() - began
    print(json.dumps(asdict(told)))


if __name__ == "__main__":
    main()
