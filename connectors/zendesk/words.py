"""Zendesk's words in ours."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from storage.records import Channel, Priority, Status

STATUSES: Final[Mapping[str, Status]] = {
    "new": Status.NEW,
    "open": Status.OPEN,
    "pending": Status.PENDING,
    "hold": Status.ON_HOLD,
    "solved": Status.SOLVED,
    "closed": Status.CLOSED,
}
PRIORITIES: Final[Mapping[str, Priority]] = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
    "urgent": Priority.URGENT,
}
SAMPLE_CHANNEL: Final = "sample_ticket"
"""Zendesk puts one such ticket into every new account."""
_CHANNELS: Final[Mapping[str, Channel]] = {
    "email": Channel.EMAIL,
    "web": Channel.WEB,
    "web_form": Channel.WEB,
    "help_center": Channel.WEB,
    "mobile": Channel.WEB,
    "mobile_sdk": Channel.WEB,
    "api": Channel.API,
    "web_service": Channel.API,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "voicemail": Channel.PHONE,
    "phone_call_inbound": Channel.PHONE,
    "phone_call_outbound": Channel.PHONE,
    "chat": Channel.CHAT,
    "web_widget": Channel.MESSAGING,
    "messaging": Channel.MESSAGING,
    "native_messaging": Channel.MESSAGING,
    "whatsapp": Channel.MESSAGING,
    "line": Channel.MESSAGING,
    "wechat": Channel.MESSAGING,
    "telegram": Channel.MESSAGING,
    "viber": Channel.MESSAGING,
    "sms": Channel.MESSAGING,
    "sunshine_conversations_api": Channel.MESSAGING,
    "any_channel": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "twitter_dm": Channel.SOCIAL,
    "twitter_favorite": Channel.SOCIAL,
    "facebook": Channel.SOCIAL,
    "instagram_dm": Channel.SOCIAL,
}
_EPOCH: Final = datetime.fromtimestamp(0, tz=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOBODY: Final = frozenset({None, 0, "0", "", -1, "-1"})


def key(value: int | str | None) -> str | None:
    """An id as text. 0 means nobody in Talk, and -1 the system in ticket events."""
    return None if value in _NOBODY else str(value)


def required(value: int | str | None, name: str) -> str:
    if value is None or value == "":
        raise ValueError(f"{name} is missing")
    return str(value)


def channel(name: str | None, is_messaging: bool = False) -> Channel:
    if is_messaging:
        return Channel.MESSAGING
    return _CHANNELS.get((name or "").casefold().replace(" ", "_"), Channel.OTHER)


def version_of(seconds: float | None, instant: datetime | None) -> int:
    """Epoch microseconds of a row's version: `generated_timestamp`, which 0 leaves unset, else `updated_at`."""
    if seconds:
        return int(seconds) * 1_000_000
    return 0 if instant is None else (instant - _EPOCH) // _MICROSECOND


def utc(instant: datetime | None) -> datetime | None:
    """The same instant in UTC, which is how Zendesk writes nearly all of them."""
    return instant if instant is None or instant.tzinfo is UTC else instant.astimezone(UTC)


def whole(value: float | None) -> int | None:
    """Whole seconds or counts; null is "not known", never zero."""
    return None if value is None else int(value)


def seconds(minutes: float | None) -> int | None:
    """Whole minutes of a metric set; null is "not reached yet", never zero."""
    return None if minutes is None else int(minutes * 60)


def target_seconds(exact: float | None, minutes: float | None) -> int | None:
    """An SLA target: minutes, and on newer accounts seconds beside them."""
    return whole(exact) if exact is not None else seconds(minutes)
