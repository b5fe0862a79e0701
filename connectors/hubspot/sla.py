"""SLA clocks of a ticket, from the due times and verdicts that HubSpot keeps in its properties."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.hubspot import words
from connectors.hubspot.words import Properties
from storage.records import SlaEventKind, SlaEventRecord, Status, TicketRecord

_SLAS = {
    "first_response": "hs_time_to_first_response_sla",
    "next_response": "hs_time_to_next_response_sla",
    "resolution": "hs_time_to_close_sla",
}
_ON_TIME, _LATE = "3", "4"


def sla_events(ticket: TicketRecord, row: Mapping[str, Any]) -> Iterator[SlaEventRecord]:
    """Each SLA clock as applied (with its due time) and, once HubSpot says so, fulfilled.

    The response clocks of a ticket that automation closed without any reply run on, and stay "overdue"
    for ever; they are withdrawn, because nobody was late.
    """
    properties: Properties = row.get("properties") or {}
    for metric, prefix in _SLAS.items():
        due_at = words.moment(properties, f"{prefix}_at")
        status = words.text(properties, f"{prefix}_status")
        if due_at is None or status is None:
            continue
        silent = metric != "resolution" and ticket.status is Status.CLOSED and not ticket.first_response_at
        yield _event(
            ticket,
            metric,
            SlaEventKind.APPLIED,
            ticket.created_at,
            due_at,
            silent and status not in (_ON_TIME, _LATE),
        )
        if status in (_ON_TIME, _LATE):
            at = _fulfilled_at(ticket, properties, metric, due_at, status)
            yield _event(ticket, metric, SlaEventKind.FULFILLED, at, due_at, False)
        elif _may_have_been_fulfilled(ticket, properties, metric):
            yield _event(ticket, metric, SlaEventKind.FULFILLED, ticket.created_at, due_at, True)


def _may_have_been_fulfilled(ticket: TicketRecord, properties: Properties, metric: str) -> bool:
    """A clock that runs again, after a reopening or for another turn, takes back that it was stopped."""
    if metric == "resolution":
        return words.text(properties, "hs_last_closed_date") is not None or ticket.reopened_at is not None
    return metric == "next_response" and ticket.first_response_at is not None


def _fulfilled_at(
    ticket: TicketRecord, properties: Properties, metric: str, due_at: datetime, status: str
) -> datetime:
    """When the clock stopped, on the side of the due time that HubSpot's verdict says."""
    known = {
        "first_response": ticket.first_response_at,
        "next_response": words.moment(properties, "hs_last_message_sent_at"),
        "resolution": ticket.solved_at,
    }[metric] or due_at
    return min(known, due_at) if status == _ON_TIME else max(known, due_at + timedelta(seconds=1))


def _event(
    ticket: TicketRecord, metric: str, kind: SlaEventKind, at: datetime, due_at: datetime, is_deleted: bool
) -> SlaEventRecord:
    return SlaEventRecord.built(
        {
            "id": f"{ticket.id}:{metric}:{kind}",
            "version": ticket.version,
            "ticket_id": ticket.id,
            "metric": metric,
            "event": kind,
            "at": at,
            "due_at": due_at,
            "is_deleted": is_deleted,
        }
    )
