"""A ticket as it is at one instant: its events so far, folded."""

from collections.abc import Sequence

from connectors.sandbox.story import Event, Plot


class Ticket:
    """What the helpdesk knows about a ticket now. Instants are epoch seconds."""

    __slots__ = (
        "agent",
        "brand",
        "category",
        "changed_at",
        "comments",
        "created_at",
        "deleted_at",
        "events",
        "group",
        "is_bot_handled",
        "is_handed_off",
        "is_public",
        "is_scrubbed",
        "merged_into",
        "number",
        "offered_at",
        "plot",
        "priority",
        "rated_at",
        "rating",
        "schedule",
        "status",
        "subject",
        "tags",
        "type",
        "updated_at",
    )

    def __init__(self, plot: Plot, events: Sequence[Event]) -> None:
        self.number = plot.number
        self.plot = plot
        self.events = events
        self.subject = plot.subject
        self.brand = plot.brand
        self.created_at = self.updated_at = self.changed_at = events[0].at
        self.status = "new"
        self.priority: str | None = None
        self.type: str | None = None
        self.category: str | None = None
        self.agent = self.group = self.schedule = 0
        """Keys, 0 where nobody, none."""
        self.tags: list[str] = []
        self.deleted_at = self.offered_at = self.rated_at = 0
        self.rating: str | None = None
        """The latest survey answer, `score|comment`."""
        self.is_scrubbed = self.is_bot_handled = self.is_handed_off = self.is_public = False
        self.merged_into = 0
        self.comments = 0
        for event in events:
            self._apply(event)

    @property
    def requester(self) -> int:
        return self.plot.requester

    @property
    def channel(self) -> str:
        return self.plot.channel

    @property
    def is_solved(self) -> bool:
        return self.status in {"solved", "closed"}

    def _apply(self, event: Event) -> None:
        kind, value = event.kind, event.value
        self.changed_at = event.at
        if kind == "touched":
            return
        self.updated_at = event.at
        if kind == "message":
            self.comments += 1
            self.is_public = self.is_public or event.public
        elif kind in _TEXTS:
            setattr(self, kind, value)
        elif kind in _KEYS:
            setattr(self, kind, int(value or 0))
        elif kind == "tag_added":
            self._tag(value)
        else:
            self._rarely(kind, value, event.at)

    def _tag(self, tag: str | None) -> None:
        if tag and tag not in self.tags:
            self.tags.append(tag)
            if tag == "ai_agent":
                self.is_bot_handled = True

    def _rarely(self, kind: str, value: str | None, at: int) -> None:
        if kind == "survey_offered":
            self.offered_at = at
        elif kind == "survey_answered":
            self.rated_at, self.rating = at, value
        elif kind == "bot_handoff":
            self.is_handed_off = True
        elif kind == "tag_removed" and value in self.tags:
            self.tags.remove(value)
        elif kind == "merged_into":
            self.merged_into = int(value or 0)
        elif kind == "deleted":
            self.deleted_at = at
        elif kind == "restored":
            self.deleted_at = 0
        elif kind == "scrubbed":
            self.is_scrubbed = True


_TEXTS = frozenset({"status", "priority", "type", "category", "subject"})
_KEYS = frozenset({"agent", "group", "schedule", "brand"})
