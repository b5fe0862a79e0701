"""Two habits of every walk over pages: ask for less when the vendor is slow, never turn in circles."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.errors import Unexpected


@dataclass(slots=True)
class PageSize:
    """A page-size parameter that is halved when the vendor times out, and restored after ten good pages.

    Streams that share an endpoint's trouble may share one.
    """

    parameter: str
    full: int
    least: int = 100
    restore_after: int = 10
    current: int = field(default=0)
    _good: int = 0

    def __post_init__(self) -> None:
        self.current = self.current or self.full

    def shrink(self) -> bool:
        """Whether a smaller page can be asked for."""
        before, self._good = self.current, 0
        self.current = min(before, max(self.least, before // 2))
        return self.current < before

    def went_well(self) -> None:
        self._good += 1
        if self._good >= self.restore_after:
            self.current, self._good = min(self.full, self.current * 2), 0


class Seen:
    """The cursors of one walk. A cursor that comes twice would be followed for ever."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def note(self, cursor: Any) -> None:
        """Raises Unexpected when the API gives a cursor (anything that is JSON) for the second time."""
        text = msgspec.json.encode(cursor, order="deterministic")
        digest = hashlib.blake2b(text, digest_size=16).digest()
        if digest in self._digests:
            raise Unexpected(
                f"the API repeats the cursor {text.decode()[:80]}: the walk is stopped; tell the developers"
            )
        self._digests.add(digest)
