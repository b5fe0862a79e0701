"""Tickets as Freshdesk lists them, and the conversations inside."""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sandbox.desk import Desk
from connectors.sandbox.freshdesk import words
from connectors.sandbox.hours import OpenHours
from connectors.sandbox.instants import iso, iso_or_none
from connectors.sandbox.sla import POLICY, policy_of, target_of
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket

_DONE = frozenset({"solved", "closed"})
_BODY = "The text of a message."


class Stats:
    """The instants of `include=stats`, 0 where there is none."""

    def __init__(self, ticket: Ticket) -> None:
        self.first_response = self.agent_response = self.requester_response = 0
        self.status_updated = ticket.created_at
        self.pending = self.reopened = self.resolved = self.closed = 0
        self.waiting = 0
        """The customer's oldest unanswered message after the first response."""
        outbound = bool(ticket.plot.outbound_by)
        for event in ticket.events:
            if event.kind == "message" and event.public and event.update:
                self._message(event, outbound)
            elif event.kind == "survey_answered" and not (event.value or "").endswith("|"):
                self.requester_response = event.at
            elif event.kind == "status":
                self._status(event)

    def _message(self, event: Event, outbound: bool) -> None:
        if event.role == "end_user":
            self.requester_response = event.at
            self.waiting = self.waiting or event.at
        elif event.role == "agent" and not outbound:
            self.agent_response = event.at
            self.first_response = self.first_response or event.at
            self.waiting = 0

    def _status(self, event: Event) -> None:
        was, now = event.previous in _DONE, event.value in _DONE
        self.status_updated = event.at
        self.pending = event.at if event.value == "pending" else 0
        if now and not was:
            self.resolved = event.at
        if event.value == "closed":
            self.closed = event.at
        if was and not now:
            self.reopened = event.at

    def render(self) -> dict[str, str | None]:
        return {
            "agent_responded_at": iso_or_none(self.agent_response),
            "requester_responded_at": iso_or_none(self.requester_response),
            "first_responded_at": iso_or_none(self.first_response),
            "status_updated_at": iso(self.status_updated),
            "reopened_at": iso_or_none(self.reopened),
            "resolved_at": iso_or_none(self.resolved),
            "closed_at": iso_or_none(self.closed),
            "pending_since": iso_or_none(self.pending),
        }


