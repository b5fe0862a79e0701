"""From which day on what was read of an account is whole.

A first sync reads what changed since an instant (`SINCE`, of histories `EVENTS_SINCE`). Of earlier days only
what something happened to later is known, so what is said of them is approximated; of all accounts
together, of every day on which one of them is not whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kpi.calendar import day_date
from kpi.metric import OUTSIDE, Anchor

FIRST, NEVER = -(1 << 40), 1 << 40
"""Days before and after any other: of what was read from its beginning, and of what is still being read."""
_EVERYBODY = "*"
_TICKETS = "tickets"
_STREAM_OF = {
    "rating_facts": "ratings",
    "call_facts": "calls",
    "sla_facts": "sla_events",
    "risk_spans": "sla_events",
    "turn_facts": "ticket_events",
    "transition_facts": "ticket_events",
    "workday_facts": "ticket_events",
}
"""Facts → the stream that brings them, where an account has one; else they come with its tickets."""
_SAID = {
    "ratings": "ratings before {day} were not read (SINCE)",
    "calls": "calls before {day} were not read (SINCE)",
    "sla_events": "histories before {day} were not read (EVENTS_SINCE)",
    "ticket_events": "histories before {day} were not read (EVENTS_SINCE)",
}
_TICKETS_SAID = "tickets before {day} were not read (SINCE)"


@dataclass(frozen=True, slots=True)
class Whole:
    """By account and stream, the first local day all of which was read; of one without, all was."""

    days: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def since(self, anchor: Anchor, account: str) -> int:
        """The first day of which an anchor's facts are whole; of all accounts, the last one's."""
        if account == _EVERYBODY:
            return max((self.since(anchor, each) for each in self.days), default=FIRST)
        if anchor in OUTSIDE or account not in self.days:
            return FIRST
        return self.days[account][self._stream(anchor, account)]

    def missing(self, anchor: Anchor, account: str, day: int) -> Iterator[str]:
        """What of a day was not read, as sentences."""
        for each in sorted(self.days):
            first = self.since(anchor, each)
            if account in (_EVERYBODY, each) and day < first:
                said = _SAID.get(self._stream(anchor, each), _TICKETS_SAID).format(day=_date(first))
                yield f"{each}: {'it is still being read for the first time' if first == NEVER else said}"

    def _stream(self, anchor: Anchor, account: str) -> str:
        """Of an account that has neither the facts' own stream nor one of tickets, that which reaches least far."""
        streams = self.days[account]
        for name in (_STREAM_OF.get(anchor.table, _TICKETS), _TICKETS):
            if name in streams:
                return name
        return max(streams, key=lambda name: (streams[name], name))


def _date(day: int) -> str:
    return "" if day == NEVER else day_date(day).isoformat()
