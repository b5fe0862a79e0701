"""Which days of computed KPIs the facts of other days bear on, and the time that passes."""

from collections.abc import Collection, Iterable, Mapping, MutableMapping

from kpi.forecasts import AHEAD_DAYS, LATELY_DAYS, bears_on
from kpi.metric import AHEAD, CREATED, CUSTOMERS, LATELY, PURCHASES, SOLVED
from kpi.outside import CustomerFact
from kpi.standalone import Fact


def spread(days: MutableMapping[str, set[int]], today: int) -> None:
    """Add the days that the touched ones bear on."""
    if created := days.get(CREATED.name):
        days[AHEAD.name] = days.get(AHEAD.name, set()) | volume_days(created, today)
    if any(today - LATELY_DAYS < day <= today for day in days.get(SOLVED.name, ())):
        days[LATELY.name] = {today}
    if bought := days.get(PURCHASES.name):
        days[CUSTOMERS.name] = days.get(CUSTOMERS.name, set()) | bought


def volume_days(created: Iterable[int], today: int) -> set[int]:
    """Days whose forecast, or whose being out of the ordinary, rests on tickets created on some days."""
    return {day for one in created for day in bears_on(one) if day <= today + AHEAD_DAYS}


def customer_days(before: Fact | None, now: Fact | None, today: int) -> set[int]:
    """From the first day on which a customer's beginning or end is another one, everything may be."""
    facts = [None if row is None else CustomerFact._make(row) for row in (before, now)]
    started = {None if fact is None else fact.started_day for fact in facts}
    churned = {None if fact is None else fact.churned_day for fact in facts}
    differing = [days for days in (started, churned) if len(days) > 1]
    firsts = [day for days in differing for day in days if day is not None]
    return set(range(min(firsts), today + 1)) if firsts else set()


def passed_days(passed: range) -> Mapping[str, Collection[int]]:
    """What is no longer the same when one day gives way to another."""
    return {
        CUSTOMERS.name: passed,
        LATELY.name: passed,
        AHEAD.name: range(passed.start, passed.stop + AHEAD_DAYS),
    }
