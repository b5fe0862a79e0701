"""One sync, or one rebuild of all KPIs, that tells what each part of it cost: a line of JSON at the end.

`python -m tests.bench.timed sync [--full] [STREAM…]`, `… pull …` (no KPIs), `… rebuild`, `… refresh`, or `… read` (only the
facts that a refresh would read); settings come from the environment.
"""

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import psutil

from connectors import utc_now
from kpi.calendar import local_days
from kpi.metric import ANCHORS
from kpi.publishing import stored_vendors
from kpi.recompute import Refreshed, rebuild, refresh
from kpi.sharing import uncollected
from kpi.sources import CellsWork
from kpi.step_cells import touched_stretches
from kpi.step_facts import FactsStep
from kpi.whole import Whole
from kpi.writing import read_touched_periods
from storage.columns import microseconds
from storage.database import reading
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


def recomputed(house: House, meter: Meter, compute: Callable[..., Refreshed]) -> None:
    meter.begin()
    done = compute(house.database, reporting_of(house.settings), now=utc_now(), progress=meter.computing)
    meter.end("KPIs", done.tickets)
    meter.told.periods, meter.told.rows, meter.told.outcome = done.periods, done.values, "done"


def read_touched(house: House, meter: Meter) -> None:
    """New facts of what was touched, then all facts of the touched days read, and nothing made of them."""
    reporting, now = reporting_of(house.settings), microseconds(utc_now())
    today = local_days(reporting.zone).day(now)
    FactsStep(house.database, reporting, today, lambda _done, _of: None).run()
    with reading(house.database) as connection, uncollected():
        touched = {anchor: read_touched_periods(connection, anchor.name) for anchor in ANCHORS}
        ahead = touched_stretches(reporting.catalog, touched)
        work = CellsWork(now, today, reporting.zone, stored_vendors(connection), Whole())
        meter.begin()
        rows = sum(len(facts.days) for stretch in ahead for _, _, facts in work.facts(connection, stretch))
    meter.end("KPIs", rows)
    meter.told.rows, meter.told.outcome = rows, "done"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sync", "pull", "rebuild", "refresh", "read"])
    parser.add_argument("streams", nargs="*")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_intermixed_args()
    meter = Meter()
    with opened() as house:
        meter.told.startup_cpu_seconds, began = cpu_seconds(), time.monotonic()
        told = meter.told
        if given.what in ("sync", "pull"):
            asked = Asked(tuple(given.streams), given.full)
            sync(house, meter, asked, with_kpis=given.what == "sync")
        elif given.what == "read":
            read_touched(house, meter)
        else:
            recomputed(house, meter, rebuild if given.what == "rebuild" else refresh)
        told.cpu_seconds = cpu_seconds() - told.startup_cpu_seconds
        told.seconds = time.monotonic() - began
    print(json.dumps(asdict(told)))


if __name__ == "__main__":
    main()
