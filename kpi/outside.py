"""Facts of what no helpdesk knows: agents' days, customers, purchases, figures of the business."""

from datetime import date
from typing import NamedTuple

from kpi.calendar import LocalDays, day_number
from kpi.periods import Grain, start_of


class AgentTimeFact(NamedTuple):
    """One row of `agent_time_facts`."""

    account: str
    time_id: str
    agent_id: str
    group_id: str | None
    day: int
    available_seconds: int
    productive_seconds: int | None


class CustomerFact(NamedTuple):
    """One row of `customer_facts`."""

    account: str
    customer_id: str
    requester_id: str | None
    started_at: int | None
    started_day: int | None
    churned_at: int | None
    churned_day: int | None


class PurchaseFact(NamedTuple):
    """One row of `purchase_facts`."""

    account: str
    purchase_id: str
    customer_id: str
    day: int
    is_upsell: int


class FigureFact(NamedTuple):
    """One row of `figure_facts`."""

    account: str
    figure_id: str
    name: str
    grain: str
    day: int
    """The period's first."""
    value: float


class AgentTimeInput(NamedTuple):
    """Columns of `agent_times`, under their names there."""

    account: str
    id: str
    agent_id: str
    group_id: str | None
    day: date | str
    available_seconds: int
    productive_seconds: int | None


class CustomerInput(NamedTuple):
    """Columns of `customers`, under their names there."""

    account: str
    id: str
    requester_id: str | None
    started_at: int | None
    churned_at: int | None


class PurchaseInput(NamedTuple):
    """Columns of `purchases`, under their names there."""

    account: str
    id: str
    customer_id: str
    at: int
    is_upsell: int


class FigureInput(NamedTuple):
    """Columns of `business_figures`, under their names there."""

    account: str
    id: str
    name: str
    grain: str
    period_start: date | str
    value: float


def agent_time_fact(row: AgentTimeInput) -> AgentTimeFact:
    return AgentTimeFact(
        row.account,
        row.id,
        row.agent_id,
        row.group_id,
        _day(row.day),
        row.available_seconds,
        row.productive_seconds,
    )


def customer_fact(row: CustomerInput, days: LocalDays) -> CustomerFact:
    """An end before the beginning is none: that customer has not been lost since."""
    churned_at = row.churned_at
    if churned_at is not None and row.started_at is not None and churned_at < row.started_at:
        churned_at = None
    return CustomerFact(
        row.account,
        row.id,
        row.requester_id,
        row.started_at,
        None if row.started_at is None else days.day(row.started_at),
        churned_at,
        None if churned_at is None else days.day(churned_at),
    )


def purchase_fact(row: PurchaseInput, days: LocalDays) -> PurchaseFact:
    return PurchaseFact(row.account, row.id, row.customer_id, days.day(row.at), int(row.is_upsell))


def figure_fact(row: FigureInput) -> FigureFact | None:
    """None for a grain that no period here has."""
    grain = row.grain.strip().casefold()
    if grain not in tuple(Grain):
        return None
    name = "_".join(row.name.casefold().split())
    return FigureFact(
        row.account, row.id, name, grain, start_of(Grain(grain), _day(row.period_start)), row.value
    )


def _day(day: date | str) -> int:
    return day_number(date.fromisoformat(day) if isinstance(day, str) else day)
