"""Bodies and rows: typed decoding that one cut emoji or one malformed row cannot lose a page to."""

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
E = TypeVar("E")
R = TypeVar("R")

_LONE_SURROGATES = dict.fromkeys(range(55296, 57344), "�") | {0: None}


class Undecodable(ValueError):
    """A body that is no JSON, or none of the expected shape."""


def decode(body: bytes, as_type: type[T]) -> T:
    """JSON as `as_type`. Half emojis become U+FFFD and NULs vanish: neither database takes them."""
    if b"\\u0000" not in body:
        try:
            return msgspec.json.decode(body, type=as_type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            pass
    try:
        return msgspec.convert(repaired(json.loads(body)), as_type)
    except RecursionError:
        raise Undecodable("it is nested too deeply") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise Undecodable(_short(error)) from None


@dataclass(frozen=True, slots=True)
class Listed(Generic[E, R]):
    """A page: its envelope, the rows that could be read, and the others with the reason."""

    envelope: E
    rows: list[R]
    malformed: list[tuple[Any, str]]


class Rows(Generic[E, R]):
    """Reads a body of rows: all of it typed at once, row by row only where a row does not fit.

    `field` names the key that holds the rows; None means that the body itself is the list, and the
    envelope stays at its defaults.
    """

    def __init__(self, envelope: type[E], field: str | None, row: type[R]) -> None:
        self.envelope = envelope
        self.field = field
        self.row = row
        whole = _with_rows(envelope, field, row) if field else _list_of(row)
        self._whole = msgspec.json.Decoder(whole)

    def __call__(self, body: bytes) -> Listed[E, R]:
        """Raises Undecodable when the body is no JSON or not of this shape at all."""
        if b"\\u0000" not in body:
            try:
                found = self._whole.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                rows = found if self.field is None else getattr(found, self.field)
                return Listed(self.envelope() if self.field is None else found, rows, [])
        return self._one_by_one(decode(body, Any))

    def _one_by_one(self, page: Any) -> Listed[E, R]:
        given = page if self.field is None else page.get(self.field) if isinstance(page, dict) else None
        if not isinstance(given, list):
            raise Undecodable(f"it holds no list of {self.field or 'rows'}")
        rows: list[R] = []
        malformed: list[tuple[Any, str]] = []
        for row in given:
            try:
                rows.append(msgspec.convert(row, self.row))
            except msgspec.ValidationError as error:
                malformed.append((row, _short(error)))
        try:
            rest = (
                {} if self.field is None else {key: value for key, value in page.items() if key != self.field}
            )
            return Listed(msgspec.convert(rest, self.envelope), rows, malformed)
        except msgspec.ValidationError as error:
            raise Undecodable(_short(error)) from None


def _list_of(row: type[Any]) -> Any:
    return types.GenericAlias(list, (row,))


def _with_rows(envelope: type[Any], field: str, row: type[Any]) -> type[Any]:
    return msgspec.defstruct(envelope.__name__, [(field, _list_of(row))], bases=(envelope,), kw_only=True)


def convert_row(row: Mapping[str, Any], row_type: type[T]) -> T:
    """A plain row as `row_type`; raises ValueError (msgspec.ValidationError) with the reason."""
    return msgspec.convert(repaired(dict(row)), row_type)


def repaired(value: Any) -> Any:
    """The same structure with every string storable: no lone surrogates, no NUL."""
    if isinstance(value, str):
        return value.translate(_LONE_SURROGATES) if _needs_repair(value) else value
    if isinstance(value, list):
        return [repaired(item) for item in value]
    if isinstance(value, dict):
        return {repaired(key): repaired(item) for key, item in value.items()}
    return value


def _needs_repair(value: str) -> bool:
    if "\x00" in value:
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
