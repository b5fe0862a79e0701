"""The refresh: what was touched is computed again, and nothing else.

    touches → facts of the touched tickets → touched days → cells of the touched periods

Each step can be cut anywhere. A batch of touches becomes facts, touched days and forgotten touches in
one transaction. Then the touched days' periods are read whole, computed, and replaced, period by
period; the touched days are forgotten when that is done.

Where everything must be computed again, a sweep replaces all facts part by part, and cells are built
beside the published ones (kpi.publishing).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

import sqlalchemy as sa

from kpi.calendar import day_number, local_days
from kpi.exclusive import exclusively
from kpi.goals import keep
from kpi.publishing import begin, changed_metrics, known_vendors, of_answers, publish, stored_vendors
from kpi.reach import note_reaches, read_reaches, stored_reaches, stored_whole
from kpi.repairing import touch_since
from kpi.reporting import Reporting
from kpi.restating import because
from kpi.settling import settle
from kpi.sharing import uncollected
from kpi.step_cells import CellsStep, is_waiting, pass_time
from kpi.step_facts import FactsStep
from kpi.whole import Whole
from kpi.wording import worded
from storage.columns import microseconds
from storage.errors import explained
from storage.judged import Cause

__all__ = ["Progress", "Refreshed", "Reporting", "rebuild", "refresh"]

Progress = Callable[[str, int, int], None]
"""What is being done (`facts`, `cells`), how much of it is done, and of how much."""


def no_progress(_what: str, _done: int, _of: int) -> None:
    return None


@dataclass(slots=True)
class Refreshed:
    """What a refresh did."""

    tickets: int = 0
    periods: int = 0
    values: int = 0
    seconds: float = 0.0


def refresh(
    engine: sa.Engine, reporting: Reporting, *, now: datetime, progress: Progress = no_progress
) -> Refreshed:
    """Bring every KPI up to what is stored and to `now`; nothing changed is nothing done.

    Raises StorageError.
    """
    with _work(engine, reporting, now, progress) as work:
        work.run()
    return work.done


def rebuild(
    engine: sa.Engine,
    reporting: Reporting,
    *,
    now: datetime,
    since: date | None = None,
    progress: Progress = no_progress,
) -> Refreshed:
    """Compute every fact and every cell again from the records; with `since`, those of that day and later.

    Readers see the values as they were until all of the new ones are there; with `since`, until each
    period is replaced. Raises StorageError.
    """
    with _work(engine, reporting, now, progress) as work:
        if since is None:
            work.start_over()
        else:
            work.touch_since(day_number(since))
        work.run()
    return work.done


@contextmanager
def _work(engine: sa.Engine, reporting: Reporting, now: datetime, progress: Progress) -> Iterator["Work"]:
    began = time.monotonic()
    with explained(engine), exclusively(engine), uncollected():
        work = Work(engine, reporting, microseconds(now), progress)
        yield work
    work.done.seconds = time.monotonic() - began


class Work:
    """One refresh, for whoever holds the right to it."""

    def __init__(self, engine: sa.Engine, reporting: Reporting, now: int, progress: Progress) -> None:
        reporting = replace(reporting, catalog=worded(reporting.catalog, reporting.meaning))
        self.engine, self.reporting, self.now = engine, reporting, now
        self.done = Refreshed()
        today = local_days(reporting.zone).day(now)
        self.facts = FactsStep(engine, reporting, today, partial(progress, "facts"))
        self.told = partial(progress, "cells")

    def run(self) -> None:
        vendors, whole = self._prepare()
        self.facts.run()
        catalog, zone = self.reporting.catalog, self.reporting.zone
        with self.engine.begin() as connection:
            pass_time(connection, catalog, zone, self.now)
        cells = CellsStep(self.engine, catalog, vendors, whole, zone, self.now, self.told)
        cells.run()
        with self.engine.begin() as connection:
            settle(connection, catalog, local_days(zone).day(self.now))
        self.done.tickets, self.done.periods, self.done.values = (
            self.facts.tickets,
            cells.periods,
            cells.values,
        )

    def is_done(self, connection: sa.Connection) -> bool:
        """Whether nothing waits to be computed, apart from the time that passes."""
        vendors = stored_vendors(connection)
        return not (
            self.facts.is_stale(connection)
            or self.facts.has_stale_answers(connection)
            or self.facts.is_waiting(connection)
            or is_waiting(connection, self.reporting.catalog)
            or {**vendors, **self.reporting.vendors} != vendors
            or read_reaches(connection) != stored_reaches(connection)
        )

    def start_over(self) -> None:
        with self.engine.begin() as connection:
            self._start_over(connection, Cause.RECOMPUTATION)

    def _start_over(self, connection: sa.Connection, cause: Cause) -> None:
        because(connection, cause)
        self.facts.start_over(connection)
        begin(connection, self.reporting.catalog)

    def _prepare(self) -> tuple[Mapping[str, str], Whole]:
        """Notice what means something else than before; gives each account's connector, and from when
        on all of it was read.
        """
        with self.engine.begin() as connection:
            catalog = self.reporting.catalog
            if self.facts.is_stale(connection):
                self._start_over(connection, Cause.MEANING)
            elif self.facts.has_stale_answers(connection):
                because(connection, Cause.MEANING)
                self.facts.read_answers_again(connection)
                begin(connection, of_answers(catalog))
            vendors, is_changed = known_vendors(connection, self.reporting.vendors)
            is_changed |= note_reaches(connection)
            begin(connection, catalog if is_changed else changed_metrics(connection, catalog))
            publish(connection, catalog)
            keep(connection, self.reporting.goals, self.reporting.benchmarks)
            return vendors, stored_whole(connection, self.reporting.zone)

    def touch_since(self, day: int) -> None:
        """Touch what may bear on that day or later: tickets, and all days that hold facts or cells."""
        with self.engine.begin() as connection:
            zone = self.reporting.zone
            touch_since(connection, self.reporting.catalog, zone, day, local_days(zone).day(self.now))
