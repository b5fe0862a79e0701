"""What a closed period said before a late change, and why it changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import metric_named
from kpi.meaning import Meaning
from kpi.metric import Metric
from kpi.recompute import refresh
from kpi.rules import Threshold
from storage.records import RatingRecord, TicketRecord
from tests.kpi_desk import Desk, instant, records

CATALOG = [
    metric_named(name)
    for name in ("csat_score", "ticket_volume", "tickets_solved", "full_resolution_time", "reopen_rate", "backlog")
]  # fmt: skip
THEN, LATER, MUCH_LATER = "2024-03-07T00:00:00Z", "2024-03-08T00:00:00Z", "2024-05-01T00:00:00Z"
Row = tuple[str, str, str, float | None, float | None, str]


class Killed(BaseException):
    """What a SIGKILL is to a refresh: it ends between two of its transactions."""


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=CATALOG)


def solved(ticket: str = "1", solved_at: str = "2024-03-05T11:00:00Z", *more: Any) -> dict[str, Any]:
    return {"id": ticket, "events": [
        {"at": "2024-03-05T10:00:00Z", "ev": "created", "by": "end_user", "assignee": "ann"},
        {"at": solved_at, "ev": "status", "to": "solved"},
        *more,
    ]}  # fmt: skip


def rated(score: float, version: int = 1, name: str = "r") -> RatingRecord:
    at = instant("2024-03-05T12:00:00Z")
    return RatingRecord(id=name, score=score, scale="1-5", rated_at=at, version=version)


def told(desk: Desk, kpi: str, grain: str = "day", **where: Any) -> list[Row]:
    wanted = {"kpi": kpi, "grain": grain, "account": "*", "dimension": "all", **where}
    conditions = " AND ".join(f"{name} = :{name}" for name in wanted)
    query = sa.text(
        f"SELECT * FROM report_kpi_restatements WHERE {conditions} ORDER BY period_start, statistic, at"
    )
    with desk.engine.connect() as connection:
        return [
            (str(row["period_start"]), row["statistic"], row["member"], row["old"], row["new"], row["cause"])
            for row in connection.execute(query, wanted).mappings()
        ]


def all_told(desk: Desk) -> list[Any]:
    with desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM kpi_restatements").mappings()
        return sorted(repr({name: value for name, value in row.items() if name != "at"}) for row in rows)


def test_what_is_new_is_no_restatement(desk: Desk) -> None:
    desk.show(THEN, *records(solved()), rated(5))
    assert all_told(desk) == []


def test_a_late_ticket_restates_its_closed_day_and_not_the_month_that_lasts(desk: Desk) -> None:
    desk.show(THEN, *records(solved()))
    desk.show(LATER, *records(solved("2")))
    assert told(desk, "ticket_volume") == [("2024-03-05", "value", "", 1, 2, "late_ticket")]
    assert told(desk, "ticket_volume", "month") == []


def test_a_closed_month_is_restated_too(desk: Desk) -> None:
    desk.show("2024-04-02T00:00:00Z", *records(solved()))
    desk.show("2024-04-03T00:00:00Z", *records(solved("2")))
    assert told(desk, "ticket_volume", "month") == [("2024-03-01", "value", "", 1, 2, "late_ticket")]


def test_a_day_says_nothing_before_it_is_over(desk: Desk) -> None:
    """Seen at noon, completed at night: no closed day was restated."""
    desk.show("2024-03-05T13:00:00Z", *records(solved()))
    desk.show("2024-03-06T01:00:00Z", *records(solved("2")))
    assert told(desk, "ticket_volume") == []
    desk.show("2024-03-06T02:00:00Z", *records(solved("3")))
    assert told(desk, "ticket_volume") == [("2024-03-05", "value", "", 2, 3, "late_ticket")]


def test_a_cohort_says_nothing_while_it_fills_up(database: sa.Engine) -> None:
    desk = Desk(database, catalog=[metric_named("resolution_rate")])
    desk.show(THEN, *records(solved()), *records({"id": "2", "events": solved("2")["events"][:1]}))
    desk.show(LATER, *records(solved("2", "2024-03-07T11:00:00Z"), version=2))
    assert desk.by_period("resolution_rate") == {"2024-03-05": 100}
    assert told(desk, "resolution_rate") == []
    desk.refresh("2024-04-05T00:00:00Z")
    reopened = solved(
        "2", "2024-03-07T11:00:00Z", {"at": "2024-04-05T09:00:00Z", "ev": "status", "to": "open"}
    )
    desk.show("2024-04-06T00:00:00Z", *records(reopened, version=3))
    assert told(desk, "resolution_rate") == [("2024-03-05", "value", "", 100, 50, "reopening")]


def test_a_new_definition_restates_no_cohort_that_fills_up(database: sa.Engine) -> None:
    rate = metric_named("resolution_rate")
    desk = Desk(database, catalog=[rate])
    desk.show(THEN, *records(solved()))
    desk.reporting = replace(desk.reporting, catalog=[replace(rate, value="0")])
    desk.refresh(LATER)
    assert desk.by_period("resolution_rate") == {"2024-03-05": 0}
    assert told(desk, "resolution_rate") == []


def test_a_reopening_takes_back_a_solve_and_its_time(desk: Desk) -> None:
    desk.show(THEN, *records(solved()), *records(solved("2", "2024-03-05T13:00:00Z")))
    reopened = solved(
        "2", "2024-03-05T13:00:00Z", {"at": "2024-03-07T09:00:00Z", "ev": "status", "to": "open"}
    )
    desk.show(LATER, *records(reopened, version=2))
    assert told(desk, "tickets_solved") == [("2024-03-05", "value", "", 2, 1, "reopening")]
    assert ("2024-03-05", "mean", "", 7200, 3600, "reopening") in told(desk, "full_resolution_time")
    assert told(desk, "ticket_volume") == []


@pytest.mark.parametrize(
    ("field", "cause"),
    [({"deleted_at": instant("2024-03-07T09:00:00Z")}, "deletion"), ({"is_merged": True}, "merge"), ({"is_spam": True}, "deletion")],
)  # fmt: skip
def test_a_ticket_that_leaves_is_told_with_why(desk: Desk, field: dict[str, Any], cause: str) -> None:
    desk.show(THEN, *records(solved()), *records(solved("2")))
    desk.show(LATER, *records(solved("2"), version=2, **field))
    assert told(desk, "ticket_volume") == [("2024-03-05", "value", "", 2, 1, cause)]
    desk.show("2024-03-09T00:00:00Z", *records(solved("2"), version=3))
    assert told(desk, "ticket_volume")[1:] == [("2024-03-05", "value", "", 1, 2, "restoration")]


def test_where_nothing_is_left_the_new_value_is_null(desk: Desk) -> None:
    desk.show(THEN, *records(solved()))
    desk.show(LATER, *records(solved(), version=2, is_spam=True))
    assert told(desk, "ticket_volume") == [("2024-03-05", "value", "", 1, None, "deletion")]


def test_a_late_rating_and_a_changed_one(desk: Desk) -> None:
    desk.show(THEN, rated(5))
    desk.show(LATER, rated(1, name="s"))
    assert told(desk, "csat_score") == [("2024-03-05", "value", "", 100, 50, "late_rating")]
    desk.show("2024-03-09T00:00:00Z", rated(5, version=2, name="s"))
    assert told(desk, "csat_score")[1:] == [("2024-03-05", "value", "", 50, 100, "changed_rating")]


def test_a_correction_restates_what_an_agent_was_credited_with(desk: Desk) -> None:
    desk.show(THEN, *records(solved()))
    desk.show(LATER, *records(solved("2", "2024-03-05T10:30:00Z")))
    assert told(desk, "tickets_solved", dimension="agent", account="acme") == [
        ("2024-03-05", "value", "acme/ann", 1, 2, "late_ticket")
    ]


def test_several_changes_of_one_day_are_one_row_and_what_was_taken_back_is_none(desk: Desk) -> None:
    desk.show(THEN, *records(solved()))
    desk.show("2024-03-08T01:00:00Z", *records(solved("2")))
    desk.show("2024-03-08T02:00:00Z", *records(solved("3")))
    assert told(desk, "ticket_volume") == [("2024-03-05", "value", "", 1, 3, "late_ticket")]
    for ticket in ("2", "3"):
        desk.deliver(*records(solved(ticket), version=2, is_spam=True))
    desk.refresh("2024-03-08T03:00:00Z")
    assert told(desk, "ticket_volume") == []


def test_the_time_alone_restates_nothing(desk: Desk) -> None:
    waiting = {"id": "9", "events": solved()["events"][:1]}
    desk.show(THEN, *records(solved()), *records(waiting))
    for now in (LATER, "2024-04-20T00:00:00Z", MUCH_LATER):
        desk.refresh(now)  # the reopening's window passes, the backlog grows older
    assert desk.value("reopen_rate") == 0
    assert all_told(desk) == []


def test_another_zone_is_told_as_another_meaning(desk: Desk) -> None:
    late = {"id": "1", "events": [{"at": "2024-03-06T02:00:00Z", "ev": "created", "by": "end_user"}]}
    desk.show(LATER, *records(late), *records(solved("2")))
    desk.reporting = replace(desk.reporting, zone="America/New_York")
    desk.refresh("2024-03-09T00:00:00Z")
    assert told(desk, "ticket_volume") == [
        ("2024-03-05", "value", "", 1, 2, "meaning"),
        ("2024-03-06", "value", "", 1, None, "meaning"),
    ]


def test_another_definition_is_told_by_its_kpi_alone(desk: Desk) -> None:
    desk.show(THEN, *records(solved()), rated(5), rated(4, name="s"))
    stricter = [_stricter(metric) for metric in CATALOG]
    desk.reporting = replace(desk.reporting, catalog=stricter)
    desk.refresh(LATER)
    assert told(desk, "csat_score") == [("2024-03-05", "value", "", 100, 50, "definition")]
    assert told(desk, "ticket_volume") == []


def _stricter(metric: Metric) -> Metric:
    return (
        replace(metric, value="CASE WHEN score = 5 THEN 1 ELSE 0 END")
        if metric.id == "csat_score"
        else metric
    )


def test_another_threshold_computes_answers_again_and_nothing_else(desk: Desk) -> None:
    desk.show(THEN, *records(solved()), rated(5), rated(4, name="s"))
    desk.reporting = replace(desk.reporting, meaning=Meaning(satisfied={"1-5": Threshold(3, 5)}))
    done = desk.refresh(LATER)
    assert done.tickets == 0
    assert told(desk, "csat_score") == [("2024-03-05", "value", "", 100, 50, "meaning")]
    assert told(desk, "ticket_volume") == []
    assert desk.value("csat_score") == 50


def test_a_computation_of_everything_that_changes_nothing_tells_nothing(desk: Desk) -> None:
    from kpi.recompute import rebuild

    desk.show(THEN, *records(solved()), rated(5))
    rebuild(desk.engine, desk.reporting, now=instant(LATER))
    rebuild(desk.engine, desk.reporting, now=instant(LATER), since=instant("2024-01-01T00:00:00Z").date())
    assert all_told(desk) == []


def test_a_refresh_that_is_killed_anywhere_tells_everything_once(desk: Desk) -> None:
    late: list[Callable[[int], None]] = [
        lambda version: desk.deliver(*records(solved("2"), version=version, is_spam=version % 2 == 0)),
        lambda version: desk.deliver(rated(1 + 4 * (version % 2), version=version)),
    ]
    desk.show(THEN, *records(solved()), *records(solved("2")), rated(5))
    steps, days = 0, 0
    while True:
        version, days = steps + 2, days + 1
        now = instant(f"2024-04-{days:02}T00:00:00Z")
        for deliver in late:
            deliver(version)
        was_cut = _is_killed(desk, now, steps)
        refresh(desk.engine, desk.reporting, now=now)
        expected = [(2, 1), (1, 2)][steps % 2]
        assert told(desk, "ticket_volume")[-1][3:5] == expected
        assert len(told(desk, "ticket_volume")) == len(told(desk, "csat_score")) == steps + 1
        if not was_cut:
            break
        steps += 1
    assert steps > 3


def _is_killed(desk: Desk, now: Any, after: int) -> bool:
    left = after

    def progress(_what: str, _done: int, _of: int) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    try:
        refresh(desk.engine, desk.reporting, now=now, progress=progress)
    except Killed:
        return True
    return False


def test_a_ticket_s_new_words_touch_its_closed_days_and_restate_none(desk: Desk) -> None:
    desk.show(THEN, *records(solved()))
    desk.deliver(TicketRecord(id="1", version=2, subject="x", created_at=instant("2024-03-05T10:00:00Z"),
                              status="solved", agent_id="ann", requester_id="customer", priority="high"))  # fmt: skip
    desk.refresh(LATER)
    assert all_told(desk) == []
