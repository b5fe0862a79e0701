"""The proof: everything computed from the records once more, elsewhere, and compared with what is stored.

Nothing that a refresh left behind is used. Facts are computed anew into a scratch database, and cells
from those, as they were at the instant for which the stored ones stand.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from kpi import standalone
from kpi.blocks import Cell, cells_of
from kpi.calendar import day_date, day_number, local_days
from kpi.exclusive import exclusively
from kpi.loading import Batch, FactsWork
from kpi.metric import Metric
from kpi.periods import Grain, start_of
from kpi.publishing import generations, stored_vendors
from kpi.reach import stored_whole
from kpi.recompute import Progress, Work, no_progress
from kpi.reporting import Reporting
from kpi.scratch import scratch_database, write_facts, write_standalone
from kpi.selecting import Part, fetched
from kpi.sharing import in_order, processors, uncollected
from kpi.sources import CellsWork, Sources, Stretch, by_sources, stretches
from kpi.standalone import StandalonePart
from kpi.step_cells import DaysOfAll, passed_until
from kpi.step_facts import WORTH_SHARING
from kpi.stored import LESSER, stored_ratings, stored_tickets
from kpi.sweeping import PART, Place, steps
from storage.columns import microseconds
from storage.database import reading
from storage.errors import StorageError, explained

_ATTEMPTS = 10
_KEY = slice(0, Cell._fields.index("n"))
"""What names a cell."""
_VALUES = slice(0, Cell._fields.index("computed_at"))


class Difference(NamedTuple):
    """A cell that is not what the records say; null where one side has none."""

    kpi: str
    grain: str
    period_start: date
    account: str
    dimension: str
    member: str
    stored: Cell | None
    recomputed: Cell | None

    @property
    def columns(self) -> tuple[str, ...]:
        """In what the two differ."""
        if self.stored is None or self.recomputed is None:
            return ()
        pairs = zip(Cell._fields[_VALUES], self.stored, self.recomputed, strict=False)
        return tuple(name for name, stored, recomputed in pairs if stored != recomputed)


class StaleFact(NamedTuple):
    """The stored facts of a ticket or a rating are not what its rows say."""

    what: str
    """`ticket`, `rating`, `call` …: a kind of touch."""
    account: str
    id: str


@dataclass(slots=True)
class Verified:
    """What was compared and found."""

    tickets: int = 0
    values: int = 0
    differences: list[Difference] = field(default_factory=list)
    stale_facts: list[StaleFact] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        return not self.differences and not self.stale_facts


def verify(
    engine: sa.Engine,
    reporting: Reporting,
    *,
    now: datetime,
    since: date | None = None,
    progress: Progress = no_progress,
) -> Verified:
    """Compare every stored fact and cell (with `since`, cells of that day's periods and later ones) with
    the records. What still waits for a refresh is refreshed first, at `now`. Raises StorageError.
    """
    began = time.monotonic()
    found = Verified()
    with (
        explained(engine),
        exclusively(engine),
        uncollected(),
        _settled(engine, reporting, microseconds(now)) as stored,
        scratch_database() as scratch,
    ):
        _check_facts(stored, scratch, reporting, found, progress)
        first = None if since is None else day_number(since)
        _check_cells(stored, scratch, reporting, found, first, progress)
    found.seconds = time.monotonic() - began
    return found


@contextmanager
def _settled(engine: sa.Engine, reporting: Reporting, now: int) -> Iterator[sa.Connection]:
    """One moment of the database at which every page that was stored is computed, too."""
    for _ in range(_ATTEMPTS):
        work = Work(engine, reporting, now, no_progress)
        with reading(engine) as connection:
            if work.is_done(connection):
                yield connection
                return
        work.run()
    raise StorageError("pages come in faster than they are computed: verify again when fewer syncs run")


def _check_facts(
    stored: sa.Connection, scratch: sa.Engine, reporting: Reporting, found: Verified, progress: Progress
) -> None:
    work = FactsWork(reporting.zone, reporting.meaning)
    ahead = list(steps(stored, Place()))
    for done, step in enumerate(ahead, start=1):
        if isinstance(step.part, StandalonePart):
            _check_others(stored, scratch, step.part, work, found)
            continue
        batch = work(stored, step.part)
        found.stale_facts += _stale(stored, step.part, batch)
        found.tickets += len(batch.tickets)
        with scratch.begin() as connection:
            write_facts(connection, batch)
        progress("facts", done * PART, len(ahead) * PART)


def _check_others(
    stored: sa.Connection, scratch: sa.Engine, part: StandalonePart, work: FactsWork, found: Verified
) -> None:
    recomputed, known = standalone.computed(stored, part, work.setting), standalone.stored(stored, part)
    for key in sorted(recomputed.keys() | known.keys()):
        if recomputed.get(key) != known.get(key):
            found.stale_facts.append(StaleFact(part.kind, part.account, key))
    with scratch.begin() as connection:
        write_standalone(connection, part.kind, recomputed.values())


def _stale(stored: sa.Connection, part: Part, batch: Batch) -> Iterator[StaleFact]:
    tickets = stored_tickets(stored, part.account, part.tickets)
    for key in sorted(tickets.keys() | batch.tickets.keys()):
        recomputed = batch.tickets.get(key)
        if tickets.get(key) != (None if recomputed is None else recomputed[: 1 + len(LESSER)]):
            yield StaleFact("ticket", part.account, key)
    ratings = stored_ratings(stored, part, ())
    for key in sorted(ratings.keys() | batch.ratings.keys()):
        if ratings.get(key) != batch.ratings.get(key):
            yield StaleFact("rating", part.account, key)


def _check_cells(
    stored: sa.Connection,
    scratch: sa.Engine,
    reporting: Reporting,
    found: Verified,
    first: int | None,
    progress: Progress,
) -> None:
    now = passed_until(stored) or 0
    today = local_days(reporting.zone).day(now)
    numbers = generations(stored).published
    metrics = [metric for metric in reporting.catalog if metric.id in numbers]
    with reading(scratch) as connection:
        ahead = list(_stretches(stored, connection, metrics, numbers, today, first))
    whole = stored_whole(stored, reporting.zone)
    work = CellsWork(now, today, reporting.zone, stored_vendors(stored), whole)
    processes = processors() if found.tickets >= WORTH_SHARING else 1
    for done, (stretch, computed) in enumerate(in_order(scratch, work, ahead, processes), start=1):
        recomputed = {cell[_KEY]: cell for of_kpi in computed for cell in cells_of(of_kpi)}
        known = {cell[_KEY]: cell for cell in _stored_cells(stored, stretch, numbers)}
        found.values += len(known.keys() | recomputed.keys())
        found.differences += _differences(known, recomputed)
        progress("cells", done, len(ahead))
    for metric in metrics:
        found.differences += _differences(dict(_misplaced(stored, metric, numbers[metric.id])), {})


def _stretches(
    stored: sa.Connection,
    scratch: sa.Connection,
    metrics: Sequence[Metric],
    numbers: Mapping[str, int],
    today: int,
    first: int | None,
) -> Iterator[Stretch]:
    """All periods for which there are facts, or cells that should not be there."""
    mark = "?" if stored.dialect.name == "sqlite" else "%s"
    query = f"SELECT DISTINCT period FROM kpi_cells WHERE kpi = {mark} AND generation = {mark}"

    found = DaysOfAll(scratch, today)

    def days_of(sources: Sources, of_sources: Sequence[Metric]) -> Iterator[int]:
        days = set(found(sources))
        for metric in of_sources:
            days.update(row[0] for row in fetched(stored, query, (metric.id, numbers[metric.id])))
        return (day for day in days if first is None or day >= first)

    return stretches(
        (sources, of_sources, days_of(sources, of_sources))
        for sources, of_sources in by_sources(metrics).items()
    )


def _stored_cells(stored: sa.Connection, stretch: Stretch, numbers: Mapping[str, int]) -> Iterator[Cell]:
    mark = "?" if stored.dialect.name == "sqlite" else "%s"
    query = f"SELECT {', '.join(Cell._fields)} FROM kpi_cells WHERE kpi = {mark} AND generation = {mark} AND grain = {mark} AND period = {mark}"
    for portion in stretch:
        for metric in portion.metrics:
            for grain, periods in portion.chunk.periods.items():
                for period in sorted(periods):
                    for row in fetched(stored, query, (metric.id, numbers[metric.id], str(grain), period)):
                        yield Cell._make(row)


def _misplaced(stored: sa.Connection, metric: Metric, number: int) -> Iterator[tuple[Any, Cell]]:
    """Cells of periods that do not exist, such as a month that begins on a second."""
    mark = "?" if stored.dialect.name == "sqlite" else "%s"
    where = f"FROM kpi_cells WHERE kpi = {mark} AND generation = {mark}"
    for grain, period in fetched(stored, f"SELECT DISTINCT grain, period {where}", (metric.id, number)):
        if grain not in tuple(Grain) or start_of(Grain(grain), period) != period:
            query = f"SELECT {', '.join(Cell._fields)} {where} AND grain = {mark} AND period = {mark}"
            for row in fetched(stored, query, (metric.id, number, grain, period)):
                yield row[_KEY], Cell._make(row)


def _differences(known: Mapping[Any, Cell], recomputed: Mapping[Any, Cell]) -> Iterator[Difference]:
    for key in sorted(known.keys() | recomputed.keys(), key=repr):
        one, other = known.get(key), recomputed.get(key)
        if one is None or other is None or one[_VALUES] != other[_VALUES]:
            cell = one or other
            assert cell is not None
            start = day_date(cell.period)
            yield Difference(
                cell.kpi, cell.grain, start, cell.account, cell.dimension, cell.member, one, other
            )
