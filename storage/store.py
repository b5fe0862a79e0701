"""Every write of what is known. A method is a transaction: all of it is stored, or nothing."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from storage.books import Books, Checkpoint
from storage.columns import canonical_json, microseconds
from storage.records import Page, Record, Retired, TicketRecord
from storage.tables import TABLES, checkpoints, rejected_rows
from storage.touches import entity_of, entity_of_row, touch
from storage.writing import WRITERS, Known, Row, Writer

__all__ = ["Checkpoint", "Saved", "Store"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What one page did."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )


class Store(Books):
    """The records, and (see Books) the checkpoints, runs, leases and rows set aside.

    `store_subjects=False` keeps ticket subjects out of the database. Raises StorageError.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        store_subjects: bool = True,
    ) -> None:
        super().__init__(engine, clock)
        self.store_subjects = store_subjects

    def save(self, account: str, stream: str, page: Page) -> Saved:
        """Store a page: its records, what they touch, the rows set aside and the checkpoint.

        Of two states of a record the greater version stays; unchanged content costs no write and no
        touch. A page without a cursor leaves the stored one.
        """
        about = page.account or account
        saved = Saved(rejected=len(page.rejected))
        with self.transaction() as connection:
            for kind, records in _by_kind(page.records).items():
                saved += self._save_kind(connection, about, WRITERS[kind], records)
            for retired in page.retired:
                self._retire(connection, retired)
            self._set_aside(connection, account, stream, page)
            self._move_checkpoint(connection, account, stream, page, saved.new)
        return saved

    def _save_kind(
        self, connection: sa.Connection, account: str, writer: Writer, records: dict[str, Record]
    ) -> Saved:
        known = writer.known(connection, account, list(records))
        synced_at = microseconds(self.clock())
        upserts: list[Row] = []
        touched: list[tuple[str, str]] = []
        new = changed = 0
        for record in records.values():
            before = known.get(record.id)
            if before is not None and record.version < before.version:
                continue
            row = self._row(writer, record)
            content_hash = writer.content_hash(row)
            if before is not None and content_hash == before.content_hash:
                continue
            new, changed = new + (before is None), changed + (before is not None)
            if before is not None and isinstance(record, TicketRecord) and record.deleted_at is not None:
                _bury(connection, account, record, content_hash, synced_at)
            else:
                upserts.append((account, *row, *_extra(record, before), content_hash, synced_at))
            if (entity := entity_of(record)) is not None and _matters(record, before):
                touched.append(entity)
        writer.upsert(connection, upserts)
        touch(connection, account, touched)
        return Saved(new, changed, len(records) - new - changed)

    def _row(self, writer: Writer, record: Record) -> list[Any]:
        row = writer.row(record)
        if not self.store_subjects and writer.kind == "tickets":
            row[writer.columns.index("subject")] = None
        return row

    def _retire(self, connection: sa.Connection, retired: Retired) -> None:
        table = TABLES[retired.kind]
        columns = [table.c.account, table.c.id, *([table.c.ticket_id] if retired.kind == "ratings" else [])]
        gone = connection.execute(
            sa.delete(table).where(table.c.origin == retired.origin).returning(*columns)
        )
        for row in gone.mappings().all():
            if (entity := entity_of_row(retired.kind, dict(row))) is not None:
                touch(connection, row["account"], [entity])

    def _set_aside(self, connection: sa.Connection, account: str, stream: str, page: Page) -> None:
        """Keep unreadable rows by their id; a row that could be read after all is no longer one of them."""
        at = self.clock()
        for rejected in page.rejected:
            values = {
                "account": account,
                "stream": stream,
                "kind": rejected.kind,
                "row_id": rejected.id or _anonymous(rejected.row),
                "row": dict(rejected.row),
                "reason": rejected.reason,
                "rejected_at": at,
            }
            self._upsert(connection, rejected_rows, values, ("account", "stream", "kind", "row_id"))
        if self._has_rejected(connection, account, stream):
            ids = [record.id for record in page.records]
            for start in range(0, len(ids), 500):
                connection.execute(
                    sa.delete(rejected_rows).where(
                        rejected_rows.c.account == account,
                        rejected_rows.c.stream == stream,
                        rejected_rows.c.row_id.in_(ids[start : start + 500]),
                    )
                )

    def _has_rejected(self, connection: sa.Connection, account: str, stream: str) -> bool:
        found = sa.select(rejected_rows.c.id).where(
            rejected_rows.c.account == account, rejected_rows.c.stream == stream
        )
        return connection.execute(found.limit(1)).first() is not None

    def _move_checkpoint(
        self, connection: sa.Connection, account: str, stream: str, page: Page, new: int
    ) -> None:
        values: dict[str, Any] = {"account": account, "stream": stream, "rows_total": new}
        changed: dict[str, Any] = {"rows_total": checkpoints.c.rows_total + new}
        if page.cursor is not None:
            values["cursor"] = changed["cursor"] = dict(page.cursor)
        if page.data_until is not None:
            values["data_until"] = changed["data_until"] = page.data_until
        self._upsert(connection, checkpoints, values, ("account", "stream"), changed)


def _by_kind(records: Iterable[Record]) -> dict[str, dict[str, Record]]:
    """A page may hold a record twice: the greatest version stays, and of equal ones the last."""
    kinds: dict[str, dict[str, Record]] = {}
    for record in records:
        of_kind = kinds.setdefault(record.kind, {})
        before = of_kind.get(record.id)
        if before is None or record.version >= before.version:
            of_kind[record.id] = record
    return kinds


def _extra(record: Record, before: Known | None) -> Sequence[Any]:
    """Who was once of the staff stays so for what was written then."""
    if record.kind != "people":
        return ()
    was_staff = bool(before and before.marker[2]) or record.__dict__["is_staff"]
    return (was_staff,)


def _matters(record: Record, before: Known | None) -> bool:
    """Whether KPIs can change: people touch when their side does, groups when their hours do."""
    values = record.__dict__
    if record.kind == "people":
        if before is None:
            return bool(values["is_staff"])
        return (bool(before.marker[0]), bool(before.marker[1])) != (values["is_staff"], values["is_light"])
    if record.kind == "groups":
        return bool(values["schedule_id"] != (before.marker[0] if before else None))
    return True


def _bury(
    connection: sa.Connection, account: str, record: TicketRecord, content_hash: int, synced_at: int
) -> None:
    """A deletion keeps what is stored: vendors scrub what they delete, and history must not lose it."""
    table = TABLES["tickets"]
    values: dict[str, Any] = {
        "version": record.version,
        "deleted_at": record.deleted_at,
        "content_hash": content_hash,
        "synced_at": sa.literal(synced_at, sa.BigInteger),
    }
    if record.merged_into is not None or record.is_merged:
        values |= {"is_merged": True, "merged_into": record.merged_into}
    if record.vendor_status is not None:
        values["vendor_status"] = record.vendor_status
    connection.execute(
        sa.update(table).where(table.c.account == account, table.c.id == record.id).values(values)
    )


def _anonymous(row: Any) -> str:
    """A key for a rejected row that has none of its own."""
    return "row-" + hashlib.blake2b(canonical_json(row).encode(), digest_size=8).hexdigest()
