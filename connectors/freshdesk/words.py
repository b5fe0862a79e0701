"""Freshdesk's numbers and what they mean here.

The tables hold what Freshdesk documents; `Labels` holds what one account calls its own statuses
and sources, read from `GET /ticket_fields`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.freshdesk.rows import FieldRow
from storage.records import Channel, Priority, Status

PRIORITIES: Final[Mapping[int, Priority]] = {
    1: Priority.LOW,
    2: Priority.NORMAL,
    3: Priority.HIGH,
    4: Priority.URGENT,
}

_CHANNELS: Final[Mapping[int, tuple[str, Channel]]] = {
    1: ("Email", Channel.EMAIL),
    2: ("Portal", Channel.WEB),
    3: ("Phone", Channel.PHONE),
    4: ("Forum", Channel.WEB),
    5: ("Twitter", Channel.SOCIAL),
    6: ("Facebook", Channel.SOCIAL),
    7: ("Chat", Channel.CHAT),
    8: ("MobiHelp", Channel.MESSAGING),
    9: ("Feedback Widget", Channel.WEB),
    10: ("Outbound Email", Channel.EMAIL),
    11: ("Ecommerce", Channel.OTHER),
    12: ("Bot", Channel.CHAT),
    13: ("Whatsapp", Channel.MESSAGING),
    14: ("Chat - Internal Task", Channel.OTHER),
    15: ("Web Chat", Channel.CHAT),
}
_CHANNEL_BY_WORD: Final[Mapping[str, Channel]] = {
    "email": Channel.EMAIL,
    "phone": Channel.PHONE,
    "sms": Channel.MESSAGING,
    "whatsapp": Channel.MESSAGING,
    "messenger": Channel.MESSAGING,
    "instagram": Channel.SOCIAL,
    "facebook": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "chat": Channel.CHAT,
    "portal": Channel.WEB,
}
"""For sources beyond the table, read off the account's own label."""

OUTBOUND_SOURCES: Final = frozenset({10, 14})
"""Opened by the staff: outbound e-mail and internal chat tasks."""
BOT_SOURCE: Final = 12
WEB_CHAT_SOURCE: Final = 15

_STATUSES: Final[Mapping[int, tuple[str, Status]]] = {
    2: ("Open", Status.OPEN),
    3: ("Pending", Status.PENDING),
    4: ("Resolved", Status.SOLVED),
    5: ("Closed", Status.CLOSED),
}
_STATUS_BY_LABEL: Final[Mapping[str, Status]] = {
    "waiting on customer": Status.PENDING,
    "waiting on third party": Status.ON_HOLD,
}
"""Statuses that Freshdesk itself adds to new accounts; whatever else an account invents is open."""
CLOSED_CODE: Final = 5
AI_AGENT_CODE: Final = 9000

RATING_WORDS: Final[Mapping[int, str]] = {
    103: "Extremely happy",
    102: "Very happy",
    101: "Happy",
    100: "Neutral",
    -101: "Unhappy",
    -102: "Very unhappy",
    -103: "Extremely unhappy",
}
"""Every code of `ratings.default_question`; there is no -100."""
_LEGACY_RATINGS: Final[Mapping[int, int]] = {1: 103, 2: 100, 3: -103}
_RATINGS_BY_WORD: Final[Mapping[str, int]] = {
    "happy": 103,
    "neutral": 100,
    "unhappy": -103,
    **{word.lower(): code for code, word in RATING_WORDS.items() if code not in {101, -101}},
}


def rating_code(answer: float | str) -> int | None:
    """One of the seven codes; null for an answer that Freshdesk does not document.

    The classic survey's 1, 2, 3 (happy, neutral, unhappy) and its words become the codes of the
    three-point scale.
    """
    if isinstance(answer, str):
        text = answer.strip().lower()
        if text in _RATINGS_BY_WORD:
            return _RATINGS_BY_WORD[text]
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
            return None
        answer = int(text)
    if answer != int(answer):
        return None
    code = _LEGACY_RATINGS.get(int(answer), int(answer))
    return code if code in RATING_WORDS else None


