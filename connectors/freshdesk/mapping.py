"""A ticket's row becomes records: the ticket, what was seen of its history, its SLA clocks.

Pure functions. Freshdesk keeps no history of a ticket that may be read, only the instants in
`stats`; each sync's sight of a row adds `observed` events whose ids follow from (ticket, instant),
so a second look at the same row adds nothing and the store gathers a history look by look.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.freshdesk.rows import StatsRow, TicketRow
from connectors.freshdesk.words import (
    AI_AGENT_CODE,
    BOT_SOURCE,
    OUTBOUND_SOURCES,
    PRIORITIES,
    Labels,
)
from storage.records import (
    Channel,
    EventKind,
    Source,
    Status,
    TicketEventRecord,
    TicketRecord,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_STATS: Final = StatsRow()
DONE: Final = frozenset({Status.SOLVED, Status.CLOSED})
WAITING: Final = frozenset({Status.PENDING, Status.ON_HOLD})

# Freshdesk's instants have whole seconds, so a version has a million steps to spare in each: what is
# known better about one state of a ticket beats what is known less, and a newer state beats both.
MERGE_CHECKED: Final = 1
GONE: Final = 2
RESTORED: Final = 3


def micros(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND


def seconds(at: datetime) -> int:
    return micros(at) // 1_000_000


def text(number: int | None) -> str | None:
    return None if number is None else str(number)


@dataclass(frozen=True, slots=True)
class Desk:
    """What mapping must know of the account."""

    web: str
    """`https://acme.freshdesk.com`, for links."""
    labels: Labels
    category_field: str | None = None
    """The custom field, `cf_…`, that tells a ticket's category; its type where there is none."""
    merge_note: str = "closed and merged into ticket"


def stats_of(row: TicketRow) -> StatsRow:
    return row.stats or _NO_STATS


def is_outbound(row: TicketRow) -> bool:
    return row.source in OUTBOUND_SOURCES


def ticket(
    row: TicketRow, desk: Desk, *, merged_into: str | None = None, merge_checked: bool = False
) -> TicketRecord:
    """The ticket as it is now; `merge_checked` says that its private notes were looked at."""
    stats = stats_of(row)
    word = desk.labels.status(row.status)
    solved = solved_at(row, desk.labels)
    outbound = is_outbound(row)
    gone = bool(row.deleted or row.spam)
    values: dict[str, Any] = {
        "id": str(row.id),
        "version": micros(row.updated_at) + (GONE if gone else MERGE_CHECKED if merge_checked else 0),
        "subject": row.subject,
        "status": word.status,
        "vendor_status": word.name,
        "priority": PRIORITIES.get(row.priority) if row.priority is not None else None,
        "channel": Channel.OTHER if row.source is None else desk.labels.channel(row.source),
        "vendor_channel": None if row.source is None else desk.labels.source(row.source),
        "type": row.type,
        "category": _category(row, desk),
        "brand_id": text(row.product_id),
        "group_id": text(row.group_id),
        "agent_id": text(row.responder_id),
        "requester_id": text(row.requester_id),
        "organisation_id": text(row.company_id),
        "form_id": text(row.form_id),
        "tags": row.tags or [],
        "custom_fields": _filled(row.custom_fields),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "first_response_at": stats.first_responded_at,
        "first_solved_at": solved if stats.reopened_at is None else None,
        "solved_at": solved,
        "closed_at": stats.closed_at if word.status is Status.CLOSED else None,
        "reopened_at": stats.reopened_at,
        "due_at": row.due_by,
        "deleted_at": row.updated_at if row.deleted else None,
        "is_spam": bool(row.spam),
        "is_merged": merged_into is not None,
        "merged_into": merged_into,
        "is_outbound": outbound,
        "is_bot_handled": row.source == BOT_SOURCE or row.status == AI_AGENT_CODE,
        "url": f"{desk.web}/a/tickets/{row.id}",
        **_counted(stats, outbound=outbound, is_done=word.status in DONE),
    }
    return TicketRecord.built(values)


