"""Records as rows, in bulk: what is new or changed is written, what is not costs nothing.

Built once a kind from its table's columns; rows go to the driver as plain tuples.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import msgspec
import sqlalchemy as sa

from storage.columns import canonical_json, microseconds
from storage.records import RECORDS, Record
from storage.tables import plain_type

Row = tuple[Any, ...]
_ENCODER = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a record already."""

    version: int
    content_hash: int
    marker: Any = None
    """`is_staff, is_light, was_staff` of a person, `schedule_id` of a group; null otherwise."""


class Writer:
    """Reads, compares and writes the rows of one kind."""

    def __init__(self, record: type[Record]) -> None:
        self.kind = record.kind
        self.columns = tuple(record.model_fields)
        self.converters: tuple[Callable[[Any], Any] | None, ...] = tuple(
            _converter(plain_type(field.annotation)[0]) for field in record.model_fields.values()
        )
        self.version_at = self.columns.index("version")
        extra = ("was_staff",) if self.kind == "people" else ()
        self.markers = {"people": ("is_staff", "is_light", "was_staff"), "groups": ("schedule_id",)}.get(
            self.kind, ()
        )
        self.written = ("account", *self.columns, *extra, "content_hash", "synced_at")

    def row(self, record: Record) -> list[Any]:
        """The record's columns as the driver wants them."""
        values = record.__dict__
        return [
            value if convert is None or value is None else convert(value)
            for value, convert in zip(map(values.__getitem__, self.columns), self.converters, strict=True)
        ]

    def content_hash(self, row: list[Any]) -> int:
        """Tells two contents apart, whatever their versions; the same in every process."""
        version, row[self.version_at] = row[self.version_at], 0
        digest = hashlib.blake2b(_ENCODER.encode(row), digest_size=8).digest()
        row[self.version_at] = version
        return int.from_bytes(digest, "big", signed=True)

    def known(self, connection: sa.Connection, account: str, ids: Sequence[str]) -> dict[str, Known]:
        names = ", ".join(("id", "version", "content_hash", *self.markers))
        found: dict[str, Known] = {}
        for row in self._select(connection, names, account, ids):
            found[row[0]] = Known(row[1], row[2], tuple(row[3:]) if self.markers else None)
        return found

    def _select(
        self, connection: sa.Connection, names: str, account: str, ids: Sequence[str]
    ) -> Sequence[Any]:
        if connection.dialect.name == "postgresql":
            query = f"SELECT {names} FROM {self.kind} WHERE account = %s AND id = ANY(%s)"
            return connection.exec_driver_sql(query, (account, list(ids))).fetchall()
        rows: list[Any] = []
        for start in range(0, len(ids), 10_000):
            part = ids[start : start + 10_000]
            query = (
                f"SELECT {names} FROM {self.kind} WHERE account = ? AND id IN ({', '.join('?' * len(part))})"
            )
            rows += connection.exec_driver_sql(query, (account, *part)).fetchall()
        return rows

    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        if rows:
            connection.exec_driver_sql(self._upsert_sql(connection.dialect.name), list(rows))

    def _upsert_sql(self, dialect: str) -> str:
        marks = ", ".join(["?" if dialect == "sqlite" else "%s"] * len(self.written))
        changed = ", ".join(
            f"{name} = excluded.{name}" for name in self.written if name not in ("account", "id")
        )
        return (
            f"INSERT INTO {self.kind} ({', '.join(self.written)}) VALUES ({marks}) ON CONFLICT (account, id) "
            f"DO UPDATE SET {changed} WHERE excluded.version >= {self.kind}.version"
        )


def _converter(python_type: type) -> Callable[[Any], Any] | None:
    if issubclass(python_type, Enum):
        return _value_of
    if issubclass(python_type, datetime):
        return microseconds
    if issubclass(python_type, date):
        return date.isoformat
    if issubclass(python_type, (dict, list)):
        return _json
    return None


def _value_of(value: Enum) -> Any:
    return value.value


def _json(value: Any) -> str:
    return canonical_json(value) if value else _EMPTY[type(value)]


_EMPTY: Mapping[type, str] = {list: "[]", dict: "{}"}

WRITERS: Mapping[str, Writer] = {record.kind: Writer(record) for record in RECORDS}
