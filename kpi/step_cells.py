"""The second step of a refresh: cells of the touched periods, or all of a KPI's, are computed and replaced."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import sqlalchemy as sa

from kpi import writing
from kpi.at_risk import is_other_risk
from kpi.bearing import passed_days
from kpi.blocks import Cells
from kpi.calendar import local_days, next_month
from kpi.computations import DAYS_OF
from kpi.metric import AGE, ANCHORS, AT_RISK, DAY_END, STOCKS, WAITING, Anchor, Metric, measures
from kpi.periods import Chunk
from kpi.publishing import begin, changed_metrics, definitions, generations, publish, replace_cells, sweep_out
from kpi.restating import Causes, Restating, read_causes
from kpi.selecting import fetched
from kpi.sharing import in_order, processors
from kpi.sources import CellsWork, Portion, Sources, Stretch, by_sources, stretches
from kpi.whole import Whole
from storage.database import reading
from storage.judged import Cause

_WORTH_SHARING = 100_000
"""Tickets from which on starting processes pays."""


def anchors(metrics: Iterable[Metric]) -> list[Anchor]:
    """Every anchor that some KPIs rest on."""
    return list(dict.fromkeys(anchor for metric in metrics for anchor in metric.anchors))


def whole(connection: sa.Connection, metrics: Iterable[Metric], today: int) -> Iterator[Stretch]:
    """All there is of some KPIs."""
    found = DaysOfAll(connection, today)
    return stretches(
        (sources, of_sources, found(sources)) for sources, of_sources in by_sources(metrics).items()
    )


class DaysOfAll:
    """Days that facts of any of some anchors bear on."""

    def __init__(self, connection: sa.Connection, today: int) -> None:
        self.connection, self.today = connection, today
        self._days: dict[Anchor, frozenset[int]] = {}

    def __call__(self, sources: Sources) -> Iterable[int]:
        return borne_on(sources, chain.from_iterable(self._days_of(anchor) for anchor in sources.anchors))

    def _days_of(self, anchor: Anchor) -> frozenset[int]:
        if anchor not in self._days:
            self._days[anchor] = frozenset(days_of(self.connection, anchor, self.today))
        return self._days[anchor]


def borne_on(sources: Sources, days: Iterable[int]) -> set[int]:
    """Days of the periods that facts of these days bear on: the periods after, too, where those are compared."""
    own = set(days)
    if not sources.is_growth:
        return own
    return own | {after for day in own for after in (day + 1, day + 7, next_month(day))}


def days_of(connection: sa.Connection, anchor: Anchor, today: int) -> Iterable[int]:
    """Days that facts of an anchor lie in; day ends from the first ticket on until today."""
    if anchor in DAYS_OF:
        return DAYS_OF[anchor](connection, today)
    if anchor in (*STOCKS, AT_RISK):
        first = fetched(connection, f"SELECT min({anchor.day}) FROM {anchor.source} x")[0][0]
        return () if first is None else range(first, today + 1)
    query = f"SELECT DISTINCT {anchor.day} FROM {anchor.source} x WHERE {anchor.day} IS NOT NULL"
    return [row[0] for row in fetched(connection, query)]


def touched_stretches(
    metrics: Iterable[Metric], touched: Mapping[Anchor, Sequence[tuple[int, int]]]
) -> list[Stretch]:
    """What some KPIs' touched days (with their revisions) ask for."""
    days = {anchor: [day for day, _revision in noted] for anchor, noted in touched.items()}
    return list(
        stretches(
            (
                sources,
                of_sources,
                borne_on(sources, chain.from_iterable(days[anchor] for anchor in sources.anchors)),
            )
            for sources, of_sources in by_sources(metrics).items()
        )
    )


def is_waiting(connection: sa.Connection, catalog: Sequence[Metric]) -> bool:
    """Whether a period was touched, or a KPI is new, means something else, or is half built."""
    touched = fetched(connection, "SELECT 1 FROM touched_periods LIMIT 1")
    return bool(touched or generations(connection).building or changed_metrics(connection, catalog))


