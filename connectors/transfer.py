"""Bodies on the wire: unpacked within bounds, and complete or refused."""

import zlib
from typing import Final

_PIECE: Final = 1 << 20
_MOST_INFLATION: Final = 200
"""JSON shrinks 5 to 50 times; what shrinks more is no page of anything."""
_GZIP: Final = zlib.MAX_WBITS | 16


class TooLarge(Exception):
    """More bytes than any page of a vendor holds; says how many."""


class Cut(Exception):
    """The body ended before it was complete, or is garbled."""


class Inflater:
    """Collects a body. A megabyte can unpack to a gigabyte, so it is unpacked in pieces and counted."""

    def __init__(self, encoding: str | None, largest_transfer: int, largest_body: int) -> None:
        self._encoding = (encoding or "identity").strip().lower()
        self._largest_transfer = largest_transfer
        self._largest_body = largest_body
        self._unpacker: zlib._Decompress | None = None
        self._is_over = False
        self._pieces: list[bytes] = []
        self.transferred = 0
        self.size = 0

    @property
    def is_readable(self) -> bool:
        """Whether it is packed in a way we asked for."""
        return self._encoding in ("identity", "gzip", "x-gzip", "deflate")

    def feed(self, chunk: bytes) -> None:
        """Raises TooLarge or Cut; the rest of the body is then not worth reading."""
        self.transferred += len(chunk)
        if self.transferred > self._largest_transfer:
            raise TooLarge(f"more than {self._largest_transfer:,} bytes")
        if self._encoding == "identity":
            self._keep(chunk)
            return
        try:
            while chunk:
                chunk = self._unpack(chunk)
        except zlib.error:
            raise Cut from None

    def finish(self, content_length: str | None) -> bytes:
        """The whole body; raises Cut when some of it is missing."""
        announced = (content_length or "").strip()
        if announced.isdecimal() and int(announced) != self.transferred:
            raise Cut
        if self._encoding != "identity" and self.transferred and not self._is_over:
            raise Cut
        return b"".join(self._pieces)

    def _unpack(self, chunk: bytes) -> bytes:
        """Unpack at most one piece; what is left of the chunk is given back."""
        if self._unpacker is None or self._is_over:
            self._unpacker, self._is_over = self._started(chunk), False
        unpacker = self._unpacker
        self._keep(unpacker.decompress(chunk, _PIECE))
        while not unpacker.eof and not unpacker.unconsumed_tail:
            pending = unpacker.decompress(b"", _PIECE)
            if not pending:
                break
            self._keep(pending)
        self._is_over = unpacker.eof
        return unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail

    def _started(self, chunk: bytes) -> "zlib._Decompress":
        """`deflate` is zlib's format by the book, and the bare stream from some servers."""
        if self._encoding != "deflate":
            return zlib.decompressobj(_GZIP)
        is_zlib = chunk[0] & 0x0F == zlib.DEFLATED and (
            len(chunk) < 2 or (chunk[0] * 256 + chunk[1]) % 31 == 0
        )
        return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)

    def _keep(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._largest_body:
            raise TooLarge(f"more than {self._largest_body:,} bytes unpacked")
        if self.size > _PIECE and self.size > _MOST_INFLATION * self.transferred:
            raise TooLarge(f"{self.transferred:,} bytes that unpack to more than {self.size:,}")
        self._pieces.append(piece)
