"""What stands behind one number: its definition, its tickets, what was left out and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from kpi import reasons
from kpi.blocks import NAMED_BY_ACCOUNT
from kpi.calendar import LocalDays, day_date, day_number, local_days
from kpi.catalog import metric_named
from kpi.composing import compared, period_before
from kpi.computations import COMPUTATIONS
from kpi.explaining import Asked, computed_cases
from kpi.forecasts import first_bearing
from kpi.judged import JUDGED, JUDGED_IDS, Judgement, judgement
from kpi.metric import AGE, AHEAD, AT_RISK, STOCKS, UNAVAILABLE, Metric, Shape, Term
from kpi.periods import Grain, last_day, start_of
from kpi.publishing import stored_vendors
from kpi.questions import Question
from kpi.reach import stored_whole
from kpi.reading import Times, age
from kpi.reporting import Reporting
from kpi.step_cells import passed_until
from kpi.values import Value, values
from kpi.whole import Whole
from kpi.wording import worded
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
    thing: str | None = None
    """What else it is: a call, a customer, an SLA clock."""


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a composed number, and what stands behind it."""

    term: Term
    explanation: "Explanation"

    @property
    def amount(self) -> int | None:
        """Its numerator in whole units; null where nothing counts."""
        if not self.explanation.counted:
            return None
        return round(self.explanation.numerator * self.term.measure.fineness)


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
    denominator: float
    """How many there are, or what they bring to it."""
    approximated: Sequence[str] = field(default_factory=list)
    """Why the value is not exact."""
    parts: Sequence["Part"] = ()
    """What a composed number is made of."""
    judgement: Judgement | None = None
    """Of progress and distances: the value, and what it is held against."""
    is_secret: bool = False
    """Whether its cases are nobody's to see, or it has none of its own."""

    @property
    def is_current(self) -> bool:
        """Whether the cases come to the stored value; if not, a refresh has still to see some page."""
        if self.is_secret:
            return True
        numerator = (self.stored[0].numerator if self.stored else 0) or 0
        if self.parts:
            return not self.stored or numerator == self.numerator
        n = self.stored[0].n if self.stored else 0
        return n == len(self.counted) and numerator == self.numerator

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
    told = values(engine, kpis=[metric.id], grain=grain, dimension=dimension, account=account,
                  since=day_date(start), until=day_date(start))  # fmt: skip
    asked = _Asked(length, start, account, dimension, member, [one for one in told if one.member == member])
    with explained(engine), reading(engine) as connection:
        at = passed_until(connection) or microseconds(now)
        vendors = {**stored_vendors(connection), **reporting.vendors}
        whole = stored_whole(connection, reporting.zone)
        return _Explaining(connection, reporting.zone, vendors, whole, at).of(metric, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A period, and what of it."""

    grain: Grain
    start: int
    account: str
    dimension: str
    member: str
    stored: Sequence[Value] = ()

    @property
    def whole(self) -> "_Asked":
        return replace(self, dimension="all", member="", stored=())

    @property
    def whose(self) -> str:
        """Whose facts it is about: what an account names is its own under `*`, too."""
        named = self.dimension in NAMED_BY_ACCOUNT and self.member
        return self.member.partition("/")[0] if named else self.account

    @property
    def before(self) -> "_Asked":
        return replace(self, start=period_before(self.grain, self.start), stored=())


@dataclass(frozen=True, slots=True)
class _Explaining:
    """What explanations of one moment share."""

    connection: sa.Connection
    zone: str
    vendors: Mapping[str, str]
    whole: Whole
    at: int

    def of(self, metric: Metric, asked: _Asked) -> Explanation:
        if metric.id in JUDGED_IDS:
            return self._judged(metric, asked)
        if metric.terms:
            return self._composed(metric, asked)
        if metric.least:
            return self._told(metric, asked)
        if metric.anchor in COMPUTATIONS:
            return self._computed(metric, asked)
        return self._simple(metric, asked)

    def _told(self, metric: Metric, asked: _Asked, **more: Any) -> Explanation:
        """As the stored value says, for its cases do not add up to it, or are nobody's to see."""
        stored = asked.stored[0] if asked.stored else None
        numerator, denominator = (stored.numerator, stored.denominator) if stored else (0, 0)
        return self._explanation(metric, asked, numerator or 0, denominator or 0, is_secret=True, **more)

    def _computed(self, metric: Metric, asked: _Asked) -> Explanation:
        today, last = local_days(self.zone).day(self.at), last_day(asked.grain, asked.start)
        of = (asked.start, last, today, asked.account, asked.dimension, asked.member)
        found = computed_cases(self.connection, metric, Asked._make(of)) if asked.stored else []
        cases = [
            Contribution(one.account, one.ticket_id, None, None, None if one.day is None else day_date(one.day),
                         one.value, one.left_out, thing=one.thing)
            for one in found
        ]  # fmt: skip
        counted = [case for case in cases if case.left_out is None]
        left_out = [case for case in cases if case.left_out is not None]
        if metric.anchor == AHEAD:
            return self._told(metric, asked, counted=counted)
        numerator = sum(case.value or 0 for case in counted)
        return self._explanation(metric, asked, numerator, len(counted), counted=counted, left_out=left_out)

    def _explanation(
        self, metric: Metric, asked: _Asked, numerator: float, denominator: float, **more: Any
    ) -> Explanation:
        inferred = [*more.pop("approximated", ()), *self._not_read(metric, asked)]
        return Explanation(
            metric=metric,
            grain=str(asked.grain),
            period_start=day_date(asked.start),
            period_end=day_date(last_day(asked.grain, asked.start)),
            account=asked.account,
            dimension=asked.dimension,
            member=asked.member,
            stored=asked.stored,
            numerator=numerator,
            denominator=denominator,
            approximated=inferred,
            **{"counted": (), "left_out": (), **more},
        )

    def _not_read(self, metric: Metric, asked: _Asked) -> Iterator[str]:
        """That tickets of its time were not read; a composed number's terms say so themselves."""
        if metric.terms or metric.id in JUDGED_IDS:
            return
        today = local_days(self.zone).day(self.at)
        day = asked.start
        if metric.anchor in (*STOCKS, AT_RISK):
            day = min(last_day(asked.grain, day), today)
        elif metric.anchor in COMPUTATIONS:
            day = first_bearing(metric, day, today)
        yield from self.whole.missing(metric.anchor, asked.whose, day)

    def _simple(self, metric: Metric, asked: _Asked) -> Explanation:
        days = local_days(self.zone)
        last = last_day(asked.grain, asked.start)
        today = days.day(self.at)
        until = Times(self.at, today, self.zone).end_of(min(last, today))
        question = Question(metric, asked.start, last, today, asked.account, asked.dimension, asked.member,
                            str(asked.grain), until)  # fmt: skip
        rows = [row for row in question.facts(self.connection) if self._is_told(metric, row["account"])]
        if metric.anchor == AGE:
            rows = [{**row, "value": age(metric, row["value"], until)} for row in rows]
        cases = [_contribution(metric, row, self.at, days) for row in rows]
        counts = [row for row, case in zip(rows, cases, strict=True) if case.left_out is None]
        accounts = {
            row["account"]: self.vendors[row["account"]] for row in counts if row["account"] in self.vendors
        }
        bits = Counter(int(row["approximations"]) for row in counts)
        return self._explanation(
            metric,
            asked,
            _numerator(metric, counts),
            sum(row["over"] for row in counts) if metric.over else len(counts),
            counted=[case for case in cases if case.left_out is None],
            left_out=[case for case in cases if case.left_out is not None],
            approximated=reasons.approximated(metric, accounts, bits),
        )

    def _is_told(self, metric: Metric, account: str) -> bool:
        return not metric.is_only_where_told or metric.available(self.vendors.get(account)) != UNAVAILABLE

    def _judged(self, metric: Metric, asked: _Asked) -> Explanation:
        """What is held against what; the value behind it is explained as it is everywhere."""
        place = (asked.member, str(asked.grain), asked.start, asked.account)
        found = judgement(self.connection, metric, *place)
        if found is None:
            return self._explanation(metric, asked, 0, 0, is_secret=True)
        term = Term(metric_named(found.kpi))
        about = replace(asked, dimension=found.dimension, member=found.member, stored=())
        part = Part(term, self.of(term.measure, about))
        return self._explanation(
            metric,
            asked,
            found.numerator,
            found.denominator,
            parts=[part],
            approximated=part.explanation.approximated,
            judgement=found,
            is_secret=True,
        )

    def _composed(self, metric: Metric, asked: _Asked) -> Explanation:
        asked_of = [(term, asked.whole if term.whole else replace(asked, stored=())) for term in metric.terms]
        if metric.is_growth:
            asked_of += [(term, one.before) for term, one in asked_of]
        parts = [Part(term, self.of(term.measure, one)) for term, one in asked_of]
        result = compared(metric, [part.amount for part in parts])
        above, below = (0, 0) if result is None else result
        return self._explanation(
            metric,
            asked,
            above / metric.fineness_above,
            (below or 0) / metric.fineness_below,
            parts=parts,
            approximated=list(dict.fromkeys(why for part in parts for why in part.explanation.approximated)),
        )


def _numerator(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> float:
    """The sum in whole units, as the cell has it; or how many different values there are."""
    if metric.shape is Shape.DISTINCT:
        return len({(row["account"], row["value"]) for row in rows})
    return sum(round(float(row["value"]) * metric.fineness) for row in rows) / metric.fineness


def _named(reporting: Reporting, kpi: str) -> Metric:
    for metric in (*reporting.catalog, *JUDGED):
        if kpi in (metric.id, *metric.aliases):
            return worded([metric], reporting.meaning)[0]
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
        thing=row["thing"],
        url=row["url"],
        day=None if row["day"] is None else day_date(row["day"]),
        value=(1.0 if metric.shape is Shape.DISTINCT else float(value)) if counts else None,
        left_out=None if counts else reasons.left_out(metric, failed, row, now, days),
        vendor_value=None if theirs is None else float(theirs),
        vendor_differs=(
            None
            if theirs is None or not counts or theirs == value
            else reasons.differs(metric, value, theirs, row)
        ),
    )
