"""What is said of days before an account's tickets were read is marked, and says why."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.explain import explain
from kpi.recompute import refresh
from kpi.verify import verify
from storage.records import CallRecord, CustomerRecord, RatingRecord
from tests.kpi_desk import ACCOUNT, Desk, instant, records

NOW = "2024-04-20T12:00:00Z"


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    desk = Desk(database)
    desk.reporting = replace(desk.reporting, vendors={ACCOUNT: "zendesk", "zeta": "zendesk"})
    return desk


def _read(
    desk: Desk, since: str, *, stream: str = "tickets", account: str = ACCOUNT, is_over: bool = True
) -> None:
    """A walk over an account's tickets from there on."""
    desk.store.walk_begun(account, stream, instant(since))
    if is_over:
        desk.store.stream_done(account, stream, instant(NOW))


def _ticket(name: str, day: str, channel: str = "email") -> list[Any]:
    events = [{"at": f"{day}T09:00:00Z", "ev": "created", "by": "end_user"}]
    return records({"id": name, "events": events, "channel": channel})


def _marks(desk: Desk, kpi: str = "ticket_volume", **where: Any) -> dict[str, str]:
    return desk.by_period(kpi, "availability", **where)


def _why(desk: Desk, day: str, kpi: str = "ticket_volume", **where: Any) -> list[str]:
    asked = {"kpi": kpi, "day": date.fromisoformat(day), "grain": "day", **where}
    return list(explain(desk.engine, desk.reporting, now=instant(NOW), **asked).approximated)


def test_days_before_the_first_that_was_read_whole_are_approximated(desk: Desk) -> None:
    _read(desk, "2024-03-10T15:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"), *_ticket("2", "2024-03-10"), *_ticket("3", "2024-03-11"))
    found = {"2024-03-05": "approximated", "2024-03-10": "approximated", "2024-03-11": "exact"}
    assert _marks(desk) == found
    assert _marks(desk, account=ACCOUNT) == found
    assert _marks(desk, dimension="channel", member="email") == found


def test_a_day_whose_midnight_was_read_is_whole(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-09"), *_ticket("2", "2024-03-10"))
    assert _marks(desk) == {"2024-03-09": "approximated", "2024-03-10": "exact"}


def test_midnight_is_that_of_the_reporting_zone(desk: Desk) -> None:
    desk.reporting = replace(desk.reporting, zone="America/New_York")
    _read(desk, "2024-03-10T05:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-09"), *_ticket("2", "2024-03-10"))
    assert _marks(desk) == {"2024-03-09": "approximated", "2024-03-10": "exact"}


