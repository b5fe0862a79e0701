"""A ticket row with its metric set as a TicketRecord."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.zendesk.rows import MetricSet, Minutes, TicketRow
from connectors.zendesk.words import PRIORITIES, STATUSES, channel, key, required, seconds, version_of
from storage.records import TicketRecord

MERGED_TAG = "closed_by_merge"
_NO_MINUTES = Minutes()


def ticket_record(row: TicketRow, host: str, metric_set: MetricSet | None = None) -> TicketRecord:
    """`host` makes the link into the agents' workspace. Raises ValueError when the row cannot be read.

    `generated_timestamp` is the version: the system changes tickets without moving `updated_at`.
    """
    number = required(row.id, "id")
    word = (row.status or "").casefold()
    tags = row.tags or []
    via = row.via
    source = via.source if via is not None else None
    values: dict[str, Any] = {
        "id": number,
        "version": version_of(row.generated_timestamp, row.updated_at),
        "subject": row.subject,
        "status": STATUSES.get(word),
        "vendor_status": row.status,
        "priority": PRIORITIES.get((row.priority or "").casefold()),
        "channel": channel(via.channel if via is not None else None, bool(row.from_messaging_channel)),
        "vendor_channel": None if via is None or via.channel is None else str(via.channel),
        "type": row.type,
        "brand_id": key(row.brand_id),
        "group_id": key(row.group_id),
        "agent_id": key(row.assignee_id),
        "requester_id": key(row.requester_id),
        "submitter_id": key(row.submitter_id),
        "organisation_id": key(row.organization_id),
        "form_id": key(row.ticket_form_id),
        "tags": tags,
        "custom_fields": {
            str(field.id): field.value
            for field in row.custom_fields or ()
            if field.value not in (None, "", [])
        },
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "due_at": row.due_at,
        "is_merged": MERGED_TAG in tags,
        "is_bot_handled": (row.support_type or "agent") != "agent",
        "url": f"{host}/agent/tickets/{number}",
    }
    if word == "deleted":
        values["deleted_at"] = _deleted_at(row)
    if source is not None and source.rel == "follow_up" and source.from_ is not None:
        values["followup_of"] = key(source.from_.ticket_id)
    metrics = metric_set or row.metric_set
    if metrics is not None:
        values |= vendor_figures(metrics)
    return TicketRecord.model_validate(values)


def vendor_figures(metrics: MetricSet) -> Mapping[str, Any]:
    """Zendesk's own figures. They are whole minutes, but messaging replies come in seconds too."""
    reply = metrics.reply_time_in_minutes or _NO_MINUTES
    exact = metrics.reply_time_in_seconds.calendar if metrics.reply_time_in_seconds else None
    first = metrics.first_resolution_time_in_minutes or _NO_MINUTES
    full = metrics.full_resolution_time_in_minutes or _NO_MINUTES
    requester = metrics.requester_wait_time_in_minutes or _NO_MINUTES
    agent = metrics.agent_wait_time_in_minutes or _NO_MINUTES
    hold = metrics.on_hold_time_in_minutes or _NO_MINUTES
    return {
        "vendor_first_response_seconds": seconds(reply.calendar) if exact is None else int(exact),
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
        "first_assigned_at": metrics.initially_assigned_at,
        "solved_at": metrics.solved_at,
    }


def _deleted_at(row: TicketRow) -> datetime | str | None:
    """Zendesk does not say when; the version's instant is the latest it can have been."""
    if row.generated_timestamp:
        return datetime.fromtimestamp(row.generated_timestamp, tz=UTC)
    return row.updated_at
