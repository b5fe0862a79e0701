"""Numbers, durations and instants as a person likes to read them."""

from datetime import datetime, timedelta

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def number(value: float | None, digits: int = 0) -> str:
    """`1,234`, `87.3`; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """`45 s`, `2 h 14 min`, `3 d 4 h`: the two greatest units, the second rounded."""
    if seconds is None:
        return "–"
    if abs(seconds) < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    sign, left = ("-" if seconds < 0 else ""), round(abs(seconds))
    for place, (unit, size) in enumerate(_UNITS[:-1]):
        if left < size:
            continue
        small, small_size = _UNITS[place + 1]
        many, rest = divmod(round(left / small_size), size // small_size)
        if place and many * size == _UNITS[place - 1][1]:
            return f"{sign}1 {_UNITS[place - 1][0]}"
        return f"{sign}{many} {unit} {rest} {small}" if rest else f"{sign}{many} {unit}"
    return f"{sign}{left} s"


def ago(then: datetime | None, now: datetime) -> str:
    """`4 min ago`, `never`."""
    if then is None:
        return "never"
    passed = (now - then) / timedelta(seconds=1)
    return "just now" if passed < 1 else f"{_coarse(passed)} ago"


def ahead(then: datetime | None, now: datetime) -> str:
    """`in 4 min`, `now`."""
    if then is None:
        return "–"
    left = (then - now) / timedelta(seconds=1)
    return "now" if left < 1 else f"in {_coarse(left)}"


def several(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _coarse(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"
