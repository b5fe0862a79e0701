"""The limiter never provokes a 429 from a vendor that counts honestly, and wastes little of the limit."""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Bucket, Limits, Observation


@dataclass
class Vendor:
    """Counts requests in windows of its own clock, or rolling, and says what it was told to say."""

    capacity: float
    period: float = 60
    rolling: bool = False
    phase: float = 0
    """How far its windows are off ours: another clock, or windows that begin anywhere."""
    says: Sequence[str] = ("total", "remaining", "resets")
    rounded: Callable[[float], float] = math.floor
    cost: float = 1
    bucket: str = "account"
    counted: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0
    accepted: list[float] = field(default_factory=list)

    def window(self, now: float) -> float:
        return math.floor((now - self.phase) / self.period)

    def used(self, now: float) -> float:
        self.counted = [(at, cost) for at, cost in self.counted if at > now - self.period]
        if self.rolling:
            return sum(cost for _, cost in self.counted)
        return sum(cost for at, cost in self.counted if self.window(at) == self.window(now))

    def draw(self, now: float, cost: float) -> bool:
        if self.used(now) + cost > self.capacity:
            return False
        self.counted.append((now, cost))
        return True

    def ask(self, now: float) -> list[Observation]:
        if self.draw(now, self.cost):
            self.accepted.append(now)
        else:
            self.refused += 1
        resets = (self.window(now) + 1) * self.period + self.phase - now
        seen = {
            "total": self.capacity,
            "remaining": self.capacity - self.used(now),
            "resets": self.rounded(resets),
            "cost": self.cost,
        }
        return [
            Observation(
                self.bucket,
                total=seen["total"] if "total" in self.says else None,
                remaining=seen["remaining"] if "remaining" in self.says else None,
                resets_seconds=seen["resets"] if "resets" in self.says else None,
                cost=seen["cost"] if "cost" in self.says else None,
            )
        ]


def simulate(
    limits: Limits,
    vendor: Vendor,
    *,
    seconds: float,
    workers: int = 1,
    latency: Callable[[], float] = lambda: 0.3,
    cost: float = 1,
    names: Sequence[str] = ("account",),
    others: Sequence[float] = (),
    start: float = 1_800_000_000.0,
) -> None:
    """Workers that always want more, over simulated time; `others` are instants of somebody else's draws."""
    order = count()
    events: list[tuple[float, int, Iterator[float]]] = []

    def worker() -> Iterator[float]:
        now = start
        while now < start + seconds:
            while (delay := limits.delay(names, now, cost)) > 0:
                now += delay
                yield now
            turn = limits.take(names, now, cost)
            whole = latency()
            now += whole / 2
            yield now
            seen = vendor.ask(now)
            now += whole / 2
            yield now
            limits.answered(turn, now, seen)

    def somebody() -> Iterator[float]:
        for at in others:
            yield start + at
            vendor.draw(start + at, 1)

    for task in [*(worker() for _ in range(workers)), somebody()]:
        heapq.heappush(events, (start, next(order), task))
    while events:
        _, _, task = heapq.heappop(events)
        if (at := next(task, None)) is not None:
            heapq.heappush(events, (at, next(order), task))


@settings(max_examples=100, deadline=None)
@given(
    capacity=st.integers(2, 30),
    period=st.sampled_from([1, 10, 60]),
    rolling=st.booleans(),
    phase=st.floats(0, 60),
    says=st.sampled_from(
        [(), ("total", "remaining"), ("total", "remaining", "resets"), ("remaining", "resets")]
    ),
    rounded=st.sampled_from([math.floor, math.ceil, round]),
    workers=st.integers(1, 4),
    latencies=st.lists(st.floats(0.05, 6), min_size=1, max_size=5),
)
def test_no_429_is_provoked_however_the_vendor_cuts_its_windows(
    capacity: int,
    period: float,
    rolling: bool,
    phase: float,
    says: Sequence[str],
    rounded: Callable[[float], float],
    workers: int,
    latencies: list[float],
) -> None:
    if rolling:
        says = tuple(word for word in says if word != "resets")
    vendor = Vendor(capacity, period, rolling, phase, says, rounded)
    turns = count()

    simulate(
        Limits({"account": Bucket(capacity, period)}),
        vendor,
        seconds=max(5 * period, 20),
        workers=workers,
        latency=lambda: latencies[next(turns) % len(latencies)],
    )

    assert vendor.refused == 0
    assert len(vendor.accepted) >= 2


@pytest.mark.parametrize(
    ("bucket", "vendor", "workers", "latency", "cost"),
    [
        pytest.param(Bucket(10, aligned=True), Vendor(10), 1, 2.0, 1, id="zendesk-export"),
        pytest.param(Bucket(10, aligned=True), Vendor(10, says=()), 1, 2.0, 1, id="aligned-and-silent"),
        pytest.param(Bucket(10), Vendor(10, says=(), phase=17), 1, 2.0, 1, id="unknown-windows-and-silent"),
        pytest.param(Bucket(200, aligned=True), Vendor(700), 4, 0.3, 1, id="a-larger-plan-than-the-table"),
        pytest.param(
            Bucket(100, share=0.8),
            Vendor(100, says=("total", "remaining", "cost"), cost=3, phase=23),
            1, 0.5, 3, id="freshdesk-credits",
        ),
        pytest.param(Bucket(190, 10), Vendor(190, 10, rolling=True, says=("remaining",)), 8, 0.2, 1, id="hubspot"),
        pytest.param(Bucket(5, 1), Vendor(5, 1, rolling=True, says=()), 4, 0.05, 1, id="hubspot-search"),
    ],
)  # fmt: skip
def test_a_backfill_uses_at_least_three_quarters_of_the_limit(
    bucket: Bucket, vendor: Vendor, workers: int, latency: float, cost: float
) -> None:
    simulate(
        Limits({"account": bucket}),
        vendor,
        seconds=8 * vendor.period,
        workers=workers,
        latency=lambda: latency,
        cost=cost,
    )

    assert vendor.refused == 0
    assert len(vendor.accepted) * vendor.cost >= 0.75 * 8 * vendor.capacity


