"""What `kpi.toml` chooses is what facts and values say: categories, hours, holidays, thresholds, targets."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import metric_named
from kpi.chosen_hours import ChosenSchedule, ExtraHolidays, chosen_hours
from kpi.meaning import Meaning, ResponseTarget
from kpi.rules import CategoryRule, Threshold
from kpi.shapes import Signs
from kpi.verify import verify
from storage.records import RatingRecord, SurveyType, TicketEventRecord, TicketRecord
from tests.kpi_desk import Desk, instant, records, schedule
from tests.test_kpi_changes import replied

NOW = "2024-12-01T00:00:00Z"
MORNINGS = {str(day): [[32_400, 43_200]] for day in range(5)}
"""9 to 12 on weekdays."""
CATALOG = [
    metric_named(name)
    for name in ("csat_score", "ticket_volume", "first_response_time_business", "complaint_rate", "reopen_rate", "nps")
]  # fmt: skip


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=CATALOG)


def mean(desk: Desk, **chosen: Any) -> None:
    desk.reporting = replace(desk.reporting, meaning=Meaning(**chosen))
    desk.refresh(NOW)
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def ticket(name: str, **fields: Any) -> TicketRecord:
    return TicketRecord(id=name, created_at=instant("2024-03-05T10:00:00Z"), status="open", **fields)


def categories(desk: Desk) -> dict[str, float]:
    return {row["member"]: row["value"] for row in desk.rows("ticket_volume", dimension="category")}


def test_a_category_is_that_of_the_first_rule_that_fits_else_the_helpdesk_s(desk: Desk) -> None:
    desk.deliver(
        ticket("1", tags=["invoice"], category="theirs"),
        ticket("2", type="Billing"),
        ticket("3", custom_fields={"cf_reason": ["Late", "Lost"], "paid": True}),
        ticket("4", custom_fields={"paid": False}, group_id="7"),
        ticket("5", category="theirs", tags=["other"]),
    )
    mean(
        desk,
        categories=(
            CategoryRule("billing", tags=frozenset({"invoice"}), types=frozenset({"Billing"})),
            CategoryRule("delivery", fields={"cf_reason": frozenset({"Lost"})}),
            CategoryRule("unpaid", fields={"paid": frozenset({"false"})}, account="acme"),
            CategoryRule("elsewhere", groups=frozenset({"7"}), account="other"),
        ),
    )
    assert categories(desk) == {"billing": 2, "delivery": 1, "unpaid": 1, "theirs": 1}
    assert desk.ticket("1")["category"] == "billing"
    mean(desk)
    assert categories(desk) == {"theirs": 2}


def test_where_nothing_marks_a_complaint_there_is_no_rate_of_them(desk: Desk) -> None:
    desk.deliver(ticket("1", tags=["angry"]))
    mean(desk)
    assert desk.value("complaint_rate") is None

    mean(desk, complaint=Signs(tags=frozenset({"calm"})))
    assert desk.value("complaint_rate") == 0


def test_a_complaint_may_be_a_category_that_a_rule_gave(desk: Desk) -> None:
    desk.deliver(ticket("1", tags=["angry"]), ticket("2"))
    mean(
        desk,
        categories=(CategoryRule("complaint", tags=frozenset({"angry"})),),
        complaint=Signs(categories=frozenset({"complaint"})),
    )
    assert desk.value("complaint_rate") == 50


def test_an_account_without_hours_gets_the_chosen_ones(desk: Desk) -> None:
    desk.deliver(*replied("2024-03-05", [10 * 3600]))  # Tuesday, 1 to 11 o'clock
    mean(desk, schedules=(ChosenSchedule(frozenset({"*"}), "UTC", MORNINGS),))
    assert desk.value("first_response_time_business", "mean") == 2 * 3600
    closed = ChosenSchedule(frozenset({"acme"}), "UTC", MORNINGS, holidays=[["2024-03-04", "2024-03-05"]])
    mean(desk, schedules=(ChosenSchedule(frozenset({"*"}), "UTC", MORNINGS), closed))
    assert (
        desk.value("first_response_time_business", "mean") == 0
    )  # the one that names the account goes first


def test_an_account_with_hours_of_its_own_keeps_them_and_gets_its_holidays(desk: Desk) -> None:
    desk.deliver(
        schedule({"tz": "UTC", "hours": {"tue": [["00:00", "24:00"]]}}), *replied("2024-03-05", [7200])
    )
    mean(desk, schedules=(ChosenSchedule(frozenset({"*"}), "UTC", MORNINGS),))
    assert desk.value("first_response_time_business", "mean") == 7200
    mean(desk, holidays=(ExtraHolidays(frozenset({"acme"}), [["2024-03-05", "2024-03-05"]]),))
    assert desk.value("first_response_time_business", "mean") == 0


def test_a_group_may_have_chosen_hours_of_its_own(desk: Desk) -> None:
    early, late = {"1": [[0, 21_600]]}, {"1": [[21_600, 86_400]]}
    told = replied("2024-03-05", [7 * 3600])  # 1 to 8 o'clock
    moved = TicketEventRecord(
        id="g", ticket_id="2024-03-05-0", at=instant("2024-03-05T01:00:00Z"), event="group", value="7"
    )
    desk.deliver(*told, moved)
    mean(
        desk,
        schedules=(
            ChosenSchedule(frozenset({"acme"}), "UTC", early),
            ChosenSchedule(frozenset({"acme"}), "UTC", late, groups=frozenset({"7"})),
        ),
    )
    assert desk.value("first_response_time_business", "mean") == 2 * 3600


def test_hours_for_other_accounts_are_not_used() -> None:
    chosen = [ChosenSchedule(frozenset({"desk"}), "UTC", MORNINGS)]
    assert chosen_hours("acme", chosen, ()).default is None
    assert chosen_hours("desk", chosen, ()).default is not None


def test_special_hours_stand_before_holidays() -> None:
    one = ChosenSchedule(
        frozenset({"*"}), "UTC", MORNINGS, [["2024-12-24", "2024-12-26"]], {"2024-12-24": [[32_400, 36_000]]}
    )
    hours = chosen_hours("acme", [one], ()).default
    assert hours is not None
    start, end = (int(instant(f"2024-12-{day}T00:00:00Z").timestamp()) * 1_000_000 for day in (23, 28))
    assert hours.seconds(start, end) == (3 + 1 + 3) * 3600


def test_satisfied_is_what_the_threshold_of_its_scale_says(desk: Desk) -> None:
    at = instant("2024-03-05T12:00:00Z")
    scores = {"a": 5, "b": 4, "c": 3, "d": 1}
    desk.deliver(
        *(RatingRecord(id=name, score=score, scale="1-5", rated_at=at) for name, score in scores.items())
    )
    mean(desk)
    assert desk.value("csat_score") == 50
    mean(desk, satisfied={"1-5": Threshold(3, 5)})
    assert desk.value("csat_score") == 25
    mean(desk, satisfied={"1-7": Threshold(1, 2)})
    assert desk.value("csat_score") == 50


def test_a_window_decides_what_counts_as_reopened(desk: Desk) -> None:
    history = {"id": "1", "events": [
        {"at": "2024-03-05T10:00:00Z", "ev": "created", "by": "end_user"},
        {"at": "2024-03-05T11:00:00Z", "ev": "status", "to": "solved"},
        {"at": "2024-03-08T11:00:00Z", "ev": "status", "to": "open"},
    ]}  # fmt: skip
    desk.deliver(*records(history))
    mean(desk)
    assert desk.value("reopen_rate") == 100
    mean(desk, reopen_window_seconds=86_400)
    assert desk.value("reopen_rate") == 0


def test_a_survey_s_waves_are_as_long_as_chosen(desk: Desk) -> None:
    for name, day in (("1", "05"), ("2", "15")):
        desk.deliver(RatingRecord(id=name, survey_type=SurveyType.NPS, scale="0-10", score=9, respondent_id="p",
                                  rated_at=instant(f"2024-03-{day}T10:00:00Z")))  # fmt: skip
    mean(desk)
    assert list(desk.by_period("nps")) == ["2024-03-15"]
    mean(desk, survey_wave_seconds=9 * 86_400)
    assert list(desk.by_period("nps")) == ["2024-03-05", "2024-03-15"]


def test_the_first_target_that_fits_holds() -> None:
    usual = Meaning().response_targets

    def seconds(channel: str, priority: str | None) -> int:
        return next(target.seconds for target in usual if target.fits(channel, priority))

    assert (seconds("chat", None), seconds("phone", "high")) == (60, 180)
    assert (seconds("chat", "low"), seconds("phone", "urgent")) == (86_400, 900), "priority overrides"
    assert (seconds("email", "urgent"), seconds("email", "low"), seconds("email", None)) == (
        900,
        86_400,
        3600,
    )
    assert not ResponseTarget(1, priorities=frozenset({"low"})).fits("email", None)


def test_only_what_depends_on_a_change_has_another_version(desk: Desk) -> None:
    usual = desk.reporting
    stricter = replace(usual, meaning=Meaning(satisfied={"1-5": Threshold(3, 5)}))
    shorter = replace(usual, meaning=Meaning(reopen_window_seconds=86_400))
    assert stricter.facts_version() == usual.facts_version() != shorter.facts_version()
    assert stricter.answers_version() != usual.answers_version() == shorter.answers_version()
