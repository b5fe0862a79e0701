"""Facts that differ from the stored ones replace them, and the days they lie and lay in are noted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.facts import TicketFact
from kpi.loading import Batch
from kpi.metric import ANCHORS, DESCRIBING, STOCKS, Anchor
from kpi.selecting import Part
from kpi.stored import LESSER, Stored, stored_ratings
from storage import derived
from storage.tables import metadata

_OF_TICKET = tuple(metadata.tables[name] for name in LESSER)
_DESCRIBED = tuple(TicketFact._fields.index(name) for name in DESCRIBING)
"""Where the columns stand that a ticket's lesser facts are read with."""

Days = dict[str, set[int]]
"""Anchor's name → touched days."""


@dataclass(frozen=True, slots=True)
class _Dated:
    """Where the rows of a fact table say which day is theirs."""

    anchor: Anchor
    position: int


_DATED: Mapping[str, Sequence[_Dated]] = {
    table.name: [
        _Dated(anchor, [column.name for column in table.columns].index(anchor.day))
        for anchor in ANCHORS
        if anchor.table == table.name and anchor not in STOCKS
    ]
    for table in derived.FACT_TABLES
}


def replace(connection: sa.Connection, part: Part, batch: Batch, today: int) -> Days:
    """Make the stored facts of a part those of its batch; gives the days whose facts changed."""
    days: Days = defaultdict(set)
    _replace_tickets(connection, part, batch, days, today)
    _replace_ratings(connection, part, batch, days)
    return days


def _replace_tickets(connection: sa.Connection, part: Part, batch: Batch, days: Days, today: int) -> None:
    for key in batch.changed:
        _note(days, batch.before.get(key, _NOTHING), batch.tickets.get(key, _NOTHING), today)
    for table in (derived.ticket_facts, *_OF_TICKET):
        writing.delete_rows(connection, table, part.account, "ticket_id", list(batch.before))
    write_tickets(connection, batch)


_NOTHING: Stored = (None, *([] for _ in LESSER))


def write_tickets(connection: sa.Connection, batch: Batch) -> None:
    """Write the facts of tickets that have none."""
    found: Collection[Stored] = batch.tickets.values()
    writing.insert_rows(connection, derived.ticket_facts, (facts[0] for facts in found))
    for place, table in enumerate(_OF_TICKET, start=1):
        writing.insert_rows(connection, table, (row for facts in found for row in facts[place]))


def _note(days: Days, before: Stored, now: Stored, today: int) -> None:
    """Days of what changed: all of a ticket's where what describes it did, else of the rows that differ."""
    for fact in (before[0], now[0]):
        if fact is not None:
            _note_rows(days, derived.ticket_facts, [fact])
    is_described_alike = (
        before[0] is not None
        and now[0] is not None
        and all(before[0][column] == now[0][column] for column in _DESCRIBED)
    )
    for place, table in enumerate(_OF_TICKET, start=1):
        rows = {*before[place], *now[place]}
        if is_described_alike:
            rows -= {*before[place]} & {*now[place]}
        if table is derived.backlog_spans:
            _note_spans(days, rows, today)
        else:
            _note_rows(days, table, rows)


def _note_rows(days: Days, table: sa.Table, rows: Iterable[Any]) -> None:
    for dated in _DATED[table.name]:
        for row in rows:
            day = row[dated.position]
            if day is not None:
                days[dated.anchor.name].add(day)


def _note_spans(days: Days, spans: Iterable[Any], today: int) -> None:
    """Day ends at which the ticket stood, or stood otherwise, until today."""
    for span in spans:
        from_day, until_day = span[3], span[4]
        stood = range(from_day, today + 1 if until_day is None else min(until_day, today + 1))
        for anchor in STOCKS:
            days[anchor.name].update(stood)


def _replace_ratings(connection: sa.Connection, part: Part, batch: Batch, days: Days) -> None:
    table = derived.rating_facts
    before = stored_ratings(connection, part, list(batch.ratings))
    changed = [
        key
        for key in sorted(before.keys() | batch.ratings.keys())
        if before.get(key) != batch.ratings.get(key)
    ]
    for key in changed:
        _note_rows(
            days, table, (fact for fact in (before.get(key), batch.ratings.get(key)) if fact is not None)
        )
    writing.delete_rows(
        connection, table, part.account, "rating_id", [key for key in changed if key in before]
    )
    writing.insert_rows(connection, table, (batch.ratings[key] for key in changed if key in batch.ratings))
