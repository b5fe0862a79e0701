"""How long a request may trouble us and the vendor: pure decisions, taken between two tries."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.errors import ConnectorError

LONGEST_BACK_OFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of one request, tries and waits together."""

    attempts: int = 6
    total_seconds: float = 600
    """Tries and our own back-off together; what the vendor asks us to wait is not counted."""
    longest_wait_seconds: float = 900
    """What a vendor may ask us to wait, all in all; beyond it the run ends with RateLimited."""
    deadline_seconds: float = 120
    """From sending a request to its last byte."""
    first_wait_seconds: float = 1
    largest_transfer: int = 32 * 1024 * 1024
    largest_body: int = 64 * 1024 * 1024
    """Bytes of a body as sent, and unpacked."""


class Again(Exception):
    """Worth another try; `error` is what it becomes when patience ends.

    `wait_seconds` is what the vendor asks for; null leaves it to our back-off. A failure that
    `asks_for_less` may be cured by a smaller page.
    """

    def __init__(
        self, error: ConnectorError, wait_seconds: float | None = None, *, asks_for_less: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_seconds = wait_seconds
        self.asks_for_less = asks_for_less


class Tries:
    """The tries of one request so far."""

    def __init__(self, patience: Patience, jitter: Callable[[], float]) -> None:
        self.patience = patience
        self.jitter = jitter
        self.count = 0
        self.wait_seconds = 0.0
        """Before the next try."""
        self.is_renewed = False
        """Its credentials were granted anew already."""
        self._own_seconds = 0.0
        self._asked_seconds = 0.0

    def spent(self, seconds: float) -> None:
        """A try took so long, whatever came of it."""
        self._own_seconds += seconds

    def failed(self, again: Again) -> bool:
        """Whether another try is due, after `wait_seconds`."""
        self.count += 1
        if again.wait_seconds is None:
            self.wait_seconds = self._back_off()
            self._own_seconds += self.wait_seconds
        else:
            self._asked_seconds += again.wait_seconds
            self.wait_seconds = again.wait_seconds + (
                self.jitter() if again.wait_seconds >= 1 else self._back_off()
            )
        return (
            self.count < self.patience.attempts
            and self._own_seconds <= self.patience.total_seconds
            and self._asked_seconds <= self.patience.longest_wait_seconds
        )

    def _back_off(self) -> float:
        """Exponential with full jitter: many clients of one vendor do not come back together."""
        return self.jitter() * min(
            LONGEST_BACK_OFF_SECONDS, self.patience.first_wait_seconds * 2.0**self.count
        )


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After as whole or decimal seconds, or as a date by the vendor's own clock.

    Null where it is missing or means nothing. What has passed already is 0.
    """
    text = (headers.get("retry-after") or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        at = _instant(text)
        if at is None:
            return None
        seconds = (at - (_instant(headers.get("date") or "") or now)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _instant(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
