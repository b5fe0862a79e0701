"""A Freshdesk plan's minute: credits of the whole account, and the lists that have limits of their own.

Nobody says how Freshdesk cuts its minutes, whether a list's limit counts calls or credits, and whose
limit the headers tell: each can be set.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal

A_MINUTE = timedelta(minutes=1)
LISTS = frozenset({"tickets", "contacts"})


@dataclass
class Plan:
    total: int = 1_000_000
    lists: int = 1_000_000
    window: Literal["opened by the first call", "of the clock", "sliding"] = "opened by the first call"
    period: timedelta = A_MINUTE
    lists_count_credits: bool = False
    headers_tell_the_list: bool = False
    passed: list[tuple[datetime, str, int]] = field(default_factory=list)
    """When, which list (empty for the rest) and for how much."""
    refused: int = 0
    _opened: datetime | None = None

    def spend(self, path: str, cost: int, now: datetime) -> float | None:
        """Seconds to wait, or None when the call may pass."""
        since = self._since(now)
        one = path if path in LISTS else ""
        if self.used(now) + cost > self.total or (one and self._of_list(one, now, cost) > self.lists):
            self.refused += 1
            return (since + self.period - now).total_seconds()
        self.passed.append((now, one, cost))
        return None

    def headers(self, path: str, cost: int, now: datetime) -> dict[str, str]:
        total, used = self.total, self.used(now)
        if self.headers_tell_the_list and path in LISTS:
            total, used = self.lists, self._of_list(path, now, 0)
        return {
            "X-RateLimit-Total": f"{float(total)}",
            "X-RateLimit-Remaining": f"{float(total - used)}",
            "X-RateLimit-Used-CurrentRequest": str(cost),
        }

    def used(self, now: datetime) -> int:
        return sum(cost for _, _, cost in self._recent(now))

    def _of_list(self, one: str, now: datetime, cost: int) -> int:
        """With one call more, unless it costs nothing."""
        costs = [spent for _, list_, spent in self._recent(now) if list_ == one] + ([cost] if cost else [])
        return sum(costs) if self.lists_count_credits else len(costs)

    def _recent(self, now: datetime) -> list[tuple[datetime, str, int]]:
        first = bisect_left(self.passed, self._since(now), key=itemgetter(0))
        return self.passed[first:]

    def _since(self, now: datetime) -> datetime:
        if self.window == "of the clock":
            return now.replace(second=0, microsecond=0)
        if self.window == "sliding":
            return now - self.period + timedelta(milliseconds=1)
        if self._opened is None or now - self._opened >= self.period:
            self._opened = now
        return self._opened
