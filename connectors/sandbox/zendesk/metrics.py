"""Zendesk's own figures of a ticket, worked out from its events by plain counting.

Figures are whole minutes. Single-event figures (first reply, first and full resolution) take the schedule
in force at their end for the whole span; waiting times take each stretch's own.
"""

from collections.abc import Mapping
from typing import Any

from connectors.sandbox.hours import OpenHours
from connectors.sandbox.instants import iso, iso_or_none
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket
from connectors.sandbox.zendesk import ids

Figure = dict[str, int | None]
_NOT_YET: Figure = {"calendar": None, "business": None}


class _Sums:
    """Seconds per status, calendar and open, of the stretches that have ended."""

    def __init__(self, hours: Mapping[int, OpenHours]) -> None:
        self.hours = hours
        self.calendar: dict[str, int] = {}
        self.business: dict[str, int] = {}

    def add(self, status: str, schedule: int, start: int, end: int) -> None:
        self.calendar[status] = self.calendar.get(status, 0) + end - start
        self.business[status] = self.business.get(status, 0) + self.hours[schedule].between(start, end)

    def figure(self, *statuses: str) -> Figure:
        if not any(status in self.calendar for status in statuses):
            return _NOT_YET
        return {
            "calendar": sum(self.calendar.get(status, 0) for status in statuses) // 60,
            "business": sum(self.business.get(status, 0) for status in statuses) // 60,
        }


class MetricSet:
    """One pass over a ticket's events."""

    def __init__(self, ticket: Ticket, hours: Mapping[int, OpenHours]) -> None:
        self.ticket = ticket
        self.hours = hours
        self.sums = _Sums(hours)
        self.schedule, self.status, self.since = 1, "", ticket.created_at
        self.replied = self.replied_schedule = self.replies = self.reopens = 0
        self.first_solved = self.first_schedule = self.solved = self.last_schedule = 0
        self.was_solved_by_status = False
        self.agents = self.groups = 0
        self.assigned_first = self.assigned = self.by_agent = self.by_requester = self.commented = 0
        self.status_at = ticket.created_at
        for event in ticket.events:
            self._read(event)

    def _read(self, event: Event) -> None:
        kind, at = event.kind, event.at
        if kind == "message":
            self.commented = at
            if event.public and event.role == "agent" and event.update:
                self.replies += 1
                if not self.replied:
                    self.replied, self.replied_schedule = at, self.schedule
        elif kind == "status":
            self._status(event.value or "", at)
        elif kind == "agent" and event.value:
            self.agents += 1
            self.assigned = at
            self.assigned_first = self.assigned_first or at
        elif kind == "group":
            self.groups += 1
        elif kind == "schedule":
            self.schedule = int(event.value or 1)
        if event.role == "agent":
            self.by_agent = at
        elif event.role == "end_user":
            self.by_requester = at

    def _status(self, value: str, at: int) -> None:
        was, now = self.status, value
        if was:
            self.sums.add(was, self.schedule, self.since, at)
        solved, before = now in _SOLVED, was in _SOLVED
        if solved and not before:
            self.solved, self.last_schedule = at, self.schedule
            self.was_solved_by_status = now == "solved"
            if not self.first_solved:
                self.first_solved, self.first_schedule = at, self.schedule
        elif before and not solved:
            self.reopens += 1
            self.solved = 0
        self.status, self.since, self.status_at = now, at, at

    def _span(self, end: int, schedule: int) -> Figure:
        if not end:
            return _NOT_YET
        start = self.ticket.created_at
        return {
            "calendar": (end - start) // 60,
            "business": self.hours[schedule or 1].between(start, end) // 60,
        }

    def render(self, base_url: str) -> dict[str, Any]:
        ticket = self.ticket
        key = ids.METRIC_SET + ticket.number
        on_hold = self.sums.figure("on_hold")
        rendered: dict[str, Any] = {
            "url": f"{base_url}/api/v2/ticket_metrics/{key}.json",
            "id": key,
            "ticket_id": ticket.number,
            "created_at": iso(ticket.created_at + 1),
            "updated_at": iso(self.status_at),
            "group_stations": self.groups,
            "assignee_stations": self.agents,
            "reopens": self.reopens,
            "replies": self.replies,
            "assignee_updated_at": iso_or_none(self.by_agent),
            "requester_updated_at": iso_or_none(self.by_requester),
            "status_updated_at": iso(self.status_at),
            "initially_assigned_at": iso_or_none(self.assigned_first),
            "assigned_at": iso_or_none(self.assigned),
            "solved_at": iso_or_none(self.solved) if self.was_solved_by_status else None,
            "latest_comment_added_at": iso_or_none(self.commented),
            "reply_time_in_minutes": self._span(self.replied, self.replied_schedule),
            "first_resolution_time_in_minutes": self._span(self.first_solved, self.first_schedule),
            "full_resolution_time_in_minutes": self._span(self.solved, self.last_schedule),
            "agent_wait_time_in_minutes": self.sums.figure("pending"),
            "requester_wait_time_in_minutes": self.sums.figure("new", "open", "on_hold"),
            "on_hold_time_in_minutes": {"calendar": 0, "business": 0} if on_hold is _NOT_YET else on_hold,
            "custom_status_updated_at": iso(self.status_at),
        }
        if ticket.channel == "messaging":
            seconds = self.replied - ticket.created_at if self.replied else None
            rendered["reply_time_in_seconds"] = {"calendar": seconds}
        return rendered


_SOLVED = frozenset({"solved", "closed"})
