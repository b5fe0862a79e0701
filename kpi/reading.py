"""Where facts are read: one query a source and stretch of days, into columns, for all anchors that it serves."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi.calendar import SECOND, local_days
from kpi.columns import TAGS, Facts, Reader, taken
from kpi.metric import AGE, AT_RISK, STOCKS, Anchor, Metric, Shape
from kpi.periods import Chunk, Grain, last_day
from kpi.statistics import Floats, Ints

MONTHLY = ("organisation", TAGS, "hour_of_week")
"""Many members, few facts each: by month only."""
PROFILE = "hour_of_week"
DESCRIPTIVE = {
    "channel": "channel",
    "priority": "priority",
    "type": "type",
    "category": "category",
    "brand": "brand_id",
    "organisation": "organisation_id",
    TAGS: "tags",
    PROFILE: "created_hour",
}
_FETCHED = 5_000
_DATED, _STANDING, _RISKING = "dated", "standing", "risking"


@dataclass(frozen=True, slots=True)
class Times:
    """Until when a stretch's stocks have stood."""

    now: int
    today: int
    zone: str

    def end_of(self, day: int) -> int:
        """The instant at which a day ended, or for which today's figures stand."""
        return self.now if day >= self.today else local_days(self.zone).start_of(day + 1)


class Want(NamedTuple):
    """Facts of one anchor that some entries (none of them composed) need for a chunk's periods."""

    anchor: Anchor
    metrics: Sequence[Metric]
    chunk: Chunk

    @property
    def kind(self) -> str:
        """How a fact comes to a day: by being dated, by standing at its end, by being at risk then."""
        if self.anchor == AT_RISK:
            return _RISKING
        return _STANDING if self.anchor in STOCKS else _DATED


def go_on() -> None:
    """Nobody wants to stop what goes on."""


def read(
    connection: sa.Connection, wants: Sequence[Want], times: Times, pulse: Callable[[], None] = go_on
) -> Iterator[tuple[int, Facts]]:
    """The facts of each, by its place among them, in no particular order. `pulse` is called often and may raise."""
    together: dict[tuple[str, str, tuple[int, ...]], list[int]] = defaultdict(list)
    for place, want in enumerate(wants):
        days = () if want.kind == _DATED else (want.chunk.first, want.chunk.last)
        together[want.kind, want.anchor.source, days].append(place)
    for (kind, source, _days), places in together.items():
        reader = Reader()
        picks = [_PICKS[kind](wants[place], reader, times) for place in places]
        for where, values in _conditions(picks, connection.dialect.name):
            with raw_cursor(connection) as cursor:
                cursor.execute(f"SELECT {', '.join(reader.selected)} FROM {source} x WHERE {where}", values)
                while rows := cursor.fetchmany(_FETCHED):
                    reader.add(rows)
                    pulse()
        for place, pick in zip(places, picks, strict=True):
            yield place, pick.facts(reader)


