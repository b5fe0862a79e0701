"""The sandbox's now: it runs, stands still, or is moved by hand."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Real time when built without a start, else a clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._stands_at = None if start is None else start.timestamp()
        self._ahead = 0.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """Epoch seconds."""
        base = time.time() if self._stands_at is None else self._stands_at
        return base + self._ahead

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        self._ahead += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()

    def set(self, instant: datetime) -> None:
        """Stand still at this instant from now on."""
        self._stands_at, self._ahead = instant.timestamp(), 0.0

    def run(self) -> None:
        """Be the real time from now on."""
        self._stands_at, self._ahead = None, 0.0

    async def sleep(self, seconds: float) -> None:
        """Waiting costs no time here: a clock that stands is moved instead."""
        self.advance(max(seconds, 0))
