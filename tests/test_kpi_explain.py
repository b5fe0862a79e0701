"""Every number names its tickets, and what was left out and why."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.explain import Explanation, explain
from kpi.reasons import conditions
from storage.records import PersonRecord, TicketRecord
from tests.kpi_desk import Desk, instant, rating, records

NOW = "2024-03-20T12:00:00Z"
DAY = date(2024, 3, 5)


def _created(**told: Any) -> dict[str, Any]:
    return {"at": "2024-03-05T09:00:00Z", "ev": "created", "by": "end_user", **told}


def _reply(at: str = "2024-03-05T10:00:00Z", author: str = "ann") -> dict[str, Any]:
    return {"at": at, "ev": "comment", "by": "agent", "author": author, "public": True}


_SOLVED = {"at": "2024-03-05T12:00:00Z", "ev": "status", "to": "solved"}


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def _explain(desk: Desk, kpi: str, **options: Any) -> Explanation:
    asked = {"day": DAY, "grain": "day", "now": instant(NOW), **options}
    return explain(desk.engine, desk.reporting, kpi=kpi, **asked)


def _reasons(explanation: Explanation) -> dict[str | None, str | None]:
    return {one.ticket_id: one.left_out for one in explanation.left_out}


def test_a_number_names_the_tickets_behind_it_and_what_each_contributes(desk: Desk) -> None:
    desk.deliver(*records({"id": "1", "events": [_created(), _reply()]}, url="https://acme.example/1"))
    desk.show(NOW, *records({"id": "2", "events": [_created(), _reply("2024-03-05T09:30:00Z")]}))
    found = _explain(desk, "first_response_time")
    assert [(one.ticket_id, one.value, one.url) for one in found.counted] == [
        ("1", 3600.0, "https://acme.example/1"),
        ("2", 1800.0, None),
    ]
    assert (found.numerator, found.denominator) == (5400, 2)
    assert {value.statistic: value.value for value in found.stored}["mean"] == 2700
    assert found.is_current
    assert found.metric.formula == "first public human reply − created"


def test_it_says_of_each_ticket_left_out_why(desk: Desk) -> None:
    gone = {"at": "2024-03-08T09:00:00Z", "ev": "deleted"}
    for name, events, fields in (
        ("kept", [_created(), _reply()], {}),
        ("deleted", [_created(), _reply(), gone], {}),
        ("spam", [_created(), _reply()], {"is_spam": True}),
        ("merged", [_created(), _reply()], {"merged_into": "kept"}),
        ("test", [_created(), _reply()], {"is_test": True}),
        ("imported", [_created(), _reply()], {"is_imported": True}),
        ("outbound", [_created(by="agent"), _reply()], {}),
        ("silent", [_created()], {}),
    ):
        desk.deliver(*records({"id": name, "events": events}, **fields))
    desk.refresh(NOW)
    found = _explain(desk, "first_response_time")
    assert [one.ticket_id for one in found.counted] == ["kept"]
    assert _reasons(found) == {
        "deleted": "deleted on 2024-03-08",
        "spam": "marked as spam",
        "merged": "merged into kept",
        "test": "marked as a test",
        "imported": "imported: its times are not the helpdesk's",
        "outbound": "opened by the staff, not by a customer",
        "silent": "no public human reply yet",
    }


def test_a_verdict_that_does_not_stand_yet_is_left_out_until_its_day(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created(), _SOLVED]}))
    assert _reasons(_explain(desk, "reopen_rate")) == {"1": "its verdict stands only from 2024-04-04 on"}


def test_a_clock_that_ran_backwards_is_named(desk: Desk) -> None:
    early = instant("2024-03-05T08:00:00Z")
    desk.show(
        NOW, TicketRecord(id="1", status="solved", created_at=instant(_created()["at"]), solved_at=early)
    )
    found = _explain(desk, "full_resolution_time")
    assert _reasons(found) == {"1": "its times run backwards: an import, or a clock that was wrong"}


def test_business_figures_need_business_hours(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created(), _reply()]}))
    assert _reasons(_explain(desk, "first_response_time_business")) == {
        "1": "its account has no business hours"
    }


def test_an_answer_that_a_later_one_replaced_is_left_out(desk: Desk) -> None:
    desk.deliver(*records({"id": "1", "events": [_created()]}))
    for name, value, hour in (("first", "bad", "10"), ("second", "good", "11")):
        desk.deliver(
            rating({"id": name, "ticket": "1", "value": value, "scale": "good_bad", "rated_at": f"2024-03-05T{hour}:00:00Z"})
        )  # fmt: skip
    desk.refresh(NOW)
    found = _explain(desk, "csat_score")
    assert [(one.rating_id, one.value) for one in found.counted] == [("second", 1.0)]
    assert [(one.rating_id, one.left_out) for one in found.left_out] == [
        ("first", "no definite answer, or a later one of the same survey counts")
    ]


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_a_stock_names_the_tickets_that_stood_at_its_last_day_end(desk: Desk, grain: str) -> None:
    desk.deliver(*records({"id": "1", "events": [_created()]}))
    desk.show(NOW, *records({"id": "2", "events": [_created(), {**_SOLVED, "at": "2024-03-06T09:00:00Z"}]}))
    found = _explain(desk, "backlog", grain=grain)
    assert [one.ticket_id for one in found.counted] == (["1", "2"] if grain == "day" else ["1"])
    assert found.is_current


@pytest.mark.parametrize(
    ("dimension", "member", "expected"),
    [
        ("agent", "acme/ann", ["1"]),
        ("agent", "acme/bob", ["2"]),
        ("channel", "chat", ["2"]),
        ("tag", "vip", ["1"]),
    ],
)
def test_a_member_of_a_dimension_names_its_own_tickets(
    desk: Desk, dimension: str, member: str, expected: list[str]
) -> None:
    desk.deliver(*records({"id": "1", "events": [_created(), _reply()]}, tags=["vip"]))
    desk.show(NOW, *records({"id": "2", "channel": "chat", "events": [_created(), _reply(author="bob")]}))
    found = _explain(desk, "first_response_time", dimension=dimension, member=member, grain="month")
    assert [one.ticket_id for one in found.counted] == expected
    assert found.is_current


def test_one_account_is_explained_apart_from_the_others(desk: Desk) -> None:
    for account in ("acme", "zeta"):
        desk.deliver(*records({"id": account, "events": [_created()]}), account=account)
    desk.refresh(NOW)
    assert [one.account for one in _explain(desk, "ticket_volume").counted] == ["acme", "zeta"]
    assert [one.account for one in _explain(desk, "ticket_volume", account="zeta").counted] == ["zeta"]


def test_the_vendors_own_figure_stands_beside_ours_with_the_reason(desk: Desk) -> None:
    replied = _reply("2024-03-05T10:00:30Z")
    for name, seconds in (("rounded", 3600), ("other", 600), ("same", 3630)):
        desk.deliver(
            *records(
                {"id": name, "events": [_created(), replied]},
                vendor_first_response_seconds=seconds,
                vendor_resolution_unit_seconds=60,
            )
        )
    desk.refresh(NOW)
    found = _explain(desk, "first_response_time")
    assert {one.ticket_id: one.vendor_value for one in found.counted} == {
        "rounded": 3600,
        "other": 600,
        "same": 3630,
    }
    assert {one.ticket_id: one.vendor_differs for one in found.vendor_differences} == {
        "rounded": "the vendor gives whole minutes",
        "other": "the vendor may count replies of bots and rules, or another author as staff",
    }


def test_it_says_why_a_value_is_approximated(desk: Desk) -> None:
    row = TicketRecord(
        id="1", status="solved", created_at=instant("2024-03-05T09:00:00Z"), solved_at=instant(_SOLVED["at"])
    )
    desk.show(NOW, PersonRecord(id="ann", role="agent", is_staff=True), row)
    found = _explain(desk, "agent_changes_per_ticket")
    assert [value.availability for value in found.stored] == ["approximated"] * 4
    assert found.approximated == ["1 of 1 tickets: changes of agent between two syncs may not have been seen"]


def test_a_period_without_a_value_is_explained_by_what_was_left_out(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created()]}))
    found = _explain(desk, "first_response_time")
    assert (list(found.stored), list(found.counted), found.denominator) == ([], [], 0)
    assert found.is_current


def test_a_page_that_no_refresh_has_seen_makes_it_no_longer_current(desk: Desk) -> None:
    desk.show(NOW, *records({"id": "1", "events": [_created()]}))
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ticket_facts")
    assert not _explain(desk, "ticket_volume").is_current


def test_an_unknown_kpi_is_refused(desk: Desk) -> None:
    with pytest.raises(KeyError, match="there is no KPI net_promoter"):
        _explain(desk, "net_promoter")


def test_conditions_are_split_where_all_must_be_met() -> None:
    where = "is_countable = 1 AND (a = 1 AND b = 2 OR c BETWEEN 1 AND 2) AND d IS NOT NULL"
    assert list(conditions(where)) == [
        "is_countable = 1",
        "(a = 1 AND b = 2 OR c BETWEEN 1 AND 2)",
        "d IS NOT NULL",
    ]
