"""The cases behind KPIs that have a computation of their own: customers, weekdays, tickets solved lately."""

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa

from kpi.blocks import ALL, EVERYBODY
from kpi.calendar import day_id
from kpi.forecasts import BOTH, ENOUGH, LATELY_DAYS, weekdays_before
from kpi.metric import AHEAD, CUSTOMERS, LATELY, PURCHASES, Metric
from kpi.selecting import fetched


class ComputedCase(NamedTuple):
    """A ticket, or something else, and what it adds to a computed number."""

    account: str
    thing: str | None
    ticket_id: str | None
    day: int | None
    value: float | None
    left_out: str | None = None


class Asked(NamedTuple):
    """A period (first and last local day), of an account (`*`: all) and a dimension's member."""

    first: int
    last: int
    today: int
    account: str
    dimension: str
    member: str


def computed_cases(connection: sa.Connection, metric: Metric, asked: Asked) -> list[ComputedCase]:
    """Every case of the period, in a lasting order."""
    cases = {CUSTOMERS: _customers, PURCHASES: _purchases, AHEAD: _weekdays, LATELY: _solved}[metric.anchor]
    found = (one for one in cases(connection, metric, asked) if asked.account in (EVERYBODY, one.account))
    return sorted(found, key=lambda one: (one.account, one.thing or "", one.ticket_id or "", one.day or 0))


def _mark(connection: sa.Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"


def _customers(connection: sa.Connection, metric: Metric, asked: Asked) -> Iterator[ComputedCase]:
    last, mark = min(asked.last, asked.today), _mark(connection)
    query = (
        "SELECT c.account, c.customer_id, c.started_day, c.churned_day, EXISTS (SELECT 1 FROM purchase_facts p "
        "WHERE p.account = c.account AND p.customer_id = c.customer_id AND p.is_upsell = 1 "
        f"AND p.day BETWEEN {mark} AND {mark} AND p.day >= c.started_day "
        f"AND (c.churned_day IS NULL OR c.churned_day >= p.day)) FROM customer_facts c WHERE c.started_day <= {mark}"
    )
    for account, customer, started, churned, is_upsold in fetched(
        connection, query, (asked.first, last, last)
    ):
        value, why = _of_customer(metric.id, asked.first, last, started, churned)
        if metric.id == "upsell_rate" and value is not None:
            value = float(is_upsold)
        yield ComputedCase(account, f"customer {customer}", None, started, value, why)


def _of_customer(
    kpi: str, first: int, last: int, started: int, churned: int | None
) -> tuple[float | None, str | None]:
    """What a customer adds, or why nothing."""
    if kpi == "average_customer_tenure":
        return float((last if churned is None else min(churned, last)) - started), None
    if churned is not None and churned < first:
        return None, f"left on {day_id(churned)}, before the period"
    if kpi == "upsell_rate":
        return 0.0, None
    if started >= first:
        return None, "was no customer yet when the period began"
    has_left = churned is not None and churned <= last
    return float(has_left if kpi == "churn_rate" else not has_left), None


def _purchases(connection: sa.Connection, _: Metric, asked: Asked) -> Iterator[ComputedCase]:
    mark = _mark(connection)
    query = (
        "SELECT account, customer_id, count(*), max(day) FROM purchase_facts "
        f"WHERE day BETWEEN {mark} AND {mark} GROUP BY account, customer_id"
    )
    for account, customer, purchases, day in fetched(connection, query, (asked.first, asked.last)):
        yield ComputedCase(account, f"customer {customer}", None, day, float(purchases > 1))


def _weekdays(connection: sa.Connection, _: Metric, asked: Asked) -> Iterator[ComputedCase]:
    """The four weekdays that an expectation rests on, each with its tickets."""
    mark = _mark(connection)
    conditions, bound = ["is_countable = 1", f"created_day = {mark}"], list[object]()
    if asked.account != EVERYBODY:
        conditions.append(f"account = {mark}")
        bound.append(asked.account)
    if asked.dimension != ALL:
        conditions.append(f"channel = {mark}")
        bound.append(asked.member)
    query = f"SELECT count(*) FROM ticket_facts WHERE {' AND '.join(conditions)}"
    for day in weekdays_before(asked.first, asked.today):
        count = fetched(connection, query, (day, *bound))[0][0]
        yield ComputedCase(asked.account, f"tickets of {day_id(day)}", None, day, float(count))


def _solved(connection: sa.Connection, _: Metric, asked: Asked) -> Iterator[ComputedCase]:
    """The tickets solved lately that are like it, or that stand in for too few of these."""
    category, priority = None, None
    if asked.dimension in ("category", BOTH):
        category = asked.member.rpartition("/")[0] if asked.dimension == BOTH else asked.member
    if asked.dimension in ("priority", BOTH):
        priority = asked.member.rpartition("/")[2]
    for wanted in ((category, priority), (category, None), (None, priority), (None, None)):
        found = list(_solved_like(connection, asked, *wanted))
        if len(found) >= ENOUGH:
            yield from found
            return
    yield from _solved_like(connection, asked, category, priority)


def _solved_like(
    connection: sa.Connection, asked: Asked, category: str | None, priority: str | None
) -> Iterator[ComputedCase]:
    mark = _mark(connection)
    conditions = [
        "is_countable = 1 AND is_imported = 0 AND full_resolution_seconds IS NOT NULL",
        f"solved_day BETWEEN {mark} AND {mark}",
    ]
    bound: list[object] = [asked.today - LATELY_DAYS + 1, asked.today]
    for column, value in (("category", category), ("priority", priority), ("account", asked.account)):
        if value not in (None, EVERYBODY):
            conditions.append(f"{column} = {mark}")
            bound.append(value)
    query = (
        "SELECT account, ticket_id, solved_day, full_resolution_seconds FROM ticket_facts "
        f"WHERE {' AND '.join(conditions)}"
    )
    for account, ticket_id, day, seconds in fetched(connection, query, bound):
        yield ComputedCase(account, None, ticket_id, day, float(seconds))
