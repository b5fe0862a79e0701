"""A HubSpot ticket as records: the ticket, its stage and owner history, its SLA clocks."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.hubspot import words
from connectors.hubspot.sla import sla_events
from connectors.hubspot.stages import status_of
from connectors.hubspot.words import Properties
from storage.records import (
    EventKind,
    RatingRecord,
    Record,
    Status,
    SurveyType,
    TicketEventRecord,
    TicketRecord,
)

HISTORIES = ("hs_pipeline_stage", "hubspot_owner_id", "hubspot_team_id")
PROPERTIES = (
    "subject",
    "createdate",
    "hs_lastmodifieddate",
    "closed_date",
    "hs_last_closed_date",
    "hs_is_closed",
    "hs_pipeline",
    "hs_pipeline_stage",
    "hs_ticket_priority",
    "hs_ticket_category",
    "source_type",
    "hs_originating_generic_channel_id",
    "hubspot_owner_id",
    "hubspot_team_id",
    "hs_first_agent_message_sent_at",
    "hs_first_agent_message_sent_by",
    "first_agent_reply_date",
    "time_to_close",
    "hs_time_to_first_rep_assignment",
    "hs_time_to_first_response_in_operating_hours",
    "hs_time_to_close_in_operating_hours",
    "hs_ticket_reopened_at",
    "hs_is_one_touch_ticket",
    "hs_outbound_ticket",
    "hs_merged_object_ids",
    "hs_primary_company_id",
    "hs_customer_agent_ticket_status",
    "hs_customer_agent_escalated_time",
    "hs_conversations_originating_thread_id",
    "hs_time_to_first_response_sla_at",
    "hs_time_to_first_response_sla_status",
    "hs_time_to_next_response_sla_at",
    "hs_time_to_next_response_sla_status",
    "hs_time_to_close_sla_at",
    "hs_time_to_close_sla_status",
    "hs_last_message_sent_at",
    "hs_last_message_received_at",
    "hs_overall_visitor_messages_sentiment_score",
)
_ONCE = -1
"""The order of an event that a ticket has once, however its instant may be corrected."""


def ticket_records(row: Mapping[str, Any], stages: Mapping[str, str]) -> list[Record]:
    """Everything one CRM row says: the ticket first, then losers of merges, events, SLA steps.

    `stages` maps stage id to status. Raises ValueError (or pydantic's) when the row cannot be read.
    """
    ticket = ticket_record(row, stages)
    return [
        ticket,
        *_merged(ticket, row),
        *_history(ticket, row, stages),
        *_bot(ticket, row),
        *_sentiment(ticket, row),
        *sla_events(ticket, row),
    ]


def ticket_record(row: Mapping[str, Any], stages: Mapping[str, str]) -> TicketRecord:
    properties: Properties = row.get("properties") or {}
    created_at = words.moment(properties, "createdate") or words.instant(row.get("createdAt"))
    updated_at = words.moment(properties, "hs_lastmodifieddate") or words.instant(row.get("updatedAt"))
    is_closed = words.flag(properties, "hs_is_closed")
    if is_closed is None and words.text(properties, "closed_date"):
        is_closed = True
    status = status_of(words.text(properties, "hs_pipeline_stage"), stages, is_closed)
    solved_at = _solved_at(properties) if status is Status.CLOSED else None
    first_response_at = _first_response_at(properties)
    return TicketRecord.built(
        {
            "id": str(row["id"]),
            "version": words.version(updated_at),
            "subject": words.text(properties, "subject"),
            "status": status,
            "vendor_status": words.text(properties, "hs_pipeline_stage"),
            "priority": words.priority(words.text(properties, "hs_ticket_priority")),
            "channel": words.channel(properties),
            "vendor_channel": words.text(properties, "source_type"),
            "category": next(iter(words.names(properties, "hs_ticket_category")), None),
            "group_id": words.text(properties, "hubspot_team_id"),
            "agent_id": words.text(properties, "hubspot_owner_id"),
            "requester_id": associated(row, "contacts"),
            "organisation_id": words.text(properties, "hs_primary_company_id")
            or associated(row, "companies"),
            "form_id": words.text(properties, "hs_pipeline"),
            "created_at": created_at,
            "updated_at": updated_at,
            "first_response_at": first_response_at,
            "solved_at": solved_at,
            "closed_at": solved_at,
            "reopened_at": words.moment(properties, "hs_ticket_reopened_at"),
            "first_assigned_at": _later(created_at, properties, "hs_time_to_first_rep_assignment"),
            "deleted_at": words.instant(row.get("archivedAt")),
            "is_imported": solved_at is not None and created_at is not None and solved_at < created_at,
            "is_outbound": words.flag(properties, "hs_outbound_ticket"),
            "is_bot_handled": words.text(properties, "hs_customer_agent_ticket_status") is not None,
            "url": words.text(row, "url"),
            "vendor_first_response_seconds": _seconds(created_at, first_response_at),
            "vendor_first_response_business_seconds": words.seconds_of_ms(
                properties, "hs_time_to_first_response_in_operating_hours"
            ),
            "vendor_full_resolution_seconds": words.seconds_of_ms(properties, "time_to_close")
            if solved_at
            else None,
            "vendor_full_resolution_business_seconds": words.seconds_of_ms(
                properties, "hs_time_to_close_in_operating_hours"
            )
            if solved_at
            else None,
            "vendor_one_touch": words.flag(properties, "hs_is_one_touch_ticket"),
        }
    )


def stages_of(row: Mapping[str, Any]) -> set[str]:
    """The stages a ticket is in and was in, as far as its row can be read."""
    properties, histories = row.get("properties"), row.get("propertiesWithHistory")
    past = histories.get("hs_pipeline_stage") if isinstance(histories, dict) else None
    stages = [entry.get("value") for entry in past or () if isinstance(entry, dict)]
    if isinstance(properties, dict):
        stages.append(properties.get("hs_pipeline_stage"))
    return {str(stage) for stage in stages if stage}


def associated(row: Mapping[str, Any], kind: str) -> str | None:
    """One associated object of a kind, from an inline or a batch answer; ids may be integers.

    HubSpot gives an object once for each label, in no order that is promised: the lowest id, which is
    the oldest object, is the same at every reading.
    """
    results = ((row.get("associations") or {}).get(kind) or {}).get("results") or []
    return min((str(found["id"]) for found in results), key=lambda each: (len(each), each), default=None)


def needs_messages(row: Mapping[str, Any], since: datetime) -> str | None:
    """The thread to read for a ticket whose properties do not tell its first response.

    Where HubSpot knows that nothing was sent yet, or that its bot needed nobody, there is nothing to find.
    """
    properties: Properties = row.get("properties") or {}
    created_at = words.moment(properties, "createdate") or words.instant(row.get("createdAt"))
    if created_at is None or created_at < since or _first_response_at(properties):
        return None
    is_silent = "hs_last_message_sent_at" in properties and not properties["hs_last_message_sent_at"]
    is_bots = words.text(properties, "hs_customer_agent_ticket_status") is not None
    is_handed_off = words.text(properties, "hs_customer_agent_escalated_time") is not None
    if is_silent or (is_bots and not is_handed_off) or words.flag(properties, "hs_outbound_ticket"):
        return None
    return words.text(properties, "hs_conversations_originating_thread_id")


def _first_response_at(properties: Properties) -> datetime | None:
    """One property is for all channels, the other for e-mail only; each is empty where the other is set."""
    found = [
        words.moment(properties, name)
        for name in ("hs_first_agent_message_sent_at", "first_agent_reply_date")
    ]
    return min((at for at in found if at is not None), default=None)


def _solved_at(properties: Properties) -> datetime | None:
    return words.moment(properties, "hs_last_closed_date") or words.moment(properties, "closed_date")


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None or end < start:
        return None
    return int((end - start).total_seconds())


def _later(start: datetime | None, properties: Properties, name: str) -> datetime | None:
    seconds = words.seconds_of_ms(properties, name)
    return None if start is None or seconds is None else start + timedelta(seconds=seconds)


def _merged(ticket: TicketRecord, row: Mapping[str, Any]) -> Iterator[TicketRecord]:
    """HubSpot archives the tickets that were merged away; the survivor names them, chains included.

    The survivor is a new record as a rule: its own creation dates the merge, and stays the same. Its word
    counts more than the loser's own row of the same instant, which does not tell of the merge.
    """
    for loser in words.names(row.get("properties") or {}, "hs_merged_object_ids"):
        if loser != ticket.id:
            yield TicketRecord(
                id=loser,
                version=ticket.version + 1,
                created_at=ticket.created_at,
                deleted_at=words.instant(row.get("createdAt")) or ticket.created_at,
                is_merged=True,
                merged_into=ticket.id,
            )


def _history(
    ticket: TicketRecord, row: Mapping[str, Any], stages: Mapping[str, str]
) -> Iterator[TicketEventRecord]:
    """Stage, owner and team changes, oldest first. HubSpot lists them newest first."""
    histories = row.get("propertiesWithHistory")
    if not histories or not histories.get("hs_pipeline_stage"):
        return
    entered = _entries(histories["hs_pipeline_stage"])
    first = status_of(entered[0][1], stages, None) or Status.NEW
    yield _event(ticket, EventKind.CREATED, ticket.created_at, _ONCE, str(first))
    yield from _status_changes(ticket, entered, stages, first)
    for name, kind in (("hubspot_owner_id", EventKind.AGENT), ("hubspot_team_id", EventKind.GROUP)):
        before: str | None = None
        for order, (at, value) in enumerate(_entries(histories.get(name) or [])):
            if value != before:
                yield _event(ticket, kind, max(at, ticket.created_at), order, value, before)
            before = value


def _status_changes(
    ticket: TicketRecord,
    entered: Sequence[tuple[datetime, str | None]],
    stages: Mapping[str, str],
    first: Status,
) -> Iterator[TicketEventRecord]:
    before = first
    for order, (at, stage) in enumerate(entered[1:], start=1):
        status = status_of(stage, stages, None)
        if status is not None and status is not before:
            yield _event(
                ticket, EventKind.STATUS, max(at, ticket.created_at), order, str(status), str(before)
            )
            before = status


def _entries(history: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, str | None]]:
    found = [
        (words.instant(entry.get("timestamp")), entry.get("value") or None) for entry in reversed(history)
    ]
    return sorted(((at, value) for at, value in found if at is not None), key=lambda entry: entry[0])


def _event(
    ticket: TicketRecord,
    kind: EventKind,
    at: datetime,
    order: int,
    value: str | None,
    previous: str | None = None,
) -> TicketEventRecord:
    name = "" if order < 0 else f":{words.milliseconds(at)}:{value or ''}"
    return TicketEventRecord.built(
        {
            "id": f"{ticket.id}:{kind}{name}",
            "version": ticket.version,
            "ticket_id": ticket.id,
            "at": at,
            "sequence": max(order, 0),
            "event": kind,
            "value": value,
            "previous": previous,
        }
    )


def _bot(ticket: TicketRecord, row: Mapping[str, Any]) -> Iterator[TicketEventRecord]:
    escalated_at = words.moment(row.get("properties") or {}, "hs_customer_agent_escalated_time")
    if escalated_at is not None:
        yield _event(ticket, EventKind.BOT_HANDOFF, max(escalated_at, ticket.created_at), _ONCE, None)


def _sentiment(ticket: TicketRecord, row: Mapping[str, Any]) -> Iterator[RatingRecord]:
    """Where HubSpot's AI is bought: of all that the customer wrote, so as old as the last message."""
    properties: Properties = row.get("properties") or {}
    score = words.number(properties, "hs_overall_visitor_messages_sentiment_score")
    if score is not None:
        yield RatingRecord(
            id=f"{ticket.id}:sentiment",
            version=ticket.version,
            ticket_id=ticket.id,
            survey_type=SurveyType.SENTIMENT,
            score=score,
            scale="0-100",
            rated_at=words.moment(properties, "hs_last_message_received_at")
            or ticket.updated_at
            or ticket.created_at,
        )
