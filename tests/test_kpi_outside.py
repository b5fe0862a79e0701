"""KPIs of what is no ticket, through rows in storage and the readers' view: calls, promises, people, customers."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import metric_named
from kpi.catalog.calls import CALLS
from kpi.catalog.customers import CUSTOMER_BASE
from kpi.catalog.expected import EXPECTED
from kpi.catalog.people import PEOPLE
from kpi.catalog.service_levels import SERVICE_LEVELS
from kpi.explain import explain
from kpi.forecasts import REACH, bears_on, weekdays_before
from kpi.meaning import Meaning
from kpi.reporting import Reporting
from kpi.shapes import Signs
from kpi.verify import verify
from storage.database import open_database
from storage.records import (
    AgentTimeRecord,
    BusinessFigureRecord,
    CallLegRecord,
    CallRecord,
    CustomerRecord,
    PurchaseRecord,
    RatingRecord,
    Record,
    SlaEventRecord,
    SlaPolicyRecord,
    TicketRecord,
)
from tests.kpi_desk import ACCOUNT, Desk, instant, records
from tests.random_history import Team

_FILE = json.loads((Path(__file__).parent / "data" / "kpi_vectors.json").read_text(encoding="utf-8"))
Case = dict[str, Any]
AT = "2024-03-04T09:00:00Z"
NOW = "2024-04-20T12:00:00Z"


def _case(name: str) -> Case:
    return next(case for case in _FILE["vectors"] if case["id"] == name)


def _cases(*names: str) -> list[Any]:
    known = [case for case in _FILE["vectors"] if case["id"] in names]
    return [pytest.param(case, id=f"{case['id']} {case['title']}") for case in known]


@pytest.fixture
def database(sqlite_url: str) -> Iterator[sa.Engine]:
    """What differs between the two databases is tested elsewhere."""
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def _about(value: Any) -> Any:
    return pytest.approx(value, abs=5e-4) if isinstance(value, float) else value


# Calls --------------------------------------------------------------------------------------------


def _calls(told: Sequence[Case]) -> list[Record]:
    return [
        CallRecord(
            id=f"c{number}",
            outcome=one.get("outcome", "answered" if one.get("answered", True) else "missed"),
            started_at=instant(AT),
            ended_at=instant(AT),
            agent_id="ann",
            wait_seconds=one.get("wait"),
            talk_seconds=one.get("talk"),
            hold_seconds=one.get("hold"),
            wrap_seconds=one.get("wrap"),
        )
        for number, one in enumerate(told)
    ]


@pytest.mark.parametrize("case", _cases("AH01", "AH02"))
def test_handle_time_is_talk_hold_and_wrap_up_of_answered_calls(desk: Desk, case: Case) -> None:
    expected = case["expected"]
    desk.show(NOW, *_calls(case["input"]["calls"]))
    assert desk.value("average_handle_time", "mean") == expected["average_handle_time"]
    assert desk.rows("average_handle_time", statistic="mean")[0]["n"] == expected["handled"]
    if "talk_plus_hold" in expected:
        assert desk.value("talk_plus_hold", "mean") == expected["talk_plus_hold"]


@pytest.mark.parametrize("case", _cases("AB01", "AB02", "AB03"))
def test_only_who_waited_in_the_queue_can_abandon_it(database: sa.Engine, case: Case) -> None:
    desk, told, expected = Desk(database), case["input"], case["expected"]
    if "short_abandon_seconds" in told:
        meaning = Meaning(short_abandon_seconds=told["short_abandon_seconds"])
        desk.reporting = Reporting(vendors={ACCOUNT: "zendesk"}, meaning=meaning)
    desk.show(NOW, *_calls(told["calls"]))
    [row] = desk.rows("abandonment_rate")
    assert (row["denominator"], row["numerator"]) == (expected["offered"], expected["abandoned"])
    assert row["value"] == _about(expected["abandonment_rate"])
    if "by_step" in expected:
        by_step = {
            f"abandoned_in_{row['member']}": row["numerator"]
            for row in desk.rows("abandonment_by_step", dimension="step")
        }
        assert by_step == expected["by_step"]
    if "average_speed_of_answer" in expected:
        assert desk.value("average_speed_of_answer", "mean") == expected["average_speed_of_answer"]


def test_many_calls_take_their_mean(desk: Desk) -> None:
    case = _case("AH03")
    told, handled = case["input"], case["input"]["handled"]
    first = {name: told[name] - handled + 1 for name in ("talk", "hold", "wrap")}
    desk.show(NOW, *_calls([first, *[{"talk": 1, "hold": 1, "wrap": 1}] * (handled - 1)]))
    assert desk.value("average_handle_time", "mean") == _about(case["expected"]["average_handle_time"])


def test_of_a_hundred_offered_calls_five_are_abandoned(desk: Desk) -> None:
    case = _case("AB04")
    [abandoned], [offered] = case["input"]["num"], case["input"]["den"]
    outcomes = ["abandoned_in_queue"] * abandoned + ["answered"] * (offered - abandoned)
    desk.show(NOW, *_calls([{"outcome": outcome, "wait": 20} for outcome in outcomes]))
    assert desk.value("abandonment_rate") == case["expected"]["value"]


@pytest.mark.parametrize(
    ("outcome", "wait", "is_offered"),
    [
        ("answered", 0, True), ("answered", None, False), ("abandoned_on_hold", 9, True), ("missed", 30, True),
        ("missed", 0, False), ("missed", None, False), ("other", 30, True), ("voicemail", 30, True),
        ("voicemail", 0, False), ("abandoned_in_voicemail", 30, True), ("abandoned_in_ivr", 15, False),
        ("abandoned_in_queue", 5, True), ("abandoned_in_queue", 4, False), ("abandoned_in_queue", None, False),
    ],
)  # fmt: skip
def test_whoever_came_into_the_queue_was_offered(
    desk: Desk, outcome: str, wait: int | None, is_offered: bool
) -> None:
    """Of a call whose wait nobody told, nobody knows whether it came there."""
    desk.show(
        NOW, *_calls([{"outcome": "abandoned_in_queue", "wait": 40}, {"outcome": outcome, "wait": wait}])
    )
    [row] = desk.rows("abandonment_rate")
    assert row["denominator"] == 1 + is_offered


def test_calls_without_a_queue_are_no_answered_ones(database: sa.Engine) -> None:
    """HubSpot logs calls with their duration only."""
    desk = Desk(database, vendor="hubspot")
    desk.show(
        NOW, *_calls([{"outcome": "answered", "talk": 60}, {"outcome": "missed"}, {"outcome": "voicemail"}])
    )
    assert desk.rows("average_handle_time", statistic="mean")
    for kpi in ("abandonment_rate", "abandonment_by_step", "average_speed_of_answer"):
        assert not desk.rows(kpi)


def test_an_issue_takes_all_calls_of_its_ticket(desk: Desk) -> None:
    calls = [
        CallRecord(
            id=f"c{n}", outcome="answered", ticket_id=ticket, started_at=instant(AT), talk_seconds=seconds
        )
        for n, (ticket, seconds) in enumerate([("1", 100), ("1", 200), ("2", 60), (None, 999)])
    ]
    desk.show(NOW, *calls)
    assert desk.value("handle_time_per_issue") == 180


def test_a_call_without_its_own_figures_has_those_of_its_legs(desk: Desk) -> None:
    call = CallRecord(id="c", outcome="answered", started_at=instant(AT))
    legs = [
        CallLegRecord(id=f"l{n}", call_id="c", leg_type="agent", agent_id=agent, started_at=instant(AT),
                      talk_seconds=seconds, hold_seconds=5)
        for n, (agent, seconds) in enumerate([("ann", 30), ("bob", 90)])
    ]  # fmt: skip
    desk.show(NOW, call, *legs)
    rows = desk.rows("average_handle_time", statistic="mean", dimension="agent")
    assert [(row["member"], row["value"]) for row in rows] == [("acme/bob", 130)]


# Ratios of two things -----------------------------------------------------------------------------


def _tickets(number: int, **fields: Any) -> list[Record]:
    """So many tickets that customers opened on one day."""
    return [
        TicketRecord(
            id=str(n), status=fields.get("status", "open"), created_at=instant(AT), requester_id=f"r{n}",
            is_outbound=False, tags=fields.get("tags", []), solved_at=fields.get("solved_at"), agent_id=fields.get("agent_id", "ann"),
        )
        for n in range(number)
    ]  # fmt: skip


def _figure(name: str, value: float) -> list[Record]:
    if not value:
        return []
    return [
        BusinessFigureRecord(id=name, name=name, grain="month", period_start=date(2024, 3, 1), value=value)
    ]


@pytest.mark.parametrize("case", _cases("CR01", "CR02"))
def test_contacts_are_set_against_customers(desk: Desk, case: Case) -> None:
    [tickets], [customers] = case["input"]["num"], case["input"]["den"]
    desk.show(NOW, *_tickets(tickets), *_figure("active_customers", customers), *_figure("orders", customers))
    for kpi in ("contact_rate", "contact_rate_net", "contact_rate_per_order"):
        assert desk.value(kpi, grain="month") == case["expected"]["value"]
    assert desk.rows("contact_rate") == []  # nobody told how many there were on a day


def test_complaints_are_set_against_a_thousand_customers(database: sa.Engine) -> None:
    case, desk = _case("CP02"), Desk(database)

    meaning = Meaning(complaint=Signs(tags=frozenset({"complaint"})))
    desk.reporting = Reporting(vendors={ACCOUNT: "zendesk"}, meaning=meaning)
    [complaints], [customers] = case["input"]["num"], case["input"]["den"]
    desk.show(NOW, *_tickets(complaints, tags=["complaint"]), *_figure("active_customers", customers))
    assert desk.value("complaints_per_1000_customers", grain="month") == case["expected"]["value"]


def test_cost_is_set_against_solved_tickets(desk: Desk) -> None:
    case = _case("CO01")
    [cost], [solved] = case["input"]["num"], case["input"]["den"]
    desk.show(NOW, *_tickets(solved, status="solved", solved_at=instant(AT)), *_figure("support_cost", cost))
    assert desk.value("cost_per_ticket", grain="month") == case["expected"]["value"]
    assert desk.rows("cost_per_ticket", grain="month", dimension="agent") == []


@pytest.mark.parametrize("case", _cases("UT01", "UT02"))
def test_utilization_is_the_ratio_of_sums(desk: Desk, case: Case) -> None:
    times = [
        AgentTimeRecord(id=str(n), agent_id=str(n), day=date(2024, 3, 4), productive_seconds=productive * 3600,
                        available_seconds=available * 3600)
        for n, (productive, available) in enumerate(zip(case["input"]["num"], case["input"]["den"], strict=True))
    ]  # fmt: skip
    desk.show(NOW, *times)
    assert desk.value("agent_utilization") == _about(case["expected"]["value"])


def test_solves_are_set_against_days_with_working_time(desk: Desk) -> None:
    case = _case("PR01")
    [solved], [days] = case["input"]["num"], case["input"]["den"]
    times = [
        AgentTimeRecord(
            id=str(n), agent_id="ann", day=date(2024, 3, 4) + timedelta(days=n), available_seconds=1
        )
        for n in range(days)
    ]
    desk.show(NOW, *_tickets(solved, status="solved", solved_at=instant(AT)), *times)
    rows = desk.rows("tickets_per_agent_day", grain="month")
    assert [(row["value"], row["denominator"]) for row in rows] == [(case["expected"]["value"], days)]


def test_without_working_time_an_agents_day_is_one_with_a_reply_or_a_solve(desk: Desk) -> None:
    events = [
        {"at": AT, "ev": "created", "by": "end_user", "assignee": "ann"},
        {"at": "2024-03-04T10:00:00Z", "ev": "comment", "by": "agent", "author": "ann", "public": True},
        {"at": "2024-03-04T11:00:00Z", "ev": "comment", "by": "agent", "author": "ann", "public": True},
        {"at": "2024-03-05T10:00:00Z", "ev": "comment", "by": "agent", "author": "bob", "public": True},
        {"at": "2024-03-06T10:00:00Z", "ev": "status", "to": "solved"},
    ]
    desk.show(NOW, *records({"id": "1", "events": events}))
    [row] = desk.rows("replies_per_agent_day", grain="week")
    assert (row["numerator"], row["denominator"], row["availability"]) == (3, 3, "approximated")
    assert desk.value("tickets_per_agent_day", grain="week") == pytest.approx(1 / 3)


def test_a_solve_that_was_nobodys_is_no_agents_work(desk: Desk) -> None:
    mine = TicketRecord(
        id="mine", status="solved", agent_id="ann", created_at=instant(AT), solved_at=instant(AT)
    )
    desk.show(NOW, mine, *_tickets(3, status="solved", solved_at=instant(AT), agent_id=None))
    assert desk.value("tickets_solved") == 4
    assert desk.value("tickets_per_agent_day") == desk.value("tickets_per_agent_day", account=ACCOUNT) == 1


# Promises -----------------------------------------------------------------------------------------


def _promise(told: Case, **fields: Any) -> list[Record]:
    """A ticket and its clock as a vendor shows it that tells how each stands."""
    event, at = "applied", told.get("started_at", AT)
    if told.get("paused"):
        event = "paused"
    if told.get("fulfilled_at"):
        event, at = "fulfilled", told["fulfilled_at"]
    ticket = TicketRecord(id=told["id"], status="open", created_at=instant(AT), is_outbound=False, **fields)
    return [
        ticket,
        SlaEventRecord(id=told["id"], ticket_id=told["id"], metric="first_response", event=event, at=instant(at),
                       due_at=instant(told["due_at"])),
    ]  # fmt: skip


def test_promises_are_kept_broken_or_not_decided_yet(desk: Desk) -> None:
    case = _case("SL01")
    desk.show(case["input"]["as_of"], *(row for one in case["input"]["instances"] for row in _promise(one)))
    [row] = desk.rows("sla_attainment_rate")
    expected = case["expected"]
    assert (row["numerator"], row["denominator"]) == (expected["met"], expected["met"] + expected["breached"])
    assert row["value"] == expected["sla_attainment_rate"]
    assert desk.value("sla_breach_count") == expected["breached"]


def test_clocks_are_at_risk_by_their_last_minutes_or_their_last_fifth(desk: Desk) -> None:
    case = _case("SL02")
    for one in case["input"]["instances"]:
        desk.deliver(*_promise(one, channel=f"{'email' if one['id'] in case['expected']['ids'] else 'chat'}"))
    desk.refresh(case["input"]["as_of"])
    assert desk.value("sla_at_risk_count") == case["expected"]["sla_at_risk_count"]
    assert [row["member"] for row in desk.rows("sla_at_risk_count", dimension="channel")] == ["email"]


def test_time_alone_puts_a_promise_at_risk_and_breaks_it(desk: Desk) -> None:
    desk.deliver(*_promise({"id": "1", "due_at": "2024-03-05T12:00:00Z"}))
    seen = []
    for now in (
        "2024-03-04T12:00:00Z",
        "2024-03-05T11:45:00Z",
        "2024-03-05T12:00:01Z",
        "2024-03-09T09:00:00Z",
    ):
        desk.refresh(now)
        seen.append(
            (
                desk.value("sla_at_risk_count"),
                desk.value("sla_attainment_rate"),
                desk.value("sla_breach_count"),
            )
        )
    assert seen == [(None, None, None), (1, None, None), (None, 0, 1), (None, 0, 1)]
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_a_log_of_steps_says_when_a_running_clock_is_due(desk: Desk) -> None:
    """Zendesk names the target when it is applied, and no due instant: an hour ran before the pause."""
    steps = [
        ("activated", "2024-03-04T09:00:00Z", None),
        ("applied", "2024-03-04T09:00:00Z", 7_200),
        ("paused", "2024-03-04T10:00:00Z", None),
        ("activated", "2024-03-04T15:00:00Z", None),
    ]
    ticket = TicketRecord(id="1", status="open", created_at=instant(AT), is_outbound=False)
    desk.deliver(ticket, *(
        SlaEventRecord(id=str(n), ticket_id="1", metric="requester_wait_time", instance=1, event=event, at=instant(at),
                       target_seconds=seconds)
        for n, (event, at, seconds) in enumerate(steps)
    ))  # fmt: skip
    desk.refresh("2024-03-04T15:59:00Z")
    assert (desk.value("sla_at_risk_count"), desk.value("sla_attainment_rate")) == (1, None)
    desk.refresh("2024-03-04T16:01:00Z")
    assert (desk.value("sla_at_risk_count"), desk.value("sla_attainment_rate")) == (None, 0)
    met = SlaEventRecord(id="9", ticket_id="1", metric="requester_wait_time", instance=1, event="fulfilled",
                         at=instant("2024-03-04T15:30:00Z"))  # fmt: skip
    desk.show("2024-03-04T16:02:00Z", met)
    assert desk.value("sla_attainment_rate") == 100
    by_metric = desk.rows("sla_attainment_rate", dimension="sla_metric")
    assert [row["member"] for row in by_metric] == ["requester_wait_time"]


def test_promises_are_told_apart_by_policy(desk: Desk) -> None:
    step = SlaEventRecord(id="1", ticket_id="1", metric="resolution", event="fulfilled", at=instant(AT),
                          due_at=instant("2024-03-05T09:00:00Z"), policy_id="7")  # fmt: skip
    applied = SlaEventRecord(
        id="0", ticket_id="1", metric="resolution", event="applied", at=instant(AT), policy_id="7"
    )
    ticket = TicketRecord(id="1", status="open", created_at=instant(AT), is_outbound=False)
    desk.show(NOW, ticket, applied, step, SlaPolicyRecord(id="7", name="VIPs"))
    [row] = desk.rows("sla_attainment_rate", dimension="sla_policy")
    assert (row["member"], row["member_name"], row["value"]) == ("acme/7", "VIPs", 100)


# Customers ----------------------------------------------------------------------------------------


def _customer(name: str, since: str | None, until: str | None = None, requester: str | None = None) -> Record:
    return CustomerRecord(
        id=name,
        requester_id=requester,
        started_at=None if since is None else instant(f"{since}T12:00:00Z"),
        churned_at=None if until is None else instant(f"{until}T12:00:00Z"),
    )


def _stayed(case: Case) -> list[Record]:
    """Customers of a month by their identities, or by their numbers."""
    told = case["input"]
    if case["calc"] == "retention_ids":
        start, end = set(told["active_start"]), set(told["active_end"])
    else:
        stayed = told["end"] - told["new"]
        start = {str(n) for n in range(told["start"])}
        end = {str(n) for n in range(stayed)} | {f"new{n}" for n in range(told["new"])}
    return [
        _customer(
            name, "2024-02-10" if name in start else "2024-03-10", None if name in end else "2024-03-20"
        )
        for name in sorted(start | end)
    ]


@pytest.mark.parametrize("case", _cases("RE01", "RE02", "RE03"))
def test_customers_of_the_start_are_followed_to_the_end(desk: Desk, case: Case) -> None:
    desk.show(NOW, *_stayed(case))
    for kpi in ("customer_retention_rate", "churn_rate"):
        found = desk.by_period(kpi, grain="month").get("2024-03-01")
        assert found == _about(case["expected"][kpi])


def test_two_purchases_are_a_repetition(desk: Desk) -> None:
    case = _case("RE04")
    bought = [
        PurchaseRecord(id=str(n), customer_id=name, at=instant(AT))
        for n, name in enumerate(case["input"]["purchases"])
    ]
    desk.show(NOW, *bought)
    [row] = desk.rows("repeat_purchase_rate", grain="month")
    expected = case["expected"]
    assert (row["denominator"], row["numerator"]) == (expected["customers"], expected["repeat"])
    assert row["value"] == expected["repeat_purchase_rate"]


def test_tenure_lasts_until_the_end_or_today(desk: Desk) -> None:
    case = _case("RE05")
    told = case["input"]
    desk.show(
        f"{told['as_of']}T18:00:00Z",
        *(_customer(str(n), one["since"], one.get("until")) for n, one in enumerate(told["customers"])),
    )
    found = desk.by_period("average_customer_tenure", grain="month")["2024-03-01"]
    assert found == case["expected"]["average_customer_tenure_days"]


def test_lost_customers_who_had_a_ticket_in_the_90_days_before(desk: Desk) -> None:
    case = _case("RE06")
    [asked], [lost] = case["input"]["num"], case["input"]["den"]
    customers = [_customer(f"k{n}", "2020-01-01", "2024-03-20", f"r{n}") for n in range(lost)]
    desk.show(NOW, *customers)
    assert desk.value("churned_with_contact_share") == 0
    desk.show(NOW, *_tickets(asked))
    assert desk.value("churned_with_contact_share") == case["expected"]["value"]


def test_upsells_count_once_a_customer(desk: Desk) -> None:
    bought = [
        PurchaseRecord(id=str(n), customer_id=name, at=instant(AT), is_upsell=is_upsell)
        for n, (name, is_upsell) in enumerate([("a", True), ("a", True), ("b", False), ("stranger", True)])
    ]
    desk.show(NOW, *(_customer(name, "2024-02-01") for name in "abcd"), *bought)
    assert desk.by_period("upsell_rate", grain="month")["2024-03-01"] == 25


# What is to be expected ---------------------------------------------------------------------------


def _history(counts: Sequence[int], today: int) -> list[Record]:
    """So many tickets on the same weekday of the weeks before, and on the day itself."""
    days = [instant(AT) - timedelta(weeks=weeks) for weeks in range(len(counts), 0, -1)]
    return [
        TicketRecord(id=f"{at:%j}-{n}", status="open", created_at=at, is_outbound=False)
        for at, count in [*zip(days, counts, strict=True), (instant(AT), today)]
        for n in range(count)
    ]


@pytest.mark.parametrize("case", _cases("SU01", "SU02", "SU03"))
def test_a_surge_lies_far_above_the_same_weekdays(desk: Desk, case: Case) -> None:
    told, expected = case["input"], case["expected"]
    desk.show("2024-03-04T20:00:00Z", *_history(told["same_weekday_history"], told["today"]))
    assert desk.by_period("volume_forecast")["2024-03-04"] == expected["forecast"]
    assert desk.by_period("volume_surge_score")["2024-03-04"] == _about(expected["z"])
    assert desk.by_period("volume_surge")["2024-03-04"] == expected["surge"]


def test_two_weeks_are_forecast_with_their_interval_and_n(desk: Desk) -> None:
    desk.show("2024-03-04T20:00:00Z", *_history([8, 10, 12, 30, 10], 9))
    rows = {str(row["period_start"]): row for row in desk.rows("volume_forecast")}
    assert max(rows) == "2024-03-18"
    next_week = rows["2024-03-11"]
    assert (next_week["value"], next_week["n"], next_week["provisional"]) == (11, 4, 1)
    assert next_week["ci_low"] < 11 < next_week["ci_high"]


def test_no_forecast_counts_a_day_that_is_not_over(desk: Desk) -> None:
    """Today's tickets so far say nothing of the same weekday in one week or in two."""
    desk.show("2024-03-04T20:00:00Z", *_history([4, 8, 20, 12, 30, 14], 1))
    forecasts = desk.by_period("volume_forecast")
    assert [forecasts[day] for day in ("2024-03-04", "2024-03-11", "2024-03-18")] == [17, 17, 17]
    desk.refresh("2024-03-05T00:00:00Z")
    forecasts = desk.by_period("volume_forecast")
    assert [forecasts[day] for day in ("2024-03-04", "2024-03-11", "2024-03-18")] == [17, 13, 13]


