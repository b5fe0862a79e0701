"""Facts that differ from the stored ones replace them, and the days they lie and lay in are noted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.causes import cause_of_rating, cause_of_ticket, merged_away
from kpi.facts import TicketFact
from kpi.loading import Batch
from kpi.metric import AGE, ANCHORS, DAY_END, DESCRIBING, FIRST_SOLVED, NOTED_OTHERWISE, WAITING, Anchor
from kpi.neighbours import beside, came_back_to, is_another_contact
from kpi.ratings import RatingFact
from kpi.selecting import Part
from kpi.stored import LESSER, Stored, stored_ratings
from kpi.waiting import changed_waits
from storage import derived
from storage.judged import Cause
from storage.tables import metadata

_OF_TICKET = tuple(metadata.tables[name] for name in LESSER)
_DESCRIBED = tuple(TicketFact._fields.index(name) for name in DESCRIBING)
"""Where the columns stand that a ticket's lesser facts are read with."""

Days = dict[str, set[int]]
"""Anchor's name → touched days."""
Noted = dict[Cause, Days]
"""Why → which days."""


@dataclass(frozen=True, slots=True)
class _Dated:
    """Where the rows of a fact table say which day is theirs."""

    anchor: Anchor
    position: int


_DATED: Mapping[str, Sequence[_Dated]] = {
    table.name: [
        _Dated(anchor, [column.name for column in table.columns].index(anchor.day))
        for anchor in ANCHORS
        if table.name in (anchor.table, *anchor.besides) and anchor not in NOTED_OTHERWISE
    ]
    for table in derived.FACT_TABLES
}


def replace(connection: sa.Connection, part: Part, batch: Batch, today: int) -> Noted:
    """Make the stored facts of a part those of its batch; gives the days whose facts changed, and why."""
    noted: Noted = defaultdict(lambda: defaultdict(set))
    _replace_tickets(connection, part, batch, noted, today)
    _replace_ratings(connection, part, batch, noted)
    return noted


def rewrite(connection: sa.Connection, part: Part, batch: Batch) -> None:
    """Make the stored facts of a part those of its batch, where every cell is computed anew anyway."""
    _rewrite_tickets(connection, part, batch)
    before = stored_ratings(connection, part, list(batch.ratings))
    _rewrite_ratings(connection, part, batch, before, _changed_ratings(batch, before))


def _replace_tickets(connection: sa.Connection, part: Part, batch: Batch, noted: Noted, today: int) -> None:
    merged = merged_away(connection, part.account, batch.before, batch.tickets, batch.changed)
    contacts: dict[Cause, list[str]] = defaultdict(list)
    for key in batch.changed:
        before, now = batch.before.get(key, _NOTHING), batch.tickets.get(key, _NOTHING)
        cause = cause_of_ticket(before[0], now[0], is_merged=key in merged)
        _note(noted[cause], before, now, today)
        if is_another_contact(before[0], now[0]):
            contacts[cause].append(key)
    for cause, keys in contacts.items():
        noted[cause][FIRST_SOLVED.name] |= came_back_to(connection, part.account, keys)
    _rewrite_tickets(connection, part, batch)
    for cause, keys in contacts.items():
        noted[cause][FIRST_SOLVED.name] |= came_back_to(connection, part.account, keys)


def _rewrite_tickets(connection: sa.Connection, part: Part, batch: Batch) -> None:
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
            note_rows(days, derived.ticket_facts, [fact])
    for from_day, until_day in changed_waits(before, now):
        days[WAITING.name].update(_until(today, from_day, until_day))
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
            note_rows(days, table, rows)


def note_rows(days: Days, table: sa.Table, rows: Iterable[Any]) -> None:
    """Touch the days that rows of a fact table bear."""
    for dated in _DATED[table.name]:
        for row in rows:
            day = row[dated.position]
            if day is not None:
                days[dated.anchor.name].add(day)


def _note_spans(days: Days, spans: Iterable[Any], today: int) -> None:
    """Day ends at which the ticket stood, or stood otherwise, until today."""
    for span in spans:
        for anchor in (DAY_END, AGE):
            days[anchor.name].update(_until(today, span[3], span[4]))


def _until(today: int, from_day: int, until_day: int | None) -> range:
    return range(from_day, today + 1 if until_day is None else min(until_day, today + 1))


def _replace_ratings(connection: sa.Connection, part: Part, batch: Batch, noted: Noted) -> None:
    before = stored_ratings(connection, part, list(batch.ratings))
    changed = _changed_ratings(batch, before)
    answers: dict[Cause, list[RatingFact]] = defaultdict(list)
    for key in changed:
        was, now = before.get(key), batch.ratings.get(key)
        cause = cause_of_rating(was, now)
        either = [fact for fact in (was, now) if fact is not None]
        note_rows(noted[cause], derived.rating_facts, either)
        answers[cause] += either
    _rewrite_ratings(connection, part, batch, before, changed)
    for cause, facts in answers.items():
        for anchor, days in beside(connection, part.account, facts).items():
            noted[cause][anchor].update(days)


def _changed_ratings(batch: Batch, before: Mapping[str, RatingFact]) -> list[str]:
    return [
        key
        for key in sorted(before.keys() | batch.ratings.keys())
        if before.get(key) != batch.ratings.get(key)
    ]


def _rewrite_ratings(
    connection: sa.Connection,
    part: Part,
    batch: Batch,
    before: Mapping[str, RatingFact],
    changed: Sequence[str],
) -> None:
    table = derived.rating_facts
    writing.delete_rows(
        connection, table, part.account, "rating_id", [key for key in changed if key in before]
    )
    writing.insert_rows(connection, table, (batch.ratings[key] for key in changed if key in batch.ratings))
