"""What changes with the time alone is followed when it is due, by a daemon that slept, too."""

from typing import Any

import pytest
import sqlalchemy as sa

from kpi.verify import verify
from tests.kpi_desk import Desk, instant, records

_CREATED = {"at": "2024-03-05T09:00:00Z", "ev": "created", "by": "end_user"}
_REPLIED = {"at": "2024-03-05T12:00:00Z", "ev": "comment", "by": "agent", "author": "ann", "public": True}
_SOLVED = {"at": "2024-03-05T13:00:00Z", "ev": "status", "to": "solved"}


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def _ticket(name: str, *events: dict[str, Any], version: int = 1, **fields: Any) -> list[Any]:
    told = {"id": name, "channel": "email", "events": [_CREATED, *events]}
    return records(told, version=version, **fields)


def _is_right(desk: Desk, now: str) -> bool:
    return verify(desk.engine, desk.reporting, now=instant(now)).is_right


@pytest.mark.parametrize("slept_until", ["2024-03-05T10:00:01Z", "2024-03-09T03:00:00Z"])
def test_an_unanswered_ticket_is_a_miss_once_its_target_has_passed(desk: Desk, slept_until: str) -> None:
    desk.show("2024-03-05T10:00:00Z", *_ticket("1"))
    assert desk.rows("first_response_within_target_rate") == []
    desk.refresh(slept_until)
    assert desk.by_period("first_response_within_target_rate") == {"2024-03-05": 0}
    assert _is_right(desk, slept_until)


def test_a_late_reply_moves_the_miss_to_its_own_day(desk: Desk) -> None:
    desk.show("2024-03-06T09:00:00Z", *_ticket("1"))
    late = {**_REPLIED, "at": "2024-03-07T09:00:00Z"}
    desk.show("2024-03-07T10:00:00Z", *_ticket("1", late, version=2))
    assert desk.by_period("first_response_within_target_rate") == {"2024-03-07": 0}


def test_a_ticket_solved_in_time_without_a_reply_is_neither_met_nor_missed(desk: Desk) -> None:
    desk.show("2024-03-09T09:00:00Z", *_ticket("1", {**_SOLVED, "at": "2024-03-05T09:30:00Z"}))
    assert desk.rows("first_response_within_target_rate") == []


def test_the_backlog_s_ages_lie_in_buckets_that_come_to_it(desk: Desk) -> None:
    for name, at in (("a", "2024-03-31T10:00:00Z"), ("b", "2024-03-30T23:00:00Z"), ("c", "2024-03-29T00:00:00Z"),
                     ("d", "2024-03-20T00:00:00Z"), ("e", "2024-01-20T00:00:00Z"), ("f", "2024-03-31T00:00:00Z")):  # fmt: skip
        desk.deliver(*records({"id": name, "events": [{"at": at, "ev": "created", "by": "end_user"}]}))
    desk.refresh("2024-04-01T00:00:00Z")
    buckets = ("0_to_1d", "1_to_3d", "3_to_7d", "7_to_30d", "over_30d")
    day = "2024-03-31"
    found = [desk.by_period(f"backlog_age_{bucket}")[day] for bucket in buckets]
    assert found == [2, 2, 0, 1, 1], "exactly a day old is no older than a day"
    assert sum(found) == desk.by_period("backlog")[day]
    desk.refresh("2024-04-02T01:00:00Z")
    assert desk.by_period("backlog_age_0_to_1d")["2024-04-01"] == 0
    assert desk.by_period("backlog_age_1_to_3d")["2024-04-02"] == 3


def test_resolutions_by_creation_are_of_those_who_asked_then(desk: Desk) -> None:
    done = {"at": "2024-03-12T09:00:00Z", "ev": "status", "to": "solved"}
    desk.show("2024-03-18T09:00:00Z", *_ticket("1", _REPLIED, done), *_ticket("2"))
    assert desk.rows("fcr_rate_created") == []
    desk.refresh("2024-03-20T09:00:00Z")
    assert desk.by_period("fcr_rate_created") == {"2024-03-05": 100}
    for kpi in ("first_resolution_time_created", "full_resolution_time_created"):
        assert desk.by_period(kpi, statistic="p50") == {"2024-03-05": 7 * 86_400}


