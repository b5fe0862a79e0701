"""From rows to records, one row at a time: what cannot be read is set aside with the reason, never fatal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from pydantic import ValidationError

from connectors import Cursor, Listed, Record, Rejected, Unexpected, convert_row

P = TypeVar("P")
Make = Callable[[Any], Record | Iterable[Record]]

_TEXTS: Final = frozenset(
    {
        "body", "html_body", "plain_body", "rich_body", "comment_body",
        "description", "raw_description", "subject", "raw_subject", "fields",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """What a page of rows became."""

    records: list[Record]
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of rows is read: `make` is pure, and raises ValueError for a row it cannot read."""

    kind: str
    """The record kind, for rows that become none."""
    row: type[Any]
    make: Make

    def read(self, page: Listed[Any, Any], make: Make | None = None) -> Read:
        """`make` stands in where a page gives its rows something more to be read with."""
        found = Read([], [self._rejected(row, reason) for row, reason in page.malformed])
        for row in page.rows:
            try:
                made = (make or self.make)(row)
            except ValidationError as error:
                found.rejected.append(self._rejected(row, explained(error)))
            except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
                found.rejected.append(self._rejected(row, str(error) or type(error).__name__))
            else:
                found.records.extend([made] if isinstance(made, Record) else made)
        return found

    def again(self, row: Mapping[str, Any]) -> Sequence[Record]:
        """Reads a row that was set aside once more."""
        made = self.make(convert_row(row, self.row))
        return [made] if isinstance(made, Record) else list(made)

    def _rejected(self, row: Any, reason: str) -> Rejected:
        kept = self._kept(row)
        number = kept.get("id")
        return Rejected(self.kind, None if number is None else str(number), kept, reason)

    def _kept(self, row: Any) -> dict[str, Any]:
        """The fields that a record is made of, and no text of a customer."""
        plain = msgspec.to_builtins(row) if isinstance(row, msgspec.Struct) else row
        if not isinstance(plain, dict):
            return {"row": f"not an object but {type(plain).__name__}"}
        wanted = self.row.__struct_encode_fields__
        return {
            name: _without_texts(name, value)
            for name, value in plain.items()
            if name in wanted and name not in _TEXTS and value is not None
        }


def _without_texts(name: str, value: Any) -> Any:
    if name == "via" and isinstance(value, dict):
        return _bare_via(value)
    if isinstance(value, dict):
        hidden = _TEXTS | {"previous_value"} if _TEXTS & value.keys() else _TEXTS
        return {each: _without_texts(each, kept) for each, kept in value.items() if each not in hidden}
    if isinstance(value, list):
        return [_without_texts("", each) for each in value]
    return value


def _bare_via(via: dict[str, Any]) -> dict[str, Any]:
    """Where a message came from names people and their addresses: only the channel and the ticket stay."""
    bare: dict[str, Any] = {"channel": via.get("channel")}
    source = via.get("source")
    if isinstance(source, dict):
        origin = source.get("from")
        ticket = {"ticket_id": origin.get("ticket_id")} if isinstance(origin, dict) else None
        bare["source"] = {"rel": source.get("rel"), "from": ticket}
    return bare


def explained(error: ValidationError) -> str:
    """The first of the problems, without the value."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def place_in(cursor: Cursor | None, place: type[P]) -> P | None:
    """The stored cursor as its stream's own dataclass; null at the beginning."""
    if cursor is None:
        return None
    try:
        return msgspec.convert(dict(cursor), place)
    except msgspec.ValidationError as error:
        raise Unexpected(
            f"the stored cursor cannot be read ({error}): read the stream from its beginning with `deskpulse reset`"
        ) from None
