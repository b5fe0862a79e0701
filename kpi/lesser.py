"""Rows of a ticket's promises and workdays: what they are read from, and what they come to."""

from typing import NamedTuple


class SlaInput(NamedTuple):
    """Columns of `sla_events`, under their names there."""

    at: int
    id: str
    metric: str
    instance: int
    event: str
    due_at: int | None
    target_seconds: int | None
    is_business: int | None
    policy_id: str | None
    is_deleted: int


class SlaFact(NamedTuple):
    """One row of `sla_facts`."""

    account: str
    ticket_id: str
    metric: str
    instance: int
    policy_id: str | None
    state: str
    """`met`, `missed`, `broken` (open past its due instant, from `decided_at` on) or `paused`."""
    started_at: int
    due_at: int | None
    fulfilled_at: int | None
    met: int | None
    """The verdict that stands at `decided_at` by what is known now; null while paused."""
    decided_at: int | None
    decided_day: int | None
    agent_id: str | None
    """Whose the ticket was then, as the group."""
    group_id: str | None
    breached_at: int | None
    breached_day: int | None
    breached_agent_id: str | None
    breached_group_id: str | None
    risk_at: int | None
    """Since when little of the promised time was left, the last time; null where that never was, or while paused."""


class RiskSpan(NamedTuple):
    """One row of `risk_spans`: an SLA clock ran with little of its time left, and one agent had the ticket."""

    account: str
    ticket_id: str
    metric: str
    instance: int
    ordinal: int
    policy_id: str | None
    risk_at: int
    risk_day: int
    risk_until: int
    """Since when no longer."""
    risk_until_day: int
    agent_id: str | None
    group_id: str | None


class WorkdayFact(NamedTuple):
    """One row of `workday_facts`: an agent worked on a ticket on a local day."""

    account: str
    ticket_id: str
    agent_id: str
    day: int
    group_id: str | None
    replies: int
    """Public ones, as far as messages are known."""
    solves: int
