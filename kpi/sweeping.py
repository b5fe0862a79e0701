"""Every fact of every account computed again, part by part, by as many processes as pay."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from kpi.loading import Batch
from kpi.selecting import Part, Range, fetched
from kpi.stored import ChangesWork

PART = 2_000
"""Tickets that are computed at once."""

_TICKETS, _RATINGS, _DONE = "tickets", "ratings", "done"


class Place(NamedTuple):
    """How far a sweep has come: an account's tickets, then its ratings without one, up to an id."""

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

    part: Part
    then: Place


@dataclass(frozen=True, slots=True)
class StepWork:
    """Computes what changes in a step's part."""

    work: ChangesWork

    def __call__(self, connection: sa.Connection, step: Step) -> Batch:
        return self.work(connection, step.part)


def steps(connection: sa.Connection, start: Place) -> Iterator[Step]:
    """All parts from a place on; together they cover every id there is or may be."""
    accounts = sorted({
        row[0]
        for table in ("tickets", "ratings", "ticket_facts", "rating_facts")
        for row in fetched(connection, f"SELECT DISTINCT account FROM {table}")
    })  # fmt: skip
    for account in accounts:
        place = start if account == start.account else Place(account)
        if account < start.account or place.what == _DONE:
            continue
        if place.what == _TICKETS:
            for part in _ranges(connection, account, "tickets", place.after):
                then = (
                    Place(account, _RATINGS) if part.until is None else Place(account, _TICKETS, part.until)
                )
                yield Step(Part(account, tickets=part), then)
            place = Place(account, _RATINGS)
        for part in _ranges(connection, account, "ratings", place.after):
            then = Place(account, _DONE) if part.until is None else Place(account, _RATINGS, part.until)
            yield Step(Part(account, ratings=part), then)


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