class CellsStep:
    """Keeps cells in step with facts and with the time."""

    def __init__(
        self,
        engine: sa.Engine,
        catalog: Sequence[Metric],
        vendors: Mapping[str, str],
        whole: Whole,
        zone: str,
        now: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self.engine, self.catalog, self.zone, self.progress = engine, catalog, zone, progress
        self.now, self.today = now, local_days(zone).day(now)
        self.work = CellsWork(now, self.today, zone, vendors, whole)
        self.periods = self.values = 0
        self.told = 0, 0

    def run(self) -> None:
        with reading(self.engine) as connection:
            now = generations(connection)
            touched = {
                anchor: writing.read_touched_periods(connection, anchor.name)
                for anchor in dict.fromkeys((*ANCHORS, *anchors(self.catalog)))
            }
            self.restating = Restating.since(connection, self.zone, self.now)
            causes = read_causes(connection)
        building = [metric for metric in self.catalog if metric.id in now.building]
        if not building and not any(touched.values()):
            with self.engine.begin() as connection:
                self.restating.done(connection)
            return
        if building:
            with self.engine.begin() as connection:
                begin(connection, building)  # anew, beside what a killed attempt may have left
                now = generations(connection)
        standing = [
            metric for metric in self.catalog if metric.id in now.published and metric.id not in now.building
        ]
        self._replace(touched_stretches(standing, touched), now.published, shared=False, causes=causes)
        with reading(self.engine) as connection:
            ahead = list(whole(connection, building, self.today))
        self._replace(ahead, now.building, shared=True)
        with self.engine.begin() as connection:
            for anchor, days in touched.items():
                writing.forget_touched_periods(connection, anchor.name, days)
            before = definitions(connection) if building else ()
            publish(connection, self.catalog, [metric.id for metric in building])
            if before:
                self.restating.switched(connection, before)
            self.restating.done(connection)
        sweep_out(self.engine)

    def _replace(
        self,
        ahead: Sequence[Stretch],
        numbers: Mapping[str, int],
        *,
        shared: bool,
        causes: Causes | None = None,
    ) -> None:
        """With `causes`, what closed periods said before is told."""
        processes = processors() if shared and len(ahead) > 1 and self._is_large() else 1
        self.told = 0, len(ahead)
        work = self.work if processes > 1 else replace(self.work, pulse=self._pulse)
        for done, (stretch, computed) in enumerate(
            in_order(self.engine, work, ahead, processes, self._pulse), start=1
        ):
            by_kpi = {found.kpi: found for found in computed}
            with self.engine.begin() as connection:
                for portion in stretch:
                    self._replace_portion(connection, portion, by_kpi, numbers, causes or {})
            self.told = done, len(ahead)
            self._pulse()

    def _pulse(self) -> None:
        self.progress(*self.told)

    def _replace_portion(
        self,
        connection: sa.Connection,
        portion: Portion,
        computed: Mapping[str, Cells],
        numbers: Mapping[str, int],
        causes: Causes,
    ) -> None:
        aside: list[str] = []
        for sources, metrics in by_sources(portion.metrics).items():
            closed = self.restating.closed(portion.chunk, _why(sources, portion.chunk, causes))
            own = {metric.id: numbers[metric.id] for metric in metrics}
            if closed:
                self.restating.put_aside(connection, own, closed)
                aside += own
        own = {metric.id: numbers[metric.id] for metric in portion.metrics}
        of_portion = [computed[kpi] for kpi in own if kpi in computed]
        self.values += replace_cells(connection, own, portion.chunk, of_portion, self._pulse)
        self.restating.tell(connection, aside)
        self.periods += sum(len(periods) for periods in portion.chunk.periods.values())

    def _is_large(self) -> bool:
        with reading(self.engine) as connection:
            query = f"SELECT 1 FROM ticket_facts LIMIT 1 OFFSET {_WORTH_SHARING}"
            return bool(fetched(connection, query))


def _why(sources: Sources, chunk: Chunk, causes: Causes) -> Iterator[tuple[int, int]]:
    """Days on which touched ones of a chunk bear, and why those were touched."""
    for anchor in sources.anchors:
        for day, why in causes.get(anchor.name, {}).items():
            for on_day in borne_on(sources, (day,)):
                if chunk.first <= on_day <= chunk.last:
                    yield on_day, why


# Time ---------------------------------------------------------------------------------------------

_PASSED = "passed_until"


def passed_until(connection: sa.Connection) -> int | None:
    """The instant for which the stored cells stand."""
    text = writing.get_state(connection, _PASSED)
    return None if text is None else int(text)


def pass_time(connection: sa.Connection, catalog: Sequence[Metric], zone: str, now: int) -> None:
    """Touch the days that ended, and those whose verdicts matured, since time last passed; as well when
    a clock was put back.
    """
    before = passed_until(connection)
    if before == now:
        return
    if before is not None:
        first, last = sorted((before, now))
        _mature(connection, catalog, first, last)
        days = local_days(zone)
        passed = range(days.day(first), days.day(last) + 1)
        writing.touch_periods(connection, AGE.name, passed, Cause.TIME)
        if len(passed) > 1 or is_other_risk(connection, first, last):
            writing.touch_periods(connection, AT_RISK.name, passed, Cause.TIME)
        if len(passed) > 1:
            writing.touch_periods(connection, WAITING.name, passed, Cause.TIME)
            writing.touch_periods(connection, DAY_END.name, passed, Cause.TIME)
            for anchor, on_passing in passed_days(passed).items():
                writing.touch_periods(connection, anchor, on_passing, Cause.TIME)
    writing.set_state(connection, _PASSED, str(now))


def _mature(connection: sa.Connection, catalog: Sequence[Metric], after: int, until: int) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for metric in measures(catalog):
        if metric.matures_at is not None:
            query = (
                f"SELECT DISTINCT {metric.anchor.day} FROM {metric.anchor.table} WHERE {metric.matures_at} > {mark} "
                f"AND {metric.matures_at} <= {mark} AND {metric.anchor.day} IS NOT NULL"
            )
            rows = fetched(connection, query, (after, until))
            writing.touch_periods(connection, metric.anchor.name, [row[0] for row in rows], Cause.TIME)
