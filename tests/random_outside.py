"""Random rows of what is no ticket: calls with legs, SLA clocks, agents' days, customers, purchases, figures."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from storage.records import (
    AgentTimeRecord,
    BusinessFigureRecord,
    CallLegRecord,
    CallOutcome,
    CallRecord,
    CustomerRecord,
    PurchaseRecord,
    Record,
    SlaEventRecord,
)

_PEOPLE = ("ann", "bob", None)


def outside_records(random: Random, at: Callable[[], datetime], tickets: int) -> Iterator[Record]:
    for number in range(tickets):
        yield from _promises(random, at, str(number))
        yield from _call(random, at, f"call{number}", tickets)
        yield from _business(random, at, number)


def _versions(random: Random) -> range:
    return range(1, random.randint(2, 4))


def _promises(random: Random, at: Callable[[], datetime], ticket: str) -> Iterator[Record]:
    """A log's steps, and a clock as another vendor shows it; steps come in any order and are taken back."""
    choose = random.choice
    begins = at()
    for number in range(random.randint(0, 5)):
        for version in _versions(random):
            yield SlaEventRecord(
                id=f"{ticket}-sla{number}", version=version, ticket_id=ticket, metric="first_response", instance=1,
                event=choose(("activated", "applied", "paused", "breached", "fulfilled", "measured")),
                at=begins + timedelta(seconds=random.randint(0, 300_000)), target_seconds=choose((None, 600, 90_000)),
                is_business=choose((True, False)), policy_id=choose(("gold", None)), is_deleted=random.random() < 0.2,
            )  # fmt: skip
    for version in _versions(random):
        yield SlaEventRecord(
            id=f"{ticket}-due", version=version, ticket_id=ticket, metric="resolution", at=begins,
            event=choose(("applied", "paused", "breached", "fulfilled")), is_deleted=random.random() < 0.2,
            due_at=begins + timedelta(seconds=random.randint(-50_000, 2_000_000)),
        )  # fmt: skip


def _call(random: Random, at: Callable[[], datetime], name: str, tickets: int) -> Iterator[Record]:
    choose, seconds = random.choice, (None, 0, 3, 60)
    for version in _versions(random):
        yield CallRecord(
            id=name, version=version, started_at=at(), agent_id=choose(_PEOPLE), group_id=choose(("g1", None)),
            ticket_id=choose((None, str(random.randrange(tickets + 1)))), direction=choose(("inbound", "outbound")),
            outcome=choose(list(CallOutcome)), wait_seconds=choose(seconds), talk_seconds=choose(seconds),
            hold_seconds=choose(seconds), wrap_seconds=choose(seconds), duration_seconds=choose((None, 90_000)),
        )  # fmt: skip
        yield CallLegRecord(
            id=f"{name}-leg", version=version, call_id=choose((name, "call0")), leg_type="agent", started_at=at(),
            agent_id=choose(_PEOPLE), talk_seconds=choose(seconds), hold_seconds=choose(seconds),
        )  # fmt: skip


def _business(random: Random, at: Callable[[], datetime], number: int) -> Iterator[Record]:
    choose = random.choice
    for version in _versions(random):
        yield AgentTimeRecord(
            id=f"time{number}", version=version, agent_id=choose(("ann", "bob")), day=at().date(),
            group_id=choose(("g1", None)), available_seconds=choose((0, 28_800)),
            productive_seconds=choose((None, 20_000)),
        )  # fmt: skip
        yield CustomerRecord(
            id=f"customer{number}", version=version, requester_id=choose(("cem", "dora", None)),
            started_at=choose((None, at(), at())), churned_at=choose((None, at())),
        )  # fmt: skip
        yield PurchaseRecord(
            id=f"purchase{number}", version=version, customer_id=f"customer{random.randrange(3)}", at=at(),
            is_upsell=choose((True, False)),
        )  # fmt: skip
        yield BusinessFigureRecord(
            id=f"figure{number}", version=version, name=choose(("active_customers", "support_cost", "orders")),
            grain=choose(("day", "week", "month", "year")), period_start=at().date().replace(day=choose((1, 12))),
            value=choose((0, 3, 12.345)),
        )  # fmt: skip
