"""Every write of what is known. A method is a transaction: all of it is stored, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from storage.books import Books, Checkpoint
from storage.columns import microseconds
from storage.deciding import decide, newest
from storage.errors import StorageError
from storage.records import Page, Record, Retired
from storage.setting_aside import clear_read, set_aside, unstorable
from storage.tables import TABLES, checkpoints, rejected_rows
from storage.touches import Entity, entity_of, left_by, touch
from storage.writing import WRITERS, bury

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
        touch. A page without a cursor leaves the stored one. A record that the database cannot hold
        is set aside.
        """
        try:
            return self._save(account, stream, page)
        except (StorageError, ValueError, OverflowError, TypeError):
            kept, refused = unstorable(page.records)
            if not refused:
                raise
            page = replace(page, records=kept, rejected=[*page.rejected, *refused])
            return self._save(account, stream, page)

    def _save(self, account: str, stream: str, page: Page) -> Saved:
        about = page.account or account
        saved = Saved(rejected=len(page.rejected))
        with self.transaction() as connection:
            records = newest(page.records)
            for kind, of_kind in records.items():
                saved += self._save_kind(connection, about, kind, of_kind)
            for retired in page.retired:
                _retire(connection, retired)
            set_aside(connection, account, stream, page.rejected, self.clock())
            clear_read(connection, account, stream, records)
            self._move_checkpoint(connection, account, stream, page, saved.new)
        return saved

    def _save_kind(
        self, connection: sa.Connection, account: str, kind: str, records: dict[str, Record]
    ) -> Saved:
        writer = WRITERS[kind]
        batch = decide(
            writer,
            account,
            records.values(),
            writer.known(connection, account, list(records)),
            synced_at=microseconds(self.clock()),
            without="subject" if kind == "tickets" and not self.store_subjects else None,
        )
        writer.upsert(connection, batch.upserts)
        writer.note_versions(connection, batch.versions)
        bury(connection, batch.burials)
        touch(connection, account, batch.touched)
        return Saved(batch.new, batch.changed, batch.unchanged)

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


def _retire(connection: sa.Connection, retired: Retired) -> None:
    """Remove the rows an earlier content of a file gave, in whatever account, and those set aside of it."""
    table = TABLES[retired.kind]
    connection.execute(sa.delete(rejected_rows).where(rejected_rows.c.origin == retired.origin))
    gone = connection.execute(
        sa.delete(table).where(table.c.origin == retired.origin).returning(*_keys(table))
    )
    touched: dict[str, list[Entity]] = {}
    for row in map(dict, gone.mappings()):
        for entity in (entity_of(retired.kind, row), left_by(retired.kind, row)):
            if entity is not None:
                touched.setdefault(row["account"], []).append(entity)
    for account, entities in sorted(touched.items()):
        touch(connection, account, entities)


def _keys(table: sa.Table) -> Sequence[sa.Column[Any]]:
    return [table.c[name] for name in ("account", "id", "ticket_id", "call_id") if name in table.c]
