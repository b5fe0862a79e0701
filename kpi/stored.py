"""The facts that are stored of a part, and which of its computed ones differ from them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kpi.lesser import RiskSpan, SlaFact, WorkdayFact
from kpi.loading import Batch, FactsWork
from kpi.ratings import RatingFact
from kpi.selecting import Keys, Part, Selection, rows_of
from kpi.shapes import BacklogSpan, TicketFact, TransitionFact, TurnFact
from kpi.standalone import Changes, StandalonePart, changes

LESSER: Mapping[str, Sequence[str]] = {
    "backlog_spans": BacklogSpan._fields,
    "turn_facts": TurnFact._fields,
    "transition_facts": TransitionFact._fields,
    "sla_facts": SlaFact._fields,
    "workday_facts": WorkdayFact._fields,
    "risk_spans": RiskSpan._fields,
}
"""Tables of a ticket's lesser facts and their columns, in the order of `TicketFacts` after its first."""

Stored = tuple[Any, ...]
"""A ticket's facts as they stand in their tables: its own (null where it has none) and the lesser."""


def stored_tickets(connection: sa.Connection, account: str, selected: Selection) -> dict[str, Stored]:
    """The stored facts of tickets, by ticket."""
    rows = rows_of(connection, "ticket_facts", TicketFact._fields, account, "ticket_id", selected)
    found: dict[str, Stored] = {row[1]: (row, *([] for _ in LESSER)) for row in rows}
    for place, (table, columns) in enumerate(LESSER.items(), start=1):
        for row in rows_of(connection, table, columns, account, "ticket_id", selected):
            of_ticket = found.get(row[1])
            if of_ticket is None:
                of_ticket = found[row[1]] = (None, *([] for _ in LESSER))
            of_ticket[place].append(row)
    for facts in found.values():
        for lesser in facts[1:]:
            lesser.sort()
    return found


def stored_ratings(
    connection: sa.Connection, part: Part, rating_ids: Collection[str]
) -> dict[str, RatingFact]:
    """The stored facts of a part's ratings, and of those that have come into it."""
    return {row[1]: RatingFact._make(row) for row in _rating_rows(connection, part, rating_ids)}


def _rating_rows(connection: sa.Connection, part: Part, rating_ids: Collection[str]) -> Iterator[Any]:
    columns = RatingFact._fields
    place = columns.index("ticket_id")
    yield from rows_of(connection, "rating_facts", columns, part.account, "ticket_id", part.tickets)
    for row in rows_of(connection, "rating_facts", columns, part.account, "rating_id", part.ratings):
        if row[place] is None:
            yield row
    yield from rows_of(connection, "rating_facts", columns, part.account, "rating_id", Keys(list(rating_ids)))


class ChangesWork:
    """Computes a part's facts and keeps those of tickets whose stored ones differ, with these."""

    def __init__(self, work: FactsWork) -> None:
        self.work = work

    def __call__(self, connection: sa.Connection, part: Part) -> Batch:
        batch = self.work(connection, part)
        before = stored_tickets(connection, part.account, part.tickets)
        batch.changed = [
            key
            for key in sorted(before.keys() | batch.tickets.keys())
            if before.get(key) != _as_stored(batch.tickets.get(key))
        ]
        batch.before = {key: before[key] for key in batch.changed if key in before}
        batch.tickets = {key: batch.tickets[key] for key in batch.changed if key in batch.tickets}
        return batch

    def standalone(self, connection: sa.Connection, part: StandalonePart) -> Changes:
        """What changes of other things than tickets."""
        return changes(connection, part, self.work.setting)

    def forget_contexts(self) -> None:
        """Read people and schedules anew: they have changed."""
        self.work.loaders.clear()


def _as_stored(facts: Stored | None) -> Stored | None:
    return None if facts is None else facts[: 1 + len(LESSER)]
