"""What vendors do not tell of a desk, so that it cannot be known: by KPI, with the tickets it is about."""

from collections.abc import Callable
from typing import NamedTuple

from tests.kpi_life import Life
from tests.kpi_oracle import DIMENSIONS
from tests.kpi_service import NOW


class Limit(NamedTuple):
    """Where a vendor tells too little."""

    why: str
    hidden: Callable[[Life], bool]
    """The tickets of which it does; all others must come out exactly."""
    most: float
    """The largest share of the tickets that may come out otherwise."""
    dimensions: tuple[str, ...] = DIMENSIONS
    """Where it shows."""
    is_marked: bool = True
    """Whether the number says that it is approximated."""
    within: float | None = None
    """How far a month's value may be off, as a share of it."""


def was_reopened(life: Life) -> bool:
    return bool(life.reopens)


def stood_waiting(life: Life) -> bool:
    return was_reopened(life) or any(status in ("pending", "on_hold") for _, status in life.statuses)


def changed_hours(life: Life) -> bool:
    return sum(event.kind == "schedule" for event in life.events) > 1


def changed_group(life: Life) -> bool:
    return sum(event.kind == "group" for event in life.events) > 1


def changed_agent(life: Life) -> bool:
    return sum(event.kind == "agent" for event in life.events) > 1


def is_purged(life: Life) -> bool:
    """Deleted for good before it was ever read: its answer is all that is left of it."""
    return not life.is_countable


def answered_again(life: Life) -> bool:
    return len(life.answers) > 1


def may_be_anothers(life: Life) -> bool:
    """An answer is tied to its customer, and another ticket of theirs was solved before."""
    return any(
        answer.at >= solved
        for one, other in ((life, another) for another in life.others)
        for asked, done in ((one, other), (other, one))
        for answer in asked.answers
        for solved in done.solves[:1]
    )


def seen_before_taken(life: Life) -> bool:
    """It was nobody's when it was first read."""
    seen_at = int(NOW.timestamp())
    return life.created <= seen_at and not life.agent(seen_at) and bool(life.agent(life.now))


def is_untold(life: Life) -> bool:
    """Now and then HubSpot's properties know nothing of a first response."""
    return life.number % 20 == 7


def any_of(*reasons: Callable[[Life], bool]) -> Callable[[Life], bool]:
    return lambda life: any(reason(life) for reason in reasons)


def is_any(_life: Life) -> bool:
    return True


