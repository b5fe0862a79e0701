"""Records as rows, in bulk: what is new or changed is written, what is not costs no write.

Built once a kind from its record's fields. A page is compared in Python with one query's answer and
written by one statement: `executemany` on SQLite; on Postgres a COPY into a temporary table and one
upsert from there, at a third of the processor time.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from storage.columns import canonical_json, microseconds, plain_type
from storage.records import RECORDS, Record
from storage.touches import WATCHED

Values = Sequence[Any]
Row = tuple[Any, ...]
Known = Sequence[Any]
"""What is stored of a record: id, version, content hash, and its watched columns."""

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


class Writer:
    """Reads, compares and writes the rows of one kind.

    `fields` are the record's content: everything but its version, which orders states and is no
    part of them.
    """

    def __init__(self, record: type[Record]) -> None:
        self.kind = record.kind
        self.fields = tuple(name for name in record.model_fields if name != "version")
        own = ("was_staff",) if self.kind == "people" else ()
        self.watched = (*WATCHED.get(self.kind, ()), *own)
        self.columns = ("account", *self.fields, "version", "content_hash", "synced_at", *own)
        self._content = itemgetter(*self.fields)
        self._converters = [
            (position, convert)
            for position, name in enumerate(self.fields)
            if (convert := _converter(record.model_fields[name].annotation)) is not None
        ]
        self._on_conflict = (
            f"ON CONFLICT (account, id) DO UPDATE SET "
            f"{', '.join(f'{name} = excluded.{name}' for name in self.columns if name not in ('account', 'id'))} "
            f"WHERE excluded.version >= {self.kind}.version"
        )

    def values(self, record: Record, without: str | None = None) -> Values:
        """The record's content in the order of `fields`; null for the field it should be without."""
        content = record.__dict__
        found: Values = self._content(content if without is None else {**content, without: None})
        return found

    def converted(self, values: Values) -> list[Any]:
        """Values as the drivers store them: microseconds, words, JSON text."""
        row = list(values)
        for position, convert in self._converters:
            if row[position] is not None:
                row[position] = convert(row[position])
        return row

    def known(self, connection: sa.Connection, account: str, ids: Sequence[str]) -> dict[str, Known]:
        """What is stored already, by id."""
        query = f"SELECT {', '.join(('id', 'version', 'content_hash', *self.watched))} FROM {self.kind}"
        if connection.dialect.name == "postgresql":
            found = connection.exec_driver_sql(
                f"{query} WHERE account = %s AND id = ANY(%s)", (account, list(ids))
            )
        else:
            listed = canonical_json(ids)
            found = connection.exec_driver_sql(
                f"{query} WHERE account = ? AND id IN (SELECT value FROM json_each(?))", (account, listed)
            )
        return {row[0]: row for row in found}

    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write rows in the order of `columns`; what has become newer meanwhile stays."""
        if not rows:
            return
        names = ", ".join(self.columns)
        if connection.dialect.name == "postgresql":
            self._copy(connection, names, rows)
        else:
            marks = ", ".join("?" * len(self.columns))
            connection.exec_driver_sql(
                f"INSERT INTO {self.kind} ({names}) VALUES ({marks}) {self._on_conflict}", list(rows)
            )

    def _copy(self, connection: sa.Connection, names: str, rows: Sequence[Row]) -> None:
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{self.kind} (LIKE {self.kind}) ON COMMIT DELETE ROWS"
        )
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY incoming_{self.kind} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.close()
        connection.exec_driver_sql(
            f"INSERT INTO {self.kind} ({names}) SELECT {names} FROM incoming_{self.kind} {self._on_conflict}"
        )

    def note_versions(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Remember (version, account, id) of content that came again, so that nothing older gets in."""
        if rows:
            mark = _mark(connection)
            connection.exec_driver_sql(
                f"UPDATE {self.kind} SET version = {mark} WHERE account = {mark} AND id = {mark}", list(rows)
            )


def content_hash(values: Values) -> int:
    """Tells two contents apart; the same in every process and on every database."""
    digest = hashlib.blake2b(_ENCODER.encode(values), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def bury(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Delete stored tickets, keeping what is known of them: vendors scrub what they delete.

    Rows are (deleted_at, vendor_status, is_merged, merged_into, version, content_hash, synced_at,
    account, id).
    """
    if rows:
        mark = _mark(connection)
        connection.exec_driver_sql(
            f"UPDATE tickets SET deleted_at = {mark}, vendor_status = COALESCE({mark}, vendor_status), "
            f"is_merged = (is_merged OR {mark}), merged_into = COALESCE({mark}, merged_into), "
            f"version = {mark}, content_hash = {mark}, synced_at = {mark} "
            f"WHERE account = {mark} AND id = {mark}",
            list(rows),
        )


def _mark(connection: sa.Connection) -> str:
    return "%s" if connection.dialect.name == "postgresql" else "?"


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    found, _ = plain_type(annotation)
    for known, convert in _CONVERTERS:
        if issubclass(found, known):
            return convert
    return None


def _json(value: Any) -> str:
    return canonical_json(value) if value else ("[]" if isinstance(value, list) else "{}")


_CONVERTERS: Sequence[tuple[type, Callable[[Any], Any]]] = (
    (StrEnum, str.__str__),
    (datetime, microseconds),
    (date, date.isoformat),
    (list, _json),
    (dict, _json),
)

WRITERS: Mapping[str, Writer] = {record.kind: Writer(record) for record in RECORDS}
"""How each kind is written."""
