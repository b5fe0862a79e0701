"""KPIs of a business that no helpdesk knows, worked out by hand from the plain lines of its files.

Written from the definitions alone (docs/kpis.md); it shares no code with `kpi` and never looks into a database.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.kpi_office import Line
from tests.kpi_oracle_rows import (
    Fact,
    Quotient,
    Rows,
    Shape,
    different,
    distribution,
    mean,
    net,
    ratio,
    rows_of,
    share,
)
from tests.kpi_outside_facts import HANDLED, Outside, is_abandoned
from tests.outside_world import DIMENSIONS

SATISFIED = {"good_bad": 1, "1-2": 2, "1-3": 3, "1-5": 4, "1-7": 6, "1-10": 9, "0-10": 9}
"""From which answer on a customer is satisfied, by scale."""
MIDDLE = {"good_bad": Fraction(1, 2), "1-2": Fraction(3, 2), "1-3": 2, "1-5": 3, "1-7": 4, "1-10": Fraction(11, 2),
          "0-10": 5}  # fmt: skip
"""Below it a customer is dissatisfied."""
EASE = {
    "ease_1_7": lambda x: x,
    "effort_1_7": lambda x: 8 - x,
    "effort_1_5": lambda x: 1 + Fraction(5 - x, 4) * 6,
    "ease_1_5": lambda x: 1 + Fraction(x - 1, 4) * 6,
    None: {"easy": 7, "burdensome": 4, "difficult": 1}.__getitem__,
}


def _promotion(line: Line) -> int:
    return 1 if line["score"] >= 9 else 0 if line["score"] >= 7 else -1


def _ease(line: Line) -> Any:
    return EASE[line["scale"]](line["score"])


Facts = Callable[[Outside], list[Fact]]


def _csat(value: Callable[[Line], Any]) -> Facts:
    return lambda outside: outside.rated(outside.csat(), value)


def _csat_on(scale: str) -> Facts:
    return lambda outside: outside.rated(
        [line for line in outside.csat() if line["scale"] == scale], lambda line: line["score"]
    )


def _nps(value: Callable[[Line], Any]) -> Facts:
    return lambda outside: outside.rated(outside.nps(), value)


def _ces(value: Callable[[Line], Any]) -> Facts:
    return lambda outside: outside.rated(outside.answers("ces"), value)


def _gaps(*dimensions: str) -> Facts:
    return lambda outside: outside.gaps(*dimensions)


BY_DAY: Mapping[str, tuple[Facts, Shape]] = {
    "csat_score": (_csat(lambda line: int(line["score"] >= SATISFIED[line["scale"]])), share),
    "csat_dissatisfied_rate": (_csat(lambda line: int(line["score"] < MIDDLE[line["scale"]])), share),
    "csat_comment_rate": (_csat(lambda line: int(line["comment"] is not None)), share),
    **{f"csat_mean{suffix}": (_csat_on(scale), mean)
       for scale, suffix in {"1-5": "", "1-2": "_1_2", "0-10": "_0_10", "1-3": "_1_3", "1-7": "_1_7", "1-10": "_1_10"}.items()},
    "nps": (_nps(_promotion), net),
    "nps_promoter_pct": (_nps(lambda line: int(_promotion(line) == 1)), share),
    "nps_passive_pct": (_nps(lambda line: int(_promotion(line) == 0)), share),
    "nps_detractor_pct": (_nps(lambda line: int(_promotion(line) == -1)), share),
    "ces_score": (_ces(_ease), mean),
    "ces_easy_rate": (_ces(lambda line: int(_ease(line) >= 5)), share),
    "sentiment_score": (
        lambda outside: outside.rated(outside.answers("sentiment"), lambda line: Fraction(line["score"])), mean),
    "servqual_gap": (_gaps(*DIMENSIONS), mean),
    **{f"servqual_gap_{name}": (_gaps(name), mean) for name in DIMENSIONS},
    "average_handle_time": (lambda outside: outside.handled("talk", "hold", "wrap"), distribution),
    "talk_plus_hold": (lambda outside: outside.handled("talk", "hold"), distribution),
    "abandonment_rate": (
        lambda outside: outside.called(outside.offered_calls(), lambda line: int(is_abandoned(line))), share),
    "average_speed_of_answer": (
        lambda outside: outside.called(
            [line for line in outside.calls(inbound=True)
             if line["outcome"] in HANDLED and line["wait_seconds"] is not None],
            lambda line: line["wait_seconds"]), distribution),
    "agent_utilization": (Outside.agent_days, ratio),
}  # fmt: skip
BY_GRAIN: Mapping[str, tuple[Callable[[Outside, str], list[Fact]], Shape]] = {
    "customer_retention_rate": (lambda outside, grain: outside.stayed(grain, counts_lost=False), share),
    "churn_rate": (lambda outside, grain: outside.stayed(grain, counts_lost=True), share),
    "average_customer_tenure": (Outside.tenures, mean),
    "upsell_rate": (Outside.upsold, share),
    "repeat_purchase_rate": (Outside.buyers, share),
}
"""Those whose facts are of a whole period."""
OF_RELATIONS = ("customer_retention_rate", "churn_rate", "average_customer_tenure", "upsell_rate")
"""Nothing is said of them by the day."""


def _quotient(outside: Outside, kpi: str, grain: str) -> Quotient:
    if kpi == "csat_response_rate":
        return outside.response_rate()
    if kpi == "abandonment_by_step":
        return outside.given_up()
    if kpi == "handle_time_per_issue":
        calls = [fact for fact in outside.handled("talk", "hold", "wrap") if fact.key]
        return Quotient(calls, calls, measure_below=different, scale=1)
    runs = ("automation_successes", "automation_runs")
    return Quotient(*(outside.figures(name, grain) for name in runs), has_interval=True)


QUOTIENTS = ("csat_response_rate", "abandonment_by_step", "handle_time_per_issue", "automation_success_rate")
KPIS = (*BY_DAY, *BY_GRAIN, *QUOTIENTS)


def told(outside: Outside, kpi: str, grain: str, dimensions: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """What `report_kpis` should show, by dimension."""
    if kpi in QUOTIENTS:
        quotient = _quotient(outside, kpi, grain)
        yield from ((dimension, quotient.rows(grain, dimension)) for dimension in dimensions)
        return
    if kpi in BY_GRAIN:
        facts_of, shape = BY_GRAIN[kpi]
        is_told = grain != "day" or kpi not in OF_RELATIONS
        facts = facts_of(outside, grain) if is_told else []
    else:
        facts_of_days, shape = BY_DAY[kpi]
        facts = facts_of_days(outside)
    yield from ((dimension, rows_of(facts, shape, grain, dimension)) for dimension in dimensions)
