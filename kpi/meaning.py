"""What words like "satisfied" and "reopened" mean here: windows and sets that an organisation may choose."""

from dataclasses import dataclass, field

from kpi.shapes import Signs

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Meaning:
    """The configuration of meaning; a change of it makes all facts be computed again."""

    fcr_window_seconds: int = 7 * DAY_SECONDS
    reopen_window_seconds: int = 30 * DAY_SECONDS
    bot_window_seconds: int = 72 * 3600
    escalation: Signs = field(default_factory=Signs)
    complaint: Signs = field(default_factory=Signs)
