"""Facts by column: fetched rows become arrays, and the rows are not kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from kpi.statistics import Floats, Ints

TAGS = "tag"
"""The dimension of which a fact may have several members: tags do not add up to the total."""


class Members(dict[Any, int]):
    """The members of one dimension, numbered as they are met; null is nobody (-1)."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, member: Any) -> int:
        self[member] = number = len(self) - 1
        return number

    def encode(self, values: Iterable[Any]) -> list[int]:
        return list(map(self.__getitem__, values))


@dataclass(slots=True)
class Facts:
    """The facts of a stretch, by column. A dimension may hold a fact more than once (tags): `rows`."""

    days: Ints
    accounts: Ints
    account_names: list[str]
    members: dict[str, tuple[Ints, list[str]]]
    rows: dict[str, Ints] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    """By KPI; NaN where a fact does not count."""
    matures: dict[str, Floats] = field(default_factory=dict)
    overs: dict[str, Floats] = field(default_factory=dict)
    """What each fact brings to a ratio's denominator, where that is not one."""
    grains: dict[str, Floats] = field(default_factory=dict)
    """The place in `Grain` of the only grain in which a fact counts."""
    approximations: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class Reader:
    """Columns that were asked for, each distinct expression once, filled row by row."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], int] = {}
        self._members: dict[str, Members] = {}
        self._parts: list[list[Any]] = []
        self._tags: dict[str, tuple[int, ...]] = {}
        self._names: dict[str, list[str]] = {}
        self.count = 0

    def number(self, sql: str) -> int:
        """The place of a column of numbers, null is NaN."""
        return self._place(sql, "")

    def member(self, sql: str, dimension: str) -> int:
        """The place of a column of a dimension's members; columns of one dimension are numbered alike."""
        self._members.setdefault(dimension, Members())
        return self._place(sql, dimension)

    def _place(self, sql: str, dimension: str) -> int:
        place = self._places.setdefault((sql, dimension), len(self._parts))
        if place == len(self._parts):
            self._parts.append([])
        return place

    @property
    def selected(self) -> Sequence[str]:
        """What each fetched row must hold, in this order."""
        return [sql for sql, _dimension in self._places]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        for part, (_sql, dimension), column in zip(
            self._parts, self._places, zip(*rows, strict=True), strict=True
        ):
            if dimension == TAGS:
                part.append(self._tagged(column))
            elif dimension:
                part.append(np.array(self._members[dimension].encode(column), dtype=np.int32))
            else:
                part.append(np.array(column, dtype=np.float64))
        self.count += len(rows)

    def _tagged(self, column: Sequence[str | None]) -> tuple[Ints, Ints]:
        """Which rows have a tag, and which: a row with many is there many times."""
        at: list[int] = []
        codes: list[int] = []
        known = self._tags
        for row, text in enumerate(column, start=self.count):
            if text and text != "[]":
                found = known.get(text)
                if found is None:
                    found = known[text] = tuple(
                        self._members[TAGS].encode(sorted(set(msgspec.json.decode(text))))
                    )
                codes += found
                at += [row] * len(found)
        return np.array(at, dtype=np.int64), np.array(codes, dtype=np.int64)

    def numbers(self, place: int) -> Floats:
        found: Floats = self._whole(place, np.float64)
        return found

    def codes(self, place: int) -> Ints:
        found: Ints = self._whole(place, np.int32).astype(np.int64)
        return found

    def _whole(self, place: int, kind: type) -> Any:
        parts = self._parts[place]
        if len(parts) != 1:
            parts[:] = [np.concatenate(parts) if parts else np.zeros(0, dtype=kind)]
        return parts[0]

    def tags(self, place: int) -> tuple[Ints, Ints]:
        """Rows and their tags, by row."""
        parts: list[tuple[Ints, Ints]] = self._parts[place]
        nothing = np.zeros(0, dtype=np.int64)
        return (
            np.concatenate([nothing, *(at for at, _codes in parts)]),
            np.concatenate([nothing, *(codes for _at, codes in parts)]),
        )

    def names(self, dimension: str) -> list[str]:
        """A dimension's members once everything is read, in the order of their numbers."""
        found = self._names.get(dimension)
        if found is None:
            found = self._names[dimension] = [str(name) for name in list(self._members[dimension])[1:]]
        return found


def taken(at: Ints, codes: Ints, count: int, places: Ints) -> tuple[Ints, Ints]:
    """The tags of the facts at some places, numbered anew; `at` ascends and is below `count`."""
    has = np.bincount(at, minlength=count)
    begins = np.cumsum(has) - has
    lengths = has[places]
    ends = np.cumsum(lengths)
    within = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)
    return np.repeat(np.arange(len(places)), lengths), codes[np.repeat(begins[places], lengths) + within]
