"""Touched tickets and ratings → their facts again, from all of their rows, in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from kpi.calendar import OpenHours, local_days, open_hours, schedule_of
from kpi.facts import (
    AnsweredCall,
    BacklogSpan,
    Context,
    EventInput,
    TicketFact,
    TicketFacts,
    TicketInput,
    TransitionFact,
    TurnFact,
    ticket_facts,
)
from kpi.meaning import Meaning
from kpi.ratings import RatingFact, RatingInput, rating_facts

_PART = 5_000
EVENT_COLUMNS = ("ticket_id", *EventInput._fields)


@dataclass(slots=True)
class Batch:
    """The facts of some tickets and ratings, ready to be written."""

    tickets: dict[str, TicketFact] = field(default_factory=dict)
    spans: list[BacklogSpan] = field(default_factory=list)
    turns: list[TurnFact] = field(default_factory=list)
    transitions: list[TransitionFact] = field(default_factory=list)
    ratings: dict[str, RatingFact] = field(default_factory=dict)


class Loader:
    """Reads the rows of one account's tickets and computes their facts.

    People and schedules are read once: a change of theirs touches what rests on them.
    """

    def __init__(self, connection: sa.Connection, account: str, zone: str, meaning: Meaning) -> None:
        self.connection = connection
        self.account = account
        self.context = self._context(zone, meaning)

    def batch(self, ticket_ids: Sequence[str], rating_ids: Sequence[str] = ()) -> Batch:
        """Facts of tickets with their ratings, and of ratings without a ticket."""
        batch = Batch()
        tickets = self._rows("tickets", TicketInput._fields, "id", ticket_ids)
        events = self._events(ticket_ids)
        calls = self._calls(ticket_ids)
        ratings = self._ratings(ticket_ids)
        for row in tickets:
            ticket_id = row[1]
            found = ticket_facts(
                TicketInput._make(row),
                events.get(ticket_id, ()),
                self.context,
                calls=calls.get(ticket_id, ()),
            )
            batch.tickets[ticket_id] = found.fact
            batch.spans += found.backlog
            batch.turns += found.turns
            batch.transitions += found.transitions
            if ticket_id in ratings:
                self._judge(batch, ratings.pop(ticket_id), found)
        for orphans in ratings.values():
            self._judge(batch, orphans, None)
        for row in self._rows("ratings", RatingInput._fields, "id", rating_ids):
            self._judge(batch, [RatingInput._make(row)], None)
        return batch

    def _judge(self, batch: Batch, ratings: Sequence[RatingInput], ticket: TicketFacts | None) -> None:
        for fact in rating_facts(ratings, ticket, self.context):
            batch.ratings[fact.rating_id] = fact

    def _ratings(self, ticket_ids: Sequence[str]) -> dict[str, list[RatingInput]]:
        found: dict[str, list[RatingInput]] = defaultdict(list)
        for row in self._rows("ratings", RatingInput._fields, "ticket_id", ticket_ids):
            rating = RatingInput._make(row)
            found[str(rating.ticket_id)].append(rating)
        return found

    def _events(self, ticket_ids: Sequence[str]) -> Mapping[str, list[EventInput]]:
        found: dict[str, list[EventInput]] = defaultdict(list)
        for row in self._rows("ticket_events", EVENT_COLUMNS, "ticket_id", ticket_ids):
            found[row[0]].append(EventInput._make(row[1:]))
        return found

    def _calls(self, ticket_ids: Sequence[str]) -> Mapping[str, list[AnsweredCall]]:
        found: dict[str, list[AnsweredCall]] = defaultdict(list)
        columns = ("ticket_id", "started_at", "agent_id", "outcome")
        for row in self._rows("calls", columns, "ticket_id", ticket_ids):
            if row[3] == "answered":
                found[row[0]].append(AnsweredCall(row[1], row[2]))
        return found

    def _rows(
        self, table: str, columns: Sequence[str], key: str, keys: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), _PART):
            rows += select(self.connection, table, columns, self.account, key, keys[start : start + _PART])
        return rows

    def _context(self, zone: str, meaning: Meaning) -> Context:
        people = self.connection.exec_driver_sql(
            f"SELECT id, is_light FROM people WHERE account = {_mark(self.connection)} AND (is_staff OR was_staff)",
            (self.account,),
        ).fetchall()
        schedules, default = self._schedules()
        groups = self.connection.exec_driver_sql(
            f"SELECT id, schedule_id FROM groups WHERE account = {_mark(self.connection)} AND schedule_id IS NOT NULL",
            (self.account,),
        ).fetchall()
        return Context(
            days=local_days(zone),
            staff=frozenset(row[0] for row in people),
            light=frozenset(row[0] for row in people if row[1]),
            schedules=schedules,
            default_schedule=default,
            group_schedules={row[0]: row[1] for row in groups},
            fcr_window_seconds=meaning.fcr_window_seconds,
            reopen_window_seconds=meaning.reopen_window_seconds,
            bot_window_seconds=meaning.bot_window_seconds,
            escalation=meaning.escalation,
            complaint=meaning.complaint,
        )

    def _schedules(self) -> tuple[Mapping[str, OpenHours], OpenHours | None]:
        """The account's schedules, and the one that applies where none is named."""
        rows = self.connection.exec_driver_sql(
            "SELECT id, timezone, weekly, holidays, overrides, is_default FROM schedules "
            f"WHERE account = {_mark(self.connection)} AND deleted_at IS NULL ORDER BY id",
            (self.account,),
        ).fetchall()
        found = {
            row[0]: open_hours(schedule_of(row[1], *(msgspec.json.decode(part) for part in row[2:5])))
            for row in rows
        }
        default = next((row[0] for row in rows if row[5]), rows[0][0] if rows else None)
        return found, None if default is None else found[default]


def select(
    connection: sa.Connection, table: str, columns: Iterable[str], account: str, key: str, keys: Sequence[str]
) -> Sequence[Any]:
    """Rows of an account whose `key` is one of `keys`."""
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        query = f"SELECT {names} FROM {table} WHERE account = %s AND {key} = ANY(%s)"
        return connection.exec_driver_sql(query, (account, list(keys))).fetchall()
    marks = ", ".join("?" * len(keys))
    query = f"SELECT {names} FROM {table} WHERE account = ? AND {key} IN ({marks})"
    return connection.exec_driver_sql(query, (account, *keys)).fetchall()


def _mark(connection: sa.Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"
