"""One limiter an account: how long to wait before a request, from what the vendor allows and tells.

Pure: every method takes the time as seconds since 1970. A request draws from one or more named
buckets. Buckets start from the vendor's documented table and are corrected by its response headers.

A request counts from its answer on, for one period: however a vendor cuts its windows, it never sees
more than the capacity in one of them. Where a window's end is known, from a header or because the
vendor aligns its windows to the clock, everything before that end is free again at once.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Observation:
    """What a response said of a bucket; null where it did not. Vendors send decimals, too."""

    bucket: str
    total: float | None = None
    remaining: float | None = None
    resets_seconds: float | None = None
    """Until the vendor's window ends."""
    cost: float | None = None
    """What this very request was charged."""


@dataclass(slots=True, eq=False)
class _Drawn:
    at: float
    cost: float
    is_answered: bool = False


@dataclass(slots=True, eq=False)
class Bucket:
    """So many credits a period; `share` of them are ours, the rest is left to the customer's other tools.

    `aligned` windows begin at multiples of the period on the wall clock (Zendesk: the minute);
    others are rolling, until a header tells when they end.
    """

    capacity: float
    period_seconds: float = 60
    aligned: bool = False
    share: float = 0.9
    margin_seconds: float = 1.0
    """How far two clocks, or a header in whole seconds, may be wrong about a window's end."""
    _drawn: list[_Drawn] = field(default_factory=list)
    _others: float = 0
    _others_until: float = 0
    _edge: tuple[float, float] | None = None
    """The window ends between these two instants."""
    _blocked_until: float = 0

    @property
    def ours(self) -> float:
        return max(1.0, self.capacity * self.share)

    def delay(self, now: float, cost: float) -> float:
        """Seconds until `cost` may be drawn; a cost beyond the whole bucket waits for an empty one."""
        self._forget(now)
        if now < self._blocked_until:
            return self._blocked_until - now
        used = self._used()
        if used <= 0 or used + cost <= self.ours:
            return 0.0
        free_at = self._free_at(now, cost)
        if self._edge is not None:
            free_at = min(free_at, self._edge[1])
        return max(0.001, free_at - now)

    def draw(self, now: float, cost: float) -> _Drawn:
        if self.aligned and self._edge is None:
            end = (math.floor(now / self.period_seconds) + 1) * self.period_seconds
            self._edge = end - self.margin_seconds, end + self.margin_seconds
        self._drawn.append(_Drawn(now, cost))
        return self._drawn[-1]

    def learn(self, sent_at: float, now: float, seen: Observation, drawn: _Drawn) -> None:
        """The vendor's word over our own count: others draw from the bucket, too."""
        if seen.total is not None and seen.total > 0:
            self.capacity = seen.total
        if seen.cost is not None:
            drawn.cost = seen.cost
        if seen.resets_seconds is not None:
            self._edge = (
                sent_at + seen.resets_seconds - self.margin_seconds,
                now + seen.resets_seconds + self.margin_seconds,
            )
        if seen.remaining is not None:
            self._count(sent_at, now, self.capacity - seen.remaining)

    def block(self, until: float) -> None:
        self._blocked_until = max(self._blocked_until, until)

    def shift(self, seconds: float) -> None:
        """The clock was set back: what lies in the past keeps its distance."""
        for drawn in self._drawn:
            drawn.at += seconds
        self._others_until += seconds
        self._blocked_until += seconds
        if self._edge is not None:
            self._edge = self._edge[0] + seconds, self._edge[1] + seconds

    def _count(self, sent_at: float, now: float, spent: float) -> None:
        """`spent` of the vendor's window: what we do not know of, others drew."""
        ours = sum(drawn.cost for drawn in self._drawn if drawn.is_answered)
        self._others = max(0.0, spent - ours)
        self._others_until = self._edge[1] if self._edge is not None else now + self.period_seconds
        alone = all((drawn.is_answered and drawn.at <= sent_at) or drawn.at == now for drawn in self._drawn)
        while alone and self._drawn and ours > spent:
            ours -= self._drawn.pop(0).cost

    def _forget(self, now: float) -> None:
        if self._edge is not None and now >= self._edge[1]:
            since, self._edge = self._edge[0], None
            self._others = 0.0
        else:
            since = now - self.period_seconds
        self._drawn = [drawn for drawn in self._drawn if drawn.at > since or not drawn.is_answered]
        if now >= self._others_until:
            self._others = 0.0

    def _used(self) -> float:
        return sum(drawn.cost for drawn in self._drawn) + self._others

    def _free_at(self, now: float, cost: float) -> float:
        """When enough of what was drawn is older than a period; what is under way counts from its answer."""
        ends = [
            ((drawn.at if drawn.is_answered else now) + self.period_seconds, drawn.cost)
            for drawn in self._drawn
        ]
        ends.append((self._others_until, self._others))
        used = self._used()
        for end, freed in sorted(ends):
            used -= freed
            if used + cost <= self.ours or used <= 0:
                return end
        return now + self.period_seconds


