"""One limiter an account: how long to wait before a request, from what the vendor allows and tells.

Pure: every method takes the time as seconds since 1970. A request draws from one or more named
buckets; buckets start from the vendor's documented table and are corrected by its response headers.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Observation:
    """What a response said of a bucket; null where it did not."""

    bucket: str
    total: float | None = None
    remaining: float | None = None
    resets_seconds: float | None = None


@dataclass(slots=True)
class Bucket:
    """So many credits a period; `share` of them are ours, the rest is left to the customer's other tools.

    `aligned` windows begin at multiples of the period on the wall clock (Zendesk: the minute);
    others are rolling (any span of that length).
    """

    capacity: float
    period_seconds: float = 60
    aligned: bool = False
    share: float = 0.9
    margin_seconds: float = 1.0
    """Waited beyond an aligned window's end, because two clocks never agree."""
    _window: float = -1
    _used: float = 0
    _taken: deque[tuple[float, float]] = field(default_factory=deque)
    _blocked_until: float = 0

    @property
    def ours(self) -> float:
        return max(1.0, self.capacity * self.share)

    def delay(self, now: float, cost: float) -> float:
        """Seconds until `cost` may be drawn; a cost beyond the whole bucket waits for an empty one."""
        if now < self._blocked_until:
            return self._blocked_until - now
        self._turn(now)
        if self._used <= 0 or self._used + cost <= self.ours:
            return 0.0
        if self.aligned:
            return (self._window + 1) * self.period_seconds + self.margin_seconds - now
        return self._until_free(now, cost)

    def take(self, now: float, cost: float) -> None:
        self._turn(now)
        self._used += cost
        if not self.aligned:
            self._taken.append((now, cost))

    def learn(self, now: float, seen: Observation) -> None:
        """Take the vendor's word over our own count, where it is the stricter one."""
        self._turn(now)
        if seen.total is not None and seen.total > 0:
            self.capacity = seen.total
        if seen.remaining is None:
            return
        missing = self.capacity - seen.remaining - self._used
        if missing > 0:
            self.take(now, missing)
        if seen.remaining <= 0 and seen.resets_seconds is not None:
            self.block(now + seen.resets_seconds + self.margin_seconds)

    def block(self, until: float) -> None:
        self._blocked_until = max(self._blocked_until, until)

    def _turn(self, now: float) -> None:
        if self.aligned:
            window = math.floor(now / self.period_seconds)
            if window != self._window:
                self._window, self._used = window, 0.0
            return
        while self._taken and self._taken[0][0] <= now - self.period_seconds:
            self._used -= self._taken.popleft()[1]
        if not self._taken:
            self._used = 0.0

    def _until_free(self, now: float, cost: float) -> float:
        free = self.ours - self._used
        for at, taken in self._taken:
            free += taken
            if free >= cost or at == self._taken[-1][0]:
                return max(0.0, at + self.period_seconds - now) + 0.001
        return 0.0


class Limits:
    """The buckets of one account."""

    def __init__(self, buckets: dict[str, Bucket] | None = None, *, account: str = "account") -> None:
        self.buckets = dict(buckets or {})
        self.account = account
        """The bucket that a limit without a name belongs to."""

    def bucket(self, name: str) -> Bucket | None:
        return self.buckets.get(name)

    def delay(self, names: Sequence[str], now: float, cost: float) -> float:
        return max((bucket.delay(now, cost) for bucket in self._named(names)), default=0.0)

    def take(self, names: Sequence[str], now: float, cost: float) -> None:
        for bucket in self._named(names):
            bucket.take(now, cost)

    def learn(self, now: float, observations: Iterable[Observation]) -> None:
        """Correct what is known; a bucket never heard of before is made."""
        for seen in observations:
            if seen.bucket not in self.buckets and seen.total:
                self.buckets[seen.bucket] = Bucket(seen.total, aligned=True)
            if (bucket := self.buckets.get(seen.bucket)) is not None:
                bucket.learn(now, seen)

    def block(self, names: Sequence[str], until: float) -> None:
        """A 429: nothing more from the narrowest of these buckets (the last named) before `until`."""
        named = [name for name in names if name in self.buckets] or [self.account]
        self.buckets.setdefault(named[-1], Bucket(math.inf)).block(until)

    def _named(self, names: Sequence[str]) -> list[Bucket]:
        return [self.buckets[name] for name in names if name in self.buckets]
