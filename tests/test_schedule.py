from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import schedule

NOW = datetime(2026, 11, 24, 15, 30, 20, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("every 30s", 30), ("every 10m", 600), ("Every 2 h", 7200), ("every 1d", 86400)],
)
def test_an_interval_is_read_in_seconds(text: str, seconds: int) -> None:
    assert schedule.parse(text) == schedule.Every(text, seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10m",
        "every",
        "every 0m",
        "every ten minutes",
        "every -5m",
        "every 5w",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "a * * * *",
        "²  * * * *",
        "0 0 30 2 *",
        "@daily",
    ],
)
def test_what_cannot_be_read_is_answered_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match='write "every 10m"'):
        schedule.parse(text)


def fires(text: str, count: int, after: datetime = NOW) -> list[datetime]:
    trigger = schedule.trigger(schedule.parse(text), first_at=after, second=0)
    found: list[datetime] = []
    at = after
    for _ in range(count):
        at = trigger.get_next_fire_time(None, at)
        found.append(at)
        at += timedelta(seconds=1)
    return found


@pytest.mark.parametrize("word", ["0", "7", "sun"])
def test_sunday_is_0_and_7_as_cron_people_expect(word: str) -> None:
    assert fires(f"0 6 * * {word}", 1) == [datetime(2026, 11, 29, 6, tzinfo=UTC)]


def test_monday_to_friday_fires_on_working_days_only() -> None:
    assert {at.isoweekday() for at in fires("0 6 * * 1-5", 20)} == {1, 2, 3, 4, 5}


def test_names_and_numbers_mean_the_same() -> None:
    named, numbered = schedule.parse("0 6 * jan-mar fri-sun"), schedule.parse("0 6 * 1-3 5-7")
    assert isinstance(named, schedule.Cron)
    assert isinstance(numbered, schedule.Cron)
    assert (named.months, named.weekdays) == (numbered.months, numbered.weekdays)


def test_a_line_with_day_and_weekday_fires_on_either_as_in_cron() -> None:
    found = [at.date().isoformat() for at in fires("0 0 1,15 * 1", 4)]
    assert found == ["2026-11-30", "2026-12-01", "2026-12-07", "2026-12-14"]


def test_accounts_fire_at_their_own_second() -> None:
    trigger = schedule.trigger(schedule.parse("0 6 * * *"), first_at=NOW, second=17)
    assert trigger.get_next_fire_time(None, NOW) == datetime(2026, 11, 25, 6, 0, 17, tzinfo=UTC)


numbers = st.integers(0, 59)


@st.composite
def cron_lines(draw: st.DrawFn) -> str:
    def field(low: int, high: int) -> str:
        first = draw(st.integers(low, high))
        last = draw(st.integers(first, high))
        step = draw(st.integers(1, 12))
        return draw(
            st.sampled_from(["*", f"*/{step}", f"{first}", f"{first}-{last}", f"{first}-{last}/{step}"])
        )

    return f"{field(0, 59)} {field(0, 23)} {field(1, 28)} {field(1, 12)} {field(0, 6)}"


@given(cron_lines(), st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)))  # noqa: DTZ001 - zone below
@settings(max_examples=60, deadline=None)
def test_the_latest_due_instant_is_the_scheduler_s_own(line: str, naive: datetime) -> None:
    cron, now = schedule.parse(line), naive.replace(tzinfo=UTC)
    due = cron.previous(now)
    trigger = schedule.trigger(cron, first_at=now, second=0)
    assert due < now
    assert trigger.get_next_fire_time(None, due) == due
    following = trigger.get_next_fire_time(None, due + timedelta(seconds=1))
    assert following is None or following >= now


def test_a_leap_day_is_found_again() -> None:
    assert schedule.parse("0 0 29 2 *").previous(NOW) == datetime(2024, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("every 10m", NOW - timedelta(minutes=35)),
        ("0 6 * * *", datetime(2026, 11, 22, 5, 55, tzinfo=UTC)),
        ("0 6 * * 1-5", datetime(2026, 11, 20, 5, 55, tzinfo=UTC)),
    ],
)
def test_an_account_is_overdue_after_three_missed_syncs(text: str, limit: datetime) -> None:
    assert schedule.overdue_since(schedule.parse(text), NOW) == limit
