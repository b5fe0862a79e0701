"""Few answers are told to nobody, not even by a difference."""

from collections.abc import Container, Iterator, Sequence

from kpi.blocks import ALL, EVERYBODY, Cell


def discreet(cells: Sequence[Cell], least: int) -> list[Cell]:
    """Cells without the values of fewer answers than `least`, and of so many more that no difference between
    a whole and its published parts tells them.
    """
    hidden = {place for place, cell in enumerate(cells) if cell.n < least}
    while (another := _given_away(cells, hidden, least)) is not None:
        hidden.add(another)
    return [
        cell._replace(numerator=None, denominator=None, ci_low=None, ci_high=None)
        if place in hidden
        else cell
        for place, cell in enumerate(cells)
    ]


def _given_away(cells: Sequence[Cell], hidden: Container[int], least: int) -> int | None:
    """The smallest published part of a whole that leaves fewer answers than `least` beside it."""
    for parts, whole in _partitions(cells, hidden):
        left = cells[whole].n - sum(cells[place].n for place in parts)
        if 0 < left < least:
            return min(parts, key=lambda place: (cells[place].n, cells[place].member, cells[place].account))
    return None


def _partitions(cells: Sequence[Cell], hidden: Container[int]) -> Iterator[tuple[list[int], int]]:
    """Published wholes with their published parts: an account's groups; of all, the accounts, and the groups of
    those that are hidden.
    """
    shown = [(place, cell) for place, cell in enumerate(cells) if place not in hidden]
    for whole, cell in shown:
        if cell.dimension != ALL:
            continue
        near = [(place, one) for place, one in shown if (one.grain, one.period) == (cell.grain, cell.period)]
        told = {one.account for _, one in near if one.dimension == ALL}
        if cell.account == EVERYBODY:
            parts = [
                place
                for place, one in near
                if one.account != EVERYBODY and (one.dimension == ALL or one.account not in told)
            ]
        else:
            parts = [place for place, one in near if one.account == cell.account and one.dimension != ALL]
        yield parts, whole