def test_a_month_that_began_before_is_approximated_whatever_it_holds(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-20"), *_ticket("2", "2024-04-02"))
    assert _marks(desk, grain="month") == {"2024-03-01": "approximated", "2024-04-01": "exact"}
    assert _marks(desk, grain="week") == {"2024-03-18": "exact", "2024-04-01": "exact"}


def test_a_stock_counts_by_the_day_on_which_it_stands(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-02-20"))
    assert _marks(desk, "backlog", grain="month") == {
        "2024-02-01": "approximated",
        "2024-03-01": "derived",
        "2024-04-01": "derived",
    }


def test_all_accounts_together_are_whole_once_the_last_is(desk: Desk) -> None:
    _read(desk, "2024-01-01T00:00:00Z")
    _read(desk, "2024-03-10T00:00:00Z", account="zeta")
    desk.show(NOW, *_ticket("1", "2024-03-05"), *_ticket("2", "2024-03-12"))
    assert _marks(desk, account=ACCOUNT) == {"2024-03-05": "exact", "2024-03-12": "exact"}
    assert _marks(desk) == {"2024-03-05": "approximated", "2024-03-12": "exact"}


def test_what_only_files_bring_is_as_whole_as_before(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    desk.show(
        NOW, *_ticket("1", "2024-03-05"), CustomerRecord(id="c", started_at=instant("2024-01-05T09:00:00Z"))
    )
    assert set(_marks(desk, "customer_retention_rate", grain="month").values()) == {"derived"}
    assert _why(desk, "2024-03-05", "customer_retention_rate", grain="month") == []


def test_a_forecast_is_no_better_than_the_days_it_rests_on(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    days = [
        f"2024-0{month}-{day:02}" for month in (2, 3, 4) for day in range(1, 30) if (month, day) < (4, 20)
    ]
    desk.show(NOW, *(record for number, day in enumerate(days) for record in _ticket(str(number), day)))
    told = _marks(desk, "volume_forecast")
    assert told["2024-04-06"] == "approximated"  # counts March 9
    assert told["2024-04-07"] == "derived"


def test_an_explanation_says_what_was_not_read(desk: Desk) -> None:
    _read(desk, "2024-03-10T15:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"), *_ticket("2", "2024-03-12"))
    sentence = "acme: tickets before 2024-03-11 were not read (SINCE)"
    assert _why(desk, "2024-03-05") == [sentence]
    assert _why(desk, "2024-03-05", account=ACCOUNT) == [sentence]
    assert _why(desk, "2024-03-05", "net_ticket_flow") == [sentence]
    assert _why(desk, "2024-03-12") == []
    assert _why(desk, "2024-03-12", grain="month") == [sentence]


def test_replies_are_whole_from_where_histories_were_read(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    _read(desk, "2024-03-10T00:00:00Z", stream="ticket_events")
    replies = [
        {"at": f"2024-03-{day}T10:00:00Z", "ev": "comment", "by": who, "public": True}
        for day, who in (("05", "agent"), ("11", "end_user"), ("12", "agent"))
    ]
    created = {"at": "2024-03-05T09:00:00Z", "ev": "created", "by": "end_user"}
    desk.show(NOW, *records({"id": "1", "events": [created, *replies]}))
    found = _marks(desk, "avg_reply_time", statistic="mean")
    assert (found["2024-03-05"], found["2024-03-12"]) == ("approximated", "derived")
    assert _marks(desk) == {"2024-03-05": "exact"}
    assert _why(desk, "2024-03-05", "avg_reply_time") == [
        "acme: histories before 2024-03-10 were not read (EVENTS_SINCE)"
    ]


def test_ratings_and_calls_are_whole_from_where_they_were_read(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    _read(desk, "2024-03-10T00:00:00Z", stream="calls")
    call = CallRecord(id="c", outcome="answered", started_at=instant("2024-03-05T09:00:00Z"), talk_seconds=60)
    answer = RatingRecord(id="r", score=1, scale="good_bad", rated_at=instant("2024-03-05T09:00:00Z"))
    desk.show(NOW, *_ticket("1", "2024-03-05"), call, answer)
    assert _marks(desk, "average_handle_time", statistic="mean") == {"2024-03-05": "approximated"}
    assert "approximated" not in (*_marks(desk, "csat_score").values(), *_marks(desk).values())


def test_an_account_without_a_stream_of_tickets_is_whole_from_where_its_last_stream_was_read(
    desk: Desk,
) -> None:
    _read(desk, "2024-03-01T00:00:00Z", stream="cases")
    _read(desk, "2024-03-10T00:00:00Z", stream="notes")
    desk.show(NOW, *_ticket("1", "2024-03-05"), *_ticket("2", "2024-03-10"))
    assert _marks(desk) == {"2024-03-05": "approximated", "2024-03-10": "exact"}


def test_another_account_does_not_explain_an_account_s_own_agents(desk: Desk) -> None:
    _read(desk, "2024-01-01T00:00:00Z")
    _read(desk, "2024-03-10T00:00:00Z", account="zeta")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    assert _why(desk, "2024-03-05", dimension="agent", member="acme/7") == []
    assert _why(desk, "2024-03-05") == ["zeta: tickets before 2024-03-10 were not read (SINCE)"]


def test_until_a_first_reading_has_ended_nothing_is_whole(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z", is_over=False)
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    assert _marks(desk) == {"2024-03-05": "approximated"}
    assert _why(desk, "2024-03-05") == ["acme: it is still being read for the first time"]
    _read(desk, "2024-03-01T00:00:00Z")
    desk.refresh(NOW)
    assert _marks(desk) == {"2024-03-05": "exact"}


def test_a_reading_from_further_back_makes_earlier_days_whole(desk: Desk) -> None:
    _read(desk, "2024-03-10T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    _read(desk, "2024-03-01T00:00:00Z", is_over=False)
    desk.refresh(NOW)
    assert _marks(desk) == {"2024-03-05": "approximated"}
    _read(desk, "2024-03-01T00:00:00Z")
    desk.refresh(NOW)
    assert _marks(desk) == {"2024-03-05": "exact"}
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_a_later_reading_takes_nothing_back(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    desk.store.reset(ACCOUNT)
    _read(desk, "2024-03-10T00:00:00Z")
    assert desk.refresh(NOW).values == 0
    assert _marks(desk) == {"2024-03-05": "exact"}


def test_an_account_that_joins_marks_what_is_said_of_all(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    _read(desk, "2024-03-10T00:00:00Z", account="zeta")
    desk.refresh(NOW)
    assert _marks(desk) == {"2024-03-05": "approximated"}
    assert _marks(desk, account=ACCOUNT) == {"2024-03-05": "exact"}
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_verify_counts_what_was_read_since_as_still_to_be_computed(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    _read(desk, "2024-03-10T00:00:00Z", account="zeta")
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right
    assert _marks(desk) == {"2024-03-05": "approximated"}


def test_a_first_refresh_computes_once(desk: Desk) -> None:
    _read(desk, "2024-03-01T00:00:00Z")
    desk.show(NOW, *_ticket("1", "2024-03-05"))
    assert refresh(desk.engine, desk.reporting, now=instant(NOW)).values == 0
