"""What must be computed again: written with the page, read and forgotten by the KPI refresh.

A touch names an entity:

- `ticket`: its row, events, SLA steps, time entries or ratings changed; redo its facts and ratings
- `rating`: one without a ticket
- `call`: its row or legs changed
- `schedule`; `group` (its schedule changed); `person` (the side somebody is on changed)
- `agent_times`, `customers`, `purchases`, `business_figures`: that record

What moves from one ticket to another touches both. The entity itself may be gone. Touching again
gives a new revision, so that a refresh forgets only what it has read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.records import Record, Role
from storage.tables import touches

Entity = tuple[str, str]
"""A touch's kind and the entity's id."""

_ENTITY_OF: Mapping[str, tuple[str, str]] = {
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
_SIDE: Mapping[str, tuple[str, ...]] = {
    "people": ("role", "is_staff", "is_light"),
    "groups": ("schedule_id",),
}
"""The columns whose change matters, where most changes do not."""
_NOTHING_SPECIAL = {"people": (Role.END_USER, False, False), "groups": (None,)}
"""What is assumed of those who are not known: a new one like this changes nothing."""
_REFERENCE: Mapping[str, str] = {
    "ticket_events": "ticket_id",
    "sla_events": "ticket_id",
    "time_entries": "ticket_id",
    "ratings": "ticket_id",
    "calls": "ticket_id",
    "call_legs": "call_id",
}
WATCHED: Mapping[str, tuple[str, ...]] = {
    **_SIDE,
    **{kind: (column,) for kind, column in _REFERENCE.items()},
}
"""The columns whose stored values `touched_by` must know."""


class Touch(NamedTuple):
    revision: int
    account: str
    kind: str
    entity_id: str


def touched_by(record: Record, before: Sequence[Any] | None) -> list[Entity]:
    """What a new or changed record touches; `before` holds the stored WATCHED values, null if new."""
    kind, values = record.kind, record.__dict__
    if kind in _SIDE:
        side = tuple(values[column] for column in _SIDE[kind])
        if side == tuple(_NOTHING_SPECIAL[kind] if before is None else before):
            return []
    entity = entity_of(kind, values)
    if entity is None:
        return []
    if before is not None and kind in _REFERENCE and before[0] != values[_REFERENCE[kind]]:
        left = left_by(kind, {**values, _REFERENCE[kind]: before[0]})
        return [entity, left] if left else [entity]
    return [entity]


def left_by(kind: str, row: Mapping[str, Any]) -> Entity | None:
    """What a row that is gone, or is about something else now, no longer bears on: of a call, its ticket."""
    if kind == "calls":
        return ("ticket", row["ticket_id"]) if row["ticket_id"] else None
    return entity_of(kind, row)


def entity_of(kind: str, row: Mapping[str, Any]) -> Entity | None:
    """What a row of a record's table touches; null where no KPI rests on it."""
    if kind == "ratings":
        return ("ticket", row["ticket_id"]) if row["ticket_id"] else ("rating", row["id"])
    named = _ENTITY_OF.get(kind)
    return None if named is None else (named[0], row[named[1]])


def touch(connection: sa.Connection, account: str, entities: Iterable[Entity]) -> None:
    """Note entities, sorted so that two transactions never wait for each other."""
    ordered = sorted(set(entities))
    if not ordered:
        return
    if connection.dialect.name == "postgresql":
        kinds, ids = zip(*ordered, strict=True)
        connection.exec_driver_sql(
            "INSERT INTO touches (account, kind, entity_id) "
            "SELECT %s, kind, entity_id FROM unnest(%s::text[], %s::text[]) AS new (kind, entity_id) "
            "ON CONFLICT (account, kind, entity_id) DO UPDATE SET revision = excluded.revision",
            (account, list(kinds), list(ids)),
        )
    else:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO touches (account, kind, entity_id) VALUES (?, ?, ?)",
            [(account, kind, entity_id) for kind, entity_id in ordered],
        )


def read_touches(connection: sa.Connection, limit: int, kind: str | None = None) -> list[Touch]:
    """The oldest touches, of one kind or of all."""
    query = sa.select(touches.c.revision, touches.c.account, touches.c.kind, touches.c.entity_id)
    if kind is not None:
        query = query.where(touches.c.kind == kind)
    return [Touch(*row) for row in connection.execute(query.order_by(touches.c.revision).limit(limit))]


def forget_touches(connection: sa.Connection, read: Sequence[Touch]) -> None:
    """Forget exactly what was read: an entity touched since has another revision and stays.

    One that a page is touching at this moment stays too, instead of being waited for.
    """
    revisions = [touch.revision for touch in read]
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "DELETE FROM touches WHERE revision IN (SELECT revision FROM touches "
            "WHERE revision = ANY(%s) FOR UPDATE SKIP LOCKED)",
            (revisions,),
        )
    elif revisions:
        connection.exec_driver_sql(
            "DELETE FROM touches WHERE revision = ?", [(revision,) for revision in revisions]
        )
