"""What one cell of a file may say: pure readers of text, each with the sentence for a bad value."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

D = TypeVar("D", bound=date)
Reader = Callable[[str, ZoneInfo], object]

_TRUE = {"yes", "y", "true", "1"}
_FALSE = {"no", "n", "false", "0"}
_LARGEST = 10**15
"""What a database keeps to the digit, in every column."""
_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_YEARS = range(1970, 2200)
_EFFORT_WORDS = {"easy": 7.0, "burdensome": 4.0, "difficult": 1.0}


def text(value: str, _zone: ZoneInfo) -> str:
    return value


def words(value: str, _zone: ZoneInfo) -> list[str]:
    """Tags and the like, separated by spaces, commas or semicolons."""
    return value.replace(",", " ").replace(";", " ").split()


def number(value: str, _zone: ZoneInfo) -> float:
    """A number with a point or a single decimal comma; `1,180` is refused, for it may be either."""
    if _AMBIGUOUS.fullmatch(value):
        raise ValueError(
            f"{value!r} may be {value.replace(',', '')} or {value.replace(',', '.')}; write that"
        )
    plain = value.replace("\u00a0", "").replace(" ", "").removesuffix("%")
    if "," in plain and "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        read = float(plain)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    if not math.isfinite(read):
        raise ValueError(f"{value!r} is not a number")
    if abs(read) > _LARGEST:
        raise ValueError(f"{value!r} is larger than any figure can be")
    return read


def score(value: str, zone: ZoneInfo) -> float:
    """A survey answer: a number, or easy / burdensome / difficult as 7 / 4 / 1 of ease."""
    word = _EFFORT_WORDS.get(value.casefold())
    return word if word is not None else number(value, zone)


def whole(value: str, zone: ZoneInfo) -> int:
    read = number(value, zone)
    if not read.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    return int(read)


def seconds(value: str, zone: ZoneInfo) -> int:
    """Seconds, or hours and minutes as `7:30` or `7:30:00`."""
    if ":" not in value:
        return whole(value, zone)
    parts = value.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"{value!r} is not a duration; write seconds or hours:minutes")
    hours, minutes, rest = whole(parts[0], zone), int(parts[1]), int(parts[2]) if len(parts) == 3 else 0
    if minutes > 59 or rest > 59:
        raise ValueError(f"{value!r} is not a duration; write seconds or hours:minutes")
    return hours * 3600 + minutes * 60 + rest


def yes(value: str, _zone: ZoneInfo) -> bool:
    word = value.casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{value!r} is neither yes nor no")


def day(value: str, _zone: ZoneInfo) -> date:
    try:
        read = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a date; write 2026-11-30") from None
    return _plausible(read, value)


def instant(value: str, zone: ZoneInfo) -> datetime:
    """ISO 8601; without an offset it is wall-clock time of the account's TIMEZONE."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a time; write 2026-11-30T09:15:00Z") from None
    aware = _plausible(read, value).replace(tzinfo=read.tzinfo or zone)
    return _plausible(aware.astimezone(UTC), value)


def _plausible(read: D, value: str) -> D:
    """Spreadsheets write year 1 or 9999 for what they do not know."""
    if read.year not in _YEARS:
        raise ValueError(f"{value!r} is not between the years {_YEARS[0]} and {_YEARS[-1]}")
    return read


def one_of(*allowed: str) -> Reader:
    """One of the given words, in any case."""

    def read(value: str, _zone: ZoneInfo) -> str:
        word = value.casefold().replace(" ", "_").replace("-", "_")
        if word not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
        return word

    return read
