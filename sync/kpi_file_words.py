"""How `kpi.toml` writes durations, hours and dates."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from sync.settings import iana_zone

_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_CLOCK = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


def seconds_of(text: object) -> int:
    """`"1h30m"` → 5400; a number is seconds."""
    if isinstance(text, int) and not isinstance(text, bool) and text > 0:
        return text
    found = _DURATION.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    seconds = (
        sum(int(part or 0) * unit for part, unit in zip(found.groups(), _UNITS.values(), strict=True))
        if found
        else 0
    )
    if not seconds:
        raise ValueError('write a duration such as "7d", "72h", "1h30m" or "45s"')
    return seconds


def _window(text: object) -> list[int]:
    """`"09:00-17:30"` → seconds since midnight; `24:00` is the end of the day."""
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found:
        hours, minutes, until_hours, until_minutes = map(int, found.groups())
        start, end = hours * 3600 + minutes * 60, until_hours * 3600 + until_minutes * 60
        if start < end <= 86_400 and minutes < 60 and until_minutes < 60:
            return [start, end]
    raise ValueError('write hours such as "09:00-17:30", the end after the start and at most 24:00')


def _dates(text: object) -> list[str]:
    """A date, or `first..last`, as an inclusive range."""
    parts = str(text).split("..")
    try:
        first, last = date.fromisoformat(parts[0].strip()), date.fromisoformat(parts[-1].strip())
    except ValueError:
        first, last = date.max, date.min
    if len(parts) > 2 or last < first:
        raise ValueError('write a date such as "2026-12-25", or a range such as "2026-12-24..2026-12-31"')
    return [first.isoformat(), last.isoformat()]


def _day(text: object) -> str:
    try:
        return date.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise ValueError('name a date such as "2026-12-24"') from None


Words = frozenset[Annotated[str, Field(min_length=1)]]
Duration = Annotated[int, BeforeValidator(seconds_of)]
Hours = list[Annotated[list[int], BeforeValidator(_window)]]
Dates = list[Annotated[list[str], BeforeValidator(_dates)]]
Zone = Annotated[str, AfterValidator(iana_zone)]
DayName = Annotated[str, BeforeValidator(_day)]
