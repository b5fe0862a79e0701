"""From rows to records, one row at a time: what cannot be read is set aside with the reason, never fatal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec
from pydantic import ValidationError

from connectors import Listed, Record, Rejected, Rows, convert_row
from connectors.freshdesk.rows import Row

R = TypeVar("R", bound=Row)
Made = Record | Iterable[Record]

_TEXTS: Final = frozenset({"subject", "body_text", "feedback"})


@dataclass(frozen=True)
class Reader(Generic[R]):
    """How one kind of rows is read: `make` is pure, and raises ValueError for a row it cannot read."""

    kind: str
    """The record kind, for rows that become none."""
    row: type[R]
    make: Callable[[R], Made]

    @cached_property
    def decode(self) -> Rows[Any, R]:
        return Rows(dict, None, self.row)

    def malformed(self, page: Listed[Any, R]) -> list[Rejected]:
        return [self.rejected(row, reason) for row, reason in page.malformed]

    def read(
        self, rows: Iterable[R], make: Callable[[R], Made] | None = None
    ) -> tuple[list[Record], list[Rejected]]:
        """`make` stands in where a page gives its rows something more to be read with."""
        records: list[Record] = []
        rejected: list[Rejected] = []
        for row in rows:
            try:
                made = (make or self.make)(row)
                records.extend([made] if isinstance(made, Record) else made)
            except (ValueError, OverflowError) as error:
                rejected.append(self.rejected(row, explained(error)))
        return records, rejected

    def again(self, row: Mapping[str, Any]) -> Sequence[Record]:
        """Reads a row that was set aside once more."""
        made = self.make(convert_row(row, self.row))
        return [made] if isinstance(made, Record) else list(made)

    def rejected(self, row: Any, reason: str) -> Rejected:
        """The row with the fields that a record is made of, and no text of a customer."""
        plain = msgspec.to_builtins(row) if isinstance(row, msgspec.Struct) else row
        if not isinstance(plain, dict):
            return Rejected(self.kind, None, {"row": f"not an object but {type(plain).__name__}"}, reason)
        wanted = set(self.row.__struct_encode_fields__) - _TEXTS
        kept = {name: value for name, value in plain.items() if name in wanted and value is not None}
        number = kept.get("id")
        return Rejected(self.kind, None if number is None else str(number), kept, reason)


def explained(error: Exception) -> str:
    """The first of the problems, without the value."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
