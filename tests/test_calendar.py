"""Local days and business hours: the written-down cases, and laws against a slow and obvious way."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.calendar import (
    DAY,
    SECOND,
    OpenHours,
    OpenTimeline,
    Schedule,
    day_date,
    day_id,
    day_number,
    local_days,
    month_id,
    month_start,
    next_month,
    schedule_of,
    week_id,
    week_start,
)
from tests.kpi_desk import WEEKDAYS, instant

_FILE = json.loads((Path(__file__).parent / "data" / "kpi_vectors.json").read_text(encoding="utf-8"))


def _at(text: str) -> int:
    return int(instant(text).timestamp()) * SECOND


def _window(window: list[str]) -> tuple[int, int]:
    start, end = (int(text[:2]) * 3600 + int(text[3:5]) * 60 for text in window)
    return start, end


def _hours(name: str) -> OpenHours:
    told = _FILE["schedules"][name.removeprefix("@")]
    weekly = {day: tuple(map(_window, told.get("hours", {}).get(day, ()))) for day in WEEKDAYS}
    if told.get("always"):
        weekly = dict.fromkeys(WEEKDAYS, ((0, 86_400),))
    day_of = {
        kind: tuple(
            (day_number(date.fromisoformat(day)), tuple(map(_window, windows)))
            for day, windows in told.get(kind, {}).items()
        )
        for kind in ("overrides", "breaks")
    }
    return OpenHours(
        Schedule(
            zone=told["tz"],
            weekly=tuple(weekly[day] for day in WEEKDAYS),
            holidays=frozenset(day_number(date.fromisoformat(day)) for day in told.get("holidays", ())),
            overrides=day_of["overrides"],
            breaks=day_of["breaks"],
            daily_breaks=tuple(map(_window, told.get("daily_breaks", ()))),
        )
    )


def _cases(calculation: str) -> list[Any]:
    chosen = [case for case in _FILE["vectors"] if case["calc"] == calculation]
    return [pytest.param(case, id=f"{case['id']} {case['title']}") for case in chosen]


@pytest.mark.parametrize("case", _cases("business_hours"))
def test_open_seconds_of_a_span(case: dict[str, Any]) -> None:
    told = case["input"]
    found = _hours(told["schedule"]).seconds(_at(told["start"]), _at(told["end"]))
    assert found == case["expected"]["seconds"]


@pytest.mark.parametrize("case", _cases("business_add"))
def test_when_so_much_open_time_has_passed(case: dict[str, Any]) -> None:
    told = case["input"]
    hours, start, seconds = _hours(told["schedule"]), _at(told["start"]), told["seconds"]
    find = hours.due_before if told.get("direction") == "backward" else hours.due_at
    due = find(start, seconds)
    expected = case["expected"]["at"]
    assert due == (None if expected is None else _at(expected))


_ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
          "America/St_Johns", "Africa/Casablanca")  # fmt: skip
_INSTANTS = st.integers(_at("2009-01-01T00:00:00Z") // SECOND, _at("2027-01-01T00:00:00Z") // SECOND)


@given(zone=st.sampled_from(_ZONES), at=_INSTANTS)
@settings(max_examples=300, deadline=None)
def test_the_local_day_is_the_date_on_the_wall(zone: str, at: int) -> None:
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    assert day_date(local_days(zone).day(at * SECOND)) == local.date()
    assert local_days(zone).hour_of_week(at * SECOND) == local.weekday() * 24 + local.hour


@given(zone=st.sampled_from(_ZONES), day=st.integers(15_000, 20_500))
@settings(max_examples=200, deadline=None)
def test_a_day_starts_where_the_one_before_it_ends(zone: str, day: int) -> None:
    days = local_days(zone)
    starts = days.start_of(day)
    if days.day(starts) == day:  # Samoa has no 30 December 2011
        assert days.day(starts - SECOND) < day


_WINDOWS = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda window: window[0] < window[1]), max_size=2
)


@given(
    zone=st.sampled_from(_ZONES),
    weekly=st.lists(_WINDOWS, min_size=7, max_size=7),
    holiday=st.integers(0, 20),
    start=st.integers(0, 20 * 96),
    length=st.integers(0, 14 * 96),
    begins=st.sampled_from(("2024-03-01", "2024-10-20", "2011-12-20")),
)
@settings(max_examples=60, deadline=None)
def test_open_time_is_what_counting_quarter_hours_gives(
    zone: str, weekly: list[list[tuple[int, int]]], holiday: int, start: int, length: int, begins: str
) -> None:
    first = day_number(date.fromisoformat(begins))
    schedule = Schedule(
        zone=zone,
        weekly=tuple(tuple(sorted((a * 900, b * 900) for a, b in windows)) for windows in weekly),
        holidays=frozenset({first + holiday}),
    )
    begin = _at(f"{begins}T00:00:00Z") + start * 900 * SECOND
    counted = sum(
        900
        for quarter in range(length)
        if _is_open(schedule, datetime.fromtimestamp(begin // SECOND + quarter * 900, UTC))
    )
    found = OpenHours(schedule).seconds(begin, begin + length * 900 * SECOND)
    # A window whose edge lies in a gap or an overlap of the clock is resolved once (PEP 495), not
    # by looking at the wall: up to an hour a change, two changes at most in the span.
    changes = _changes(zone, begin, length)
    assert abs(found - counted) <= changes * 7200


def _is_open(schedule: Schedule, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(schedule.zone))
    if day_number(local.date()) in schedule.holidays:
        return False
    second = local.hour * 3600 + local.minute * 60
    return any(start <= second < end for start, end in schedule.weekly[local.weekday()])


def _changes(zone: str, begin: int, length: int) -> int:
    """Changes of the clock near the span; a skipped day counts for all of its hours."""
    offsets = [
        datetime.fromtimestamp(begin // SECOND + hour * 3600, UTC).astimezone(ZoneInfo(zone)).utcoffset()
        for hour in range(-72, length // 4 + 72)
    ]
    moved = [abs(b - a) for a, b in pairwise(offsets) if a is not None and b is not None]
    return sum(-(-int(change.total_seconds()) // 3600) for change in moved)


@given(
    start=st.integers(0, 40 * 86_400),
    seconds=st.integers(1, 200_000),
)
@settings(max_examples=200, deadline=None)
def test_due_is_the_first_instant_with_so_much_open_time(start: int, seconds: int) -> None:
    hours = _hours("@NY")
    begin = _at("2024-02-20T00:00:00Z") + start * SECOND
    due = hours.due_at(begin, seconds)
    assert due is not None
    assert hours.seconds(begin, due) == seconds
    assert hours.seconds(begin, due - SECOND) == seconds - 1
    back = hours.due_before(due, seconds)
    assert back is not None
    assert hours.seconds(back, due) == seconds


def test_hours_that_never_open_are_never_due() -> None:
    assert OpenHours(Schedule("UTC", ((),) * 7)).due_at(0, 1) is None
    assert OpenHours(Schedule("UTC", ((),) * 7)).due_at(0, 0) is None


def test_each_stretch_counts_under_the_schedule_in_force_then() -> None:
    always = OpenHours(Schedule("UTC", (((0, 86_400),),) * 7))
    never = OpenHours(Schedule("UTC", ((),) * 7))
    line = OpenTimeline([(0, always), (10 * SECOND, never), (30 * SECOND, always)])
    assert line.between(5 * SECOND, 40 * SECOND) == 15 * SECOND
    assert line.at(20 * SECOND) is never


def test_what_is_due_is_worked_out_under_each_schedule_while_it_is_in_force() -> None:
    """The team of New York takes over at ten on Sunday: what a Saturday's customer waits for is due in its hours."""
    berlin, new_york = (
        OpenHours(schedule_of(zone, {str(day): [[32_400, 61_200]] for day in range(5)}))
        for zone in ("Europe/Berlin", "America/New_York")
    )
    moved = OpenTimeline([(_at("2024-03-02T00:00:00Z"), berlin), (_at("2024-03-03T10:00:00Z"), new_york)])
    saturday, monday = _at("2024-03-02T12:00:00Z"), _at("2024-03-04T12:00:00Z")
    assert moved.due_at(saturday, 7_200 * SECOND) == _at("2024-03-04T16:00:00Z")
    assert moved.due_at(saturday, 0) == _at("2024-03-04T14:00:00Z")
    during = OpenTimeline([(saturday, berlin), (monday, new_york)])
    assert during.due_at(saturday, 7_200 * SECOND) == _at("2024-03-04T10:00:00Z")
    assert during.due_at(saturday, 4 * 3_600 * SECOND) == monday
    assert during.due_at(saturday, 5 * 3_600 * SECOND) == _at("2024-03-04T15:00:00Z")
    assert during.due_at(monday, 0) == _at("2024-03-04T14:00:00Z")
    ended = OpenTimeline([(saturday, berlin), (monday, OpenHours(Schedule("UTC", ((),) * 7)))])
    assert ended.due_at(saturday, 5 * 3_600 * SECOND) is None


