"""What stands behind one number: its definition, its tickets, what was left out and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from kpi import reasons
from kpi.calendar import LocalDays, day_date, day_number, local_days
from kpi.metric import Metric
from kpi.periods import Grain, last_day, start_of
from kpi.publishing import stored_vendors
from kpi.questions import Question
from kpi.reporting import Reporting
from kpi.step_cells import passed_until
from kpi.values import Value, values
from storage.columns import microseconds
from storage.database import reading
from storage.errors import explained


@dataclass(frozen=True, slots=True)
class Contribution:
    """A ticket, or a survey answer, and what it adds to a number."""

    account: str
    ticket_id: str | None
    rating_id: str | None
    url: str | None
    day: date | None
    value: float | None
    """What it contributes; null where it does not count."""
    left_out: str | None = None
    """Why it does not count."""
    vendor_value: float | None = None
    vendor_differs: str | None = None
    """Why the vendor's own figure is another one; null where it is the same, or there is none."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A number and everything behind it."""

    metric: Metric
    grain: str
    period_start: date
    period_end: date
    account: str
    dimension: str
    member: str
    stored: Sequence[Value]
    """Its rows of `report_kpis`, by statistic; empty where there is no value."""
    counted: Sequence[Contribution]
    left_out: Sequence[Contribution]
    numerator: float
    """Of the cases that count; a mean's sum."""
    denominator: int
    """How many there are."""
    approximated: Sequence[str] = field(default_factory=list)
    """Why the value is not exact."""

    @property
    def is_current(self) -> bool:
        """Whether the cases come to the stored value; if not, a refresh has still to see some page."""
        n = self.stored[0].n if self.stored else 0
        numerator = (self.stored[0].numerator if self.stored else 0) or 0
        return n == self.denominator and numerator == self.numerator

    @property
    def vendor_differences(self) -> Sequence[Contribution]:
        return [case for case in self.counted if case.vendor_differs]


def explain(
    engine: sa.Engine,
    reporting: Reporting,
    *,
    kpi: str,
    day: date,
    grain: str,
    dimension: str = "all",
    member: str = "",
    account: str = "*",
    now: datetime,
) -> Explanation:
    """Explain the value of the period in which `day` lies; `member` is written as in `report_kpis`.

    Raises KeyError for an unknown KPI, and StorageError.
    """
    metric = _named(reporting, kpi)
    length = Grain(grain)
    start = start_of(length, day_number(day))
    period = start, last_day(length, start)
    with explained(engine), reading(engine) as connection:
        at = passed_until(connection) or microseconds(now)
        days = local_days(reporting.zone)
        question = Question(metric, *period, days.day(at), account, dimension, member)
        rows = list(question.facts(connection))
        vendors = {**stored_vendors(connection), **reporting.vendors}
    cases = [_contribution(metric, row, at, days) for row in rows]
    counted = [case for case in cases if case.left_out is None]
    told = values(engine, kpis=[kpi], grain=grain, dimension=dimension, account=account,
                  since=day_date(start), until=day_date(start))  # fmt: skip
    accounts = {case.account: vendors[case.account] for case in counted if case.account in vendors}
    bits = Counter(
        int(row["approximations"]) for row, case in zip(rows, cases, strict=True) if not case.left_out
    )
    return Explanation(
        metric=metric,
        grain=grain,
        period_start=day_date(period[0]),
        period_end=day_date(period[1]),
        account=account,
        dimension=dimension,
        member=member,
        stored=[value for value in told if value.member == member],
        counted=counted,
        left_out=[case for case in cases if case.left_out is not None],
        numerator=sum(case.value or 0 for case in counted),
        denominator=len(counted),
        approximated=reasons.approximated(metric, accounts, bits),
    )


def _named(reporting: Reporting, kpi: str) -> Metric:
    for metric in reporting.catalog:
        if metric.id == kpi:
            return metric
    raise KeyError(f"there is no KPI {kpi}")


def _contribution(metric: Metric, row: Mapping[str, Any], now: int, days: LocalDays) -> Contribution:
    failed = next((condition for condition, is_met in row["conditions"] if not is_met), None)
    value = row["value"]
    is_young = row["matures_at"] is not None and row["matures_at"] > now
    counts = failed is None and value is not None and row["day"] is not None and not is_young
    theirs = row["vendor_value"]
    return Contribution(
        account=row["account"],
        ticket_id=row["ticket_id"],
        rating_id=row["rating_id"],
        url=row["url"],
        day=None if row["day"] is None else day_date(row["day"]),
        value=float(value) if counts else None,
        left_out=None if counts else reasons.left_out(metric, failed, row, now, days),
        vendor_value=None if theirs is None else float(theirs),
        vendor_differs=(
            None
            if theirs is None or not counts or theirs == value
            else reasons.differs(metric, value, theirs, row)
        ),
    )
