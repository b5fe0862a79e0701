"""Cells on their way into the database: many of one KPI by column, or one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

from kpi.metric import APPROXIMATED, DERIVED, EXACT
from kpi.periods import Grain
from kpi.statistics import Floats, Ints

EVERYBODY = "*"
"""All accounts together."""
ALL = "all"
"""The dimension of everything together."""
NAMED_BY_ACCOUNT = ("group", "agent", "brand", "sla_policy", "organisation")
"""Dimensions whose members are written `<account>/<id>`."""
LOW_SAMPLE = 30
RANKS = (EXACT, DERIVED, APPROXIMATED)
_GRAINS = tuple(map(str, Grain))
Row = tuple[Any, ...]
"""A row of `kpi_cells`."""


class Cell(NamedTuple):
    """A row of `kpi_cells` without its generation."""

    kpi: str
    grain: str
    period: int
    account: str
    dimension: str
    member: str
    n: int
    numerator: int | None
    denominator: int | None
    p50: float | None
    p90: float | None
    p95: float | None
    ci_low: float | None
    ci_high: float | None
    low_sample: int
    provisional: int
    availability: str
    computed_at: int


Place = tuple[str, int, str, str, str]
"""What names a cell of one KPI: grain, period, account, dimension, member."""
Amount = tuple[int, int | None, int, int]
"""What a composed KPI takes from another's cell: n, numerator, provisional, availability's place in `RANKS`."""


@dataclass(frozen=True, slots=True)
class Loose:
    """Cells of one KPI, each by itself."""

    kpi: str
    cells: Sequence[Cell]

    def __len__(self) -> int:
        return len(self.cells)

    def rows(self, generation: int) -> Iterator[Row]:
        for cell in self.cells:
            yield cell[0], generation, *cell[1:]

    def amounts(self) -> Iterator[tuple[Place, Amount]]:
        for cell in self.cells:
            yield cell[1:6], (cell.n, cell.numerator, cell.provisional, RANKS.index(cell.availability))


@dataclass(frozen=True, slots=True)
class Block:
    """Cells of one KPI by column; names are told by their numbers. NaN is null."""

    kpi: str
    computed_at: int
    account_names: Sequence[str]
    dimension_names: Sequence[str]
    member_names: Sequence[str]
    grains: Ints
    """Places in `Grain`."""
    periods: Ints
    accounts: Ints
    dimensions: Ints
    members: Ints
    n: Ints
    numerators: Ints
    denominators: Ints | None
    marks: Sequence[Floats] | None
    """p50, p90, p95."""
    interval: Sequence[Floats] | None
    low_sample: Ints
    provisional: Ints
    ranks: Ints
    """Places in `RANKS`."""

    def __len__(self) -> int:
        return len(self.n)

    def rows(self, generation: int) -> Iterator[Row]:
        nothing: Iterator[None] = repeat(None)
        marks = self.marks if self.marks is not None else ()
        interval = self.interval if self.interval is not None else ()
        return zip(
            repeat(self.kpi),
            repeat(generation),
            *self._places(),
            self.n.tolist(),
            self.numerators.tolist(),
            nothing if self.denominators is None else self.denominators.tolist(),
            *(map(_nullable, marks) if marks else (nothing,) * 3),
            *(map(_nullable, interval) if interval else (nothing,) * 2),
            self.low_sample.tolist(),
            self.provisional.tolist(),
            map(RANKS.__getitem__, self.ranks.tolist()),
            repeat(self.computed_at),
            strict=False,
        )

    def amounts(self) -> Iterator[tuple[Place, Amount]]:
        columns = (self.n, self.numerators, self.provisional, self.ranks)
        amounts = zip(*(column.tolist() for column in columns), strict=True)
        return zip(zip(*self._places(), strict=True), amounts, strict=True)

    def _places(self) -> tuple[Iterator[Any], ...]:
        """Columns of what names each cell, in the order of `Place`."""
        return (
            map(_GRAINS.__getitem__, self.grains.tolist()),
            iter(self.periods.tolist()),
            map(self.account_names.__getitem__, self.accounts.tolist()),
            map(self.dimension_names.__getitem__, self.dimensions.tolist()),
            map(self.member_names.__getitem__, self.members.tolist()),
        )


Cells = Block | Loose


def cells_of(found: Cells) -> Iterator[Cell]:
    """Each cell by itself."""
    for row in found.rows(0):
        yield Cell._make((row[0], *row[2:]))


def _nullable(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN
