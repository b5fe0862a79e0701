"""The rows of some tickets and ratings → their facts, in bulk."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from kpi.calendar import local_days, open_hours, schedule_of
from kpi.chosen_hours import HoursOfAccount, chosen_hours, closed_days
from kpi.facts import AnsweredCall, Context, EventInput, TicketFacts, TicketInput, ticket_facts
from kpi.history import TOLD_BY_HISTORY
from kpi.lesser import RiskSpan, SlaFact, SlaInput, WorkdayFact
from kpi.meaning import Meaning
from kpi.ratings import RatingFact, RatingInput, rating_facts
from kpi.rules import EVERY
from kpi.selecting import Part, rows_of
from kpi.shapes import BacklogSpan, TicketFact, TransitionFact, TurnFact
from kpi.standalone import Setting

_EVENT_COLUMNS = (*EventInput._fields, "ticket_id")
_SLA_COLUMNS = (*SlaInput._fields, "ticket_id")
_TAG_ADDED = "tag_added"
StoredTicket = tuple[
    TicketFact | None,
    list[BacklogSpan],
    list[TurnFact],
    list[TransitionFact],
    list[SlaFact],
    list[WorkdayFact],
    list[RiskSpan],
]
"""A ticket's facts as they stand in their tables: its own (null where it has none) and the lesser."""


@dataclass(slots=True)
class Batch:
    """The facts of some tickets and ratings, ready to be written."""

    tickets: dict[str, TicketFacts] = field(default_factory=dict)
    ratings: dict[str, RatingFact] = field(default_factory=dict)
    computed: int = 0
    """Tickets whose facts were computed, changed or not."""
    changed: list[str] = field(default_factory=list)
    """Tickets whose stored facts are others, or are none, or should not be."""
    before: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Their stored facts."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes a batch travels as MessagePack, at a third of what pickled objects cost."""
        content = (self.tickets, self.ratings, self.computed, self.changed, self.before)
        return _unpacked, (msgspec.msgpack.encode(content),)


_DECODER = msgspec.msgpack.Decoder(
    tuple[
        dict[str, TicketFacts],
        dict[str, RatingFact],
        int,
        list[str],
        dict[str, StoredTicket],
    ]
)


def _unpacked(packed: bytes) -> Batch:
    return Batch(*_DECODER.decode(packed))


class Loader:
    """Reads the rows of one account's tickets and computes their facts.

    People and schedules are read once: a change of theirs touches what rests on them.
    """

    def __init__(self, connection: sa.Connection, account: str, zone: str, meaning: Meaning) -> None:
        self.account = account
        self.rules = [rule for rule in meaning.categories if rule.account in (account, EVERY)]
        self.columns = (*TicketInput._fields, *(("custom_fields",) if self.rules else ()))
        self.context = _context(connection, account, zone, meaning)
        has_tags = bool(self.context.escalation.tags or self.context.complaint.tags)
        kinds = sorted(TOLD_BY_HISTORY | ({_TAG_ADDED} if has_tags else set()))
        self.events = "event IN (" + ", ".join(f"'{kind}'" for kind in kinds) + ")"

    def batch(self, connection: sa.Connection, part: Part) -> Batch:
        """Facts of tickets with their ratings, and of ratings without a ticket."""
        batch = Batch()
        events = self._events(connection, part)
        calls = self._calls(connection, part)
        sla = self._sla(connection, part)
        ratings = self._ratings(connection, part)
        for row in rows_of(connection, "tickets", self.columns, self.account, "id", part.tickets):
            ticket_id = row[1]
            found = ticket_facts(
                self._ticket(row),
                events.get(ticket_id, ()),
                self.context,
                calls=calls.get(ticket_id, ()),
                sla=sla.get(ticket_id, ()),
            )
            batch.tickets[ticket_id] = found
            batch.computed += 1
            if ticket_id in ratings:
                self._judge(batch, ratings.pop(ticket_id), found)
        for orphans in ratings.values():
            self._judge(batch, orphans, None)
        for row in rows_of(connection, "ratings", RatingInput._fields, self.account, "id", part.ratings):
            rating = RatingInput._make(row)
            if rating.ticket_id is None:
                self._judge(batch, [rating], None)
        return batch

    def _ticket(self, row: Sequence[Any]) -> TicketInput:
        """A row with the category that the rules give it."""
        ticket = TicketInput._make(row[: len(TicketInput._fields)])
        if not self.rules:
            return ticket
        tags = msgspec.json.decode(ticket.tags)
        fields = msgspec.json.decode(row[-1])
        fitting = (rule for rule in self.rules if rule.fits(tags, ticket.type, ticket.group_id, fields))
        rule = next(fitting, None)
        return ticket if rule is None else ticket._replace(category=rule.category)

    def _judge(self, batch: Batch, ratings: Sequence[RatingInput], ticket: TicketFacts | None) -> None:
        for fact in rating_facts(ratings, ticket, self.context):
            batch.ratings[fact.rating_id] = fact

    def _events(self, connection: sa.Connection, part: Part) -> Mapping[str, list[EventInput]]:
        found: dict[str, list[EventInput]] = defaultdict(list)
        new = tuple.__new__
        for row in rows_of(
            connection, "ticket_events", _EVENT_COLUMNS, self.account, "ticket_id", part.tickets, self.events
        ):
            found[row[-1]].append(new(EventInput, row[:-1]))
        return found

    def _calls(self, connection: sa.Connection, part: Part) -> Mapping[str, list[AnsweredCall]]:
        found: dict[str, list[AnsweredCall]] = defaultdict(list)
        columns = ("ticket_id", "started_at", "agent_id", "outcome")
        for row in rows_of(connection, "calls", columns, self.account, "ticket_id", part.tickets):
            if row[3] == "answered":
                found[row[0]].append(AnsweredCall(row[1], row[2]))
        return found

    def _sla(self, connection: sa.Connection, part: Part) -> Mapping[str, list[SlaInput]]:
        """Steps of clocks that something was promised about; vendors tell of many more."""
        found: dict[str, list[SlaInput]] = defaultdict(list)
        promised = "(due_at IS NOT NULL OR target_seconds IS NOT NULL)"
        told = self.account, "ticket_id", part.tickets
        metrics = sorted(
            {row[0] for row in rows_of(connection, "sla_events", ("DISTINCT metric",), *told, promised)}
        )
        if not metrics:
            return found
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        named = f"metric IN ({', '.join([mark] * len(metrics))})"
        new = tuple.__new__
        for row in rows_of(connection, "sla_events", _SLA_COLUMNS, *told, named, metrics):
            found[row[-1]].append(new(SlaInput, row[:-1]))
        return found

    def _ratings(self, connection: sa.Connection, part: Part) -> dict[str, list[RatingInput]]:
        found: dict[str, list[RatingInput]] = defaultdict(list)
        for row in rows_of(
            connection, "ratings", RatingInput._fields, self.account, "ticket_id", part.tickets
        ):
            rating = RatingInput._make(row)
            found[str(rating.ticket_id)].append(rating)
        return found


