"""What must be computed again: written with the page, read and forgotten by the KPI refresh.

A touch names an entity: `ticket` (its row, events, SLA steps, time entries or ratings changed),
`rating` (one without a ticket), `call`, `schedule`, `person` (the side somebody is on changed),
`group` (its schedule changed), or a record kind whose rows KPIs read (`agent_times`, `customers`,
`purchases`, `business_figures`). Touching again gives a new revision, so that a refresh forgets
only what it has read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.records import Record
from storage.tables import touches

_ENTITY_OF = {
    "tickets": ("ticket", "id"),
    "ticket_events": ("ticket", "ticket_id"),
    "sla_events": ("ticket", "ticket_id"),
    "time_entries": ("ticket", "ticket_id"),
    "calls": ("call", "id"),
    "call_legs": ("call", "call_id"),
    "schedules": ("schedule", "id"),
    "people": ("person", "id"),
    "groups": ("group", "id"),
    "agent_times": ("agent_times", "id"),
    "customers": ("customers", "id"),
    "purchases": ("purchases", "id"),
    "business_figures": ("business_figures", "id"),
}
_SQLITE = "INSERT OR REPLACE INTO touches (account, kind, entity_id) VALUES (?, ?, ?)"
_POSTGRES = (
    "INSERT INTO touches (account, kind, entity_id) VALUES (%s, %s, %s) ON CONFLICT (account, kind, entity_id) "
    "DO UPDATE SET revision = nextval(pg_get_serial_sequence('touches', 'revision'))"
)


class Touch(NamedTuple):
    revision: int
    account: str
    kind: str
    entity_id: str


def entity_of(record: Record) -> tuple[str, str] | None:
    """The (kind, entity) a changed record touches; null where no KPI rests on it."""
    return entity_of_row(record.kind, record.__dict__)


def entity_of_row(kind: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
    """The same for a row of the kind's table."""
    if kind == "ratings":
        return ("ticket", row["ticket_id"]) if row["ticket_id"] else ("rating", row["id"])
    named = _ENTITY_OF.get(kind)
    return None if named is None else (named[0], row[named[1]])


def touch(connection: sa.Connection, account: str, entities: Iterable[tuple[str, str]]) -> None:
    rows = [(account, kind, entity) for kind, entity in sorted(set(entities))]
    if rows:
        connection.exec_driver_sql(_SQLITE if connection.dialect.name == "sqlite" else _POSTGRES, rows)


def read_touches(connection: sa.Connection, limit: int, kind: str | None = None) -> list[Touch]:
    """The oldest touches, of one kind or of all."""
    query = sa.select(touches.c.revision, touches.c.account, touches.c.kind, touches.c.entity_id)
    if kind is not None:
        query = query.where(touches.c.kind == kind)
    return [Touch(*row) for row in connection.execute(query.order_by(touches.c.revision).limit(limit))]


def forget_touches(connection: sa.Connection, read: Sequence[Touch]) -> None:
    """Forget exactly what was read: an entity touched since has another revision and stays."""
    if read:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(
            f"DELETE FROM touches WHERE revision = {mark}", [(touch.revision,) for touch in read]
        )