def test_an_urgent_ticket_has_a_target_of_its_own(desk: Desk) -> None:
    soon = {**_REPLIED, "at": "2024-03-05T09:30:00Z"}
    desk.deliver(*_ticket("1", soon, priority="urgent"))
    desk.show("2024-03-09T09:00:00Z", *_ticket("2", soon))
    [row] = desk.rows("first_response_within_target_rate")
    assert (row["n"], row["value"]) == (2, 50)


def test_the_backlog_grows_older_while_nothing_happens(desk: Desk) -> None:
    desk.show("2024-03-05T10:00:00Z", *_ticket("1"))
    assert desk.value("backlog_age", "mean") == 3600
    desk.refresh("2024-03-05T11:00:00Z")
    assert desk.value("backlog_age", "mean") == 7200
    desk.refresh("2024-03-14T09:00:00Z")
    ages = desk.by_period("backlog_age", statistic="mean")
    assert (ages["2024-03-05"], ages["2024-03-13"], ages["2024-03-14"]) == (
        15 * 3600,
        8.625 * 86_400,
        9 * 86_400,
    )
    assert desk.by_period("backlog_aged_count") == {"2024-03-12": 1, "2024-03-13": 1, "2024-03-14": 1}
    assert _is_right(desk, "2024-03-14T09:00:00Z")


@pytest.mark.parametrize(
    "looks", [["2024-03-12T12:59:59Z", "2024-03-12T13:00:00Z"], ["2024-05-01T00:00:00Z"]]
)
def test_a_first_contact_verdict_stands_when_its_window_is_over(desk: Desk, looks: list[str]) -> None:
    desk.show("2024-03-06T00:00:00Z", *_ticket("1", _REPLIED, _SOLVED))
    assert desk.rows("fcr_rate") == []
    for look in looks:
        assert desk.rows("fcr_rate") == []
        desk.refresh(look)
    assert desk.by_period("fcr_rate") == {"2024-03-05": 100}


def test_a_customer_who_comes_back_fails_the_strict_verdict_of_the_ticket_before(desk: Desk) -> None:
    desk.show("2024-04-01T00:00:00Z", *_ticket("1", _REPLIED, _SOLVED))
    assert desk.by_period("fcr_rate_strict") == {"2024-03-05": 100}
    again = {"id": "2", "events": [{**_CREATED, "at": "2024-03-08T09:00:00Z"}]}
    desk.show("2024-04-01T00:00:00Z", *records(again))
    assert desk.by_period("fcr_rate_strict") == {"2024-03-05": 0}
    assert desk.by_period("fcr_rate") == {"2024-03-05": 100}
    desk.show("2024-04-01T00:00:00Z", *records(again, version=2, is_spam=True))
    assert desk.by_period("fcr_rate_strict") == {"2024-03-05": 100}
    assert _is_right(desk, "2024-04-01T00:00:00Z")


def test_a_message_waits_from_its_day_until_that_of_its_answer(desk: Desk) -> None:
    desk.show("2024-03-06T12:00:00Z", *_ticket("1"))
    assert desk.by_period("unanswered_turns") == {"2024-03-05": 1, "2024-03-06": 1}
    desk.refresh("2024-03-08T12:00:00Z")
    assert list(desk.by_period("unanswered_turns")) == [f"2024-03-0{day}" for day in (5, 6, 7, 8)]
    answered = {**_REPLIED, "at": "2024-03-07T09:00:00Z"}
    desk.show("2024-03-08T13:00:00Z", *_ticket("1", answered, version=2))
    assert desk.by_period("unanswered_turns") == {"2024-03-05": 1, "2024-03-06": 1}
    assert _is_right(desk, "2024-03-08T13:00:00Z")


def test_replies_that_nobody_counted_are_not_taken_for_one(desk: Desk) -> None:
    ticket = _ticket("1", _SOLVED)[0].model_copy(
        update={"first_response_at": instant("2024-03-05T10:00:00Z")}
    )
    desk.show("2024-04-01T00:00:00Z", ticket)
    assert desk.ticket("1")["replies"] is None
    assert desk.rows("replies_per_ticket") == []
    assert desk.value("first_response_time", "mean") == 3600
