"""How fast an account may be asked: what headers tell, and the list limits that no header tells.

The whole account shares one minute's credits, which every answer names. Listing tickets and listing
contacts have limits of their own besides. The published ones depend on the plan, which the total
gives away; they have changed before and sources disagree, so a refusal counts for more: it halves
the pace of that list, and clean minutes bring it back, short of where it was refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors import Bucket, Clock, Failure, Limits, Observation

ACCOUNT: Final = "account"
TICKETS: Final = "tickets"
CONTACTS: Final = "contacts"
CALL_CREDITS: Final[Mapping[str, int]] = {TICKETS: 3, CONTACTS: 1}
"""What a call of each list draws, from its own bucket as from the account's: a page of tickets with stats
costs three credits. So these buckets count calls, in credits.
"""
OURS: Final = 0.8
"""The rest of an account's credits is left to the customer's other tools."""
_LEAST_TOTAL: Final = 50
_LEAST_CALLS: Final = 20
_CALLS_BY_TOTAL: Final[Mapping[float, int]] = {50: 50, 100: 40, 200: 20, 400: 100, 700: 200}
"""Credits a minute → calls a minute of one list, as published for trial, Growth, Pro and Enterprise."""
_UNKNOWN_SHARE: Final = 0.1
_GROWTH: Final = 1.25
_BELOW_REFUSAL: Final = 0.9
_A_MINUTE: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _List:
    """One list's pace, in credits a minute."""

    bucket: Bucket
    credits_a_call: int
    ceiling: float
    changed_at: datetime | None = None

    def begin(self, calls: float, ceiling: float) -> None:
        self.bucket.capacity = calls * self.credits_a_call
        self.ceiling = ceiling * self.credits_a_call

    def halve(self, now: datetime) -> None:
        self.ceiling = min(self.ceiling, self.bucket.capacity * _BELOW_REFUSAL)
        self.bucket.capacity = max(self.credits_a_call, self.bucket.capacity / 2)
        self.changed_at = now

    def grow(self, now: datetime) -> None:
        self.changed_at = self.changed_at or now
        if self.bucket.capacity < self.ceiling and now - self.changed_at >= _A_MINUTE:
            self.bucket.capacity = min(self.ceiling, self.bucket.capacity * _GROWTH)
            self.changed_at = now


class Pace:
    """One account's limits; begins with the smallest plan's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._total: float | None = None
        self._lists = {
            name: _List(Bucket(_LEAST_CALLS * cost), cost, _LEAST_CALLS * cost)
            for name, cost in CALL_CREDITS.items()
        }
        account = Bucket(_LEAST_TOTAL, share=OURS)
        self.limits = Limits({ACCOUNT: account} | {name: one.bucket for name, one in self._lists.items()})

    def observe(self, headers: Mapping[str, str]) -> list[Observation]:
        """Values may be decimals, `49.0`."""
        total = number(headers, "x-ratelimit-total")
        if total and total != self._total:
            self._total = total
            published = _CALLS_BY_TOTAL.get(total)
            for one in self._lists.values():
                one.begin(published or max(_LEAST_CALLS, total * _UNKNOWN_SHARE), published or total)
        remaining = number(headers, "x-ratelimit-remaining")
        cost = number(headers, "x-ratelimit-used-currentrequest")
        if total is None and remaining is None and cost is None:
            return []
        return [Observation(ACCOUNT, total, remaining, None, cost)]

    def went_well(self, path: str) -> None:
        if (one := self._lists.get(path)) is not None:
            one.grow(self._clock())

    def refused(self, failure: Failure) -> None:
        """A 429 with credits left is the list's own limit."""
        one = self._lists.get(failure.path.rpartition("/")[2])
        remaining = number(failure.headers, "x-ratelimit-remaining")
        if one is not None and (remaining is None or remaining >= one.credits_a_call):
            one.halve(self._clock())


def number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers.get(name, ""))
    except ValueError:
        return None