class Tickets:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.hours: Mapping[int, OpenHours] = desk.history.hours

    def render(self, ticket: Ticket, include: frozenset[str], *, alone: bool = False) -> dict[str, Any]:
        """One ticket; `alone` when it was asked for by its number."""
        stats, plot = Stats(ticket), ticket.plot
        outbound = bool(plot.outbound_by)
        spam = bool(ticket.deleted_at) and plot.name == "spam"
        first_due, due, next_due = self._due(ticket, stats)
        mails: list[str] | None = [] if outbound else None
        rendered: dict[str, Any] = {
            "cc_emails": mails,
            "fwd_emails": mails,
            "reply_cc_emails": mails,
            "ticket_cc_emails": mails,
            "ticket_bcc_emails": mails,
            "to_emails": None,
            "email_config_id": None,
            "support_email": None,
            "id": ticket.number,
            "subject": ticket.subject,
            "status": words.status_code(ticket, ticket.status),
            "priority": words.PRIORITIES[ticket.priority],
            "source": words.source(ticket),
            "type": words.TYPES.get(ticket.type or ""),
            "requester_id": words.person(plot.requester),
            "responder_id": words.person(ticket.agent),
            "group_id": words.GROUP + ticket.group if ticket.group else None,
            "company_id": words.COMPANY + plot.organisation if plot.organisation else None,
            "product_id": words.PRODUCT + ticket.brand,
            "form_id": words.FORM + plot.form,
            "created_at": iso(ticket.created_at),
            "updated_at": iso(ticket.changed_at),
            "due_by": iso(due),
            "fr_due_by": iso(first_due),
            "nr_due_by": iso_or_none(next_due),
            "is_escalated": (stats.resolved or ticket.changed_at) > due,
            "fr_escalated": not outbound and (stats.first_response or ticket.changed_at) > first_due,
            "nr_escalated": 0 < next_due < ticket.changed_at,
            "spam": spam,
            "tags": ticket.tags,
            "custom_fields": {
                "cf_category": ticket.category,
                "cf_order_number": None if ticket.number % 3 else str(100_000 + ticket.number),
                "cf_vip": bool(plot.organisation and plot.organisation % 11 == 0),
            },
            "association_type": None,
            "associated_tickets_count": None,
            "source_additional_info": None,
            "structured_description": None,
        }
        if alone or ticket.deleted_at:
            rendered["deleted"] = bool(ticket.deleted_at) and not spam
        if alone or "description" in include:
            rendered |= {"description": f"<div>{_BODY}</div>", "description_text": _BODY}
        if "stats" in include:
            rendered["stats"] = stats.render()
        if "requester" in include:
            customer = self.desk.cast.customer(plot.requester)
            rendered["requester"] = {
                "id": words.person(plot.requester),
                "name": customer.name,
                "email": customer.email,
                "mobile": None,
                "phone": None,
            }
        return rendered

    def _due(self, ticket: Ticket, stats: Stats) -> tuple[int, int, int]:
        """When the first response, the resolution and the next response are due."""
        policy = policy_of(ticket.plot)
        hours = self.hours[ticket.schedule or 1]

        def after(start: int, clock: str) -> int:
            seconds = target_of(clock, policy, ticket.priority or "low") * 60
            return hours.after(start, seconds) if policy == POLICY else start + seconds

        created = ticket.created_at
        following = after(stats.waiting, "reply") if stats.waiting and stats.first_response else 0
        return after(created, "reply"), after(created, "requester_wait"), following

    def conversations(self, ticket: Ticket) -> Iterator[dict[str, Any]]:
        """Every message but the first, which is the ticket's description; a web chat repeats that too."""
        repeats = words.source(ticket) == words.WEB_CHAT
        links = {e.update: e for e in ticket.events if e.kind in {"merged_into", "absorbed"}}
        for index, event in enumerate(ticket.events):
            key = words.CONVERSATION + ticket.number * 4_096 + index
            if event.kind == "message" and (event.update or repeats):
                yield _conversation(key, ticket, event, links.get(event.update))
            elif event.kind == "survey_answered" and not (event.value or "").endswith("|"):
                yield _feedback(key, ticket, event)


def _conversation(key: int, ticket: Ticket, event: Event, link: Event | None) -> dict[str, Any]:
    incoming, automatic = event.role == "end_user", event.role in {"bot", "system"}
    body = _BODY
    if link and not event.public:
        body = (
            f"This ticket is closed and merged into ticket {link.value}"
            if link.kind == "merged_into"
            else f"Ticket with ID {link.value} is merged into this ticket"
        )
    category = 1 if incoming else 3 if event.public else 2
    return {
        "id": key,
        "ticket_id": ticket.number,
        "body": f"<div>{body}</div>",
        "body_text": body,
        "incoming": incoming,
        "private": not event.public,
        "user_id": None if automatic else words.person(event.actor),
        "support_email": None,
        "source": 0 if event.public else 2,
        "category": category,
        "auto_response": automatic,
        "automation_id": words.AUTOMATION if automatic else None,
        "automation_type_id": 1 if automatic else None,
        **_envelope(event),
    }


def _feedback(key: int, ticket: Ticket, event: Event) -> dict[str, Any]:
    said = (event.value or "").partition("|")[2]
    return {
        "id": key,
        "ticket_id": ticket.number,
        "body": f"<div>{said}</div>",
        "body_text": said,
        "incoming": True,
        "private": False,
        "user_id": words.person(event.actor),
        "support_email": None,
        "source": 6,
        "category": 7,
        "auto_response": False,
        "automation_id": None,
        "automation_type_id": None,
        **_envelope(event),
    }


def _envelope(event: Event) -> dict[str, Any]:
    return {
        "to_emails": [],
        "from_email": None,
        "cc_emails": [],
        "bcc_emails": None,
        "email_failure_count": None,
        "outgoing_failures": None,
        "thread_id": None,
        "thread_message_id": None,
        "created_at": iso(event.at),
        "updated_at": iso(event.at),
        "last_edited_at": None,
        "last_edited_user_id": None,
        "attachments": [],
        "source_additional_info": None,
    }