def vanished(row: TicketRow, desk: Desk) -> TicketRecord:
    """A ticket that was listed a moment ago and is gone: its own address answers 404."""
    row.deleted = True
    return ticket(row, desk)


def _filled(fields: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None} if fields else {}


def _category(row: TicketRow, desk: Desk) -> str | None:
    if desk.category_field is None:
        return row.type
    value = (row.custom_fields or {}).get(desk.category_field)
    return None if value is None or value == "" else str(value)


def solved_at(row: TicketRow, labels: Labels) -> datetime | None:
    """The last time a solved ticket was resolved, however that came to be."""
    if labels.status(row.status).status not in DONE:
        return None
    stats = stats_of(row)
    resolved_at, reopened_at = stats.resolved_at, stats.reopened_at
    if resolved_at is not None and (reopened_at is None or resolved_at >= reopened_at):
        return resolved_at
    return stats.closed_at or stats.status_updated_at or row.updated_at


def _counted(stats: StatsRow, *, outbound: bool, is_done: bool) -> dict[str, Any]:
    """The counts that the stats settle, and null for those that only the conversation can tell.

    On outbound tickets the agent's instants stay null whatever happens.
    """
    first, last = stats.first_responded_at, stats.agent_responded_at
    replies = None if outbound else 0 if first is None else 1 if first == last else None
    opening = 0 if outbound else 1
    several = first is not None and last is not None and last > first
    return {
        "vendor_replies": replies,
        "vendor_customer_messages": opening if stats.requester_responded_at is None else None,
        "vendor_reopens": 0 if stats.reopened_at is None else None,
        "vendor_one_touch": (
            None
            if outbound or not is_done or (replies is None and not several)
            else replies == 1 and stats.reopened_at is None
        ),
    }


# What was seen of a ticket's history -----------------------------------------------------------


def observed(row: TicketRow, labels: Labels) -> list[TicketEventRecord]:
    """Status, agent and group as this look at the row shows them, oldest first.

    A status that the look itself shows beats one inferred from an instant in `stats`.
    """
    events = [
        _seen(row, EventKind.STATUS, at, status.value, version)
        for at, (status, version) in sorted(_statuses(row, labels).items())
    ]
    events.append(_seen(row, EventKind.AGENT, row.updated_at, text(row.responder_id), 1))
    events.append(_seen(row, EventKind.GROUP, row.updated_at, text(row.group_id), 1))
    return events


def _statuses(row: TicketRow, labels: Labels) -> dict[datetime, tuple[Status, int]]:
    stats, now = stats_of(row), labels.status(row.status).status
    found: dict[datetime, tuple[Status, int]] = {row.created_at: (Status.OPEN, 0)}
    if stats.reopened_at is not None:
        found[stats.reopened_at] = (Status.OPEN, 0)
    if stats.resolved_at is not None and (now in DONE or stats.reopened_at is not None):
        found[stats.resolved_at] = (Status.SOLVED, 0)
    if stats.pending_since is not None and now in WAITING:
        found[stats.pending_since] = (Status.PENDING, 0)
    if stats.closed_at is not None and now is Status.CLOSED:
        found[stats.closed_at] = (Status.CLOSED, 0)
    found[stats.status_updated_at or row.updated_at] = (now, 1)
    return found


def _seen(
    row: TicketRow, kind: EventKind, at: datetime, value: str | None, version: int
) -> TicketEventRecord:
    return event(
        id=f"{row.id}:{kind.value}:{seconds(at)}",
        version=version,
        ticket_id=str(row.id),
        at=at,
        event=kind,
        value=value,
        source=Source.OBSERVED,
    )


def event(**values: Any) -> TicketEventRecord:
    """Of values that were checked when their row was decoded."""
    return TicketEventRecord.built(values)
