"""When an account is synced: `every 10m`, or a five-field cron line in UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_GAP_DAYS = 366 * 8  # 29 February, across a century without one
_REMEDY = (
    'write "every 10m" (s, m, h or d), or a five-field cron line in UTC such as "*/15 6-20 * * 1-5"'
    " (0 is Sunday)"
)


@dataclass(frozen=True, slots=True)
class Every:
    """One sync each `seconds`."""

    text: str
    seconds: int

    def previous(self, before: datetime) -> datetime:
        """The instant one interval earlier."""
        return before - timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line, expanded; `weekdays` count from Sunday.

    Where a line restricts both the day of the month and the weekday, either is enough, as in cron.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool

    def falls_on(self, day: date) -> bool:
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_month or by_week if self.either_day else by_month and by_week)

    def previous(self, before: datetime) -> datetime:
        """The latest instant before `before` at which a sync was due."""
        for back in range(_LONGEST_GAP_DAYS):
            day = before.date() - timedelta(days=back)
            if self.falls_on(day):
                for due in self._latest_first(day):
                    if due < before:
                        return due
        raise ValueError(f'"{self.text}" never comes')

    def __str__(self) -> str:
        return self.text

    def _latest_first(self, day: date) -> Iterator[datetime]:
        for hour in reversed(self.hours):
            for minute in reversed(self.minutes):
                yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


Schedule = Every | Cron


def parse(text: str) -> Schedule:
    """Read an admin's words; ValueError says what would be right."""
    words = text.lower().split()
    if words[:1] == ["every"]:
        return _every(text, "".join(words[1:]))
    if len(words) == 5:
        return _cron(text, words)
    raise ValueError(_REMEDY)


def overdue_since(schedule: Schedule, now: datetime) -> datetime:
    """An account whose last success lies before this has missed three syncs in a row."""
    due = now
    for _ in range(3):
        due = schedule.previous(due)
    return due - timedelta(minutes=5)


def trigger(schedule: Schedule, *, first_at: datetime, second: int) -> "BaseTrigger":
    """The APScheduler trigger; a cron line fires at `second` of its minute, to spread the accounts."""
    from apscheduler.triggers.combining import OrTrigger  # noqa: PLC0415 - health must not pay for it
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415
    from apscheduler.triggers.interval import IntervalTrigger  # noqa: PLC0415

    if isinstance(schedule, Every):
        return IntervalTrigger(seconds=schedule.seconds, start_date=first_at, timezone="UTC")
    clock = {"second": second, "minute": _listed(schedule.minutes), "hour": _listed(schedule.hours)}
    by_month = {"day": _listed(schedule.days)}
    by_week = {"day_of_week": ",".join(_WEEKDAYS[number] for number in schedule.weekdays)}
    days = [by_month, by_week] if schedule.either_day else [{**by_month, **by_week}]
    months = _listed(schedule.months)
    return OrTrigger([CronTrigger(**clock, **day, month=months, timezone="UTC") for day in days])


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(str(number) for number in numbers)


def _every(text: str, amount: str) -> Every:
    found = re.fullmatch(r"(\d{1,6})([smhd])", amount)
    if not found or int(found[1]) == 0:
        raise ValueError(_REMEDY)
    return Every(text, int(found[1]) * _UNITS[found[2]])


def _cron(text: str, words: list[str]) -> Cron:
    minutes, hours = _field(words[0], 0, 59), _field(words[1], 0, 23)
    days, months = _field(words[2], 1, 31), _field(words[3], 1, 12, _MONTHS)
    weekdays = tuple(sorted({number % 7 for number in _field(words[4], 0, 7, _WEEKDAYS)}))
    either = not words[2].startswith("*") and not words[4].startswith("*")
    cron = Cron(text, minutes, hours, days, months, weekdays, either)
    calendar = (date(2000, 1, 1) + timedelta(days=number) for number in range(_LONGEST_GAP_DAYS))
    if not any(cron.falls_on(day) for day in calendar):
        raise ValueError(f"no year has such a day; {_REMEDY}")
    return cron


def _field(words: str, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    numbers: set[int] = set()
    for word in words.split(","):
        numbers.update(_part(word, low, high, names))
    return tuple(sorted(numbers))


def _part(word: str, low: int, high: int, names: tuple[str, ...]) -> range:
    found = re.fullmatch(r"(\*|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", word)
    if not found:
        raise ValueError(f'cannot read "{word}"; {_REMEDY}')
    step = int(found[4] or 1)
    first, last = low, high
    if found[1] != "*":
        first = _number(found[2], low, names)
        last = _number(found[3], low, names) if found[3] else high if found[4] else first
        last = high if found[3] == "sun" else last
    if not low <= first <= last <= high or step == 0:
        raise ValueError(f'"{word}" does not lie within {low}-{high}; {_REMEDY}')
    return range(first, last + 1, step)


def _number(word: str, low: int, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word) + low
    if not word.isascii() or not word.isdigit():
        raise ValueError(f'cannot read "{word}"; {_REMEDY}')
    return int(word)