@pytest.mark.parametrize("ahead", range(-20, 15))
def test_every_day_that_a_forecast_rests_on_bears_on_it(ahead: int) -> None:
    today = 20_000
    counted = weekdays_before(today + ahead, today)
    assert all(day < today for day in counted)
    assert len(counted) == 4
    assert ahead < 0 or today - counted[0] <= 7
    begun = range(counted[-1] - 6, counted[-1] + 1)
    assert all(today + ahead in bears_on(day) for day in (*counted, *begun))
    assert today + ahead - min(begun) <= REACH


def test_a_resolution_time_is_expected_from_the_like_solved_lately(desk: Desk) -> None:
    solved = [
        TicketRecord(id=str(n), status="solved", created_at=instant(AT), solved_at=instant(AT) + timedelta(hours=n % 5 + 1),
                     category="login" if n < 40 else "billing", priority="high", is_outbound=False)
        for n in range(45)
    ]  # fmt: skip
    desk.show(NOW, *solved)
    found = {
        (row["dimension"], row["member"]): (row["n"], row["value"])
        for dimension in ("all", "category", "category_priority")
        for row in desk.rows("resolution_time_forecast", statistic="p50", dimension=dimension)
    }
    assert found == {
        ("all", ""): (45, 10_800),
        ("category", "billing"): (45, 10_800),  # five are too few: all stand in
        ("category", "login"): (40, 10_800),
        ("category_priority", "billing/high"): (45, 10_800),
        ("category_priority", "login/high"): (40, 10_800),
    }