@dataclass(slots=True, eq=False)
class Turn:
    """A request under way, and what it drew."""

    sent_at: float
    names: tuple[str, ...]
    cost: float
    drawn: dict[str, _Drawn]


class Limits:
    """The buckets of one account.

    A connector names the buckets it believes a request to draw from. Where the answer's headers name
    another bucket in place of one of them, they are believed from then on.
    """

    def __init__(self, buckets: dict[str, Bucket] | None = None, *, account: str = "account") -> None:
        self.buckets = dict(buckets or {})
        self.account = account
        """The bucket that a limit without a name belongs to."""
        self._really: dict[str, str] = {}
        self._latest = -math.inf

    def delay(self, names: Sequence[str], now: float, cost: float) -> float:
        """Seconds until a request may be sent."""
        self._look_at_the_clock(now)
        return max((bucket.delay(now, cost) for _, bucket in self._named(names)), default=0.0)

    def take(self, names: Sequence[str], now: float, cost: float) -> Turn:
        """Draw for a request that is sent now; `answered` must follow, whatever becomes of it."""
        drawn = {name: bucket.draw(now, cost) for name, bucket in self._named(names)}
        return Turn(now, tuple(names), cost, drawn)

    def answered(self, turn: Turn, now: float, observations: Iterable[Observation] = ()) -> None:
        """The request is over, answered or lost; a bucket never heard of before is made."""
        self._look_at_the_clock(now)
        for drawn in turn.drawn.values():
            drawn.at, drawn.is_answered = now, True
        seen = {observation.bucket: observation for observation in observations}
        self._follow(turn, seen)
        for name, observation in seen.items():
            if name not in self.buckets and observation.total:
                self.buckets[name] = Bucket(observation.total)
            if (bucket := self.buckets.get(name)) is not None:
                drawn = turn.drawn.get(name) or bucket.draw(now, turn.cost)
                drawn.at, drawn.is_answered = now, True
                bucket.learn(turn.sent_at, now, observation, drawn)

    def block(self, names: Sequence[str], until: float, observations: Iterable[Observation] = ()) -> None:
        """A 429: nothing more before `until` from the buckets that are said to be empty, else from the
        narrowest of those named (the last), else from the account.
        """
        empty = [seen.bucket for seen in observations if seen.remaining is not None and seen.remaining <= 0]
        named = [name for name, _ in self._named(names)]
        for name in empty or named[-1:] or [self.account]:
            self.buckets.setdefault(name, Bucket(math.inf)).block(until)

    def _follow(self, turn: Turn, seen: dict[str, Observation]) -> None:
        """Learn that a bucket goes by another name."""
        for name in turn.names:
            if name in seen:
                self._really.pop(name, None)
        unseen = [name for name in turn.names if name not in seen and name != self.account]
        strange = [name for name in seen if name not in turn.names and name != self.account]
        if len(unseen) == 1 and len(strange) == 1:
            self._really[unseen[0]] = strange[0]

    def _named(self, names: Sequence[str]) -> list[tuple[str, Bucket]]:
        real = dict.fromkeys(self._really.get(name, name) for name in names)
        return [(name, self.buckets[name]) for name in real if name in self.buckets]

    def _look_at_the_clock(self, now: float) -> None:
        if now < self._latest:
            for bucket in self.buckets.values():
                bucket.shift(now - self._latest)
        self._latest = now
