"""Local days, weeks and months, and business hours: pure, exact, and cheap a million times over.

Instants are microseconds since 1970 (UTC); days are days since 1970-01-01 of a local date. Both lookups
rest on tables built from `zoneinfo` stretch by stretch (a stretch is about 407 days), so that an
instant costs a bisection instead of a `datetime`.

How local hours become instants: an endpoint inside a gap moves forward by the gap, one that happens
twice is its first occurrence (PEP 495 `fold=0`), windows that end up empty are dropped, and windows
are merged before they are added up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000
DAY = 86_400 * SECOND

Window = tuple[int, int]
"""Seconds since local midnight, end exclusive; 86400 is the end of the day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_STRETCH_BITS = 45
_FIRST = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def _instant(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = _instant(at).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


# Days and periods ---------------------------------------------------------------------------------


class LocalDays:
    """Which local day an instant falls on, in one zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._stretches: dict[int, tuple[list[int], list[int]]] = {}
        self._since, self._until, self._offset = 0, 0, 0

    def offset(self, at: int) -> int:
        """Microseconds that local clocks are ahead of UTC."""
        if not self._since <= at < self._until:
            self._look_up(at)
        return self._offset

    def day(self, at: int) -> int:
        if not self._since <= at < self._until:
            self._look_up(at)
        return (at + self._offset) // DAY

    def _look_up(self, at: int) -> None:
        """Keep the time around an instant in which the offset stays: the next question is near this one."""
        number = at >> _STRETCH_BITS
        starts, offsets = self._stretches.get(number) or self._build(number)
        index = max(bisect_right(starts, at) - 1, 0)
        self._since = starts[index] if index else number << _STRETCH_BITS
        self._until = starts[index + 1] if index + 1 < len(starts) else (number + 1) << _STRETCH_BITS
        self._offset = offsets[index]

    def hour_of_week(self, at: int) -> int:
        """0 is Monday's first hour, 167 Sunday's last."""
        hours = (at + self.offset(at)) // (3600 * SECOND)
        return (hours + 72) % 168  # 1970-01-01 was a Thursday

    def start_of(self, day: int) -> int:
        """When the local day begins."""
        midnight = datetime.combine(day_date(day), time(), self.zone)
        return (midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND

    def _build(self, number: int) -> tuple[list[int], list[int]]:
        """No zone has ever changed its offset twice within a week, so one look a day finds every change."""
        start = max(number << _STRETCH_BITS, _FIRST)
        end = min((number + 1) << _STRETCH_BITS, _LAST)
        starts, offsets = [start], [_offset(self.zone, start)]
        for before in range(start, end, DAY):
            after = min(before + DAY, end)
            offset = _offset(self.zone, after)
            if offset != offsets[-1]:
                starts.append(self._change(before, after, offsets[-1]))
                offsets.append(offset)
        self._stretches[number] = starts, offsets
        return starts, offsets

    def _change(self, before: int, after: int, old: int) -> int:
        """The first instant in (before, after] with another offset than `old`."""
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(self.zone, middle) == old:
                before = middle
            else:
                after = middle
        return after


@lru_cache(maxsize=64)
def local_days(zone: str) -> LocalDays:
    return LocalDays(ZoneInfo(zone))


def day_date(day: int) -> date:
    return date.fromordinal(day + _EPOCH_ORDINAL)


def day_number(local_date: date) -> int:
    return local_date.toordinal() - _EPOCH_ORDINAL


def week_start(day: int) -> int:
    """The Monday of the day's ISO week."""
    return day - (day + 3) % 7


def month_start(day: int) -> int:
    return day_number(day_date(day).replace(day=1))


def next_month(day: int) -> int:
    """The first day of the month after the day's."""
    return month_start(month_start(day) + 31)


def day_id(day: int) -> str:
    return day_date(day).isoformat()


def week_id(day: int) -> str:
    """`2025-W01`."""
    year, week, _ = day_date(day).isocalendar()
    return f"{year}-W{week:02}"


def month_id(day: int) -> str:
    """`2025-01`."""
    return day_id(day)[:7]


# Business hours -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Schedule:
    """Opening hours in the schedule's own zone. For a date: override, else holiday, else the weekday's
    windows; breaks are taken out afterwards.
    """

    zone: str
    weekly: tuple[tuple[Window, ...], ...]
    """Monday first, seven entries."""
    holidays: frozenset[int] = frozenset()
    """Closed local days."""
    overrides: tuple[tuple[int, tuple[Window, ...]], ...] = ()
    """(local day, windows that replace everything else of it)."""
    breaks: tuple[tuple[int, tuple[Window, ...]], ...] = ()
    daily_breaks: tuple[Window, ...] = ()


def schedule_of(
    timezone: str,
    weekly: Mapping[str, Sequence[Sequence[int]]],
    holidays: Iterable[Sequence[str]] = (),
    overrides: Mapping[str, Sequence[Sequence[int]]] | None = None,
) -> Schedule:
    """A row of `schedules`: weekdays `0` to `6`, inclusive date ranges, windows by date."""
    return Schedule(
        zone=timezone,
        weekly=tuple(_windows(weekly.get(str(weekday), ())) for weekday in range(7)),
        holidays=frozenset(
            day for first, last in holidays for day in range(_day_of(first), _day_of(last) + 1)
        ),
        overrides=tuple(
            sorted((_day_of(name), _windows(hours)) for name, hours in (overrides or {}).items())
        ),
    )


def _day_of(text: str) -> int:
    return day_number(date.fromisoformat(text))


def _windows(hours: Iterable[Sequence[int]]) -> tuple[Window, ...]:
    return tuple(sorted((start, end) for start, end in hours))


class OpenHours:
    """A schedule's open time as instants, answered by bisection."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._zone = ZoneInfo(schedule.zone)
        self._overrides = dict(schedule.overrides)
        self._breaks = dict(schedule.breaks)
        self._stretches: dict[int, _Stretch] = {}
        special = [*schedule.holidays, *self._overrides, *self._breaks]
        self._special = tuple(
            (day * DAY) >> _STRETCH_BITS for day in (min(special, default=0), max(special, default=0))
        )

    def between(self, start: int, end: int) -> int:
        """Open microseconds in [start, end); 0 where end is not after start."""
        if end <= start:
            return 0
        first, last = start >> _STRETCH_BITS, end >> _STRETCH_BITS
        if first == last:
            stretch = self._stretches.get(first) or self._stretch(first)
            return stretch.until(end) - stretch.until(start)
        opening = self._stretch(first)
        whole = sum(self._stretch(number).total for number in range(first + 1, last))
        return opening.total - opening.until(start) + whole + self._stretch(last).until(end)

    def seconds(self, start: int, end: int) -> int:
        """Whole open seconds in [start, end)."""
        return self.between(start, end) // SECOND

    def due_at(self, start: int, seconds: int) -> int | None:
        """The same as `reached`, of whole seconds."""
        return self.reached(start, seconds * SECOND)

    def reached(self, start: int, wanted: int) -> int | None:
        """The earliest open instant with that much open time since `start`; null where hours never suffice.

        Reaching the total exactly at closing time is due at closing time; zero is due when it next opens.
        """
        number = start >> _STRETCH_BITS
        stretch = self._stretch(number)
        done = stretch.until(start)
        while wanted > stretch.total - done or (not wanted and stretch.next_open(start) is None):
            if self._stays_closed(stretch, (number + 1) << _STRETCH_BITS):
                return None
            wanted -= stretch.total - done
            done = 0
            number += 1
            stretch = self._stretch(number)
        return stretch.reached(done + wanted) if wanted else stretch.next_open(start)

    def due_before(self, end: int, seconds: int) -> int | None:
        """The latest instant from which that much open time (more than none) passes until `end`."""
        number = end >> _STRETCH_BITS
        stretch = self._stretch(number)
        available = stretch.until(end)
        wanted = seconds * SECOND
        while wanted > available:
            if self._was_closed(stretch, number << _STRETCH_BITS):
                return None
            wanted -= available
            number -= 1
            stretch = self._stretch(number)
            available = stretch.total
        return stretch.left(available - wanted)

    def _stays_closed(self, stretch: "_Stretch", end: int) -> bool:
        """Whether nothing opens from `end` on: after the last special date every year is alike."""
        return end >= _LAST or (not stretch.total and (end >> _STRETCH_BITS) - 2 > self._special[1])

    def _was_closed(self, stretch: "_Stretch", start: int) -> bool:
        return start <= _FIRST or (not stretch.total and (start >> _STRETCH_BITS) + 1 < self._special[0])

    def _stretch(self, number: int) -> "_Stretch":
        found = self._stretches.get(number)
        if found is None:
            start, end = number << _STRETCH_BITS, (number + 1) << _STRETCH_BITS
            found = self._stretches[number] = _Stretch(self._instants(start, end))
        return found

    def _instants(self, start: int, end: int) -> list[Window]:
        """Merged windows of [start, end). Two days of slack: a zone can skip a whole local day."""
        start, end = max(start, _FIRST), min(end, _LAST)
        first = day_number(_instant(start).astimezone(self._zone).date()) - 2
        last = day_number(_instant(end).astimezone(self._zone).date()) + 2
        found = []
        for day in range(max(first, _FIRST // DAY), min(last, _LAST // DAY) + 1):
            for opens, closes in self._windows_of(day):
                window = max(self._at(day, opens), start), min(self._at(day, closes), end)
                if window[0] < window[1]:
                    found.append(window)
        return _merged(found)

    def _windows_of(self, day: int) -> Sequence[Window]:
        windows = self._overrides.get(day)
        if windows is None:
            closed = day in self.schedule.holidays
            windows = () if closed else self.schedule.weekly[(day + 3) % 7]
        breaks = (*self._breaks.get(day, ()), *self.schedule.daily_breaks)
        return _without(windows, breaks) if breaks else windows

    def _at(self, day: int, seconds: int) -> int:
        local = datetime.combine(day_date(day + seconds // 86400), time(), self._zone)
        local += timedelta(seconds=seconds % 86400)
        return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND


class _Stretch:
    """Merged windows and how much open time stood before each."""

    __slots__ = ("before", "ends", "starts", "total")

    def __init__(self, windows: Sequence[Window]) -> None:
        self.starts = [start for start, _ in windows]
        self.ends = [end for _, end in windows]
        self.before: list[int] = []
        self.total = 0
        for start, end in windows:
            self.before.append(self.total)
            self.total += end - start

    def until(self, at: int) -> int:
        """Open time of the stretch before `at`."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        end = self.ends[index]
        return self.before[index] + (min(end, at)) - self.starts[index]

    def reached(self, total: int) -> int:
        """The earliest instant before which `total` (more than 0) was open."""
        index = bisect_left(self.before, total) - 1
        return self.starts[index] + total - self.before[index]

    def left(self, total: int) -> int:
        """The latest instant before which no more than `total` was open."""
        index = bisect_right(self.before, total) - 1
        return self.starts[index] + total - self.before[index]

    def next_open(self, at: int) -> int | None:
        index = bisect_right(self.ends, at)
        return max(self.starts[index], at) if index < len(self.ends) else None


def _merged(windows: Iterable[Window]) -> list[Window]:
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _without(windows: Iterable[Window], breaks: Iterable[Window]) -> list[Window]:
    left = list(windows)
    for start, end in breaks:
        cut = [((opens, min(closes, start)), (max(opens, end), closes)) for opens, closes in left]
        left = [window for pair in cut for window in pair if window[0] < window[1]]
    return left


@lru_cache(maxsize=256)
def open_hours(schedule: Schedule) -> OpenHours:
    """One table per content: schedules that say the same share it."""
    return OpenHours(schedule)


class OpenTimeline:
    """Open time under the schedule in force at each moment: (since when, hours), oldest first."""

    __slots__ = ("_changes",)

    def __init__(self, changes: Sequence[tuple[int, OpenHours]]) -> None:
        self._changes = changes

    def between(self, start: int, end: int) -> int:
        """Each stretch of [start, end) counts under the schedule in force then."""
        changes = self._changes
        if len(changes) == 1:
            return changes[0][1].between(start, end)
        total = 0
        for index, (since, hours) in enumerate(changes):
            begins = start if index == 0 else max(start, since)
            until = changes[index + 1][0] if index + 1 < len(changes) else end
            total += hours.between(begins, min(end, until))
        return total

    def due_at(self, start: int, wanted: int) -> int | None:
        """The earliest instant with that many open microseconds since `start`; null where hours never suffice.

        A change of the schedule in between moves what is due: the rest is worked out under the new one.
        """
        for index in range(len(self._changes) - 1):
            hours, until = self._changes[index][1], self._changes[index + 1][0]
            if until > start:
                due = hours.reached(start, wanted)
                if due is not None and (due < until or (wanted and due == until)):
                    return due
                wanted -= hours.between(start, until)
                start = until
        return self._changes[-1][1].reached(start, wanted)

    def at(self, instant: int) -> OpenHours:
        """The schedule in force at an instant, as vendors take it for the whole of a span that ends then."""
        in_force = self._changes[0][1]
        for since, hours in self._changes[1:]:
            if since <= instant:
                in_force = hours
        return in_force