PURGED = (
    "answers on tickets that are gone for good; a changed answer keeps the date or the agent of the first"
)
BY_CONTACT = "answers by mail are tied to the customer, not to the ticket"
AT_LOOKS = "no history of agents: a look tells who has it, not since when"
NO_GROUPS = "no history of groups, by which hours go: today's stands for the one then"
NO_STATUSES = "no history of statuses: only the last solve and the last reopening are told"
NO_HOURS = "no schedules: business time waits for hours that the organisation gives"
UNREAD = "conversations are read only where a first response is not told"
BASIC_LIMITS = {
    ("freshdesk", "csat_score"): Limit(PURGED, any_of(is_purged, answered_again), 0.06, is_marked=False),
    ("freshdesk", "csat_dissatisfied_rate"): Limit(
        PURGED, any_of(is_purged, answered_again), 0.06, is_marked=False
    ),
    ("freshdesk", "csat_comment_rate"): Limit(
        PURGED, any_of(is_purged, answered_again), 0.06, is_marked=False
    ),
    ("freshdesk", "first_response_time"): Limit(NO_GROUPS, changed_group, 0, ("group",)),
    ("freshdesk", "avg_reply_time"): Limit(NO_GROUPS, changed_group, 0, ("group",)),
    ("freshdesk", "first_response_time_business"): Limit(NO_GROUPS, changed_group, 0.08),
    ("freshdesk", "avg_reply_time_business"): Limit(NO_GROUPS, changed_group, 0.09),
    ("freshdesk", "full_resolution_time_business"): Limit(NO_GROUPS, changed_group, 0.09),
    ("freshdesk", "group_changes_per_ticket"): Limit(NO_GROUPS, changed_group, 0.12),
    ("freshdesk", "first_resolution_time"): Limit(NO_STATUSES, was_reopened, 0.12),
    ("freshdesk", "first_resolution_time_created"): Limit(NO_STATUSES, was_reopened, 0.12),
    ("freshdesk", "first_resolution_time_business"): Limit(
        NO_STATUSES, any_of(was_reopened, changed_group), 0.18
    ),
    ("freshdesk", "active_resolution_time"): Limit(NO_STATUSES, was_reopened, 0.12),
    ("freshdesk", "reopen_rate"): Limit(NO_STATUSES, was_reopened, 0.15),
    ("freshdesk", "solve_events"): Limit(NO_STATUSES, was_reopened, 0.12),
    ("freshdesk", "reopen_events"): Limit(NO_STATUSES, was_reopened, 1),
    ("freshdesk", "requester_wait_time"): Limit(NO_STATUSES, stood_waiting, 0.6),
    ("freshdesk", "agent_wait_time"): Limit(NO_STATUSES, stood_waiting, 0.6),
    ("freshdesk", "on_hold_time"): Limit(NO_STATUSES, stood_waiting, 0.25),
    ("freshdesk", "agent_work_time"): Limit(NO_STATUSES, stood_waiting, 0.65),
    ("freshdesk", "requester_wait_time_business"): Limit(
        NO_STATUSES, any_of(stood_waiting, changed_group), 0.6
    ),
    ("freshdesk", "agent_wait_time_business"): Limit(NO_STATUSES, any_of(stood_waiting, changed_group), 0.6),
    ("freshdesk", "on_hold_time_business"): Limit(NO_STATUSES, any_of(stood_waiting, changed_group), 0.2),
    ("freshdesk", "agent_work_time_business"): Limit(NO_STATUSES, any_of(stood_waiting, changed_group), 0.65),
    ("freshdesk", "agent_changes_per_ticket"): Limit("no history of agents", changed_agent, 0.13),
    ("freshdesk", "transfer_rate"): Limit("no history of agents", changed_agent, 0.13),
    ("freshdesk", "replies_per_ticket"): Limit(
        "nothing is told of replies on tickets that the staff opened", lambda life: life.is_outbound, 0.05
    ),
    ("freshdesk", "backlog"): Limit(NO_STATUSES, was_reopened, 0.3),
    ("freshdesk", "backlog_active"): Limit(NO_STATUSES, stood_waiting, 0.7),
    ("freshdesk", "backlog_waiting_customer"): Limit(NO_STATUSES, stood_waiting, 0.9),
    ("freshdesk", "backlog_on_hold"): Limit(NO_STATUSES, stood_waiting, 0.5),
    ("freshdesk", "backlog_unassigned"): Limit("no history of agents", is_any, 1),
    ("freshdesk", "backlog_unreplied"): Limit(NO_STATUSES, was_reopened, 0.2),
    **{
        ("freshdesk", kpi): Limit(AT_LOOKS, seen_before_taken, 0, ("agent",), is_marked=False)
        for kpi in ("tickets_solved", "full_resolution_time", "one_touch_rate", "customer_messages_per_ticket")
    },
    ("hubspot", "csat_score"): Limit(f"{PURGED}; {BY_CONTACT}", any_of(is_purged, answered_again, may_be_anothers), 0.2, is_marked=False),
    ("hubspot", "csat_dissatisfied_rate"): Limit(
        f"{PURGED}; {BY_CONTACT}", any_of(is_purged, answered_again, may_be_anothers), 0.2, is_marked=False
    ),
    ("hubspot", "csat_comment_rate"): Limit(f"{PURGED}; {BY_CONTACT}", any_of(is_purged, answered_again, may_be_anothers), 0.2, is_marked=False),
    ("hubspot", "first_response_time_business"): Limit(
        "no schedules: the vendor's own figure, under the schedule at the reply, and now and then none",
        any_of(is_untold, changed_hours), 0.12, is_marked=False,
    ),
    ("hubspot", "full_resolution_time_business"): Limit(
        "no schedules: the vendor's own figure, under the schedule at the end",
        changed_hours, 0.09, is_marked=False
    ),
    ("hubspot", "replies_per_ticket"): Limit(UNREAD, is_any, 1),
    ("hubspot", "customer_messages_per_ticket"): Limit(UNREAD, is_any, 1),
    ("hubspot", "avg_reply_time"): Limit(UNREAD, is_any, 1),
    ("hubspot", "avg_reply_time_business"): Limit(f"{UNREAD}; {NO_HOURS}", is_any, 1),
    ("hubspot", "first_resolution_time_business"): Limit(NO_HOURS, is_any, 1),
    ("hubspot", "requester_wait_time_business"): Limit(NO_HOURS, is_any, 1),
    ("hubspot", "agent_wait_time_business"): Limit(NO_HOURS, is_any, 1),
    ("hubspot", "on_hold_time_business"): Limit(NO_HOURS, is_any, 1),
    ("hubspot", "agent_work_time_business"): Limit(NO_HOURS, is_any, 1),
}  # fmt: skip
"""(vendor, KPI) → what cannot be exact. Zendesk tells everything of these."""
