"""No 429 where a plan's limits are enforced, and most of them used: on a clock that only waiting moves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fake_freshdesk import FakeFreshdesk, TestClock
from fake_freshdesk_plan import Plan
from fake_freshdesk_sync import Synced

from connectors.freshdesk.mapping import EPOCH
from connectors.freshdesk.tickets import listing

PLANS = {
    "trial": (50, 50),
    "growth of 2024": (200, 20),
    "growth of 2026": (100, 40),
    "pro": (400, 100),
    "enterprise": (700, 200),
}
MINUTES = 4
AN_ANSWER_TAKES = timedelta(milliseconds=120)


def read_for_minutes(
    plan: Plan,
    work: Callable[[Any], Awaitable[Any]],
    minutes: float = MINUTES,
    clock: TestClock | None = None,
) -> FakeFreshdesk:
    """A backfill of `minutes`, each answer a while after its request: a quarter of it where four are asked at once."""
    desk = FakeFreshdesk(clock=clock or TestClock(), plan=plan)
    takes = AN_ANSWER_TAKES / (4 if work is some_conversations else 1)
    desk.before = lambda _request: desk.clock.move(seconds=takes.total_seconds())
    until = desk.clock() + timedelta(minutes=minutes)

    async def through() -> None:
        connector = Synced(desk).connector()
        while desk.clock() < until:
            await work(connector)
        await connector.aclose()

    asyncio.run(through())
    return desk


async def a_page_of_tickets(connector: Any) -> None:
    since = listing(connector.api, connector.ticket_reader, stats=True)
    await since(EPOCH, 1)


async def some_conversations(connector: Any) -> None:
    pages = (connector.client.get(f"/api/v2/tickets/{number}/conversations") for number in range(4))
    await asyncio.gather(*pages, return_exceptions=True)


def use_of(plan: Plan, minutes: float) -> float:
    """Of what the plan's tightest limit would have allowed, how much was used."""
    credits_used = sum(cost for _, _, cost in plan.passed) / (plan.total * minutes)
    calls_used = sum(bool(one) for _, one, _ in plan.passed) / (plan.lists * minutes)
    return max(credits_used, calls_used)


@pytest.mark.parametrize("window", ["opened by the first call", "of the clock", "sliding"])
@pytest.mark.parametrize("name", PLANS)
def test_a_backfill_uses_most_of_a_plan_and_is_never_refused(name: str, window: Any) -> None:
    plan = Plan(*PLANS[name], window=window)
    read_for_minutes(plan, a_page_of_tickets)

    assert plan.refused == 0
    assert use_of(plan, MINUTES) >= 0.75


@pytest.mark.parametrize("name", ["trial", "growth of 2026", "pro"])
def test_conversations_use_most_of_a_plan_and_leave_the_rest_to_others(name: str) -> None:
    plan = Plan(*PLANS[name])
    read_for_minutes(plan, some_conversations)

    assert plan.refused == 0
    assert 0.75 <= use_of(plan, MINUTES) <= 0.95


def test_what_others_use_is_left_to_them() -> None:
    """Somebody's dashboard draws half of the account; a fifth stays free all the same."""
    plan = Plan(400, 100)
    others = 0

    async def page(connector: Any) -> None:
        nonlocal others
        now = clock()
        if others < 20 * (now - begun).total_seconds() // 6:
            others += 20
            plan.passed.append((now, "", 20))
        await some_conversations(connector)

    clock = TestClock()
    begun = clock()
    read_for_minutes(plan, page, clock=clock)

    assert plan.refused == 0
    assert 0.7 <= use_of(plan, MINUTES) <= 0.9


def test_a_plan_never_heard_of_is_learnt() -> None:
    """Its list limit is found by one refusal, and then kept below."""
    plan = Plan(600, 150)
    desk = read_for_minutes(plan, a_page_of_tickets, 14)

    late = [one for at, one, _ in plan.passed if one and desk.clock() - at < timedelta(minutes=5)]
    assert 1 <= plan.refused <= 2
    assert len(late) >= 0.75 * 150 * 5


def test_a_list_limit_that_counts_credits_is_come_down_to() -> None:
    plan = Plan(400, 100, lists_count_credits=True)
    desk = read_for_minutes(plan, a_page_of_tickets, 14)

    late = [cost for at, one, cost in plan.passed if one and desk.clock() - at < timedelta(minutes=5)]
    assert plan.refused <= 6
    assert sum(late) >= 0.6 * 100 * 5


def test_headers_that_tell_the_lists_own_limit_do_no_harm() -> None:
    plan = Plan(400, 100, headers_tell_the_list=True)

    async def both(connector: Any) -> None:
        await a_page_of_tickets(connector)
        await some_conversations(connector)

    read_for_minutes(plan, both)

    assert plan.refused <= 2
    assert len(plan.passed) >= 100 * MINUTES


def test_credits_of_an_hour_are_not_spent_in_a_minute_and_never_overdrawn() -> None:
    """Old plans grant them by the hour: what is left tells when to be slow."""
    plan = Plan(2_000, 2_000, period=timedelta(hours=1))
    desk = read_for_minutes(plan, some_conversations, 50)

    assert plan.refused == 0
    assert 0.8 * 2_000 <= plan.used(desk.clock()) <= 2_000
