"""A ticket row with its metric set as a TicketRecord."""

from typing import Any, Final

from connectors.zendesk.rows import MetricSet, Minutes, TicketRow, Via, ViaFrom, ViaSource
from connectors.zendesk.words import (
    PRIORITIES,
    SAMPLE_CHANNEL,
    STATUSES,
    channel,
    key,
    required,
    seconds,
    utc,
    version_of,
    whole,
)
from storage.records import Status, TicketRecord

MERGED_TAG: Final = "closed_by_merge"
SCRUBBED: Final = "SCRUBBED"
_DONE: Final = frozenset({Status.SOLVED, Status.CLOSED})
_NO_MINUTES: Final = Minutes()
_NO_VIA: Final = Via()
_EMPTY: Final[tuple[Any, ...]] = (None, "", [])


def ticket_record(
    row: TicketRow, host: str, metric_set: MetricSet | None = None, category_field: str | None = None
) -> TicketRecord:
    """`host` makes the link into the agents' workspace. Raises ValueError when the row cannot be read.

    `generated_timestamp` is the version: the system changes tickets without moving `updated_at`.
    `metric_set` is one that came beside the ticket instead of inside.
    """
    number = required(row.id, "id")
    word = (row.status or "").casefold()
    status = STATUSES.get(word)
    tags = row.tags or []
    via = row.via or _NO_VIA
    name = None if via.channel is None else str(via.channel)
    values: dict[str, Any] = {
        "id": number,
        "version": version_of(row.generated_timestamp, row.updated_at),
        "subject": None if word == "deleted" and row.subject == SCRUBBED else row.subject,
        "status": status,
        "vendor_status": row.status,
        "priority": PRIORITIES.get((row.priority or "").casefold()),
        "channel": channel(name, bool(row.from_messaging_channel)),
        "vendor_channel": name,
        "type": row.type,
        "category": _category(row, category_field),
        "brand_id": key(row.brand_id),
        "group_id": key(row.group_id),
        "agent_id": key(row.assignee_id),
        "requester_id": key(row.requester_id),
        "submitter_id": key(row.submitter_id),
        "organisation_id": key(row.organization_id),
        "form_id": key(row.ticket_form_id),
        "tags": tags,
        "custom_fields": {
            str(field.id): field.value for field in row.custom_fields or () if field.value not in _EMPTY
        },
        "created_at": utc(row.created_at),
        "updated_at": utc(row.updated_at),
        "due_at": utc(row.due_at),
        "deleted_at": utc(row.updated_at or row.created_at) if word == "deleted" else None,
        "is_merged": MERGED_TAG in tags,
        "is_test": name == SAMPLE_CHANNEL,
        "is_bot_handled": (row.support_type or "agent") != "agent",
        "followup_of": _followed_up(via),
        "url": f"{host}/agent/tickets/{number}",
    }
    metrics = metric_set or row.metric_set
    if metrics is not None:
        values |= vendor_figures(metrics, status)
    return TicketRecord.built(values)


def _category(row: TicketRow, field: str | None) -> str | None:
    """Zendesk knows none of its own: a custom field of the admin's choice tells it, or else the type."""
    if field is None:
        return row.type
    found = next((each.value for each in row.custom_fields or () if str(each.id) == field), None)
    first = found[0] if isinstance(found, list) and found else found
    if isinstance(first, bool):
        return str(first).lower()
    return None if first in _EMPTY else str(first)


def _followed_up(via: Via) -> str | None:
    """A closed ticket cannot be reopened: its follow-up is a new one that names it."""
    source = via.source
    if not isinstance(source, ViaSource) or source.rel != "follow_up":
        return None
    return key(source.from_.ticket_id) if isinstance(source.from_, ViaFrom) else None


def vendor_figures(metrics: MetricSet, status: Status | None) -> dict[str, Any]:
    """Zendesk's own figures. They are whole minutes, but messaging replies come in seconds too."""
    reply = metrics.reply_time_in_minutes or _NO_MINUTES
    exact = metrics.reply_time_in_seconds
    first = metrics.first_resolution_time_in_minutes or _NO_MINUTES
    full = metrics.full_resolution_time_in_minutes or _NO_MINUTES
    requester = metrics.requester_wait_time_in_minutes or _NO_MINUTES
    agent = metrics.agent_wait_time_in_minutes or _NO_MINUTES
    hold = metrics.on_hold_time_in_minutes or _NO_MINUTES
    return {
        "vendor_first_response_seconds": (
            seconds(reply.calendar) if exact is None or exact.calendar is None else whole(exact.calendar)
        ),
        "vendor_first_response_business_seconds": seconds(reply.business),
        "vendor_first_resolution_seconds": seconds(first.calendar),
        "vendor_first_resolution_business_seconds": seconds(first.business),
        "vendor_full_resolution_seconds": seconds(full.calendar),
        "vendor_full_resolution_business_seconds": seconds(full.business),
        "vendor_requester_wait_seconds": seconds(requester.calendar),
        "vendor_requester_wait_business_seconds": seconds(requester.business),
        "vendor_agent_wait_seconds": seconds(agent.calendar),
        "vendor_agent_wait_business_seconds": seconds(agent.business),
        "vendor_on_hold_seconds": seconds(hold.calendar),
        "vendor_on_hold_business_seconds": seconds(hold.business),
        "vendor_resolution_unit_seconds": 60,
        "vendor_replies": metrics.replies,
        "vendor_reopens": metrics.reopens,
        "vendor_agent_stations": metrics.assignee_stations,
        "vendor_group_stations": metrics.group_stations,
        "first_assigned_at": utc(metrics.initially_assigned_at),
        # A reopened ticket may keep the instant of its former solve.
        "solved_at": utc(metrics.solved_at) if status in _DONE else None,
        # Closed is a ticket's last status, so its last change of status is when it was closed.
        "closed_at": utc(metrics.status_updated_at) if status is Status.CLOSED else None,
    }
