"""What words like "satisfied" and "reopened" mean here: windows, sets and rules that an organisation may choose."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kpi.shapes import Signs

DAY_SECONDS = 86_400
EVERY = "*"
"""Stands for every account."""


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """Within how long a first response is due; empty sets mean any channel, any priority."""

    seconds: int
    channels: AbstractSet[str] = frozenset()
    priorities: AbstractSet[str] = frozenset()

    def fits(self, channel: str, priority: str | None) -> bool:
        return (not self.channels or channel in self.channels) and (
            not self.priorities or priority in self.priorities
        )


RESPONSE_TARGETS = (
    ResponseTarget(60, frozenset({"chat", "messaging"})),
    ResponseTarget(180, frozenset({"phone"})),
    ResponseTarget(900, priorities=frozenset({"urgent"})),
    ResponseTarget(86_400, priorities=frozenset({"low"})),
    ResponseTarget(3600),
)


def target_seconds(targets: Iterable[ResponseTarget], channel: str, priority: str | None) -> int | None:
    """What the first target that fits allows, inclusive; null where none does."""
    return next((target.seconds for target in targets if target.fits(channel, priority)), None)


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """A ticket with one of the tags, types, groups or fields' values is of this category."""

    category: str
    account: str = EVERY
    tags: AbstractSet[str] = frozenset()
    types: AbstractSet[str] = frozenset()
    groups: AbstractSet[str] = frozenset()
    fields: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """Custom field → its values."""


@dataclass(frozen=True, slots=True)
class ChosenSchedule:
    """Opening hours for accounts whose helpdesk gives none, in the words of a row of `schedules`."""

    accounts: AbstractSet[str]
    timezone: str
    weekly: Mapping[str, Sequence[Sequence[int]]]
    holidays: Sequence[Sequence[str]] = ()
    overrides: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    groups: AbstractSet[str] = frozenset()
    """Only for tickets with these groups; empty for all that no other schedule is for."""


@dataclass(frozen=True, slots=True)
class ExtraHolidays:
    """Days on which an account is closed whatever its schedules say: inclusive ranges of dates."""

    accounts: AbstractSet[str]
    ranges: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Up to which answer a scale means dissatisfied, and from which on satisfied."""

    dissatisfied_until: float
    satisfied_from: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """The configuration of meaning; a change of it makes all facts be computed again, one of `satisfied`
    those of survey answers only.
    """

    fcr_window_seconds: int = 7 * DAY_SECONDS
    reopen_window_seconds: int = 30 * DAY_SECONDS
    bot_window_seconds: int = 72 * 3600
    escalation: Signs = field(default_factory=Signs)
    complaint: Signs = field(default_factory=Signs)
    response_targets: Sequence[ResponseTarget] = RESPONSE_TARGETS
    """The first that fits holds."""
    categories: Sequence[CategoryRule] = ()
    """The first that fits holds; where none does, the helpdesk's own category."""
    schedules: Sequence[ChosenSchedule] = ()
    holidays: Sequence[ExtraHolidays] = ()
    is_last_schedule: bool = False
    """Business time of a whole response or resolution goes by the schedule at its end, as Zendesk's own does;
    else each stretch of it by the schedule then.
    """
    satisfied: Mapping[str, Threshold] = field(default_factory=dict)
    """By scale, where it is not as usual (kpi.ratings.SCALES)."""
