"""The written-down cases of what every KPI means, through rows in storage, facts and the readers' view."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.calendar import day_number, month_id, week_id
from kpi.goals import Goal
from kpi.meaning import Meaning
from kpi.shapes import Signs
from storage.database import open_database
from storage.records import EventKind, RatingRecord, SurveyType, TicketEventRecord
from tests.kpi_desk import Desk, instant, rating, records, schedule

_FILE = json.loads((Path(__file__).parent / "data" / "kpi_vectors.json").read_text(encoding="utf-8"))
Case = dict[str, Any]


def _cases(*calculations: str, kpis: set[str] | None = None) -> list[Any]:
    chosen = [
        case
        for case in _FILE["vectors"]
        if case["calc"] in calculations and (kpis is None or case["kpi"] in kpis)
    ]
    return [pytest.param(case, id=f"{case['id']} {case['title']}") for case in chosen]


@pytest.fixture
def database(sqlite_url: str) -> Iterator[sa.Engine]:
    """What differs between the two databases is tested elsewhere."""
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


def _schedule_of(name: str) -> Any:
    return schedule(_FILE["schedules"][name.removeprefix("@")])


def _desk(database: sa.Engine, case: Case) -> Desk:
    return Desk(database, zone=case["input"].get("tz", "UTC"))


def _about(value: Any) -> Any:
    return pytest.approx(value, abs=5e-4) if isinstance(value, float) else value


# One ticket ---------------------------------------------------------------------------------------

_KPI_OF = {
    "first_response_time": "first_response_time",
    "first_response_time_business": "first_response_time_business",
    "first_resolution_time": "first_resolution_time",
    "full_resolution_time": "full_resolution_time",
    "full_resolution_time_business": "full_resolution_time_business",
    "requester_wait_time": "requester_wait_time",
}
_FACT_OF = {
    "first_response_time_any": "first_any_response_seconds",
    "first_response_time_zendesk": "first_zendesk_response_seconds",
    "requester_wait_time_business": "requester_wait_business_seconds",
    "agent_wait_time": "agent_wait_seconds",
    "agent_wait_time_business": "agent_wait_business_seconds",
    "on_hold_time": "on_hold_seconds",
    "agent_work_time": "agent_work_seconds",
    "agent_contacts": "agent_contacts",
}
_COLUMN_OF = {"reopens": "reopens", "agent_changes": "agent_changes", "agent_replies": "replies"}
_FCR = {"fcr": True, "not_fcr": False, "not_eligible": None}


@pytest.mark.parametrize("case", _cases("ticket"))
def test_a_ticket_comes_to_its_figures(database: sa.Engine, case: Case) -> None:
    desk, told = _desk(database, case), case["input"]
    if "schedule" in told["config"]:
        desk.deliver(_schedule_of(told["config"]["schedule"]))
    desk.show(told["config"].get("as_of", "2024-12-01T00:00:00Z"), *records(told["ticket"]))
    for name, expected in case["expected"].items():
        assert _figure(desk, name) == _about(expected), name


def _figure(desk: Desk, name: str) -> Any:
    fact = desk.fact("1")
    if name in _KPI_OF:
        return desk.value(_KPI_OF[name], "mean")
    if name in _FACT_OF:
        return fact[_FACT_OF[name]]
    if name in _COLUMN_OF:
        return desk.ticket("1")[_COLUMN_OF[name]]
    if name == "one_touch":
        return bool(desk.ticket("1")["one_touch"])
    if name == "fcr":
        return next(word for word, verdict in _FCR.items() if desk.ticket("1")["fcr"] == verdict)
    return _less_usual_figure(desk, name, fact)


def _less_usual_figure(desk: Desk, name: str, fact: dict[str, Any]) -> Any:
    with desk.engine.connect() as connection:
        turns = connection.exec_driver_sql("SELECT seconds FROM turn_facts ORDER BY ordinal").scalars().all()
        agents = connection.exec_driver_sql(
            "SELECT count(DISTINCT value) FROM ticket_events WHERE event = 'agent'"
        ).scalar()
    return {
        "reply_times": list(turns),
        "avg_reply_time": sum(turns) / len(turns) if turns else None,
        "unanswered_turn": fact["first_unanswered_at"] is not None,
        "data_quality": fact["flags"].split(),
        "assignee_stations": agents,
    }[name]


# Ratings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _cases("csat"))
def test_ratings_come_to_a_score(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    desk.deliver(*_rated_tickets(case["input"]["ratings"]))
    offered = [
        RatingRecord(id=f"offer {n}", ticket_id=f"offered {n}", offered_at=instant("2024-03-05T09:00:00Z"))
        for n in range(case["input"].get("offered", 0))
    ]
    desk.show("2024-12-01T00:00:00Z", *offered, *(rating(told) for told in case["input"]["ratings"]))
    for name in {"csat_response_rate", "csat_comment_rate"} & expected.keys():
        assert desk.value(name, grain="month") == expected[name]
    rows = desk.rows("csat_score", grain="month")
    assert sum(row["n"] for row in rows) == expected["n"]
    if "csat_score" in expected:
        assert [row["value"] for row in rows] == (
            [] if expected["csat_score"] is None else [expected["csat_score"]]
        )
    if "satisfied" in expected:
        assert [row["numerator"] for row in rows] == [expected["satisfied"]]
    if "by_day" in expected:
        assert desk.by_period("csat_score", "n") == expected["by_day"]
    if "by_agent" in expected:
        rows = desk.rows("csat_score", grain="month", dimension="agent", account="acme")
        assert {row["member_name"]: row["value"] for row in rows} == expected["by_agent"]


def _rated_tickets(ratings: list[Any]) -> Iterator[Any]:
    for told in ratings:
        events = [{"at": "2024-03-01T09:00:00Z", "ev": "created", "by": "end_user"}]
        if told.get("ticket_deleted"):
            events.append({"at": "2024-03-06T09:00:00Z", "ev": "deleted"})
        yield from records({"id": told["ticket"], "events": events})


@pytest.mark.parametrize("case", _cases("wilson"))
def test_a_share_carries_its_interval(database: sa.Engine, case: Case) -> None:
    desk, told, expected = _desk(database, case), case["input"], case["expected"]
    ratings = [
        {"id": f"R{n}", "ticket": f"T{n}", "value": "good" if n < told["num"] else "bad", "scale": "good_bad",
         "rated_at": "2024-03-05T10:00:00Z"}
        for n in range(told["n"])
    ]  # fmt: skip
    desk.deliver(*_rated_tickets(ratings))
    desk.show("2024-12-01T00:00:00Z", *map(rating, ratings))
    [row] = desk.rows("csat_score")
    found = {"value": row["value"], "low": row["ci_low"], "high": row["ci_high"]}
    assert found == pytest.approx(expected, abs=5e-4)


def _answers(desk: Desk, answers: list[Any], kind: SurveyType, scale: str | None) -> None:
    """One answer a respondent; nobody's where it is missing."""
    rated_at = instant("2024-03-05T10:00:00Z")
    desk.show(
        "2024-12-01T00:00:00Z",
        *(
            RatingRecord(id=f"r{n}", survey_type=kind, scale=scale, score=answer, rated_at=rated_at,
                         respondent_id=f"p{n}", survey_id="spring")
            for n, answer in enumerate(answers)
        ),
    )  # fmt: skip


