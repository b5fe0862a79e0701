"""KPIs of the customers themselves: who stayed, who left, for how long, who bought again.

A customer is there from the day the relation began until the day it ended. Whoever was there when a
period began is followed to its end; a period that is not over is followed to today.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi.blocks import EVERYBODY, Cell
from kpi.cells import Scope
from kpi.metric import Metric
from kpi.one_cell import cell_of
from kpi.periods import Grain, last_day
from kpi.selecting import fetched
from kpi.statistics import Ints


@dataclass(frozen=True, slots=True)
class Relations:
    """When an account's customers began and ended (far ahead: not yet), and how many did so."""

    started: Ints
    churned: Ints
    customers: Ints

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]]) -> "Relations":
        """Rows of started day, churned day (null: not yet) and number of customers."""
        columns = np.array(
            [[row[0], _NEVER if row[1] is None else row[1], row[2]] for row in rows], dtype=np.int64
        )
        return cls(*columns.reshape(-1, 3).T)


_NEVER = 1 << 40


class Base(NamedTuple):
    """An account's customers in one period: numbers of customers, and days."""

    at_start: int = 0
    left: int = 0
    """Of those, until the period's end."""
    ever: int = 0
    """Who had begun by the period's end."""
    tenure_days: int = 0
    active: int = 0
    """Who were there at some time of the period."""


def base(relations: Relations, first: int, last: int) -> Base:
    """The customers between two days; those who began on the first day were not there at the start."""
    started, churned, customers = relations.started, relations.churned, relations.customers
    ever = np.where(started <= last, customers, 0)
    active = np.where(churned >= first, ever, 0)
    at_start = np.where(started < first, active, 0)
    days = np.minimum(churned, last) - started
    return Base(
        int(at_start.sum()),
        int(at_start[churned <= last].sum()),
        int(ever.sum()),
        int((ever * days).sum()),
        int(active.sum()),
    )


_Share = tuple[int, int]
_SHARES: Mapping[str, Callable[[Base], _Share]] = {
    "customer_retention_rate": lambda found: (found.at_start - found.left, found.at_start),
    "churn_rate": lambda found: (found.left, found.at_start),
    "average_customer_tenure": lambda found: (found.tenure_days, found.ever),
}
"""KPI → numerator and denominator."""


def customer_cells(connection: sa.Connection, metrics: Sequence[Metric], scope: Scope) -> Iterator[Cell]:
    """Cells of a chunk's weeks and months; nothing is said of single days."""
    chunk = scope.chunk
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        "SELECT account, started_day, churned_day, count(*) FROM customer_facts "
        f"WHERE started_day <= {mark} GROUP BY account, started_day, churned_day"
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for account, *told in fetched(connection, query, (chunk.last,)):
        rows[account].append(told)
    relations = {account: Relations.of(rows[account]) for account in sorted(rows)}
    for grain in (Grain.WEEK, Grain.MONTH):
        for period in sorted(chunk.periods[grain]):
            last = min(last_day(grain, period), scope.today)
            if period <= scope.today:
                found = {account: base(some, period, last) for account, some in relations.items()}
                upsold = _upsold(connection, period, last)
                yield from _cells(metrics, scope, grain, period, found, upsold)


def _cells(
    metrics: Sequence[Metric], scope: Scope, grain: Grain, period: int,
    found: Mapping[str, Base], upsold: Mapping[str, int],
) -> Iterator[Cell]:  # fmt: skip
    for metric in metrics:
        shares = {
            account: _SHARES[metric.id](each)
            if metric.id in _SHARES
            else (upsold.get(account, 0), each.active)
            for account, each in found.items()
        }
        yield from share_cells(metric, scope, grain, period, shares)


def _upsold(connection: sa.Connection, first: int, last: int) -> Mapping[str, int]:
    """By account, how many customers bought more of what they had, while they were customers."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        "SELECT p.account, count(DISTINCT p.customer_id) FROM purchase_facts p "
        "JOIN customer_facts c ON c.account = p.account AND c.customer_id = p.customer_id "
        f"WHERE p.is_upsell = 1 AND p.day BETWEEN {mark} AND {mark} AND c.started_day <= p.day "
        "AND (c.churned_day IS NULL OR c.churned_day >= p.day) GROUP BY p.account"
    )
    return {row[0]: row[1] for row in fetched(connection, query, (first, last))}


def purchase_cells(connection: sa.Connection, metrics: Sequence[Metric], scope: Scope) -> Iterator[Cell]:
    """Who bought at least twice in a period, of all who bought."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    query = (
        "SELECT account, count(*), sum(CASE WHEN purchases > 1 THEN 1 ELSE 0 END) FROM "
        "(SELECT account, customer_id, count(*) AS purchases FROM purchase_facts "
        f"WHERE day BETWEEN {mark} AND {mark} GROUP BY account, customer_id) each_customer GROUP BY account"
    )
    for grain in Grain:
        for period in sorted(scope.chunk.periods[grain]):
            rows = fetched(connection, query, (period, last_day(grain, period)))
            shares = {row[0]: (int(row[2]), int(row[1])) for row in rows}
            for metric in metrics:
                yield from share_cells(metric, scope, grain, period, shares, provisional=False)


def share_cells(
    metric: Metric,
    scope: Scope,
    grain: Grain,
    period: int,
    shares: Mapping[str, _Share],
    provisional: bool | None = None,
) -> Iterator[Cell]:
    """One cell an account that has a denominator, and one of all."""
    known = {account: share for account, share in sorted(shares.items()) if share[1]}
    everybody = (sum(share[0] for share in known.values()), sum(share[1] for share in known.values()))
    for account, (numerator, denominator) in [*known.items(), *([(EVERYBODY, everybody)] if known else [])]:
        yield cell_of(
            metric,
            scope,
            grain,
            period,
            account,
            n=denominator,
            numerator=numerator,
            denominator=denominator,
            provisional=provisional,
            accounts=list(known) if account == EVERYBODY else [account],
        )
