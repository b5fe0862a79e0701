"""KPIs that set a desk's history beside what files tell, and forecasts of it, worked out by hand.

Written from the definitions alone (docs/kpis.md); it shares no code with `kpi` and never looks into a database.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import sqrt
from statistics import median

from tests.kpi_beside_facts import Beside
from tests.kpi_oracle_rows import (
    ALL,
    EVERYBODY,
    Fact,
    Number,
    Quotient,
    Row,
    Rows,
    Shape,
    Z,
    different,
    distribution,
    grouped,
    mean,
    net,
    period,
    rows_of,
    share,
    total,
)

DIMENSIONS = ("all", "channel", "agent", "group", "priority", "type", "category", "tag", "step")
DESCRIBING = ("all", "channel", "priority", "type", "category", "tag")
CALLS = ("average_handle_time", "talk_plus_hold", "handle_time_per_issue", "abandonment_rate", "abandonment_by_step",
         "average_speed_of_answer")  # fmt: skip
EXPECTED = ("volume_forecast", "volume_surge", "volume_surge_score", "resolution_time_forecast")


def _of(facts: Sequence[Fact], value: Callable[[Fact], int]) -> list[Fact]:
    return [fact._replace(value=value(fact)) for fact in facts]


def _nps(beside: Beside) -> list[Fact]:
    told = [*beside.latest(beside.told_answers("nps")), *beside.latest(beside.crm_answers("nps"))]
    return _of(told, lambda fact: 1 if fact.value >= 9 else 0 if fact.value >= 7 else -1)


def _ces(beside: Beside) -> list[Fact]:
    """Of a ticket and survey the latest; without a ticket each stands alone."""
    found: dict[object, tuple[object, Fact]] = {}
    for line, fact in sorted(beside.told_answers("ces"), key=lambda told: told[0]["answered_at"]):
        found[(line["ticket_id"], line["survey"]) if line["ticket_id"] else line["id"]] = line, fact
    return [*(fact for _, fact in found.values()), *(fact for _, fact in beside.crm_answers("ces"))]


BY_DAY: Mapping[str, tuple[Callable[[Beside], list[Fact]], Shape]] = {
    "nps": (_nps, net),
    "nps_promoter_pct": (lambda beside: _of(_nps(beside), lambda fact: int(fact.value == 1)), share),
    "nps_passive_pct": (lambda beside: _of(_nps(beside), lambda fact: int(fact.value == 0)), share),
    "nps_detractor_pct": (lambda beside: _of(_nps(beside), lambda fact: int(fact.value == -1)), share),
    "ces_score": (_ces, mean),
    "ces_easy_rate": (lambda beside: _of(_ces(beside), lambda fact: int(fact.value >= 5)), share),
    "average_handle_time": (lambda beside: beside.handled(with_wrap=True), distribution),
    "talk_plus_hold": (lambda beside: beside.handled(with_wrap=False), distribution),
    "abandonment_rate": (Beside.offered_calls, share),
    "average_speed_of_answer": (Beside.waited, distribution),
    "churned_with_contact_share": (Beside.lost, share),
    "csat_mean_freshdesk": (Beside.raw_answers, mean),
    "csat_mean_bad_neutral_good": (Beside.raw_answers, mean),
}  # fmt: skip


def _response_rate(beside: Beside, _: str) -> Quotient:
    offers = beside.offers()
    answered = [fact for life, fact in offers if life.answers]
    return Quotient(answered, [fact for _, fact in offers], different, different, has_interval=True)


def _given_up(beside: Beside, _: str) -> Quotient:
    inbound = beside.inbound_calls()
    some = [fact for fact in inbound if fact.members["step"]]
    return Quotient(some, inbound, is_whole=True, has_interval=True, is_counted=True)


def _per_issue(beside: Beside, _: str) -> Quotient:
    calls = [fact for fact in beside.handled(with_wrap=True) if fact.key]
    return Quotient(calls, calls, measure_below=different, scale=1)


def _cost(beside: Beside, grain: str) -> Quotient:
    solved = _of(beside.solved(), lambda _: 1)
    return Quotient(beside.figures("support_cost", grain), solved, scale=1, is_whole=True)


def _contacts(
    name: str, measure: Callable[[Sequence[Fact]], Number] = total
) -> Callable[[Beside, str], Quotient]:
    return lambda beside, grain: Quotient(
        beside.contacts(), beside.figures(name, grain), measure, is_whole=True, is_counted=True
    )


def _complaints(beside: Beside, grain: str) -> Quotient:
    return Quotient(
        beside.complaints(),
        beside.figures("active_customers", grain),
        scale=1_000,
        is_whole=True,
        is_counted=True,
    )


QUOTIENTS: Mapping[str, Callable[[Beside, str], Quotient]] = {
    "csat_response_rate": _response_rate,
    "abandonment_by_step": _given_up,
    "handle_time_per_issue": _per_issue,
    "cost_per_ticket": _cost,
    "complaints_per_1000_customers": _complaints,
    "contact_rate": _contacts("active_customers"),
    "contact_rate_net": _contacts("active_customers", different),
    "contact_rate_per_order": _contacts("orders"),
}
GROWTH = "complaint_growth_excess"
KPIS = (*BY_DAY, *QUOTIENTS, GROWTH, *EXPECTED)


def told(beside: Beside, kpi: str, grain: str, dimensions: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """What `report_kpis` should show, by dimension."""
    if kpi in QUOTIENTS:
        found = QUOTIENTS[kpi](beside, grain)
        yield from ((dimension, found.rows(grain, dimension)) for dimension in dimensions)
    elif kpi == GROWTH:
        yield from ((dimension, _growth(beside, grain, dimension)) for dimension in dimensions)
    elif kpi in EXPECTED:
        expect = _resolution if kpi == "resolution_time_forecast" else _volume
        yield from (
            (dimension, expect(beside, kpi, dimension) if grain == "day" else {}) for dimension in dimensions
        )
    else:
        facts_of, shape = BY_DAY[kpi]
        facts = facts_of(beside)
        yield from ((dimension, rows_of(facts, shape, grain, dimension)) for dimension in dimensions)


def is_told(grain: str, dimension: str) -> bool:
    """Tags are told by month only."""
    return grain == "month" or dimension != "tag"


def _growth(beside: Beside, grain: str, dimension: str) -> Rows:
    """By how many points complaints grew more than customers did."""
    complaints = grouped(beside.complaints(), grain, dimension)
    customers = grouped(beside.figures("active_customers", grain), grain, ALL)
    found: Rows = {}
    for account, start, member in list(complaints):
        for first in (start, _after(grain, start)):
            before = _before(grain, first)
            whose = member.split("/")[0] if dimension in ("agent", "group") else account
            now, then = (complaints.get((account, day, member), []) for day in (first, before))
            there, were = (customers.get((whose, day, "")) for day in (first, before))
            if there is None or were is None or not then or not sum(fact.value for fact in were):
                continue
            base, bases = sum(fact.value for fact in there), sum(fact.value for fact in were)
            above, below = len(now) * bases - base * len(then), len(then) * bases
            n = max(map(len, (now, then, there, were)))
            found[account, first, member, "value"] = Row(
                float(100 * Fraction(above, below)), n, float(above), float(below), is_low_sample=n < 30
            )
    return found


def _before(grain: str, start: date) -> date:
    return period(grain, start - timedelta(days=1))


def _after(grain: str, start: date) -> date:
    return period(grain, start + timedelta(days={"day": 1, "week": 7, "month": 31}[grain]))


def _volume(beside: Beside, kpi: str, dimension: str) -> Rows:
    """Up to two weeks ahead; days before which less than four weeks are known have none."""
    if dimension not in ("all", "channel"):
        return {}
    tickets = grouped(beside.created(), "day", dimension)
    began = min(fact.day for fact in beside.created())
    found: Rows = {}
    for account, member in {(account, member) for account, _, member in tickets}:
        for ahead in range((beside.today - began).days + 15):
            day = began + timedelta(days=ahead)
            before = beside.weekdays_before(day)
            counts = [len(tickets.get((account, one, member), [])) for one in before]
            today = len(tickets.get((account, day, member), []))
            if before[-1] >= began and (dimension == "all" or any(counts) or today):
                row = _against(kpi, counts, today if day <= beside.today else None)
                if row is not None:
                    found[account, day, member, "value"] = row
    return found


def _against(kpi: str, before: Sequence[int], count: int | None) -> Row | None:
    """What is expected of a day after such ones, or how far its tickets are from that; null: they are to come."""
    usual = median(before)
    spread = max(1.4826 * median(abs(one - usual) for one in before), sqrt(usual)) or 1
    if kpi == "volume_forecast":
        return Row(usual, 4, usual, None, max(usual - Z * spread, 0), usual + Z * spread)
    if count is None:
        return None
    z = (count - usual) / spread
    value = round(z, 4) if kpi == "volume_surge_score" else float(z > 3 and count >= 10)
    return Row(value, 4, value, None)


def _resolution(beside: Beside, _kpi: str, dimension: str) -> Rows:
    """Of what was solved in the last 90 days; where that is too little, of the category, the priority, of all."""
    if dimension not in ("all", "category", "priority", "category_priority"):
        return {}
    lately = [
        fact for fact in beside.solved() if beside.today - timedelta(days=90) < fact.day <= beside.today
    ]
    found: Rows = {}
    for account in (beside.vendor, EVERYBODY):
        for member in {
            one for fact in lately for one in (fact.members.get(dimension, ()) if dimension != ALL else ("",))
        }:
            told = next((some for some in _like(lately, dimension, member) if len(some) >= 30), None)
            rows = distribution(told or next(iter(_like(lately, dimension, member))))
            found |= {(account, beside.today, member, statistic): row for statistic, row in rows.items()}
    return found


def _like(lately: Sequence[Fact], dimension: str, member: str) -> Iterator[Sequence[Fact]]:
    """Those of the member, and who may stand in for them."""
    if dimension != ALL:
        yield [fact for fact in lately if member in fact.members[dimension]]
    if dimension == "category_priority":
        for name, one in zip(("category", "priority"), member.rsplit("/", 1), strict=True):
            yield [fact for fact in lately if one in fact.members[name]]
    yield lately
