"""Facts that differ from the stored ones replace them, and the days they lie and lay in are noted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.facts import TicketFact
from kpi.loading import Batch
from kpi.metric import ANCHORS, DAY_END, Anchor
from kpi.ratings import RatingFact
from kpi.selecting import Keys, Part, Selection, rows_of
from storage import derived

_OF_TICKET = (derived.backlog_spans, derived.turn_facts, derived.transition_facts)
"""Tables of a ticket's lesser facts, in the order of `TicketFacts` after its first."""
_COLUMNS = {table.name: [column.name for column in table.columns] for table in derived.FACT_TABLES}
_DESCRIBING = ("is_countable", "channel", "priority", "type", "category", "brand_id", "organisation_id", "tags",
               "approximations")  # fmt: skip
"""Columns of a ticket's fact that its lesser facts are read with."""
_DESCRIBED = tuple(TicketFact._fields.index(name) for name in _DESCRIBING)

Days = dict[str, set[int]]
"""Anchor's name → touched days."""
Stored = tuple[Any, ...]
"""A ticket's facts as they stand in the four tables: its own (null where it has none) and the lesser."""


@dataclass(frozen=True, slots=True)
class _Dated:
    """Where the rows of a fact table say which day is theirs."""

    anchor: Anchor
    position: int


_DATED: Mapping[str, Sequence[_Dated]] = {
    table.name: [
        _Dated(anchor, _COLUMNS[table.name].index(anchor.day))
        for anchor in ANCHORS
        if anchor.table == table.name and anchor != DAY_END
    ]
    for table in derived.FACT_TABLES
}


def replace(connection: sa.Connection, part: Part, batch: Batch, today: int) -> Days:
    """Make the stored facts of a part those of its batch; gives the days whose facts changed."""
    days: Days = defaultdict(set)
    if part.tickets != Keys(()):
        _replace_tickets(connection, part, batch, days, today)
    _replace_ratings(connection, part, batch, days)
    return days


def _replace_tickets(connection: sa.Connection, part: Part, batch: Batch, days: Days, today: int) -> None:
    before = stored_tickets(connection, part.account, part.tickets)
    now: dict[str, Stored] = {ticket_id: facts[:4] for ticket_id, facts in batch.tickets.items()}
    changed = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    for key in changed:
        _note(days, before.get(key, _NOTHING), now.get(key, _NOTHING), today)
    known = [key for key in changed if key in before]
    for table in (derived.ticket_facts, *_OF_TICKET):
        writing.delete_rows(connection, table, part.account, "ticket_id", known)
    written = [now[key] for key in changed if key in now]
    writing.insert_rows(connection, derived.ticket_facts, (facts[0] for facts in written))
    for place, table in enumerate(_OF_TICKET, start=1):
        writing.insert_rows(connection, table, (row for facts in written for row in facts[place]))


_NOTHING: Stored = (None, [], [], [])


def stored_tickets(connection: sa.Connection, account: str, selected: Selection) -> dict[str, Stored]:
    """The stored facts of tickets, by ticket."""
    name = derived.ticket_facts.name
    found: dict[str, Stored] = {
        row[1]: (row, [], [], []) for row in rows_of(connection, name, _COLUMNS[name], account, "ticket_id", selected)
    }  # fmt: skip
    for place, table in enumerate(_OF_TICKET, start=1):
        for row in rows_of(connection, table.name, _COLUMNS[table.name], account, "ticket_id", selected):
            of_ticket = found.get(row[1])
            if of_ticket is None:
                of_ticket = found[row[1]] = (None, [], [], [])
            of_ticket[place].append(row)
    for facts in found.values():
        for rows in facts[1:]:
            rows.sort()
    return found


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
    touched = days[DAY_END.name]
    for span in spans:
        from_day, until_day = span[3], span[4]
        touched.update(range(from_day, today + 1 if until_day is None else min(until_day, today + 1)))


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


def stored_ratings(
    connection: sa.Connection, part: Part, rating_ids: Collection[str]
) -> dict[str, RatingFact]:
    """The stored facts of a part's ratings, and of those that have come into it."""
    found: dict[str, RatingFact] = {}
    for row in _rating_rows(connection, part, rating_ids):
        fact = RatingFact._make(row)
        found[fact.rating_id] = fact
    return found


def _rating_rows(connection: sa.Connection, part: Part, rating_ids: Collection[str]) -> Iterator[Any]:
    name = derived.rating_facts.name
    columns = _COLUMNS[name]
    place = columns.index("ticket_id")
    yield from rows_of(connection, name, columns, part.account, "ticket_id", part.tickets)
    for row in rows_of(connection, name, columns, part.account, "rating_id", part.ratings):
        if row[place] is None:
            yield row
    yield from rows_of(connection, name, columns, part.account, "rating_id", Keys(list(rating_ids)))
