"""KPIs made of other measures' cells: the same integers, set against each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kpi.blocks import ALL, LOW_SAMPLE, RANKS, Amount, Cell, Place
from kpi.metric import OUTSIDE, Metric, Term
from kpi.periods import Chunk, Grain, start_of
from kpi.statistics import wilson

Amounts = Mapping[Place, Amount]
"""A measure's cells."""


def before(place: Place) -> Place:
    """The same in the period before."""
    grain, period, account, dimension, member = place
    return grain, period_before(Grain(grain), period), account, dimension, member


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


class Comparison:
    """Sets a composed entry's terms against each other."""

    def __init__(self, metric: Metric) -> None:
        self.is_growth = metric.is_growth
        self.above = _weights(metric.terms, metric.fineness_above, below=False)
        self.below = _weights(metric.terms, metric.fineness_below, below=True)

    def __call__(self, amounts: Sequence[int | None]) -> Compared | None:
        """The value of some terms' numerators (null: missing); with `is_growth`, first all of the period and
        then all of the period before. Null where it has none.
        """
        if self.is_growth:
            ours, theirs, ours_before, theirs_before = amounts
            if theirs is None or not ours_before or not theirs_before:
                return None
            return Compared((ours or 0) * theirs_before - theirs * ours_before, ours_before * theirs_before)
        numerator = 0
        for place, weight in self.above:
            numerator += (amounts[place] or 0) * weight
        if not self.below:
            return None if all(amount is None for amount in amounts) else Compared(numerator, None)
        denominator = 0
        for place, weight in self.below:
            denominator += (amounts[place] or 0) * weight
        return Compared(numerator, denominator) if denominator else None


def _weights(terms: Sequence[Term], units: int, *, below: bool) -> Sequence[tuple[int, int]]:
    return [
        (place, term.sign * (units // term.measure.fineness))
        for place, term in enumerate(terms)
        if term.below == below
    ]


def compared(metric: Metric, amounts: Sequence[int | None]) -> Compared | None:
    """One comparison of a composed entry's terms."""
    return Comparison(metric)(amounts)


def composed(metric: Metric, found: Mapping[str, Amounts], chunk: Chunk, now: int) -> Iterator[Cell]:
    """Every cell of a composed KPI in the chunk's periods; `found` are its measures' cells."""
    comparison = Comparison(metric)
    terms = [(found[term.measure.id], term.whole) for term in metric.terms]
    periods = {str(grain): firsts for grain, firsts in chunk.periods.items()}
    for place in sorted(_places(metric, found)):
        grain, period, account, dimension, _member = place
        if period not in periods[grain] or (metric.only_by and dimension not in metric.only_by):
            continue
        whole = grain, period, account, ALL, ""
        amounts = [known.get(whole if is_whole else place) for known, is_whole in terms]
        if metric.is_growth:
            amounts += [known.get(before(whole if is_whole else place)) for known, is_whole in terms]
        result = comparison([None if amount is None else amount[1] for amount in amounts])
        if result is not None:
            yield _cell(metric, place, result, [amount for amount in amounts if amount is not None], now)


def _places(metric: Metric, found: Mapping[str, Amounts]) -> set[Place]:
    """Where there is anything of it; where nothing is, but all that it is set against, its tickets are none: what
    people have not told is no zero.
    """
    places = {place for term in metric.terms if not term.whole for place in found[term.measure.id]}
    if not any(
        term.measure.only_by or term.measure.anchor in OUTSIDE for term in metric.terms if not term.below
    ):
        wholes = (found[term.measure.id] for term in metric.terms if term.whole)
        places.update(place for known in wholes for place in known if place[3] == ALL)
    if metric.is_growth:
        places |= {
            (place[0], after, *place[2:]) for place in places for after in _periods_after(place, found)
        }
    return places


def _periods_after(place: Place, found: Mapping[str, Amounts]) -> set[int]:
    """Periods for which there is anything, and of which the place's is the one before."""
    grain, period, *_rest = place
    return {
        other[1]
        for known in found.values()
        for other in known
        if other[0] == grain and before(other)[1] == period
    }


def _cell(metric: Metric, place: Place, result: Compared, there: Sequence[Amount], now: int) -> Cell:
    n = max([amount[0] for amount in there])
    low = high = None
    # figures that people give (runs, and how many of them succeeded) need not be a share
    if metric.has_interval and result.denominator and 0 <= result.numerator <= result.denominator:
        low, high = wilson(result.numerator, result.denominator)
    return Cell(
        metric.id, *place, n, *result, None, None, None, low, high,
        int(result.denominator is not None and n < LOW_SAMPLE),
        max([amount[2] for amount in there]),
        RANKS[max([amount[3] for amount in there])],
        now,
    )  # fmt: skip
