"""The refresh: what was touched is computed again, and nothing else.

    touches → facts of the touched tickets → touched days → cells of the touched periods

Two steps, each safe to be cut anywhere. A batch of touches becomes facts, touched days and forgotten
touches in one transaction. Then the touched days' periods are read whole, computed, and replaced in
one transaction that forgets exactly the touched days it has read.
"""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from kpi import writing
from kpi.calendar import local_days
from kpi.catalog import CATALOG
from kpi.cells import Cell, Scope, cells
from kpi.exclusive import exclusively
from kpi.facts import BacklogSpan, TicketFact
from kpi.loading import Batch, Loader, select
from kpi.meaning import Meaning
from kpi.metric import CREATED, DAY_END, FIRST_SOLVED, RATED, REPLIED, SOLVED, VENDORS, Anchor, Metric
from kpi.periods import Chunk, Grain, chunks
from kpi.ratings import RatingFact
from kpi.sources import read_facts
from storage import derived
from storage.database import reading
from storage.touches import Touch, forget_touches, read_touches

FACTS_VERSION = 1
"""Raised when facts are computed otherwise than before: all are computed again then."""

BATCH = 2_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKET_ANCHORS = (CREATED, REPLIED, FIRST_SOLVED, SOLVED)
_TICKET_DAYS = {anchor: TicketFact._fields.index(anchor.day) for anchor in _TICKET_ANCHORS}

Progress = Callable[[str, int, int], None]
"""What is being done (`facts`, `cells`), how much of it is done, and of how much."""


