"""Every fact of every account computed again, part by part, by as many processes as pay."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy as sa

from kpi.loading import Batch
from kpi.selecting import Part, Range, fetched
from kpi.standalone import KINDS, Changes, StandalonePart
from kpi.stored import ChangesWork

PART = 2_000
"""Tickets that are computed at once."""

_TICKETS, _RATINGS, _DONE = "tickets", "ratings", "done"


class Place(NamedTuple):
    """How far a sweep has come: an account's tickets, its ratings without one, then its other things, up
    to an id.
    """

    account: str = ""
    what: str = _TICKETS
    after: str = ""

    def text(self) -> str:
        return json.dumps(self)

    @classmethod
    def of(cls, text: str) -> "Place":
        return cls._make(json.loads(text))


class Step(NamedTuple):
    """A part to compute, and where the sweep stands once it is written."""

    part: Part | StandalonePart
    then: Place


@dataclass(frozen=True, slots=True)
class StepWork:
    """Computes what changes in a step's part."""

    work: ChangesWork

    def __call__(self, connection: sa.Connection, step: Step) -> Batch | Changes:
        if isinstance(step.part, StandalonePart):
            return self.work.standalone(connection, step.part)
        return self.work(connection, step.part)


def steps(connection: sa.Connection, start: Place) -> Iterator[Step]:
    """All parts from a place on; together they cover every id there is or may be."""
    accounts = sorted({
        row[0]
        for table in ("tickets", "ratings", "ticket_facts", "rating_facts", *_tables_of_others())
        for row in fetched(connection, f"SELECT DISTINCT account FROM {table}")
    })  # fmt: skip
    for account in accounts:
        place = start if account == start.account else Place(account)
        if account < start.account or place.what == _DONE:
            continue
        for what, after in pairwise(_WALK):
            if place.what == what:
                for selected in _ranges(connection, account, _TABLE_OF[what], place.after):
                    then = (
                        Place(account, after)
                        if selected.until is None
                        else Place(account, what, selected.until)
                    )
                    yield Step(_part(account, what, selected), then)
                place = Place(account, after)


_TABLE_OF = {
    _TICKETS: "tickets",
    _RATINGS: "ratings",
    **{name: kind.records for name, kind in KINDS.items()},
}
_WALK = (*_TABLE_OF, _DONE)
"""What an account's sweep walks through, in this order."""


def _tables_of_others() -> Iterator[str]:
    for kind in KINDS.values():
        yield from (kind.records, kind.table)


def _part(account: str, what: str, selected: Range) -> Part | StandalonePart:
    if what == _TICKETS:
        return Part(account, tickets=selected)
    return Part(account, ratings=selected) if what == _RATINGS else StandalonePart(account, what, selected)


def _ranges(connection: sa.Connection, account: str, table: str, after: str) -> Iterator[Range]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        f"SELECT id FROM {table} WHERE account = {mark} AND id > {mark} ORDER BY id LIMIT 1 OFFSET {PART - 1}"
    )
    while found := fetched(connection, query, (account, after)):
        until = found[0][0]
        yield Range(after, until)
        after = until
    yield Range(after, None)
