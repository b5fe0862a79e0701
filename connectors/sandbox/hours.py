"""Opening hours as the sandbox knows them: a sorted list of open stretches a schedule, in epoch seconds."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from connectors.sandbox.cast import SCHEDULES, Schedule

_DAY = timedelta(days=1)


def _wall(day: date, minutes: int, zone: ZoneInfo) -> int:
    at = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    return int(at.astimezone(UTC).timestamp())


class OpenHours:
    """Answers how many seconds of an interval a schedule was open."""

    def __init__(self, schedule: Schedule, first: date, last: date) -> None:
        zone = ZoneInfo(schedule.zone)
        closed: set[date] = set()
        for _, opens, closes in schedule.holidays:
            day = date.fromisoformat(opens)
            while day <= date.fromisoformat(closes):
                closed.add(day)
                day += _DAY
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._before: list[int] = []
        total, day = 0, first
        while day <= last:
            weekday = (day.weekday() + 1) % 7
            for start_minute, end_minute in schedule.weekly:
                if start_minute // 1440 != weekday or day in closed:
                    continue
                start = _wall(day, start_minute - weekday * 1440, zone)
                end = _wall(day, end_minute - weekday * 1440, zone)
                self.starts.append(start)
                self.ends.append(end)
                self._before.append(total)
                total += end - start
            day += _DAY

    def until(self, at: int) -> int:
        """Open seconds from the beginning of time to `at`."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self._before[index] + min(at, self.ends[index]) - self.starts[index]

    def between(self, start: int, end: int) -> int:
        return self.until(end) - self.until(start) if end > start else 0

    def after(self, start: int, seconds: int) -> int:
        """The instant at which `seconds` of open time have passed since `start`."""
        target = self.until(start) + seconds
        index = max(bisect_right(self._before, target) - 1, 0)
        at = self.starts[index] + target - self._before[index]
        if at > self.ends[index] or (index and target == self._before[index]):
            at = self.ends[index - 1] if target == self._before[index] else self.ends[index]
        return max(at, start)


@lru_cache(maxsize=64)
def open_hours(key: int, first_year: int, last_year: int) -> OpenHours:
    schedule = next(schedule for schedule in SCHEDULES if schedule.key == key)
    return OpenHours(schedule, date(first_year, 1, 1), date(last_year, 12, 31))