@given(
    start=st.integers(0, 20 * 86_400),
    moved=st.lists(st.integers(0, 20 * 86_400), max_size=3),
    seconds=st.integers(1, 200_000),
)
@settings(max_examples=200, deadline=None)
def test_due_across_changes_is_the_first_instant_with_so_much_open_time(
    start: int, moved: list[int], seconds: int
) -> None:
    first, kinds = _at("2024-02-20T00:00:00Z"), (_hours("@NY"), _hours("@PARIS_SUN_8_21"))
    changes = [0, *sorted(moved)]
    line = OpenTimeline([(first + at * SECOND, kinds[number % 2]) for number, at in enumerate(changes)])
    begin = first + start * SECOND
    due = line.due_at(begin, seconds * SECOND)
    assert due is not None
    assert line.between(begin, due) == seconds * SECOND
    assert line.between(begin, due - 1) == seconds * SECOND - 1


def test_weeks_begin_on_monday_and_belong_to_the_year_of_their_thursday() -> None:
    assert week_id(day_number(date(2024, 12, 30))) == "2025-W01"
    assert day_date(week_start(day_number(date(2025, 1, 5)))) == date(2024, 12, 30)


def test_months_are_of_the_calendar() -> None:
    leap = day_number(date(2024, 2, 29))
    assert (month_id(leap), day_id(month_start(leap)), day_id(next_month(leap))) == (
        "2024-02",
        "2024-02-01",
        "2024-03-01",
    )


def test_a_stored_schedule_is_read_with_its_holidays_and_overrides() -> None:
    hours = OpenHours(
        schedule_of(
            "Europe/Berlin",
            {"0": [[32_400, 61_200]]},
            [["2024-03-11", "2024-03-11"]],
            {"2024-03-12": [[36_000, 39_600]]},
        )
    )
    monday = _at("2024-03-04T00:00:00Z")
    assert [hours.seconds(monday + n * DAY, monday + (n + 1) * DAY) for n in (0, 7, 8)] == [28_800, 0, 3_600]


def test_a_zone_that_skips_a_day_has_no_tickets_on_it() -> None:
    days = local_days("Pacific/Apia")
    before = _at("2011-12-30T09:59:59Z")
    assert day_date(days.day(before)) == date(2011, 12, 29)
    assert day_date(days.day(before + SECOND)) == date(2011, 12, 31)
