"""From django-helpdesk's rows to records: plain functions of values.

A ticket's row holds no instants of its own. Its follow-ups do, and the first of them is written when
the ticket is opened.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from connectors import (
    Channel,
    EventKind,
    Listed,
    Priority,
    Record,
    Rejected,
    Role,
    Status,
    TicketEventRecord,
    TicketRecord,
    convert_row,
)

Aware = Annotated[datetime, msgspec.Meta(tz=True)]

STATUSES = {1: Status.OPEN, 2: Status.OPEN, 3: Status.SOLVED, 4: Status.CLOSED, 5: Status.CLOSED}
PRIORITIES = {1: Priority.URGENT, 2: Priority.HIGH, 3: Priority.NORMAL, 4: Priority.LOW, 5: Priority.LOW}
DONE = (Status.SOLVED, Status.CLOSED)
REOPENED = 2
TEXTS = ("comment", "description", "resolution", "title")


class FollowUpRow(msgspec.Struct):
    """A comment, a change, or both. `user` is set where a member of the staff made it."""

    id: int
    ticket: int
    date: Aware
    public: bool
    user: int | None = None
    comment: str | None = None
    new_status: int | None = None
    message_id: str | None = None

    @property
    def status(self) -> Status | None:
        return None if self.new_status is None else STATUSES.get(self.new_status)

    @property
    def is_reply(self) -> bool:
        return bool(self.comment) and self.public and self.user is not None


class TicketRow(msgspec.Struct):
    id: int
    queue: int
    status: int
    priority: int
    on_hold: bool
    followup_set: list[FollowUpRow]
    title: str | None = None
    submitter_email: str | None = None
    assigned_to: int | None = None
    merged_to: int | None = None
    due_date: Aware | None = None


class Envelope(msgspec.Struct, kw_only=True):
    count: int


def read(page: Listed[Envelope, TicketRow], since: datetime) -> tuple[list[Record], list[Rejected]]:
    """A page's records, and what became none, with the reason. What rests since before `since` is left out."""
    records: list[Record] = []
    rejected = [set_aside(row, reason) for row, reason in page.malformed]
    for row in page.rows:
        if row.followup_set and all(told.date < since for told in row.followup_set):
            continue
        try:
            records += ticket(row)
        except ValueError as problem:
            rejected.append(set_aside(msgspec.to_builtins(row), str(problem)))
    return records, rejected


def again(row: Mapping[str, Any]) -> Sequence[Record]:
    """A row that was set aside, once more."""
    return ticket(convert_row(row, TicketRow))


def ticket(row: TicketRow) -> list[Record]:
    """The ticket and everything that happened to it."""
    told = sorted(row.followup_set, key=lambda follow_up: (follow_up.date, follow_up.id))
    if not told:
        raise ValueError("it has no follow-up, so nothing says when it was opened")
    first, last = told[0], told[-1]
    status = STATUSES.get(row.status)
    replies = [each.date for each in told[1:] if each.is_reply]
    solved = [each.date for each in told if each.status in DONE]
    closed = [each.date for each in told if each.status is Status.CLOSED]
    reopened = [each.date for each in told if each.new_status == REOPENED]
    record = TicketRecord(
        id=str(row.id),
        version=microseconds(last.date),
        subject=row.title,
        status=Status.ON_HOLD if row.on_hold and status is Status.OPEN else status,
        vendor_status=str(row.status),
        priority=PRIORITIES.get(row.priority),
        channel=Channel.EMAIL if first.message_id else Channel.WEB,
        group_id=str(row.queue),
        agent_id=text(row.assigned_to),
        requester_id=row.submitter_email or None,
        created_at=first.date,
        updated_at=last.date,
        due_at=row.due_date,
        first_response_at=min(replies, default=None),
        first_solved_at=min(solved, default=None),
        solved_at=max(solved, default=None),
        closed_at=max(closed, default=None),
        reopened_at=max(reopened, default=None),
        is_merged=row.merged_to is not None,
        merged_into=text(row.merged_to),
        vendor_replies=len(replies),
        vendor_reopens=len(reopened),
    )
    return [record, *events(told), all_read(last)]


def events(told: Iterable[FollowUpRow]) -> Iterator[TicketEventRecord]:
    """A follow-up is a message, a change of status, or both; the text is left behind."""
    status = Status.OPEN
    for each in told:
        common: dict[str, Any] = {
            "ticket_id": str(each.ticket),
            "at": each.date,
            "version": microseconds(each.date),
            "actor_id": text(each.user),
            "actor_role": Role.AGENT if each.user else Role.END_USER,
        }
        if each.comment:
            written = EventKind.MESSAGE
            yield TicketEventRecord(id=f"{each.id}/m", event=written, is_public=each.public, **common)
        if each.status is not None and each.status is not status:
            common |= {"value": each.status, "previous": status, "sequence": 1}
            yield TicketEventRecord(id=f"{each.id}/s", event=EventKind.STATUS, **common)
            status = each.status


def all_read(last: FollowUpRow) -> TicketEventRecord:
    """Says that no message up to here is missing."""
    return TicketEventRecord(
        id=f"{last.ticket}/read",
        version=microseconds(last.date),
        ticket_id=str(last.ticket),
        at=last.date,
        event=EventKind.MESSAGES_READ,
    )


def set_aside(row: Any, reason: str) -> Rejected:
    kept = without_texts(row) if isinstance(row, dict) else {"row": type(row).__name__}
    return Rejected("tickets", text(kept.get("id")), kept, reason)


def without_texts(value: Any) -> Any:
    """Of a text stays only that there was one."""
    if isinstance(value, dict):
        return {
            name: ("…" if kept else kept) if name in TEXTS else without_texts(kept)
            for name, kept in value.items()
        }
    return [without_texts(each) for each in value] if isinstance(value, list) else value


def text(number: object) -> str | None:
    return None if number is None else str(number)


def microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
