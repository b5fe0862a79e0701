"""What a published, closed period said before a later change, and why it changed.

A period is closed for readers once a refresh after its last day was done: what a day said while it lasted
is no statement. Replaced values of closed days and months are put aside within the transaction that
replaces them, compared, and forgotten: a refresh that is killed says nothing, or all of it once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.blocks import ALL
from kpi.calendar import local_days
from kpi.periods import Chunk, Grain, last_day, start_of
from kpi.selecting import fetched
from kpi.settling import settled_until
from storage import derived
from storage.judged import Cause
from storage.views_kpi import STATISTICS, value_of
from storage.words import Words

DIMENSIONS = (ALL, "group", "agent")
"""Whose figures somebody answers for."""
GRAINS = (Grain.DAY, Grain.MONTH)
KEPT_DAYS = 731
"""For how long restatements are kept."""
_UNTIL, _WHY = "published_until", "why_all"
_WAS = "was "

Causes = Mapping[str, Mapping[int, int]]
"""Anchor's name → touched day → why."""
Closed = Mapping[tuple[Grain, int], int]
"""Closed periods that are replaced → why."""


def read_causes(connection: sa.Connection) -> Causes:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for anchor, day, causes in fetched(connection, "SELECT anchor, day, causes FROM touched_periods"):
        found[anchor][day] = causes
    return found


def because(connection: sa.Connection, cause: Cause) -> None:
    """Note why everything is computed again, for when that is published."""
    writing.set_state(connection, _WHY, str(int(cause)))


@dataclass(frozen=True, slots=True)
class Restating:
    """Tells what closed periods said; `closed_before` is the local day before which they ended,
    `settled` until when cohorts do.
    """

    closed_before: int
    settled: Mapping[str, int]
    at: int
    today: int

    @classmethod
    def since(cls, connection: sa.Connection, zone: str, now: int) -> "Restating":
        text = writing.get_state(connection, _UNTIL)
        days = local_days(zone)
        closed_before = -(10**9) if text is None else days.day(int(text))
        return cls(closed_before, settled_until(connection), now, days.day(now))

    def _closed_before(self, kpi: str) -> int:
        """A cohort that still fills up has said nothing yet."""
        return min(self.closed_before, self.settled.get(kpi, self.closed_before) + 1)

    def done(self, connection: sa.Connection) -> None:
        """From now on, periods that have ended are closed."""
        if writing.get_state(connection, _UNTIL) != str(self.at):
            writing.set_state(connection, _UNTIL, str(self.at))
            forgotten = self.today - KEPT_DAYS
            connection.exec_driver_sql(f"DELETE FROM kpi_restatements WHERE on_day < {forgotten}")

    def closed(self, chunk: Chunk, causes: Iterable[tuple[int, int]]) -> Closed:
        """The closed periods of a chunk, with why the days that bear on them changed; not those that only
        grew older.
        """
        found: dict[tuple[Grain, int], int] = defaultdict(int)
        for day, why in causes:
            for grain in GRAINS:
                period = start_of(grain, day)
                if period in chunk.periods[grain] and last_day(grain, period) < self.closed_before:
                    found[grain, period] |= why & ~int(Cause.TIME)
        return {period: why for period, why in found.items() if why}

    def put_aside(self, connection: sa.Connection, numbers: Mapping[str, int], closed: Closed) -> None:
        """Keep what closed periods say, in a generation that nobody reads: less than 0, it is why."""
        rows = [
            (-why, kpi, number, str(grain), period)
            for (grain, period), why in closed.items()
            for kpi, number in numbers.items()
            if last_day(grain, period) < self._closed_before(kpi)
        ]
        if rows:
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            connection.exec_driver_sql(
                f"UPDATE kpi_cells SET generation = {mark} WHERE kpi = {mark} AND generation = {mark} "
                f"AND grain = {mark} AND period = {mark} AND dimension IN {DIMENSIONS} AND provisional = 0",
                rows,
            )

    def tell(self, connection: sa.Connection, aside: Collection[str]) -> None:
        """Write down which of the KPIs' values that were put aside are others now, and forget them."""
        if not aside:
            return
        kpis = ", ".join(f"'{kpi}'" for kpi in sorted(aside))
        self._compare(connection, "w.kpi = d.kpi", f"d.kpi IN ({kpis}) AND o.generation < 0", "-o.generation")
        connection.exec_driver_sql(f"DELETE FROM kpi_cells WHERE kpi IN ({kpis}) AND generation < 0")

    def switched(self, connection: sa.Connection, before: Collection[Mapping[str, Any]]) -> None:
        """The same of KPIs whose next generation has just been published; `before` are the definitions that
        were. Everything together only: each member would be as many rows again.
        """
        table = derived.kpi_definitions
        stored = {row["kpi"]: row for row in connection.execute(sa.select(table)).mappings()}
        why = int(writing.get_state(connection, _WHY) or Cause.RECOMPUTATION)
        writing.drop_state(connection, _WHY)
        words = Words(connection.dialect.name)
        for old in before:
            now = stored.get(old["kpi"])
            if now is None or now["generation"] == old["generation"]:
                continue
            is_same = now["signature"] == old["signature"]
            connection.execute(sa.insert(table), [{**old, "kpi": _WAS + old["kpi"]}])
            closed_before = self._closed_before(old["kpi"])
            is_closed = (
                f"o.provisional = 0 AND o.dimension = '{ALL}' AND (o.grain = 'day' AND o.period < {closed_before} "
                f"OR o.grain = 'month' AND {words.months_after('o.period', 1)} <= {closed_before})"
            )
            where = f"d.kpi = '{old['kpi']}' AND o.generation = {old['generation']} AND {is_closed}"
            self._compare(
                connection,
                f"w.kpi = '{_WAS}' || d.kpi",
                where,
                str(why if is_same else int(Cause.DEFINITION)),
            )
        connection.execute(sa.delete(table).where(table.c.kpi.startswith(_WAS)))

    def _compare(self, connection: sa.Connection, definition: str, where: str, causes: str) -> None:
        """One row a statistic and local day: its first value of the day stays the old one."""
        words = Words(connection.dialect.name)
        alike = " AND ".join(
            f"n.{name} = o.{name}" for name in ("kpi", "grain", "period", "account", "dimension", "member")
        )
        old, new = value_of("o", "w"), value_of("n")
        connection.exec_driver_sql(f"""
            INSERT INTO kpi_restatements
                   (kpi, statistic, grain, period, account, dimension, member, on_day, old, new, causes, at)
            SELECT o.kpi, s.statistic, o.grain, o.period, o.account, o.dimension, o.member, {self.today},
                   {old}, {new}, {causes}, {self.at}
            FROM kpi_definitions d
            JOIN kpi_definitions w ON {definition}
            JOIN {STATISTICS}
            JOIN kpi_cells o ON o.kpi = d.kpi
            LEFT JOIN kpi_cells n ON {alike} AND n.generation = d.generation
            WHERE {where} AND o.grain IN ('day', 'month') AND {old} IS NOT NULL AND {words.differ(old, new)}
            ON CONFLICT (kpi, statistic, grain, period, account, dimension, member, on_day)
            DO UPDATE SET new = excluded.new, causes = kpi_restatements.causes | excluded.causes, at = excluded.at
        """)