def test_what_files_tell_is_consumed_and_forgotten(desk: Desk) -> None:
    desk.show(NOW, _customer("a", "2024-03-01"), *_figure("support_cost", 5), *_calls([{"talk": 1}]))
    with desk.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM touches").scalar() == 0
    assert desk.refresh(NOW).values == 0


# Behind the numbers -------------------------------------------------------------------------------

_THEMES = (*CALLS, *PEOPLE, *SERVICE_LEVELS, *CUSTOMER_BASE, *EXPECTED)


@pytest.mark.parametrize("seed", range(3))
def test_every_number_of_these_themes_names_cases_that_come_to_it(desk: Desk, seed: int) -> None:
    """Of random histories, as a reader of any period, account and member asks."""
    random, wrong, explained = Random(seed), [], set()
    for account, page in Team(random).pages(6):
        desk.store.save(account, "all", page)
    desk.refresh("2024-03-20T12:00:00Z")
    asked = (
        "SELECT DISTINCT kpi, grain, period_start, account, dimension, member FROM report_kpis "
        "WHERE dimension NOT IN ('tag', 'brand')"
    )
    with desk.engine.connect() as connection:
        rows = connection.exec_driver_sql(asked).all()
    themes = {metric.id for metric in _THEMES}
    rows = [row for row in rows if row[0] in themes]
    for kpi, grain, day, account, dimension, member in random.sample(rows, 150):
        found = explain(desk.engine, desk.reporting, kpi=kpi, day=date.fromisoformat(day), grain=grain,
                        dimension=dimension, member=member, account=account, now=instant(NOW))  # fmt: skip
        explained.add(kpi)
        if not found.is_current or not (found.counted or found.parts):
            wrong.append((kpi, grain, day, account, dimension, member))
    assert not wrong
    assert len(explained) > 10


def test_what_a_vendor_does_not_give_came_from_files_and_is_as_good_as_they_are(database: sa.Engine) -> None:
    nps = metric_named("nps")
    assert (nps.available("zendesk"), nps.available("files")) == ("unavailable", "exact")
    desk = Desk(database, catalog=[nps])
    answered = RatingRecord(id="1", survey_type="nps", score=10, scale="0_10", rated_at=instant(AT))
    desk.show(NOW, answered)
    assert {row["availability"] for row in desk.rows("nps")} == {"exact"}
