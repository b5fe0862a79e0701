"""HubSpot's values in our words. Every CRM value is a string or null; "" is a cleared value."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.records import Channel, Priority, Status

Properties = Mapping[str, Any]

_PRIORITIES = {
    "LOW": Priority.LOW,
    "MEDIUM": Priority.NORMAL,
    "HIGH": Priority.HIGH,
    "URGENT": Priority.URGENT,
}
_SOURCES = {
    "CHAT": Channel.CHAT,
    "EMAIL": Channel.EMAIL,
    "FORM": Channel.WEB,
    "PHONE": Channel.PHONE,
}
_GENERIC_CHANNELS = {"1000": Channel.CHAT, "1001": Channel.MESSAGING, "1002": Channel.EMAIL}
_WAITING_ON_CUSTOMER = ("waiting on contact", "waiting on customer", "waiting for customer", "pending")
_ON_HOLD = ("on hold", "on-hold", "paused", "waiting on third")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(properties: Properties, name: str) -> str | None:
    """A value, with "" (cleared) and null (never set) both as null."""
    value = properties.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, dict | list):
        raise TypeError(f"{name} is no plain value")
    return value if isinstance(value, str) else str(value)


def instant(value: Any) -> datetime | None:
    """ISO 8601 with or without milliseconds, a date alone, or epoch milliseconds; all of it UTC."""
    if value is None or value == "":
        return None
    written = str(value)
    if written.lstrip("-").isdigit():
        return EPOCH + timedelta(milliseconds=int(written))
    at = datetime.fromisoformat(written)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds, HubSpot's resolution."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def moment(properties: Properties, name: str) -> datetime | None:
    return instant(text(properties, name))


def number(properties: Properties, name: str) -> float | None:
    """HubSpot writes floats with up to 55 digits, and numbers of nothing as ""."""
    value = text(properties, name)
    return None if value is None else float(value)


def seconds_of_ms(properties: Properties, name: str) -> int | None:
    """A duration in milliseconds as whole seconds; a negative one (clock skew) is not a duration."""
    value = number(properties, name)
    return None if value is None or value < 0 else int(value // 1000)


def flag(properties: Properties, name: str) -> bool | None:
    value = text(properties, name)
    return None if value is None else value.casefold() in ("true", "yes", "1")


def names(properties: Properties, name: str) -> list[str]:
    """A multi-select `a;b;c`."""
    return [part for part in (text(properties, name) or "").split(";") if part]


def version(updated_at: datetime | None) -> int:
    return 0 if updated_at is None else (updated_at - EPOCH) // timedelta(microseconds=1)


def priority(value: str | None) -> Priority | None:
    return _PRIORITIES.get((value or "").upper())


def channel(properties: Properties) -> Channel:
    source = (text(properties, "source_type") or "").upper()
    generic = text(properties, "hs_originating_generic_channel_id") or ""
    return _SOURCES.get(source) or _GENERIC_CHANNELS.get(generic) or Channel.OTHER


def stage_status(label: str, is_closed: bool, is_first: bool) -> Status:
    """What a pipeline stage means; HubSpot itself knows only open and closed."""
    name = label.casefold()
    if is_closed:
        return Status.CLOSED
    if any(word in name for word in _WAITING_ON_CUSTOMER):
        return Status.PENDING
    if any(word in name for word in _ON_HOLD):
        return Status.ON_HOLD
    return Status.NEW if is_first or name == "new" else Status.OPEN