@pytest.mark.parametrize("case", _cases("nps", kpis={"nps"}))
def test_recommendations_come_to_a_net_score(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    _answers(desk, case["input"]["scores"], SurveyType.NPS, "0-10")
    rows = desk.rows("nps", grain="month")
    assert sum(row["n"] for row in rows) == expected["n"]
    assert desk.value("nps", grain="month") == _about(expected["nps"])
    if "margin_of_error" in expected:
        margin = (rows[0]["ci_high"] - rows[0]["ci_low"]) / 2
        assert margin == pytest.approx(expected["margin_of_error"], abs=5e-4)
    for name in {"promoters", "passives", "detractors"} & expected.keys():
        [row] = desk.rows(f"nps_{name[:-1]}_pct", grain="month")
        assert row["numerator"] == expected[name]


@pytest.mark.parametrize("case", _cases("ces"))
def test_efforts_come_to_an_ease(database: sa.Engine, case: Case) -> None:
    desk, told, expected = _desk(database, case), case["input"], case["expected"]
    words = {"easy": 7, "burdensome": 4, "difficult": 1}
    _answers(desk, [words.get(answer, answer) for answer in told["answers"]], SurveyType.CES, told["scale"])
    [row] = desk.rows("ces_score", grain="month")
    found = {
        "n": row["n"],
        "ces_score": row["value"],
        "ces_easy_rate": desk.value("ces_easy_rate", grain="month"),
    }
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("case", _cases("esat"))
def test_employees_answers_are_shown_from_five_on(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    _answers(desk, case["input"]["answers"], SurveyType.EMPLOYEE, "1-5")
    [row] = desk.rows("esat_score", grain="month")
    assert (row["n"], row["value"], row["numerator"] is None) == (
        expected["n"], expected["esat_score"], expected["suppressed"],
    )  # fmt: skip
    if "esat_mean" in expected:
        assert desk.value("esat_mean", grain="month") == _about(expected["esat_mean"])


@pytest.mark.parametrize("case", _cases("nps", kpis={"enps"}))
def test_employees_recommendations_come_to_a_net_score_from_five_on(database: sa.Engine, case: Case) -> None:
    desk, scores = _desk(database, case), case["input"]["scores"]
    _answers(desk, scores, SurveyType.EMPLOYEE, "0-10")
    assert desk.value("enps", grain="month") is None
    _answers(desk, scores * 2, SurveyType.EMPLOYEE, "0-10")
    assert desk.value("enps", grain="month") == case["expected"]["nps"]


# Many tickets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _cases("volume", kpis={"ticket_volume"}))
def test_tickets_fall_into_local_periods(database: sa.Engine, case: Case) -> None:
    desk, told, expected = _desk(database, case), case["input"], case["expected"]
    desk.show("2025-06-01T00:00:00Z", *(record for one in told["tickets"] for record in records(one)))
    grain = told.get("grain", "day")
    named = {
        "day": str,
        "week": lambda day: week_id(day_number(day)),
        "month": lambda day: month_id(day_number(day)),
    }
    rows = desk.rows("ticket_volume", grain=grain)
    found = {named[grain](_date(row["period_start"])): row["value"] for row in rows}
    assert found == expected["buckets"]
    assert sum(found.values()) == expected.get("total", sum(found.values()))


def _date(value: Any) -> Any:
    return instant(value).date() if isinstance(value, str) else value


@pytest.mark.parametrize("case", _cases("durations"))
def test_durations_come_to_mean_and_percentiles(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), dict(case["expected"])
    created = instant("2024-03-04T09:00:00Z")
    for number, seconds in enumerate(case["input"]["seconds"]):
        replied = (created + timedelta(seconds=seconds)).isoformat()
        events = [
            {"at": created.isoformat(), "ev": "created", "by": "end_user"},
            {"at": replied, "ev": "comment", "by": "agent", "public": True},
        ]
        desk.deliver(*records({"id": str(number), "events": events}))
    desk.refresh()
    rows = desk.rows("first_response_time", grain="month")
    found = {row["statistic"]: row["value"] for row in rows}
    count = expected.pop("n")
    assert {row["n"] for row in rows} == ({count} if count else set())
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("case", _cases("mean_of", kpis={"agent_changes_per_ticket"}))
def test_changes_of_agent_come_to_a_mean(database: sa.Engine, case: Case) -> None:
    desk = _desk(database, case)
    for number, changes in enumerate(case["input"]["values"]):
        events = [{"at": "2024-03-04T09:00:00Z", "ev": "created", "by": "end_user"}]
        events += [
            {"at": f"2024-03-04T1{n}:00:00Z", "ev": "assign", "to": f"agent {n}"} for n in range(changes + 1)
        ]
        events.append({"at": "2024-03-05T09:00:00Z", "ev": "status", "to": "solved"})
        desk.deliver(*records({"id": str(number), "events": events}))
    desk.refresh()
    [row] = desk.rows("agent_changes_per_ticket", statistic="mean")
    assert {"n": row["n"], "mean": row["value"]} == case["expected"]


@pytest.mark.parametrize("case", _cases("reopen_rate"))
def test_reopened_tickets_come_to_a_rate(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    desk.show(
        "2024-12-01T00:00:00Z", *(record for one in case["input"]["tickets"] for record in records(one))
    )
    [row] = desk.rows("reopen_rate", grain="month")
    found = {"solved": row["denominator"], "reopened": row["numerator"], "reopen_rate": row["value"]}
    assert found == expected


def _told(case: Case) -> list[Any]:
    return [record for one in case["input"]["tickets"] for record in records(one)]


@pytest.mark.parametrize("case", _cases("volume", kpis={"channel_mix"}))
def test_tickets_come_to_shares_of_channels(database: sa.Engine, case: Case) -> None:
    desk = _desk(database, case)
    desk.show("2024-12-01T00:00:00Z", *_told(case))
    rows = desk.rows("channel_mix", dimension="channel")
    assert {row["member"]: row["value"] for row in rows} == case["expected"]["channel_share"]
    assert {row["n"] for row in rows} == {case["expected"]["total"]}


@pytest.mark.parametrize("case", _cases("backlog_age"))
def test_unsolved_tickets_have_an_age(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    desk.show(case["input"]["as_of"], *_told(case))
    today = case["input"]["as_of"][:10]
    ages = {row["statistic"]: row for row in desk.rows("backlog_age") if str(row["period_start"]) == today}
    assert (ages["p50"]["n"], ages["p50"]["value"]) == (expected["backlog"], expected["age_p50"])
    assert desk.by_period("backlog_aged_count")[today] == expected["aged"]


@pytest.mark.parametrize("case", _cases("within_target"))
def test_replies_meet_their_target_or_miss_it(database: sa.Engine, case: Case) -> None:
    desk, told, expected = _desk(database, case), case["input"], case["expected"]
    now = instant("2024-03-04T18:00:00Z")
    replied = [(now - timedelta(hours=9), seconds) for seconds in told["replied_seconds"]]
    waiting = [(now - timedelta(seconds=age), None) for age in told.get("unreplied_age_seconds", ())]
    for number, (created, seconds) in enumerate((*replied, *waiting)):
        events: list[Case] = [{"at": created.isoformat(), "ev": "created", "by": "end_user"}]
        if seconds is not None:
            at = (created + timedelta(seconds=seconds)).isoformat()
            events.append({"at": at, "ev": "comment", "by": "agent", "public": True})
        desk.deliver(*records({"id": str(number), "channel": "email", "events": events}))
    desk.refresh(now.isoformat())
    [row] = desk.rows("first_response_within_target_rate")
    found = {"met": row["numerator"], "missed": row["n"] - row["numerator"], "rate": row["value"]}
    assert found == {name: expected[name] for name in found}
    assert desk.has_undecided("first_response_within_target_rate") == (expected["running"] > 0)
    assert row["provisional"]  # the day itself is not over


@pytest.mark.parametrize("case", _cases("fcr_rate"))
def test_first_contacts_come_to_a_rate(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    desk.show(case["input"]["as_of"], *_told(case))
    [row] = desk.rows("fcr_rate", grain="month")
    assert (row["n"], row["value"]) == (expected["eligible"], expected["fcr_rate"])
    if "fcr_rate_strict" in expected:
        assert desk.value("fcr_rate_strict", grain="month") == expected["fcr_rate_strict"]


@pytest.mark.parametrize("case", _cases("escalation_rate"))
def test_escalated_tickets_come_to_a_rate(database: sa.Engine, case: Case) -> None:
    desk, expected, config = _desk(database, case), case["expected"], case["input"]["config"]
    signs = Signs(frozenset(config["escalation_groups"]), frozenset(config["escalation_tags"]))
    desk.reporting = replace(desk.reporting, meaning=Meaning(escalation=signs))
    desk.show("2024-12-01T00:00:00Z", *_told(case))
    [row] = desk.rows("escalation_rate", grain="month")
    found = {"tickets": row["n"], "escalated": row["numerator"], "escalation_rate": row["value"]}
    assert found == expected


@pytest.mark.parametrize("case", _cases("resolution_rate"))
def test_created_tickets_come_to_a_rate_of_solved_ones(database: sa.Engine, case: Case) -> None:
    desk = _desk(database, case)
    desk.show("2024-12-01T00:00:00Z", *_told(case))
    [row] = desk.rows("resolution_rate")
    found = {"created": row["n"], "solved": row["numerator"], "resolution_rate": row["value"]}
    assert found == case["expected"]


@pytest.mark.parametrize("case", _cases("ratio", kpis={"complaint_rate"}))
def test_complaints_come_to_a_rate(database: sa.Engine, case: Case) -> None:
    desk, [complaints], [tickets] = _desk(database, case), case["input"]["num"], case["input"]["den"]
    desk.reporting = replace(desk.reporting, meaning=Meaning(complaint=Signs(types=frozenset({"complaint"}))))
    for number in range(tickets):
        events = [{"at": "2024-03-04T09:00:00Z", "ev": "created", "by": "end_user"}]
        told = {"id": str(number), "events": events}
        desk.deliver(*records(told, type="complaint" if number < complaints else "question"))
    desk.refresh()
    assert desk.value("complaint_rate") == case["expected"]["value"]


@pytest.mark.parametrize("case", _cases("bot"))
def test_bots_conversations_come_to_a_rate(database: sa.Engine, case: Case) -> None:
    desk, expected = _desk(database, case), case["expected"]
    for told in case["input"]["conversations"]:
        desk.deliver(*_conversation(told))
    desk.refresh(case["input"]["as_of"])
    [row] = desk.rows("bot_deflection_rate", grain="month")
    assert (row["n"], row["numerator"], row["value"]) == (
        expected["bot_conversations"], expected["deflected"], expected["bot_deflection_rate"],
    )  # fmt: skip
    if "handed_off" in expected:
        [handed] = desk.rows("bot_handoff_rate", grain="month")
        assert handed["numerator"] == expected["handed_off"]
    assert desk.has_undecided("bot_deflection_rate") == (expected["provisional"] > 0)


def _conversation(told: Case) -> list[Any]:
    created = "2024-03-01T09:00:00Z"
    events: list[Case] = [{"at": created, "ev": "created", "by": "end_user"}]
    if "human_reply_at" in told:
        events.append({"at": told["human_reply_at"], "ev": "comment", "by": "agent", "public": True})
    kind = EventKind.BOT_RESOLVED if "resolved_at" in told else EventKind.BOT_HANDOFF
    at = instant(told["resolved_at"] if "resolved_at" in told else told["handoff_at"])
    bot = TicketEventRecord(id=f"{told['id']} bot", ticket_id=told["id"], at=at, event=kind)
    return [*records({"id": told["id"], "events": events}, is_bot_handled=True), bot]


_VIEWS = {"backlog": "backlog", "active": "backlog_active"}


@pytest.mark.parametrize("case", _cases("backlog"))
def test_unsolved_tickets_stand_at_each_day_end(database: sa.Engine, case: Case) -> None:
    desk = _desk(database, case)
    desk.show(
        "2024-12-01T00:00:00Z", *(record for one in case["input"]["tickets"] for record in records(one))
    )
    for view, expected in case["expected"].items():
        found = desk.by_period(_VIEWS[view])
        assert {day: found.get(day, 0) for day in expected} == expected


# What values are held against -----------------------------------------------------------------------


@pytest.mark.parametrize("case", _cases("goal"))
def test_a_value_comes_so_far_towards_its_goal(database: sa.Engine, case: Case) -> None:
    desk, told, expected = _desk(database, case), case["input"], case["expected"]
    goal = Goal(
        "first_response_time", "mean", told["target"], told["direction"], date(2024, 3, 1), date(2024, 9, 1),
        baseline=told["baseline"],
    )  # fmt: skip
    desk.reporting = replace(desk.reporting, goals=[goal])
    created = instant("2024-03-04T09:00:00Z")
    replied = (created + timedelta(seconds=told["actual"])).isoformat()
    events = [
        {"at": created.isoformat(), "ev": "created", "by": "end_user"},
        {"at": replied, "ev": "comment", "by": "agent", "public": True},
    ]
    desk.show("2024-12-01T00:00:00Z", *records({"id": "1", "events": events}))
    assert desk.value(case["kpi"], grain="month", dimension="goal") == expected["progress_pct"]
    with desk.engine.connect() as connection:
        is_met = connection.exec_driver_sql("SELECT is_met FROM report_goals").scalar_one()
    assert bool(is_met) == expected["attained"]


# Changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _cases("incremental"))
def test_a_change_moves_exactly_the_days_it_concerns(database: sa.Engine, case: Case) -> None:
    desk, told, measure = _desk(database, case), case["input"], case["input"]["measure"]
    if "schedule" in told:
        desk.deliver(_schedule_of(told["schedule"]))
    histories: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for version, (batch, expected) in enumerate(
        zip(told["batches"], case["expected"]["after"], strict=True), start=1
    ):
        for operation in batch:
            _apply(desk, histories, operation, version)
        for history in histories.values():
            desk.deliver(*records(history, version=version))
        desk.refresh()
        after = _cells(desk, measure)
        assert {day: cell[0] for day, cell in after.items()} == {
            day: cell[0] for day, cell in expected["cells"].items()
        }
        if measure != "ticket_volume":
            assert {day: list(cell) for day, cell in after.items()} == expected["cells"]
        changed = {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)}
        assert sorted(changed) == expected["changed"]
        before = after


def _apply(desk: Desk, histories: dict[str, Any], operation: Case, version: int) -> None:
    match operation["op"]:
        case "ticket":
            histories.setdefault(operation["id"], {"id": operation["id"], "events": []})
        case "event":
            events = histories[operation["ticket"]]["events"]
            if operation["event"] not in events:
                events.append(operation["event"])
        case "remove_event":
            # Vendors change a message; nothing that was stored is forgotten.
            for event in histories[operation["ticket"]]["events"]:
                if event["eid"] == operation["eid"]:
                    event["public"] = False
        case "rating":
            desk.deliver(rating(operation["rating"], version=version))
        case "schedule":
            desk.deliver(
                schedule(_FILE["schedules"][operation["schedule"].removeprefix("@")], version=version)
            )


def _cells(desk: Desk, measure: str) -> dict[str, tuple[int, int]]:
    rows = desk.rows(measure)
    return {str(row["period_start"]): (row["n"], row["numerator"]) for row in rows}


# Business hours -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _cases("business_hours"))
def test_a_reply_takes_the_business_hours_between(database: sa.Engine, case: Case) -> None:
    desk, told = _desk(database, case), case["input"]
    desk.deliver(_schedule_of(told["schedule"]))
    events = [
        {"at": told["start"], "ev": "created", "by": "end_user"},
        {"at": told["end"], "ev": "comment", "by": "agent", "public": True},
        {"at": max(told["start"], told["end"]), "ev": "status", "to": "solved"},
    ]
    desk.show("2030-01-01T00:00:00Z", *records({"id": "1", "events": events}))
    found = desk.value("first_response_time_business", "mean")
    if told["end"] < told["start"]:
        assert found is None  # a reply older than its ticket is left out; the calendar's own answer is 0
    else:
        assert found == case["expected"]["seconds"]
