"""Instants as Freshdesk writes them: in UTC, to the second."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def instant(text: Any) -> datetime | None:
    """Of a cursor or a row; null where there is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def iso(at: datetime) -> str:
    """Texts of this form are ordered as their instants are."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(text: str) -> datetime | None:
    """Of a Date header; null where it is none."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
