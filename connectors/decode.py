"""Bodies and rows: typed decoding that one cut emoji or one malformed row cannot lose a page to.

Vendors cut strings in the middle of an emoji, and customers send NUL characters. Neither SQLite nor
Postgres stores these, and strict decoders refuse the whole document. So a body that needs it is
repaired first, as bytes: half an emoji becomes U+FFFD, a NUL vanishes, nothing else changes.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T")
E = TypeVar("E")
R = TypeVar("R")

_NUL: Final = b"\\u0000"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ESCAPE: Final = re.compile(
    rb"\\(?:"
    rb"u([dD][89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?"  # first half, and its second
    rb"|u([dD][c-fC-F][0-9a-fA-F]{2})"  # a second half alone
    rb"|u(0000)"
    rb"|.)",
    re.DOTALL,
)


class Undecodable(ValueError):
    """A body that is no JSON: cut off, or another thing altogether."""


class WrongShape(Undecodable):
    """JSON, but not what was agreed; asking again would not help."""


def decode(body: bytes, as_type: type[T]) -> T:
    """JSON as `as_type`, repaired where need be."""
    return _decode(body, msgspec.json.Decoder(as_type))[0]


@dataclass(frozen=True, slots=True)
class Listed(Generic[E, R]):
    """A page: its envelope, the rows that could be read, and the others with the reason."""

    envelope: E
    rows: list[R]
    malformed: list[tuple[Any, str]]
    """The row as plain data, and why it is not what was expected."""
    repaired: int = 0
    """Characters that could not be stored and were replaced or removed."""


class Rows(Generic[E, R]):
    """Reads a body of rows: all of it typed at once, row by row only where a row does not fit.

    `field` names the key that holds the rows; None means that the body itself is the list, and the
    envelope stays at its defaults.
    """

    def __init__(self, envelope: type[E], field: str | None, row: type[R]) -> None:
        self.envelope = envelope
        self.field = field
        self.row = row
        self._typed = msgspec.json.Decoder(self._page_of(row))
        self._raw = msgspec.json.Decoder(self._page_of(msgspec.Raw))
        self._one = msgspec.json.Decoder(row)

    def __call__(self, body: bytes) -> Listed[E, R]:
        """Raises Undecodable when the body is no JSON, WrongShape when it holds no such list."""
        try:
            page, repaired = _decode(body, self._typed)
        except WrongShape:
            page, repaired = _decode(body, self._raw)
            return self._one_by_one(page, repaired)
        return Listed(self._envelope_of(page), self._rows_of(page), [], repaired)

    def _one_by_one(self, page: Any, repaired: int) -> Listed[E, R]:
        rows: list[R] = []
        malformed: list[tuple[Any, str]] = []
        for raw in self._rows_of(page):
            try:
                rows.append(_decode(raw, self._one)[0])
            except Undecodable as error:
                malformed.append((_plain(bytes(raw)), str(error)))
        return Listed(self._envelope_of(page), rows, malformed, repaired)

    def _page_of(self, row: Any) -> Any:
        rows = types.GenericAlias(list, (row,))
        if self.field is None:
            return rows
        return msgspec.defstruct(
            self.envelope.__name__, [(self.field, rows)], bases=(self.envelope,), kw_only=True
        )

    def _envelope_of(self, page: Any) -> E:
        return self.envelope() if self.field is None else page

    def _rows_of(self, page: Any) -> Any:
        return page if self.field is None else getattr(page, self.field)


def convert_row(row: Mapping[str, Any], row_type: type[T]) -> T:
    """A row that was set aside, as `row_type`; raises ValueError with the reason where it still is none."""
    return msgspec.convert(dict(row), row_type)


def storable(body: bytes) -> tuple[bytes, int]:
    """The same JSON with every string storable, and how many characters that took."""
    repairs = 0

    def repair(found: re.Match[bytes]) -> bytes:
        nonlocal repairs
        first, second, alone, nul = found.groups()
        if (first and not second) or alone or nul:
            repairs += 1
            return b"" if nul else rb"\ufffd"
        return found[0]

    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode(errors="replace")
        repairs += 1
    repairs += text.count("\x00")
    body = text.replace("\x00", "").encode().removeprefix(_BYTE_ORDER_MARK)
    return _ESCAPE.sub(repair, body), repairs


def _decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> tuple[T, int]:
    repairs = 0
    if isinstance(body, bytes) and _NUL in body:
        body, repairs = storable(body)
    try:
        return decoder.decode(body), repairs
    except (msgspec.ValidationError, RecursionError) as error:
        raise WrongShape(_reason(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        body, more = storable(bytes(body))
    try:
        return decoder.decode(body), repairs + more
    except (msgspec.ValidationError, RecursionError) as error:
        raise WrongShape(_reason(error)) from None
    except msgspec.DecodeError as error:
        raise Undecodable(_reason(error)) from None


def _plain(raw: bytes) -> Any:
    """A malformed row as data, to be kept; what even that cannot hold is kept as its text."""
    try:
        return msgspec.json.decode(storable(raw)[0])
    except (msgspec.DecodeError, RecursionError):
        return {"text": raw.decode(errors="replace")[:100_000]}


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
