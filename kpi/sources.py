"""What is computed together: entries of the same stretch of days, from facts that are read once for all of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from kpi.blocks import Cell, Cells, Loose
from kpi.cells import Scope, cells
from kpi.columns import Facts
from kpi.composing import composed, with_periods_before
from kpi.computations import COMPUTATIONS
from kpi.metric import Anchor, Metric, measures
from kpi.periods import Chunk, chunks
from kpi.reading import Times, Want, go_on, is_there, read
from kpi.whole import Whole


class Sources(NamedTuple):
    """What some KPIs are computed from."""

    anchors: tuple[Anchor, ...]
    is_growth: bool
    """Whether the periods before are read, too."""

    @property
    def is_apart(self) -> bool:
        """Whether they are not computed by the generic aggregation of one stretch."""
        return self.is_growth or self.anchors[0] in COMPUTATIONS


def by_sources(metrics: Iterable[Metric]) -> dict[Sources, list[Metric]]:
    found: dict[Sources, list[Metric]] = defaultdict(list)
    for metric in metrics:
        found[Sources(metric.anchors, metric.is_growth)].append(metric)
    return found


class Portion(NamedTuple):
    """Some KPIs, and the periods of theirs to be computed."""

    metrics: Sequence[Metric]
    chunk: Chunk


Stretch = Sequence[Portion]
"""All that is to be computed of about a month."""


def stretches(days: Iterable[tuple[Sources, Sequence[Metric], Iterable[int]]]) -> Iterator[Stretch]:
    """What to compute so that every period of the given days is computed once and whole, of each KPI its own;
    month by month.
    """
    by_month: dict[int, list[tuple[Sources, Portion]]] = defaultdict(list)
    for sources, metrics, of_sources in days:
        for month, chunk in chunks(of_sources):
            by_month[month].append((sources, Portion(metrics, chunk)))
    for _month, found in sorted(by_month.items()):
        yield _joined(found)


def _joined(found: Iterable[tuple[Sources, Portion]]) -> Stretch:
    """KPIs that need the same periods and are computed alike become one portion."""
    joined: list[tuple[bool, Portion]] = []
    for sources, portion in found:
        for place, (is_apart, known) in enumerate(joined):
            if not is_apart and not sources.is_apart and known.chunk == portion.chunk:
                joined[place] = False, Portion([*known.metrics, *portion.metrics], portion.chunk)
                break
        else:
            joined.append((sources.is_apart, portion))
    return [portion for _is_apart, portion in joined]


@dataclass(frozen=True, slots=True)
class CellsWork:
    """Computes the cells of a stretch as they are at one instant."""

    now: int
    today: int
    zone: str
    vendors: Mapping[str, str]
    whole: Whole
    pulse: Callable[[], None] = go_on
    """Called often while it computes; may raise."""

    def __call__(self, connection: sa.Connection, stretch: Stretch) -> list[Cells]:
        """The cells of each portion's KPIs, in their order."""
        measured: list[dict[str, Cells]] = [{} for _ in stretch]
        for place, want, facts in self.facts(connection, stretch):
            scope = self._scope(want.chunk)
            for metric in want.metrics:
                measured[place][metric.id] = cells(metric, facts, scope)
                self.pulse()
        return [
            found
            for portion, of_portion in zip(stretch, measured, strict=True)
            for found in self._cells(connection, portion, of_portion)
        ]

    def facts(self, connection: sa.Connection, stretch: Stretch) -> Iterator[tuple[int, Want, Facts]]:
        """All facts that a stretch's KPIs rest on, with the place of the portion that wants them."""
        wanted = [
            (place, want)
            for place, portion in enumerate(stretch)
            for want in self._wants(connection, portion)
        ]
        times = Times(self.now, self.today, self.zone)
        for number, facts in read(connection, [want for _place, want in wanted], times, self.pulse):
            yield *wanted[number], facts

    def _scope(self, chunk: Chunk) -> Scope:
        return Scope(chunk, self.now, self.today, self.vendors, self.whole)

    def _wants(self, connection: sa.Connection, portion: Portion) -> list[Want]:
        """Each measure once. Growth needs all of its sides: where one has no facts, none are read."""
        metrics, chunk = portion
        if metrics[0].anchor in COMPUTATIONS:
            return []
        is_growth = metrics[0].is_growth
        by_anchor: dict[Anchor, dict[str, Metric]] = defaultdict(dict)
        for measure in measures(metrics):
            by_anchor[measure.anchor][measure.id] = measure
        own = with_periods_before(chunk) if is_growth else chunk
        wants = [Want(anchor, list(found.values()), own) for anchor, found in by_anchor.items()]
        return [] if is_growth and not all(is_there(connection, want) for want in wants) else wants

    def _cells(
        self, connection: sa.Connection, portion: Portion, measured: Mapping[str, Cells]
    ) -> Iterator[Cells]:
        metrics, chunk = portion
        if compute := COMPUTATIONS.get(metrics[0].anchor):
            by_kpi: dict[str, list[Cell]] = {metric.id: [] for metric in metrics}
            for cell in compute(connection, metrics, self._scope(chunk)):
                by_kpi[cell.kpi].append(cell)
            yield from (Loose(kpi, found) for kpi, found in by_kpi.items())
            return
        needed = {measure.id for metric in metrics if metric.terms for measure in metric.measures}
        amounts = {kpi: dict(of.amounts()) for kpi, of in measured.items() if kpi in needed}
        for metric in metrics:
            self.pulse()
            if not metric.terms:
                yield measured[metric.id]
            elif all(kpi in amounts for kpi in (measure.id for measure in metric.measures)):
                yield Loose(metric.id, list(composed(metric, amounts, chunk, self.now)))