def _conditions(picks: Sequence["_Pick"], dialect: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """SQL for the rows that some picks need, each row by one condition only, with its values."""
    mark = "?" if dialect == "sqlite" else "%s"
    for alternatives in zip(*(pick.conditions(mark) for pick in picks), strict=True):
        different = dict.fromkeys(alternatives)
        yield (
            " OR ".join(f"({where})" for where, _values in different),
            tuple(value for _where, values in different for value in values),
        )


def is_there(connection: sa.Connection, want: Want) -> bool:
    """Whether there is any fact at all."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    where = f"{want.anchor.day} BETWEEN {mark} AND {mark}"
    with raw_cursor(connection) as cursor:
        cursor.execute(
            f"SELECT 1 FROM {want.anchor.source} x WHERE {where} LIMIT 1", (want.chunk.first, want.chunk.last)
        )
        return cursor.fetchone() is not None


@contextmanager
def raw_cursor(connection: sa.Connection) -> Iterator[Any]:
    """The driver's own cursor: rows as plain tuples. On Postgres it stays on the server, so that
    a stretch is never held twice."""
    raw = connection.connection.driver_connection
    assert raw is not None
    cursor = raw.cursor(name="facts") if connection.dialect.name == "postgresql" else raw.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def _dimensions(anchor: Anchor, metrics: Sequence[Metric], chunk: Chunk) -> Mapping[str, str]:
    """Dimension → column. Organisations, tags and hours are read where a month is computed."""
    has_profile = any(metric.has_profile for metric in metrics)
    found = {
        name: column
        for name, column in DESCRIPTIVE.items()
        if name not in MONTHLY or (chunk.periods[Grain.MONTH] and (name != PROFILE or has_profile))
    }
    return {
        **found,
        "group": anchor.group,
        "agent": anchor.agent,
        **{name: name for name in anchor.dimensions},
    }


_PLACES = " ".join(f"WHEN '{grain}' THEN {place}" for place, grain in enumerate(Grain))


class _Pick:
    """One anchor's part of what a query reads."""

    def __init__(self, want: Want, reader: Reader, times: Times) -> None:
        self.want, self.times = want, times
        self.day = reader.number(want.anchor.day)
        self.approximations = reader.number("approximations")
        self.account = reader.member("account", "account")
        self.dimensions = {
            name: reader.member(column, name)
            for name, column in _dimensions(want.anchor, want.metrics, want.chunk).items()
        }
        self.values, self.matures, self.overs, self.grains = {}, {}, {}, {}
        for metric in want.metrics:
            value = f"CASE WHEN {metric.where or '1 = 1'} THEN {metric.value} END"
            is_distinct = metric.shape is Shape.DISTINCT
            self.values[metric.id] = (
                reader.member(value, f"value {metric.id}") if is_distinct else reader.number(value)
            )
            if metric.matures_at:
                self.matures[metric.id] = reader.number(metric.matures_at)
            if metric.over:
                self.overs[metric.id] = reader.number(metric.over)
            if metric.grain:
                self.grains[metric.id] = reader.number(f"CASE {metric.grain} {_PLACES} END")

    def conditions(self, mark: str) -> Sequence[tuple[str, tuple[int, ...]]]:
        """SQL for the rows that are needed, each by one of them, and its values."""
        chunk = self.want.chunk
        return [(f"{self.want.anchor.day} BETWEEN {mark} AND {mark}", (chunk.first, chunk.last))]

    def facts(self, reader: Reader) -> Facts:
        days, chunk = reader.numbers(self.day), self.want.chunk
        places = np.flatnonzero((days >= chunk.first) & (days <= chunk.last))
        return self._taken(reader, places, days[places].astype(np.int64))

    def _taken(self, reader: Reader, places: Ints, days: Ints) -> Facts:
        """The facts at some places, as of some days."""
        members: dict[str, tuple[Ints, list[str]]] = {}
        rows: dict[str, Ints] = {}
        for name, place in self.dimensions.items():
            if name == TAGS:
                rows[name], codes = taken(*reader.tags(place), reader.count, places)
                members[name] = codes, reader.names(name)
            else:
                members[name] = reader.codes(place)[places], reader.names(name)
        return Facts(
            days,
            reader.codes(self.account)[places],
            reader.names("account"),
            members,
            rows,
            {metric.id: self._values(metric, reader, places) for metric in self.want.metrics},
            self._extra(self.matures, reader, places),
            self._extra(self.overs, reader, places),
            self._extra(self.grains, reader, places),
            reader.numbers(self.approximations)[places].astype(np.int64),
        )

    def _extra(self, columns: Mapping[str, int], reader: Reader, places: Ints) -> dict[str, Floats]:
        return {kpi: reader.numbers(place)[places] for kpi, place in columns.items()}

    def _values(self, metric: Metric, reader: Reader, places: Ints) -> Floats:
        """What each fact contributes, in the cell's units; the number of a distinct value."""
        place = self.values[metric.id]
        if metric.shape is Shape.DISTINCT:
            numbers: Floats = reader.codes(place)[places].astype(np.float64)
            numbers[numbers < 0] = np.nan
            return numbers
        whole: Floats = reader.numbers(place)[places]
        return whole if metric.fineness == 1 else np.rint(whole * metric.fineness)


class _Standing(_Pick):
    """Stocks as facts: a span counts once at each day end that is asked for."""

    def __init__(self, want: Want, reader: Reader, times: Times) -> None:
        super().__init__(want, reader, times)
        self.until = reader.number("until_day")
        self.ends = _day_ends(want.chunk, times.today)

    def conditions(self, mark: str) -> Sequence[tuple[str, tuple[int, ...]]]:
        """Those that end meanwhile, later, or not yet; the plus leaves the index to the end."""
        first, last = int(self.ends[0]), int(self.ends[-1])
        return [
            (f"until_day > {mark} AND until_day <= {mark}", (first, last)),
            (f"until_day > {mark} AND +from_day <= {mark}", (last, last)),
            (f"until_day IS NULL AND from_day <= {mark}", (last,)),
        ]

    def facts(self, reader: Reader) -> Facts:
        until = reader.numbers(self.until).copy()
        until[np.isnan(until)] = int(self.ends[-1]) + 1
        firsts = np.searchsorted(self.ends, reader.numbers(self.day))
        places, ends = _spread(firsts, np.searchsorted(self.ends, until))
        found = self._taken(reader, places, self.ends[ends])
        if self.want.anchor == AGE:
            at = np.array([self.times.end_of(day) for day in self.ends.tolist()], dtype=np.float64)[ends]
            for metric in self.want.metrics:
                found.values[metric.id] = _ages(metric, found.values[metric.id], at)
        return found


class _Risking(_Pick):
    """Clocks at risk as facts of the day ends that are asked for: a stock told by instants."""

    def __init__(self, want: Want, reader: Reader, times: Times) -> None:
        super().__init__(want, reader, times)
        self.since, self.until = reader.number("risk_at"), reader.number("risk_until")
        self.ends = _day_ends(want.chunk, times.today)
        self.ends_at = np.array([times.end_of(day) for day in self.ends.tolist()], dtype=np.float64)

    def conditions(self, mark: str) -> Sequence[tuple[str, tuple[int, ...]]]:
        first, last = int(self.ends_at[0]), int(self.ends_at[-1])
        return [
            (f"risk_until >= {mark} AND risk_until <= {mark}", (first, last)),
            (f"risk_until > {mark} AND +risk_at < {mark}", (last, last)),
        ]

    def facts(self, reader: Reader) -> Facts:
        firsts = np.searchsorted(self.ends_at, reader.numbers(self.since), side="right")
        lasts = np.searchsorted(self.ends_at, reader.numbers(self.until), side="right")
        places, ends = _spread(firsts, lasts)
        return self._taken(reader, places, self.ends[ends])


_PICKS: Mapping[str, type[_Pick]] = {_DATED: _Pick, _STANDING: _Standing, _RISKING: _Risking}


def _day_ends(chunk: Chunk, today: int) -> Ints:
    """The day ends that are asked for: each touched day's, and the last of each week and month."""
    ends = {min(last_day(grain, period), today) for grain in Grain for period in chunk.periods[grain]}
    return np.array(sorted(ends), dtype=np.int64)


def _spread(firsts: Ints, lasts: Ints) -> tuple[Ints, Ints]:
    """Each place as often as there are numbers from its first up to its last, and these numbers."""
    lengths = np.maximum(lasts - firsts, 0)
    ends = np.cumsum(lengths)
    within = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)
    return np.repeat(np.arange(len(firsts)), lengths), np.repeat(firsts, lengths) + within


def _ages(metric: Metric, since: Floats, until: Floats) -> Floats:
    """`age` of many."""
    seconds = np.maximum(until - since, 0) // SECOND
    if metric.older_than_seconds is None:
        return seconds
    return np.where(seconds > metric.older_than_seconds, 1.0, np.nan)


def age(metric: Metric, since: int | None, until: int) -> int | None:
    """What a fact that stands since an instant contributes at another one."""
    if since is None:
        return None
    seconds = max(until - since, 0) // SECOND
    if metric.older_than_seconds is None:
        return seconds
    return 1 if seconds > metric.older_than_seconds else None
