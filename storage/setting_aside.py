"""Rows that could not be read or stored: kept with the reason until they can be."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from storage.columns import loose_json
from storage.records import Record, Rejected
from storage.tables import rejected_rows

_AT_ONCE = 500
_INTEGERS = range(-(2**63), 2**63)


def set_aside(
    connection: sa.Connection, account: str, stream: str, rejected: Iterable[Rejected], at: datetime
) -> None:
    """Keep rejected rows once each, known by their id, or by their content where they have none."""
    rows = [
        {
            "account": account,
            "stream": stream,
            "kind": each.kind,
            "row_id": legible(each.id) if each.id else _anonymous(each.row),
            "row": dict(each.row),
            "reason": legible(each.reason),
            "origin": each.origin,
            "rejected_at": at,
        }
        for each in rejected
    ]
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(rejected_rows)
        again = {name: new.excluded[name] for name in ("row", "reason", "origin", "rejected_at")}
        key = ["account", "stream", "kind", "row_id"]
        connection.execute(new.on_conflict_do_update(index_elements=key, set_=again), rows)


def clear_read(
    connection: sa.Connection, account: str, stream: str, ids: Mapping[str, Iterable[str]]
) -> None:
    """Forget rows set aside that were read after all; `ids` gives the ids read of each kind."""
    table = rejected_rows
    of_stream = sa.and_(table.c.account == account, table.c.stream == stream)
    for kind in connection.scalars(sa.select(table.c.kind).where(of_stream).distinct()).all():
        read = list(ids.get(kind, ()))
        for start in range(0, len(read), _AT_ONCE):
            some = table.c.row_id.in_(read[start : start + _AT_ONCE])
            connection.execute(sa.delete(table).where(of_stream, table.c.kind == kind, some))


def unstorable(records: Iterable[Record]) -> tuple[list[Record], list[Rejected]]:
    """Tell records that a database can hold from those it cannot, each with the reason."""
    kept: list[Record] = []
    refused: list[Rejected] = []
    for record in records:
        values = record.__dict__
        reasons = [f"{name}: {problem}" for name, value in values.items() if (problem := _problem(value))]
        if reasons:
            refused.append(Rejected(record.kind, record.id, dict(values), "; ".join(reasons)))
        else:
            kept.append(record)
    return kept, refused


def legible(text: str) -> str:
    """Text that every database takes: half emojis and NULs replaced."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _problem(value: Any) -> str | None:
    """Why no database can hold a value; null where both can."""
    if isinstance(value, str):
        return None if legible(value) == value else "holds half an emoji or a NUL character"
    if isinstance(value, int):
        return None if value in _INTEGERS else "is a number of more than 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "is not a finite number"
    if isinstance(value, Mapping):
        return next(filter(None, map(_problem, (*value.keys(), *value.values()))), None)
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(_problem, value)), None)
    return None


def _anonymous(row: Mapping[str, Any]) -> str:
    """A key for a row that has none of its own."""
    return "row-" + hashlib.blake2b(loose_json(row).encode(), digest_size=8).hexdigest()
