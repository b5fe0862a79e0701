"""The tables: one a record kind, made from the record's fields, and those of the engine's own books.

A record's table is named like its kind and keyed by `(account, id)`. Nothing refers to anything by
foreign key: a rating may arrive before its ticket.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import sqlalchemy as sa
from sqlmodel import SQLModel

from storage.columns import Json, UTCDateTime
from storage.records import RECORDS, Record

metadata = SQLModel.metadata

_INDEXES: Mapping[str, Sequence[Sequence[str]]] = {
    "tickets": [("account", "requester_id", "created_at")],
    "ticket_events": [("account", "ticket_id"), ("account", "actor_id")],
    "ratings": [("account", "ticket_id")],
    "sla_events": [("account", "ticket_id")],
    "time_entries": [("account", "ticket_id")],
    "calls": [("account", "ticket_id")],
    "call_legs": [("account", "call_id")],
    "purchases": [("account", "customer_id")],
}
_TYPES: Sequence[tuple[type, type[sa.types.TypeEngine[Any]]]] = (
    (bool, sa.Boolean),
    (datetime, UTCDateTime),
    (date, sa.Date),
    (Enum, sa.Text),
    (str, sa.Text),
    (int, sa.BigInteger),
    (float, sa.Double),
    (list, Json),
    (dict, Json),
)


def plain_type(annotation: Any) -> tuple[type, bool]:
    """A field's own type and whether it may be null: `Instant | None` → `(datetime, True)`."""
    nullable = False
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [part for part in get_args(annotation) if part is not type(None)]
        nullable = True
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    found: type = get_origin(annotation) or annotation
    return found, nullable


def _column(name: str, annotation: Any) -> sa.Column[Any]:
    python_type, nullable = plain_type(annotation)
    column_type = next(column for known, column in _TYPES if issubclass(python_type, known))
    return sa.Column(name, column_type, nullable=nullable, primary_key=name == "id")


def _record_table(record: type[Record]) -> sa.Table:
    extra = [sa.Column("was_staff", sa.Boolean, nullable=False)] if record.kind == "people" else []
    return sa.Table(
        record.kind,
        metadata,
        sa.Column("account", sa.Text, primary_key=True),
        *(_column(name, field.annotation) for name, field in record.model_fields.items()),
        *extra,
        sa.Column("content_hash", sa.BigInteger, nullable=False),
        sa.Column("synced_at", UTCDateTime, nullable=False),
        *(
            sa.Index(f"ix_{record.kind}_{'_'.join(columns[1:])}", *columns)
            for columns in _INDEXES.get(record.kind, ())
        ),
        sa.Index(
            f"ix_{record.kind}_origin",
            "origin",
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        ),
    )


TABLES: Mapping[str, sa.Table] = {record.kind: _record_table(record) for record in RECORDS}
"""The records' tables by kind."""

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("cursor", Json),
    sa.Column("data_until", UTCDateTime),
    sa.Column("rows_total", sa.BigInteger, nullable=False),
    sa.Column("last_success_at", UTCDateTime),
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", UTCDateTime),
    sa.Column("skipped", sa.Text),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("started_at", UTCDateTime, nullable=False),
    sa.Column("finished_at", UTCDateTime),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("rows_read", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("rows_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("rejected", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("kpi_periods", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seconds", sa.Double),
    sa.Column("error", sa.Text),
    sa.Index("ix_runs_account_started_at", "account", "started_at"),
)

rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("row", Json, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("rejected_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("account", "stream", "kind", "row_id", name="uq_rejected_rows"),
)

touches = sa.Table(
    "touches",
    metadata,
    sa.Column(
        "revision", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True
    ),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("entity_id", sa.Text, nullable=False),
    sa.UniqueConstraint("account", "kind", "entity_id", name="uq_touches"),
    sqlite_autoincrement=True,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", UTCDateTime, nullable=False),
)