@settings(max_examples=30, deadline=None)
@given(others=st.lists(st.floats(0, 600), max_size=200).map(sorted), says=st.sampled_from(["resets", ""]))
def test_what_others_draw_is_left_to_them(others: list[float], says: str) -> None:
    """Somebody else's tools share the account: as long as they stay within their share, nobody is refused."""
    mine: list[float] = []
    for at in others:  # at most 20 in any minute
        if len(mine) < 20 or at - mine[-20] > 60:
            mine.append(at)
    vendor = Vendor(100, says=("total", "remaining", says))

    simulate(
        Limits({"account": Bucket(100, share=0.75)}), vendor, seconds=600, others=mine, latency=lambda: 0.2
    )

    assert vendor.refused == 0


def test_a_cost_beyond_the_estimate_is_believed() -> None:
    limits = Limits({"account": Bucket(100, share=1.0)})

    turn = limits.take(["account"], 0.0, 1)
    limits.answered(turn, 1.0, [Observation("account", cost=99.5)])

    assert limits.delay(["account"], 2.0, 1) == pytest.approx(59.0)


def test_decimals_are_counted() -> None:
    limits = Limits({"account": Bucket(50, share=1.0)})

    turn = limits.take(["account"], 0.0, 1)
    limits.answered(turn, 1.0, [Observation("account", total=50.0, remaining=0.5)])

    assert limits.delay(["account"], 1.0, 0.5) == 0
    assert limits.delay(["account"], 1.0, 1) == pytest.approx(60)


def test_a_cost_larger_than_the_bucket_waits_for_an_empty_one_only() -> None:
    limits = Limits({"account": Bucket(2)})

    assert limits.delay(["account"], 0.0, 5) == 0
    limits.answered(limits.take(["account"], 0.0, 5), 1.0)
    assert limits.delay(["account"], 1.0, 1) == pytest.approx(60)


def test_a_bucket_that_the_table_does_not_know_is_learned() -> None:
    limits = Limits()
    assert limits.delay(["account", "views"], 0.0, 1) == 0

    turn = limits.take(["account", "views"], 0.0, 1)
    limits.answered(turn, 1.0, [Observation("views", total=5, remaining=0, resets_seconds=30)])

    assert limits.delay(["account", "views"], 1.0, 1) == pytest.approx(31)
    assert limits.delay(["account"], 1.0, 1) == 0


def test_a_bucket_with_another_name_than_believed_is_followed() -> None:
    limits = Limits({"account": Bucket(700), "exports": Bucket(10), "exports-cursor": Bucket(20)})
    vendor = Vendor(20, bucket="exports-cursor")

    simulate(limits, vendor, seconds=600, names=("account", "exports"), latency=lambda: 1.0)

    assert vendor.refused == 0
    assert len(vendor.accepted) >= 0.75 * 20 * 10


def test_a_429_stops_the_narrowest_bucket_and_leaves_the_others_alone() -> None:
    limits = Limits({"account": Bucket(700), "exports": Bucket(10)})

    limits.block(["account", "exports"], 100.0)

    assert limits.delay(["account", "exports"], 40.0, 1) == 60
    assert limits.delay(["account"], 40.0, 1) == 0
    assert limits.delay(["account", "exports"], 100.0, 1) == 0


def test_a_429_stops_the_bucket_that_is_said_to_be_empty() -> None:
    limits = Limits({"account": Bucket(700), "exports": Bucket(10)})

    limits.block(["account", "exports"], 100.0, [Observation("account", remaining=0)])

    assert limits.delay(["account"], 40.0, 1) == 60


def test_a_429_of_an_unknown_bucket_stops_the_account() -> None:
    limits = Limits()

    limits.block(["mystery"], 100.0)

    assert limits.delay(["account"], 40.0, 1) == 60


def test_a_clock_that_is_set_back_costs_no_more_than_the_wait_that_was_due() -> None:
    limits = Limits({"account": Bucket(10, share=1.0), "exports": Bucket(1, share=1.0)})
    limits.answered(limits.take(["account"], 7200.0, 10), 7201.0)
    limits.block(["exports"], 7231.0)
    assert limits.delay(["account"], 7201.0, 1) == pytest.approx(60)

    assert limits.delay(["account"], 3601.0, 1) == pytest.approx(60)
    assert limits.delay(["exports"], 3601.0, 1) == pytest.approx(30)


def test_a_clock_that_is_set_forward_waits_for_nothing() -> None:
    limits = Limits({"account": Bucket(1)})
    limits.answered(limits.take(["account"], 0.0, 1), 1.0)

    assert limits.delay(["account"], 3601.0, 1) == 0
