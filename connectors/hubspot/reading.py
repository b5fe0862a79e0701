"""From CRM rows to records, one row at a time: what cannot be read is set aside with the reason, never fatal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from pydantic import ValidationError

from connectors import Cursor, Record, Rejected, Unexpected

P = TypeVar("P")
Row = dict[str, Any]
Make = Callable[[Mapping[str, Any]], Record | Iterable[Record]]

_TEXTS: Final = frozenset({"subject", "content", "hs_content", "name"})
_ENVELOPE: Final = ("id", "createdAt", "updatedAt", "archived", "archivedAt", "associations", "url")


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of rows is read: `make` is pure, and raises ValueError for a row it cannot read."""

    kind: str
    """The record kind, for rows that become none."""
    make: Make
    properties: Sequence[str] = ()
    """Those that a row set aside keeps, but for texts of customers …"""
    envelope: Sequence[str] = _ENVELOPE
    """… and what it keeps beside them."""

    def read(
        self, rows: Iterable[Row], malformed: Iterable[tuple[Any, str]] = ()
    ) -> tuple[list[Record], list[Rejected]]:
        records: list[Record] = []
        rejected = [self._rejected(row, reason) for row, reason in malformed]
        for row in rows:
            try:
                made = self.make(row)
                records.extend([made] if isinstance(made, Record) else made)
            except ValidationError as error:
                rejected.append(self._rejected(row, explained(error)))
            except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
                rejected.append(self._rejected(row, f"{type(error).__name__}: {error}"))
        return records, rejected

    def again(self, row: Mapping[str, Any]) -> Sequence[Record]:
        """Reads a row that was set aside once more; raises ValueError where it still cannot be read."""
        records, rejected = self.read([dict(row)])
        if rejected:
            raise ValueError(rejected[0].reason)
        return records

    def _rejected(self, row: Any, reason: str) -> Rejected:
        if not isinstance(row, dict):
            return Rejected(self.kind, None, {"row": f"not an object but {type(row).__name__}"}, reason)
        kept = {name: row[name] for name in self.envelope if row.get(name) is not None}
        properties = row.get("properties")
        if isinstance(properties, dict):
            kept["properties"] = {
                name: value
                for name, value in properties.items()
                if name in self.properties and name not in _TEXTS and value not in (None, "")
            }
        number = kept.get("id")
        return Rejected(self.kind, None if number is None else str(number), kept, reason)


def explained(error: ValidationError) -> str:
    """The first of the problems, without the value."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def place_in(cursor: Cursor | None, place: type[P]) -> P:
    """The stored cursor as its stream's own dataclass; a new one at the beginning."""
    if cursor is None:
        return place()
    try:
        return msgspec.convert(dict(cursor), place)
    except msgspec.ValidationError as error:
        raise Unexpected(
            f"the stored cursor cannot be read ({error}): read the stream from its beginning with `deskpulse reset`"
        ) from None
