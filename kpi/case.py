"""What the parts of a fact share while one ticket is worked out."""

from collections.abc import Sequence

from kpi.calendar import SECOND, OpenTimeline
from kpi.history import History, read, side_of, value_at
from kpi.shapes import AnsweredCall, Approximated, Context, EventInput, TicketInput

Whose = tuple[int | None, str | None, str | None]
"""The local day of an instant, and the agent and group that a ticket was with then."""
NOBODYS: Whose = None, None, None


class Case:
    """One ticket, its life, the hours it was worked in, and what was noticed on the way."""

    __slots__ = (
        "approximations",
        "context",
        "created_at",
        "flags",
        "history",
        "hours",
        "is_complete",
        "is_countable",
        "is_outbound",
        "ticket",
    )

    def __init__(
        self,
        ticket: TicketInput,
        events: Sequence[EventInput],
        context: Context,
        calls: Sequence[AnsweredCall],
    ) -> None:
        self.ticket = ticket
        self.context = context
        self.created_at = ticket.created_at
        self.history = read(ticket, events, context, calls)
        self.is_complete = self.history.kind == "complete"
        self.is_countable = not (
            ticket.deleted_at is not None
            or ticket.is_spam
            or ticket.is_merged
            or ticket.merged_into is not None
            or ticket.is_test
        )
        self.is_outbound = _is_outbound(ticket, self.history, context)
        self.hours = _hours(ticket, self.history, context)
        self.approximations = 0
        self.flags: set[str] = set()
        if not self.is_complete and _goes_by_group(ticket, self.history, context):
            self.approximate(Approximated.HOURS)

    def seconds(self, start: int, end: int) -> int | None:
        """A duration that counts: imported tickets have none, and a negative one is flagged instead."""
        if self.ticket.is_imported:
            return None
        if end < start:
            self.flags.add("negative_duration")
            return None
        return (end - start) // SECOND

    def business_seconds(self, start: int, end: int) -> int | None:
        if self.hours is None or self.ticket.is_imported:
            return None
        return self.open_between(start, end) // SECOND

    def open_between(self, start: int, end: int) -> int:
        """Microseconds; the ticket has business hours."""
        assert self.hours is not None
        hours = self.hours.at(end) if self.context.is_last_schedule else self.hours
        return hours.between(start, end)

    def business_or(self, vendor_seconds: int | None, start: int, end: int) -> int | None:
        """Business seconds; where no hours are known, the vendor's own."""
        if self.hours is None and not self.ticket.is_imported:
            return vendor_seconds
        return self.business_seconds(start, end)

    def whose(self, at: int) -> tuple[int, str | None, str | None]:
        """As `Whose`."""
        return self.context.days.day(at), value_at(self.history.agents, at), self.group_at(at)

    def group_at(self, at: int) -> str | None:
        """Where no history tells, the one that was seen, or today's."""
        if not self.is_complete:
            self.approximations |= Approximated.ACTORS
        return value_at(self.history.groups, at)

    def approximate(self, figure: Approximated) -> None:
        self.approximations |= figure

    def rounded(self, figure: Approximated) -> None:
        """The figure is the vendor's: exact unless the vendor rounds."""
        if self.ticket.vendor_resolution_unit_seconds > 1:
            self.approximations |= figure


def _is_outbound(ticket: TicketInput, history: History, context: Context) -> bool:
    if ticket.is_outbound is not None:
        return bool(ticket.is_outbound)
    if history.opened_by is not None:
        return history.opened_by == "agent"
    return ticket.submitter_id is not None and side_of(ticket.submitter_id, ticket, context) == "agent"


def _goes_by_group(ticket: TicketInput, history: History, context: Context) -> bool:
    """Whether another group might have meant other hours."""
    schedules = context.schedules or {}
    if history.schedules or (ticket.schedule_id or "") in schedules:
        return False
    of_groups = (context.group_schedules or {}).values()
    return any(schedules.get(name) is not context.default_schedule for name in of_groups)


def _hours(ticket: TicketInput, history: History, context: Context) -> OpenTimeline | None:
    """The ticket's own schedules by time, else its schedule, else its groups', else the account's."""
    schedules, default = context.schedules or {}, context.default_schedule
    if history.schedules:
        line = [(at, schedules.get(name or "", default)) for at, name in history.schedules]
    elif ticket.schedule_id is not None and ticket.schedule_id in schedules:
        line = [(ticket.created_at, schedules[ticket.schedule_id])]
    elif context.group_schedules:
        of_group = context.group_schedules
        line = [(at, schedules.get(of_group.get(group or "", ""), default)) for at, group in history.groups]
    else:
        line = [(ticket.created_at, default)]
    known = [(at, hours) for at, hours in line if hours is not None]
    return OpenTimeline(known) if known else None
