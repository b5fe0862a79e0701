"""Epoch seconds as the vendors write them."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4_096)
def _day(days: int) -> str:
    return datetime.fromtimestamp(days * 86_400, UTC).strftime("%Y-%m-%d")


def iso(at: int) -> str:
    """`2026-11-02T12:00:00Z`."""
    days, seconds = divmod(at, 86_400)
    minutes, second = divmod(seconds, 60)
    return f"{_day(days)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}Z"


def iso_or_none(at: int) -> str | None:
    """Null for 0, which stands for never."""
    return iso(at) if at else None


def epoch(text: str) -> int | None:
    """Epoch seconds of an ISO 8601 text with a zone; null where there is none to read."""
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    return None if at.tzinfo is None else int(at.timestamp())
