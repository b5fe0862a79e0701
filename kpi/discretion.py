"""Few answers are told to nobody, not even by a difference."""

from collections.abc import Iterator, Sequence

from kpi.blocks import ALL, EVERYBODY, Cell


def discreet(cells: Sequence[Cell], least: int) -> list[Cell]:
    """Cells without the values of fewer answers than `least`, and of so many more that no difference between
    a whole and its published parts tells them.
    """
    hidden = {place for place, cell in enumerate(cells) if cell.n < least}
    for parts, whole in _partitions(cells):
        left = sum(cells[place].n for place in parts if place in hidden)
        left += cells[whole].n - sum(cells[place].n for place in parts)
        for place in sorted(
            parts, key=lambda place: (cells[place].n, cells[place].member, cells[place].account)
        ):
            if 0 < left < least and place not in hidden:
                hidden.add(place)
                left += cells[place].n
    return [
        cell._replace(numerator=None, denominator=None, ci_low=None, ci_high=None)
        if place in hidden
        else cell
        for place, cell in enumerate(cells)
    ]


def _partitions(cells: Sequence[Cell]) -> Iterator[tuple[list[int], int]]:
    """Groups within their account, accounts within all."""
    for whole, cell in enumerate(cells):
        if cell.dimension != ALL:
            continue
        at = (cell.grain, cell.period)
        groups = [
            place
            for place, other in enumerate(cells)
            if (other.grain, other.period) == at and other.dimension != ALL and other.account == cell.account
        ]
        accounts = [
            place
            for place, other in enumerate(cells)
            if (other.grain, other.period) == at and other.dimension == ALL and other.account != EVERYBODY
        ]
        if groups:
            yield groups, whole
        if cell.account == EVERYBODY and accounts:
            yield accounts, whole
