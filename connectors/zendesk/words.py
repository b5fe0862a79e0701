"""Zendesk's words in ours."""

from datetime import UTC, datetime
from typing import Any

from storage.records import Channel, Priority, Status

STATUSES = {
    "new": Status.NEW,
    "open": Status.OPEN,
    "pending": Status.PENDING,
    "hold": Status.ON_HOLD,
    "solved": Status.SOLVED,
    "closed": Status.CLOSED,
}
PRIORITIES = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
    "urgent": Priority.URGENT,
}
_CHANNELS = {
    "email": Channel.EMAIL,
    "web": Channel.WEB,
    "web_form": Channel.WEB,
    "help_center": Channel.WEB,
    "web_service": Channel.API,
    "api": Channel.API,
    "rule": Channel.API,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "chat": Channel.CHAT,
    "web_widget": Channel.MESSAGING,
    "mobile_sdk": Channel.MESSAGING,
    "mobile": Channel.MESSAGING,
    "native_messaging": Channel.MESSAGING,
    "whatsapp": Channel.MESSAGING,
    "line": Channel.MESSAGING,
    "wechat": Channel.MESSAGING,
    "telegram": Channel.MESSAGING,
    "sms": Channel.MESSAGING,
    "sunshine_conversations_api": Channel.MESSAGING,
    "any_channel": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "twitter_dm": Channel.SOCIAL,
    "facebook": Channel.SOCIAL,
    "instagram_dm": Channel.SOCIAL,
}


def key(value: int | str | None) -> str | None:
    """An id as text. 0 means nobody in Talk, and -1 the system in ticket events."""
    return None if value in (None, 0, "0", "", -1, "-1") else str(value)


def required(value: int | str | None, name: str) -> str:
    if value is None or value == "":
        raise ValueError(f"{name} is missing")
    return str(value)


def channel(name: Any, is_messaging: bool = False) -> Channel:
    if is_messaging:
        return Channel.MESSAGING
    return _CHANNELS.get(str(name or "").casefold().replace(" ", "_"), Channel.OTHER)


def version_of(seconds: int | None, instant: str | None) -> int:
    """Epoch microseconds of a row's version: `generated_timestamp`, which 0 leaves unset, else `updated_at`."""
    if seconds:
        return seconds * 1_000_000
    return 0 if instant is None else int(parsed(instant).timestamp() * 1_000_000)


def parsed(instant: str) -> datetime:
    """ISO 8601; engagements and a few others leave out the zone, which is UTC."""
    found = datetime.fromisoformat(instant)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds(minutes: float | None) -> int | None:
    """Whole minutes of a metric set; null is "not reached yet", never zero."""
    return None if minutes is None else int(minutes * 60)
