"""What words like "satisfied" and "reopened" mean here: windows, sets and rules that an organisation may choose."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kpi.chosen_hours import ChosenSchedule, ExtraHolidays
from kpi.rules import CategoryRule, Threshold
from kpi.shapes import Signs

DAY_SECONDS = 86_400


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
    ResponseTarget(900, priorities=frozenset({"urgent"})),
    ResponseTarget(86_400, priorities=frozenset({"low"})),
    ResponseTarget(60, frozenset({"chat", "messaging"})),
    ResponseTarget(180, frozenset({"phone"})),
    ResponseTarget(3600),
)
"""A priority overrides the channel's target: an urgent chat has 15 minutes, too."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """The configuration of meaning; a change of it makes all facts be computed again, one of `satisfied`
    those of survey answers only.
    """

    fcr_window_seconds: int = 7 * DAY_SECONDS
    reopen_window_seconds: int = 30 * DAY_SECONDS
    bot_window_seconds: int = 72 * 3600
    survey_wave_seconds: int = 30 * DAY_SECONDS
    """How long after an answer another one of the same respondent takes its place in the net promoter score."""
    short_abandon_seconds: int = 5
    """Who hangs up sooner than this in the queue was never offered to the staff."""
    escalation: Signs = field(default_factory=Signs)
    complaint: Signs = field(default_factory=Signs)
    response_targets: Sequence[ResponseTarget] = RESPONSE_TARGETS
    """The first that fits holds."""
    categories: Sequence[CategoryRule] = ()
    """The first that fits holds; where none does, the helpdesk's own category."""
    schedules: Sequence[ChosenSchedule] = ()
    holidays: Sequence[ExtraHolidays] = ()
    is_last_schedule: bool = False
    """Business time of a response, a resolution or a stay in a status goes by the schedule at its end, as
    Zendesk's own does; else each stretch of it by the schedule then.
    """
    satisfied: Mapping[str, Threshold] = field(default_factory=dict)
    """By scale, where it is not as usual (kpi.ratings.SCALES)."""