@dataclass(frozen=True, slots=True)
class StatusWord:
    name: str
    status: Status


@dataclass(frozen=True, slots=True)
class Labels:
    """What an account's numbers are called, and what its statuses mean.

    `own_statuses` is the admin's word on it, by number or by label in lower case.
    """

    statuses: Mapping[int, StatusWord] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)
    own_statuses: Mapping[str, Status] = field(default_factory=dict)

    @classmethod
    def read(cls, fields: Iterable[FieldRow], own: Mapping[str, Status]) -> "Labels":
        """From the rows of `GET /ticket_fields`."""
        bare = cls(own_statuses={label.strip().lower(): status for label, status in own.items()})
        statuses: dict[int, StatusWord] = {}
        sources: dict[int, str] = {}
        for row in fields:
            options = numbered(choices(row.choices))
            if row.type == "default_status":
                statuses = {code: StatusWord(name, bare._meaning(code, name)) for code, name in options}
            elif row.type == "default_source":
                sources = dict(options)
        return cls(statuses, sources, bare.own_statuses)

    def status(self, code: int) -> StatusWord:
        """An unknown number is an open ticket with the label `status_<n>`."""
        known = self.statuses.get(code)
        if known is not None:
            return known
        name = _STATUSES[code][0] if code in _STATUSES else f"status_{code}"
        return StatusWord(name, self._meaning(code, name))

    def _meaning(self, code: int, label: str) -> Status:
        word = label.lower()
        own = self.own_statuses.get(str(code)) or self.own_statuses.get(word)
        if own is not None:
            return own
        if code in _STATUSES:
            return _STATUSES[code][1]
        return _STATUS_BY_LABEL.get(word, Status.OPEN)

    def guessed(self) -> list[str]:
        """Labels of the account's own statuses that nobody has given a meaning."""
        return [
            word.name
            for code, word in sorted(self.statuses.items())
            if code not in _STATUSES
            and code != AI_AGENT_CODE
            and word.name.lower() not in _STATUS_BY_LABEL
            and str(code) not in self.own_statuses
            and word.name.lower() not in self.own_statuses
        ]

    def source(self, number: int) -> str:
        """An unknown number is called `source_<n>`."""
        label = self.sources.get(number)
        if label is not None:
            return label
        return _CHANNELS[number][0] if number in _CHANNELS else f"source_{number}"

    def channel(self, number: int) -> Channel:
        if number in _CHANNELS:
            return _CHANNELS[number][1]
        label = self.source(number).lower()
        return next((channel for word, channel in _CHANNEL_BY_WORD.items() if word in label), Channel.OTHER)


def choices(given: Any) -> dict[str, str]:
    """A field's choices as value → label, from each of the shapes Freshdesk sends.

    A list of labels · {label: number} · {"number": [agent's label, customer's label]} · a list of
    objects with nested choices (admin) · labels nested in labels (dependent fields). Nested ones
    are told by their path, `HDFC / Chennai`.
    """
    if isinstance(given, list):
        return _listed(given)
    if not isinstance(given, Mapping):
        return {}
    found: dict[str, str] = {}
    for key, value in given.items():
        label = str(key).strip()
        if isinstance(value, bool) or value is None:
            found[label] = label
        elif isinstance(value, int):
            found[str(value)] = label
        elif label.isdecimal() and isinstance(value, list) and value:
            found[label] = str(value[0]).strip()
        else:
            found[label] = label
            found |= {f"{label} / {path}": f"{label} / {text}" for path, text in choices(value).items()}
    return found


def _listed(given: list[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        if not isinstance(one, Mapping):
            found[str(one)] = str(one).strip()
            continue
        label = str(one.get("value") or one.get("label") or one.get("name") or one.get("id")).strip()
        found[str(one.get("id", label))] = label
        found |= {value: f"{label} / {text}" for value, text in choices(one.get("choices")).items()}
    return found


def numbered(options: Mapping[str, str]) -> list[tuple[int, str]]:
    return [(int(value), label) for value, label in options.items() if value.isdecimal()]