@dataclass(slots=True)
class FactsWork:
    """Computes the facts of a part; each process keeps the accounts' contexts it has met."""

    zone: str
    meaning: Meaning
    loaders: dict[str, Loader] = field(default_factory=dict)

    @property
    def setting(self) -> Setting:
        """What the facts of other things than tickets rest on."""
        return Setting(local_days(self.zone), self.meaning.short_abandon_seconds)

    def __call__(self, connection: sa.Connection, part: Part) -> Batch:
        loader = self.loaders.get(part.account)
        if loader is None:
            loader = self.loaders[part.account] = Loader(connection, part.account, self.zone, self.meaning)
        return loader.batch(connection, part)


def _context(connection: sa.Connection, account: str, zone: str, meaning: Meaning) -> Context:
    people = _of_account(connection, account, "SELECT id, is_light FROM people WHERE (is_staff OR was_staff)")
    groups = _of_account(
        connection, account, "SELECT id, schedule_id FROM groups WHERE schedule_id IS NOT NULL"
    )
    hours = _hours(connection, account, meaning)
    return Context(
        days=local_days(zone),
        staff=frozenset(row[0] for row in people),
        light=frozenset(row[0] for row in people if row[1]),
        schedules=hours.schedules,
        default_schedule=hours.default,
        group_schedules={**hours.of_groups, **{row[0]: row[1] for row in groups}},
        fcr_window_seconds=meaning.fcr_window_seconds,
        reopen_window_seconds=meaning.reopen_window_seconds,
        bot_window_seconds=meaning.bot_window_seconds,
        survey_wave_seconds=meaning.survey_wave_seconds,
        escalation=meaning.escalation,
        complaint=meaning.complaint,
        response_targets=meaning.response_targets,
        is_last_schedule=meaning.is_last_schedule,
        satisfied=meaning.satisfied,
    )


def _hours(connection: sa.Connection, account: str, meaning: Meaning) -> HoursOfAccount:
    """The account's schedules, and the one that applies where none is named; those chosen where it has none."""
    rows = _of_account(
        connection,
        account,
        "SELECT id, timezone, weekly, holidays, overrides, is_default FROM schedules WHERE deleted_at IS NULL",
    )
    if not rows:
        return chosen_hours(account, meaning.schedules, meaning.holidays)
    closed = closed_days(account, meaning.holidays)
    found = {}
    for name, zone, *stored, _is_default in rows:
        weekly, holidays, overrides = map(msgspec.json.decode, stored)
        found[name] = open_hours(schedule_of(zone, weekly, [*holidays, *closed], overrides))
    default = next((row[0] for row in rows if row[5]), rows[0][0])
    return HoursOfAccount(found, found[default], {})


def _of_account(connection: sa.Connection, account: str, query: str) -> list[Any]:
    """Rows in the order of their ids, whatever the database's collation."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    found = connection.exec_driver_sql(f"{query} AND account = {mark}", (account,)).fetchall()
    return sorted(found, key=lambda row: str(row[0]))
