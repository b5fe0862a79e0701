"""KPIs made of other measures: right, incremental, and told by their parts."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import CATALOG, metric_named
from kpi.explain import explain
from kpi.metric import measures
from kpi.recompute import Reporting, refresh
from storage.records import BusinessFigureRecord, RatingRecord, SurveyType
from storage.store import Store
from tests.kpi_desk import Desk, instant, records
from tests.random_history import START, Team

NOW = "2024-05-10T12:00:00Z"


def _created(at: str = "2024-03-05T09:00:00Z", **told: Any) -> dict[str, Any]:
    return {"at": at, "ev": "created", "by": "end_user", **told}


def _status(at: str, to: str) -> dict[str, Any]:
    return {"at": at, "ev": "status", "to": to}


def _figure(name: str, month: str, value: float) -> BusinessFigureRecord:
    day = date.fromisoformat(f"{month}-01")
    return BusinessFigureRecord(id=f"{name} {month}", name=name, grain="month", period_start=day, value=value)


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def test_every_measure_means_one_thing() -> None:
    known: dict[str, Any] = {}
    for measure in measures(CATALOG):
        assert known.setdefault(measure.id, measure) == measure


def test_other_names_of_a_kpi_find_it() -> None:
    assert metric_named("net_reporter_score").id == "nps"
    assert metric_named("average_response_time").id == "avg_reply_time"
    assert metric_named("average_resolution_time").id == "full_resolution_time"
    assert metric_named("interactions_per_ticket").id == "agent_changes_per_ticket"


def test_the_net_flow_is_what_the_backlog_grew_by(desk: Desk) -> None:
    for number in range(6):
        day = f"2024-03-0{number + 1}"
        events = [_created(f"{day}T09:00:00Z"), _status(f"{day}T15:00:00Z", "solved")]
        if number % 2:
            events.append(_status("2024-03-08T09:00:00Z", "open"))
        desk.deliver(*records({"id": str(number), "events": events[: 1 + 2 * (number < 5)]}))
    desk.refresh(NOW)
    flow, backlog = desk.by_period("net_ticket_flow"), desk.by_period("backlog")
    before = 0.0
    for number in range(1, 15):
        day = f"2024-03-{number:02}"
        assert flow.get(day, 0) == backlog.get(day, 0) - before, day
        before = backlog.get(day, 0)


def test_a_composed_value_follows_each_of_its_parts(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created()]}))
    desk.show(NOW, *records({"id": "2", "events": [_created()]}))
    assert desk.value("solved_to_created_ratio", grain="month") == 0
    solved = _status("2024-03-06T09:00:00Z", "solved")
    desk.show(NOW, *records({"id": "1", "events": [_created(), solved]}, version=2))
    assert desk.value("solved_to_created_ratio", grain="month") == 50
    desk.show(NOW, *records({"id": "2", "events": [_created(), solved]}, version=2))
    assert desk.value("solved_to_created_ratio", grain="month") == 100


def test_customers_count_once_a_period(desk: Desk) -> None:
    for number, (day, requester) in enumerate([("05", "ann"), ("05", "ann"), ("06", "ann"), ("06", "bob")]):
        told = {"id": str(number), "requester": requester, "events": [_created(f"2024-03-{day}T09:00:00Z")]}
        desk.deliver(*records(told))
    desk.refresh(NOW)
    assert desk.by_period("avg_issue_count") == {"2024-03-05": 2, "2024-03-06": 1}
    assert desk.value("avg_issue_count", grain="month") == 2


def test_complaints_outgrow_customers(desk: Desk) -> None:
    """40 and 50 complaints, 1,000 and 1,100 customers: +25 % over +10 %."""
    desk.reporting = Reporting(vendors=desk.reporting.vendors, catalog=[_WITH_ALL_COMPLAINTS])
    for number in range(90):
        month = "02" if number < 40 else "03"
        desk.deliver(*records({"id": str(number), "events": [_created(f"2024-{month}-05T09:00:00Z")]}))
    desk.show(NOW, _figure("active_customers", "2024-02", 1000), _figure("active_customers", "2024-03", 1100))
    assert desk.by_period("complaint_growth_excess", grain="month") == {"2024-03-01": pytest.approx(15)}
    desk.show(NOW, *records({"id": "late", "events": [_created("2024-02-20T09:00:00Z")]}))
    [value] = desk.by_period("complaint_growth_excess", grain="month").values()
    assert value == pytest.approx(100 * (50 / 41 - 1.1)), "a correction of the period before is followed"


def _all_complaints() -> Any:
    from dataclasses import replace

    metric = metric_named("complaint_growth_excess")
    ours, theirs = metric.terms
    return replace(
        metric, terms=(replace(ours, measure=replace(ours.measure, where="is_countable = 1")), theirs)
    )


_WITH_ALL_COMPLAINTS = _all_complaints()


def test_a_response_rate_is_the_offered_tickets(desk: Desk) -> None:
    """An answer may come as a row of its own, on another day."""
    offered, rated = instant("2024-03-05T10:00:00Z"), instant("2024-04-02T10:00:00Z")
    for number in range(4):
        desk.deliver(*records({"id": str(number), "events": [_created()]}))
        desk.deliver(RatingRecord(id=f"o{number}", ticket_id=str(number), offered_at=offered))
    desk.refresh(NOW)
    assert desk.by_period("csat_response_rate", grain="month") == {"2024-03-01": 0}
    desk.show(NOW, RatingRecord(id="a0", ticket_id="0", score=1, scale="good_bad", rated_at=rated))
    assert desk.by_period("csat_response_rate", grain="month") == {"2024-03-01": 25}


def test_only_the_latest_answer_of_a_respondent_counts_in_a_survey(desk: Desk) -> None:
    def answer(name: str, day: str, score: float, survey: str = "spring") -> RatingRecord:
        return RatingRecord(id=name, survey_type=SurveyType.NPS, survey_id=survey, scale="0-10", score=score,
                            respondent_id="p", rated_at=instant(f"2024-03-{day}T10:00:00Z"))  # fmt: skip

    desk.show(NOW, answer("1", "05", 10))
    assert desk.by_period("nps") == {"2024-03-05": 100}
    desk.show(NOW, answer("2", "07", 0))
    assert desk.by_period("nps") == {"2024-03-07": -100}
    desk.show(NOW, answer("3", "09", 9, "autumn"))
    assert desk.by_period("nps") == {"2024-03-07": -100, "2024-03-09": 100}


def test_a_later_wave_of_a_survey_takes_nothing_from_an_earlier_one(desk: Desk) -> None:
    """Without a name it is one survey: its second answer of a wave takes the place of the first."""

    def answer(name: str, day: str, score: float, survey: str | None = None) -> RatingRecord:
        return RatingRecord(id=name, survey_type=SurveyType.NPS, survey_id=survey, scale="0-10", score=score,
                            respondent_id="p", rated_at=instant(f"2024-{day}T10:00:00Z"))  # fmt: skip

    desk.show(NOW, answer("1", "01-05", 10, "spring"), answer("2", "01-06", 10))
    desk.show(NOW, answer("3", "03-05", 0, "spring"), answer("4", "01-25", 0))
    assert desk.by_period("nps") == {"2024-01-05": 100, "2024-01-25": -100, "2024-03-05": -100}
    desk.show(NOW, answer("5", "02-04", 9, "spring"), answer("6", "02-25", 9))
    assert desk.by_period("nps") == {"2024-01-25": -100, "2024-02-25": 100, "2024-03-05": -100}


def test_gaps_are_means_over_items_then_respondents(desk: Desk) -> None:
    gaps = {
        "reliability": [1, 0, 0],
        "assurance": [-1],
        "tangibles": [2],
        "empathy": [0],
        "responsiveness": [0],
    }
    answers = [(who, name, number, gap) for who in ("p", "q") for name, all_gaps in gaps.items()
               for number, gap in enumerate(all_gaps)]  # fmt: skip
    desk.show(NOW, *(
        RatingRecord(id=f"{who} {name} {number}", survey_type=SurveyType.SERVQUAL, dimension=name, respondent_id=who,
                     expectation=4, perception=4 + gap + (who == "q"), rated_at=instant("2024-03-05T10:00:00Z"))
        for who, name, number, gap in answers
    ))  # fmt: skip
    [row] = desk.rows("servqual_gap_reliability")
    assert (row["n"], row["value"]) == (2, pytest.approx(1 / 3 + 0.5))
    assert desk.value("servqual_gap") == pytest.approx((1 / 3 + 1) / 5 + 0.5)


def test_no_difference_tells_what_few_employees_answered(desk: Desk) -> None:
    rated = instant("2024-03-05T10:00:00Z")
    teams = ["north"] * 12 + ["south"] * 3 + ["west"] * 6
    desk.show(NOW, *(
        RatingRecord(id=str(number), survey_type=SurveyType.EMPLOYEE, scale="1-5", score=4, team=team, rated_at=rated)
        for number, team in enumerate(teams)
    ))  # fmt: skip
    rows = desk.rows("esat_score", grain="month", dimension="group", account="acme")
    assert {row["member_name"]: row["value"] for row in rows} == {"north": 100, "south": None, "west": None}
    assert desk.value("esat_score", grain="month") == 100
    assert not desk.rows("esat_score", dimension="agent", grain="month")
    assert not desk.rows("esat_score")


def test_volume_has_a_profile_of_the_week(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created("2024-03-05T09:30:00Z")]}))
    [row] = desk.rows("ticket_volume", grain="month", dimension="hour_of_week")
    assert (row["member"], row["member_name"], row["value"]) == ("33", "Tue 09:00", 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_cases_of_every_kpi_come_to_its_value(database: sa.Engine, seed: int) -> None:
    reporting = Reporting(zone="America/New_York", vendors={"acme": "zendesk", "zeta": "freshdesk"})
    store = Store(database, clock=lambda: START)
    for account, page in Team(Random(seed)).pages(6):
        store.save(account, "all", page)
    now = START + timedelta(days=60)
    refresh(database, reporting, now=now)
    wrong = []
    for metric in CATALOG:
        dimension, member = (metric.only_by[0], "email") if metric.only_by else ("all", "")
        for month in (2, 3, 4):
            found = explain(
                database, reporting, kpi=metric.id, day=date(2024, month, 28), grain="month",
                dimension=dimension, member=member, now=now,
            )  # fmt: skip
            if not found.is_current:
                wrong.append((metric.id, month, found.numerator, found.stored[:1]))
    assert not wrong
