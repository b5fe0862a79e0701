"""KPIs made of other measures' cells: the same integers, set against each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kpi.cells import ALL, LOW_SAMPLE, RANKS, Cell, wilson
from kpi.metric import Metric, Term
from kpi.periods import Chunk, Grain, start_of


class Place(NamedTuple):
    """What names a cell of one KPI."""

    grain: str
    period: int
    account: str
    dimension: str
    member: str

    @property
    def whole(self) -> "Place":
        """The same without its member."""
        return self._replace(dimension=ALL, member="")

    @property
    def before(self) -> "Place":
        """The same in the period before."""
        return self._replace(period=period_before(Grain(self.grain), self.period))


def period_before(grain: Grain, first: int) -> int:
    return start_of(grain, first - 1)


def with_periods_before(chunk: Chunk) -> Chunk:
    """The chunk, and the periods before its own."""
    periods = {
        grain: firsts | {period_before(grain, first) for first in firsts}
        for grain, firsts in chunk.periods.items()
    }
    return Chunk(min(first for firsts in periods.values() for first in firsts), chunk.last, periods)


class Compared(NamedTuple):
    """What an entry's terms come to."""

    numerator: int
    denominator: int | None
    """Null: there is none, the numerator is the value."""


def compared(metric: Metric, amounts: Sequence[int | None]) -> Compared | None:
    """The value of some terms' numerators (null: missing); with `is_growth`, first all of the period and
    then all of the period before. Null where it has none.
    """
    if metric.is_growth:
        ours, theirs, ours_before, theirs_before = amounts
        if theirs is None or not ours_before or not theirs_before:
            return None
        return Compared((ours or 0) * theirs_before - theirs * ours_before, ours_before * theirs_before)
    above, below = metric.fineness_above, metric.fineness_below
    numerator = _summed(metric.terms, amounts, above, below=False)
    if not any(term.below for term in metric.terms):
        return None if all(amount is None for amount in amounts) else Compared(numerator, None)
    denominator = _summed(metric.terms, amounts, below, below=True)
    return Compared(numerator, denominator) if denominator else None


def _summed(terms: Sequence[Term], amounts: Sequence[int | None], units: int, *, below: bool) -> int:
    return sum(
        term.sign * (amount or 0) * (units // term.measure.fineness)
        for term, amount in zip(terms, amounts, strict=True)
        if term.below == below
    )


def composed(metric: Metric, found: Mapping[str, Sequence[Cell]], chunk: Chunk, now: int) -> Iterator[Cell]:
    """Every cell of a composed KPI in the chunk's periods; `found` are its measures' cells."""
    known = {kpi: {place_of(cell): cell for cell in cells} for kpi, cells in found.items()}
    for place in sorted(_places(metric, known)):
        if place.period not in chunk.periods[Grain(place.grain)]:
            continue
        if metric.only_by and place.dimension not in metric.only_by:
            continue
        cells = [known[term.measure.id].get(place.whole if term.whole else place) for term in metric.terms]
        if metric.is_growth:
            cells += [
                known[term.measure.id].get((place.whole if term.whole else place).before)
                for term in metric.terms
            ]
        if cell := _cell(metric, place, cells, now):
            yield cell


def place_of(cell: Cell) -> Place:
    return Place(cell.grain, cell.period, cell.account, cell.dimension, cell.member)


def _places(metric: Metric, known: Mapping[str, Mapping[Place, Cell]]) -> set[Place]:
    places = {place for term in metric.terms if not term.whole for place in known[term.measure.id]}
    if metric.is_growth:
        places |= {place._replace(period=after) for place in places for after in _periods_after(place, known)}
    return places


def _periods_after(place: Place, known: Mapping[str, Mapping[Place, Cell]]) -> set[int]:
    """Periods for which there is anything, and of which the place's is the one before."""
    return {
        other.period
        for cells in known.values()
        for other in cells
        if other.grain == place.grain and other.before.period == place.period
    }


def _cell(metric: Metric, place: Place, cells: Sequence[Cell | None], now: int) -> Cell | None:
    result = compared(metric, [None if cell is None else cell.numerator for cell in cells])
    if result is None:
        return None
    there = [cell for cell in cells if cell is not None]
    n = max(cell.n for cell in there)
    low = high = None
    # figures that people give (runs, and how many of them succeeded) need not be a share
    if metric.has_interval and result.denominator and 0 <= result.numerator <= result.denominator:
        low, high = wilson(result.numerator, result.denominator)
    return Cell(
        metric.id, *place, n, *result, None, None, None, low, high,
        int(result.denominator is not None and n < LOW_SAMPLE),
        max(cell.provisional for cell in there),
        max((cell.availability for cell in there), key=RANKS.index),
        now,
    )  # fmt: skip
