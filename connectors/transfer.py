"""Bodies on the wire: inflated within bounds, complete or refused; and what headers and errors say."""

import html
import re
import ssl
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.decode import Undecodable, decode

_TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_PIECE = 1 << 20


class TooLarge(Exception):
    """More bytes than any page of a vendor holds; says how many."""


class Cut(Exception):
    """The body ended before it was complete."""


class Inflater:
    """Collects a body. A small compressed body can be a gigabyte: it is inflated piece by piece."""

    def __init__(self, encoding: str | None, largest_transfer: int, largest_body: int) -> None:
        compressed = (encoding or "identity").strip().lower() not in ("identity", "")
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32) if compressed else None
        self._largest_transfer = largest_transfer
        self._largest_body = largest_body
        self._pieces: list[bytes] = []
        self.transferred = 0
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        self.transferred += len(chunk)
        if self.transferred > self._largest_transfer:
            raise TooLarge(f"more than {self._largest_transfer:,} bytes")
        if self._zlib is None:
            self._keep(chunk)
            return
        try:
            while chunk:
                self._keep(self._zlib.decompress(chunk, _PIECE))
                chunk = self._zlib.unconsumed_tail
        except zlib.error:
            raise Cut from None

    def finish(self, content_length: str | None) -> bytes:
        if (
            content_length is not None
            and content_length.isdigit()
            and int(content_length) != self.transferred
        ):
            raise Cut
        if self._zlib is not None and self.transferred and not self._zlib.eof:
            raise Cut
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._largest_body:
            raise TooLarge(f"more than {self._largest_body:,} bytes unpacked")
        self._pieces.append(piece)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After as whole or decimal seconds or as a date; nothing, nonsense or the past is null."""
    value = (headers.get("retry-after") or "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, seconds) if seconds == seconds and seconds >= 0 else None  # noqa: PLR0124 - NaN


def said(body: bytes) -> str:
    """What an error body says, in any of the vendors' shapes, shortened; never raises."""
    try:
        found = _message(decode(body[:65536], Any))
    except Undecodable:
        found = None
    if found is None:
        found = html.unescape(_TAGS.sub(" ", body[:4096].decode("utf-8", "replace")))
    return " ".join(found.split())[:200] or "no explanation"


def _message(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    first = next(iter(body.get("errors") or []), None) if isinstance(body.get("errors"), list) else None
    candidates: tuple[Any, ...] = (
        error.get("message") or error.get("title") if isinstance(error, dict) else None,
        body.get("error_description"),
        body.get("description"),
        body.get("message"),
        error if isinstance(error, str) else None,
        first.get("title") or first.get("message") or first.get("code") if isinstance(first, dict) else first,
        body.get("detail"),
        body.get("title"),
    )
    return next((candidate for candidate in candidates if isinstance(candidate, str) and candidate), None)


def transport_sentence(host: str, error: Exception) -> tuple[str, bool]:
    """What to tell of a connection that failed, and whether an admin must act."""
    causes = list(_chain(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return (
            f"the certificate of {host} cannot be trusted: check BASE_URL and the machine's certificates",
            True,
        )
    text = " ".join(str(cause) for cause in causes).casefold()
    if (
        "name or service not known" in text
        or "nodename" in text
        or "name resolution" in text
        or "no address" in text
    ):
        return f"the host {host} is not known: check the account's address and the network", False
    if "refused" in text:
        return f"{host} refuses connections: check the account's address; the next sync tries again", False
    return f"the connection to {host} broke ({type(error).__name__}): the next sync tries again", False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
