"""What a page changes, decided from its records and what is stored of them. No database here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from storage.columns import microseconds
from storage.records import Record, TicketRecord
from storage.touches import WATCHED, Entity, touched_by
from storage.writing import Known, Row, Values, Writer, content_hash


@dataclass(slots=True)
class Batch:
    """What is to be written of one kind of a page; rows are as storage.writing wants them."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    upserts: list[Row] = field(default_factory=list)
    burials: list[Row] = field(default_factory=list)
    """Deletions of stored tickets, whose attributes stay."""
    versions: list[tuple[int, str, str]] = field(default_factory=list)
    """The same content under a newer version."""
    touched: list[Entity] = field(default_factory=list)


def newest(records: Iterable[Record]) -> dict[str, dict[str, Record]]:
    """Kind → id → record: the greatest version of each, and of equal ones the last."""
    kinds: dict[str, dict[str, Record]] = {}
    for record in records:
        of_kind = kinds.setdefault(record.kind, {})
        before = of_kind.get(record.id)
        if before is None or record.version >= before.version:
            of_kind[record.id] = record
    return kinds


def decide(
    writer: Writer,
    account: str,
    records: Iterable[Record],
    known: Mapping[str, Known],
    *,
    synced_at: int,
    without: str | None = None,
) -> Batch:
    """Newest wins; the same content again is no change. `without` names a column to leave null."""
    batch = Batch()
    watched = slice(3, 3 + len(WATCHED.get(writer.kind, ())))
    for record in records:
        before = known.get(record.id)
        if before is not None and record.version < before[1]:
            batch.unchanged += 1
            continue
        values = writer.values(record, without)
        deletion = _deletion(record)
        hashed = content_hash(deletion or values)
        if before is not None and hashed == before[2]:
            batch.unchanged += 1
            if record.version > before[1]:
                batch.versions.append((record.version, account, record.id))
            continue
        if before is None:
            batch.new += 1
        else:
            batch.changed += 1
        if before is not None and deletion:
            batch.burials.append((*deletion, record.version, hashed, synced_at, account, record.id))
        else:
            row = (account, *writer.converted(values), record.version, hashed, synced_at)
            batch.upserts.append(row + _was_staff(record, before))
        batch.touched += touched_by(record, before and before[watched])
    return batch


def _deletion(record: Record) -> Values | None:
    """What a deletion tells, apart from attributes that the vendor may have scrubbed."""
    if not isinstance(record, TicketRecord) or record.deleted_at is None:
        return None
    deleted_at = microseconds(record.deleted_at)
    return (deleted_at, record.vendor_status, record.is_merged, record.merged_into)


def _was_staff(record: Record, before: Known | None) -> tuple[bool, ...]:
    """Who was once of the staff stays so for what was written then."""
    if record.kind != "people":
        return ()
    return (bool(record.__dict__["is_staff"] or (before and before[-1])),)