def _no_progress(_what: str, _done: int, _of: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Reporting:
    """How numbers are cut and meant."""

    zone: str = "UTC"
    """IANA zone in which days, weeks and months are cut."""
    vendors: Mapping[str, str] = field(default_factory=dict)
    """Account → connector."""
    meaning: Meaning = field(default_factory=Meaning)
    catalog: Sequence[Metric] = CATALOG

    def version(self) -> str:
        """Changes when every fact or cell must be computed again."""
        meaning = json.dumps(asdict(self.meaning), default=sorted, sort_keys=True)
        entries = json.dumps(
            [[m.id, m.anchor.name, m.shape, m.where, m.value, m.matures_at] for m in self.catalog]
        )
        return f"{FACTS_VERSION}/{self.zone}/{zlib.crc32((meaning + entries).encode()):08x}"


@dataclass(slots=True)
class Refreshed:
    """What a refresh did."""

    tickets: int = 0
    periods: int = 0
    values: int = 0
    seconds: float = 0.0


def refresh(
    engine: sa.Engine, reporting: Reporting, *, now: datetime, progress: Progress = _no_progress
) -> Refreshed:
    """Bring every KPI up to what is stored and to `now`; nothing changed is nothing done."""
    began = time.monotonic()
    done = Refreshed()
    with exclusively(engine):
        work = _Work(engine, reporting, now, progress, done)
        if work.is_changed():
            work.start_over()
        work.facts()
        work.pass_time()
        work.cells()
    done.seconds = time.monotonic() - began
    return done


def rebuild(
    engine: sa.Engine, reporting: Reporting, *, now: datetime, progress: Progress = _no_progress
) -> Refreshed:
    """Compute every fact and every cell again from the records."""
    began = time.monotonic()
    done = Refreshed()
    with exclusively(engine):
        work = _Work(engine, reporting, now, progress, done)
        work.start_over()
        work.facts()
        work.pass_time()
        work.cells()
    done.seconds = time.monotonic() - began
    return done


class _Work:
    def __init__(
        self, engine: sa.Engine, reporting: Reporting, now: datetime, progress: Progress, done: Refreshed
    ) -> None:
        self.engine, self.reporting, self.progress, self.done = engine, reporting, progress, done
        self.now = (now - _EPOCH) // _MICROSECOND
        self.today = local_days(reporting.zone).day(self.now)
        self.families: dict[Anchor, list[Metric]] = defaultdict(list)
        for metric in reporting.catalog:
            self.families[metric.anchor].append(metric)

    def is_changed(self) -> bool:
        """Whether zone, meaning or definitions are others than those of the stored facts."""
        with reading(self.engine) as connection:
            return writing.get_state(connection, "version") != self.reporting.version()

    def start_over(self) -> None:
        """Touch everything. What readers see stays until its period is replaced."""
        with self.engine.begin() as connection:
            for kind, table, key in (
                ("ticket", "tickets", "id"),
                ("ticket", "ratings", "ticket_id"),
                ("rating", "ratings", "id"),
            ):
                condition = {"ticket": f"{key} IS NOT NULL", "rating": "ticket_id IS NULL"}[kind]
                ignore = "ON CONFLICT (account, kind, entity_id) DO NOTHING"
                connection.exec_driver_sql(
                    f"INSERT INTO touches (account, kind, entity_id) SELECT DISTINCT account, '{kind}', {key} "
                    f"FROM {table} WHERE {condition} {ignore}"
                )
            self._touch_stored_cells(connection)
            _publish_definitions(connection, self.reporting.catalog)
            writing.set_state(connection, "version", self.reporting.version())

    def _touch_stored_cells(self, connection: sa.Connection) -> None:
        """Days that hold cells now: in another zone, or without their facts, they must go or change."""
        anchors = {metric.id: anchor.name for anchor, metrics in self.families.items() for metric in metrics}
        table = derived.kpi_cells
        days: dict[str, set[int]] = defaultdict(set)
        query = sa.select(table.c.kpi, table.c.period).where(table.c.grain == str(Grain.DAY)).distinct()
        for kpi, day in connection.execute(query):
            if kpi in anchors:
                days[anchors[kpi]].add(day)
            else:
                connection.execute(sa.delete(table).where(table.c.kpi == kpi))
        for anchor, touched in days.items():
            writing.touch_periods(connection, anchor, touched)

    def facts(self) -> None:
        """Touches become facts, batch by batch."""
        self._spread()
        with reading(self.engine) as connection:
            waiting: int = connection.exec_driver_sql("SELECT count(*) FROM touches").scalar_one()
        loaders: dict[str, Loader] = {}
        total = max(1, waiting)
        while True:
            with self.engine.begin() as connection:
                touches = read_touches(connection, BATCH)
                if not touches:
                    return
                self._compute(connection, loaders, touches)
                forget_touches(connection, touches)
            self.progress("facts", min(self.done.tickets, total), total)

    def _spread(self) -> None:
        """A person who changed sides, or a changed schedule, touches the tickets that rest on it."""
        with self.engine.begin() as connection:
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            insert = "INSERT INTO touches (account, kind, entity_id) SELECT DISTINCT account, 'ticket', "
            ignore = "ON CONFLICT (account, kind, entity_id) DO NOTHING"
            whole: set[str] = set()
            for kind in ("person", "schedule", "group"):
                for touch in read_touches(connection, 1_000_000, kind=kind):
                    if kind == "person":
                        for table, column, key in (
                            ("ticket_events", "actor_id", "ticket_id"),
                            ("tickets", "submitter_id", "id"),
                        ):
                            connection.exec_driver_sql(
                                f"{insert}{key} FROM {table} WHERE account = {mark} AND {column} = {mark} {ignore}",
                                (touch.account, touch.entity_id),
                            )
                    else:
                        whole.add(touch.account)
                    forget_touches(connection, [touch])
            for account in sorted(whole):
                connection.exec_driver_sql(
                    f"{insert}id FROM tickets WHERE account = {mark} {ignore}", (account,)
                )

    def _compute(
        self, connection: sa.Connection, loaders: dict[str, Loader], touches: Sequence[Touch]
    ) -> None:
        tickets: dict[str, set[str]] = defaultdict(set)
        ratings: dict[str, set[str]] = defaultdict(set)
        for touch in touches:
            if touch.kind == "ticket":
                tickets[touch.account].add(touch.entity_id)
            elif touch.kind == "rating":
                ratings[touch.account].add(touch.entity_id)
        for kind, account, ids in _tickets_of_calls(connection, touches):
            if kind == "ticket":
                tickets[account].update(ids)
        days: dict[str, set[int]] = defaultdict(set)
        for account in sorted(tickets.keys() | ratings.keys()):
            loader = loaders.get(account)
            if loader is None:
                loader = loaders[account] = Loader(
                    connection, account, self.reporting.zone, self.reporting.meaning
                )
            loader.connection = connection
            ticket_ids = sorted(tickets[account])
            batch = loader.batch(ticket_ids, sorted(ratings[account]))
            self._write(connection, account, ticket_ids, sorted(ratings[account]), batch, days)
            self.done.tickets += len(ticket_ids)
        for anchor, touched in days.items():
            writing.touch_periods(connection, anchor, touched)

    def _write(
        self, connection: sa.Connection, account: str, ticket_ids: Sequence[str], rating_ids: Sequence[str],
        batch: Batch, days: dict[str, set[int]],
    ) -> None:  # fmt: skip
        """Replace the facts that differ, and note the days in which they lie and lay."""
        old = {
            fact.ticket_id: fact
            for fact in map(TicketFact._make, _stored(connection, derived.ticket_facts, account, ticket_ids))
        }
        old_spans = _by_ticket(
            map(BacklogSpan._make, _stored(connection, derived.backlog_spans, account, ticket_ids))
        )
        new_spans = _by_ticket(batch.spans)
        changed = [
            ticket_id
            for ticket_id in ticket_ids
            if old.get(ticket_id) != batch.tickets.get(ticket_id)
            or old_spans.get(ticket_id, []) != new_spans.get(ticket_id, [])
        ]
        for ticket_id in changed:
            _note_days(days, old.get(ticket_id), batch.tickets.get(ticket_id))
            self._note_stock(
                days,
                old_spans.get(ticket_id, []),
                new_spans.get(ticket_id, []),
                old.get(ticket_id),
                batch.tickets.get(ticket_id),
            )
        gone = set(changed)
        for table in derived.FACT_TABLES:
            if table is not derived.rating_facts:
                known = [key for key in changed if key in old]
                writing.delete_rows(connection, table, account, "ticket_id", known)
        writing.insert_rows(
            connection, derived.ticket_facts, (batch.tickets[key] for key in changed if key in batch.tickets)
        )
        writing.insert_rows(
            connection, derived.backlog_spans, (span for span in batch.spans if span.ticket_id in gone)
        )
        writing.insert_rows(
            connection, derived.turn_facts, (turn for turn in batch.turns if turn.ticket_id in gone)
        )
        writing.insert_rows(
            connection,
            derived.transition_facts,
            (each for each in batch.transitions if each.ticket_id in gone),
        )
        self._write_ratings(connection, account, ticket_ids, rating_ids, batch, days)

    def _write_ratings(
        self, connection: sa.Connection, account: str, ticket_ids: Sequence[str], rating_ids: Sequence[str],
        batch: Batch, days: dict[str, set[int]],
    ) -> None:  # fmt: skip
        table = derived.rating_facts
        rows = [*_stored(connection, table, account, ticket_ids), *_stored(connection, table, account, rating_ids, "rating_id"),
                *_stored(connection, table, account, list(batch.ratings), "rating_id")]  # fmt: skip
        old = {fact.rating_id: fact for fact in map(RatingFact._make, rows)}
        changed = [
            key for key in sorted(old.keys() | batch.ratings.keys()) if old.get(key) != batch.ratings.get(key)
        ]
        for key in changed:
            for fact in (old.get(key), batch.ratings.get(key)):
                if fact is not None and fact.rated_day is not None:
                    days[RATED.name].add(fact.rated_day)
        writing.delete_rows(connection, table, account, "rating_id", [key for key in changed if key in old])
        writing.insert_rows(
            connection, table, (batch.ratings[key] for key in changed if key in batch.ratings)
        )

    def _note_stock(
        self, days: dict[str, set[int]], before: Sequence[BacklogSpan], after: Sequence[BacklogSpan],
        old: TicketFact | None, new: TicketFact | None,
    ) -> None:  # fmt: skip
        """Day ends at which the ticket stood otherwise; all of them when what describes it changed."""
        if before == after and old is not None and new is not None and _described(old) == _described(new):
            return
        touched = days[DAY_END.name]
        same = (
            set(before) & set(after)
            if old is not None and new is not None and _described(old) == _described(new)
            else set()
        )
        for span in {*before, *after} - same:
            end = self.today + 1 if span.until_day is None else span.until_day
            touched.update(range(span.from_day, min(end, self.today + 1)))

    def pass_time(self) -> None:
        """Days that ended, and verdicts that matured, since the last refresh."""
        with self.engine.begin() as connection:
            before = writing.get_state(connection, "passed_until")
            since = int(before) if before is not None else self.now
            if since < self.now or before is None:
                self._mature(connection, since)
                last = local_days(self.reporting.zone).day(since)
                standing = connection.exec_driver_sql(
                    "SELECT count(*) FROM backlog_spans WHERE until_day IS NULL"
                ).scalar_one()
                if standing and last < self.today:
                    writing.touch_periods(connection, DAY_END.name, range(last, self.today + 1))
                writing.set_state(connection, "passed_until", str(self.now))

    def _mature(self, connection: sa.Connection, since: int) -> None:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        for metric in self.reporting.catalog:
            if metric.matures_at is None:
                continue
            rows = connection.exec_driver_sql(
                f"SELECT DISTINCT {metric.anchor.day} FROM {metric.anchor.table} WHERE {metric.matures_at} > {mark} "
                f"AND {metric.matures_at} <= {mark} AND {metric.anchor.day} IS NOT NULL",
                (since, self.now),
            )
            writing.touch_periods(connection, metric.anchor.name, [row[0] for row in rows])

    def cells(self) -> None:
        """Touched periods are computed whole and replaced."""
        with reading(self.engine) as connection:
            read = {anchor: writing.read_touched_periods(connection, anchor.name) for anchor in self.families}
        total = sum(len(days) for days in read.values())
        finished = 0
        for anchor, touched in read.items():
            for chunk in chunks(day for day, _revision in touched):
                self._replace(anchor, chunk)
            with self.engine.begin() as connection:
                writing.forget_touched_periods(connection, anchor.name, touched)
            finished += len(touched)
            self.progress("cells", finished, total)

    def _replace(self, anchor: Anchor, chunk: Chunk) -> None:
        metrics = self.families[anchor]
        with reading(self.engine) as connection:
            facts = read_facts(connection, metrics, chunk, self.today)
        scope = Scope(chunk, self.now, self.today, self.reporting.vendors)
        computed = [cell for metric in metrics for cell in cells(metric, facts, scope)]
        with self.engine.begin() as connection:
            for grain, periods in chunk.periods.items():
                _delete_cells(connection, metrics, grain, periods)
                self.done.periods += len(periods)
            self.done.values += writing.insert_rows(connection, derived.kpi_cells, computed)


def _described(fact: TicketFact) -> tuple[object, ...]:
    return (
        fact.is_countable, fact.channel, fact.priority, fact.type, fact.category, fact.brand_id,
        fact.organisation_id, fact.tags, fact.approximations,
    )  # fmt: skip


def _note_days(days: dict[str, set[int]], old: TicketFact | None, new: TicketFact | None) -> None:
    for anchor, index in _TICKET_DAYS.items():
        for fact in (old, new):
            day = None if fact is None else fact[index]
            if isinstance(day, int):
                days[anchor.name].add(day)


def _by_ticket(spans: Iterable[BacklogSpan]) -> dict[str, list[BacklogSpan]]:
    found: dict[str, list[BacklogSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.ordinal):
        found[span.ticket_id].append(span)
    return found


def _stored(
    connection: sa.Connection, table: sa.Table, account: str, keys: Sequence[str], key: str = "ticket_id"
) -> list[Sequence[object]]:
    names = [column.name for column in table.columns]
    return [tuple(row) for row in select(connection, table.name, names, account, key, keys)] if keys else []


def _tickets_of_calls(
    connection: sa.Connection, touches: Sequence[Touch]
) -> Iterable[tuple[str, str, set[str]]]:
    """An answered call is a contact of its ticket."""
    calls: dict[str, list[str]] = defaultdict(list)
    for touch in touches:
        if touch.kind == "call":
            calls[touch.account].append(touch.entity_id)
    for account, ids in calls.items():
        rows = select(connection, "calls", ("ticket_id",), account, "id", ids)
        yield "ticket", account, {row[0] for row in rows if row[0] is not None}


def _delete_cells(
    connection: sa.Connection, metrics: Sequence[Metric], grain: Grain, periods: Iterable[int]
) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    rows = [(metric.id, str(grain), period) for metric in metrics for period in sorted(periods)]
    if rows:
        connection.exec_driver_sql(
            f"DELETE FROM kpi_cells WHERE kpi = {mark} AND grain = {mark} AND period = {mark}", rows
        )


def _publish_definitions(connection: sa.Connection, catalog: Sequence[Metric]) -> None:
    """`report_kpi_definitions` says what this version computes."""
    table = derived.kpi_definitions
    connection.execute(sa.delete(table))
    connection.execute(
        sa.insert(table),
        [
            {
                "kpi": metric.id,
                "title": metric.title,
                "unit": metric.unit,
                "direction": metric.direction,
                "anchor": metric.anchor.name,
                "definition": metric.definition,
                "formula": metric.formula,
                **{vendor: metric.available(vendor) for vendor in VENDORS},
                "shape": str(metric.shape),
                "scale": metric.scale,
            }
            for metric in catalog
        ],
    )


__all__ = ["Cell", "Progress", "Refreshed", "Reporting", "rebuild", "refresh"]
