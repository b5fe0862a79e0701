"""Tickets as HubSpot's CRM holds them, with the histories of their stage, owner and team."""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sandbox.desk import Desk
from connectors.sandbox.history import DELETED
from connectors.sandbox.hubspot import words
from connectors.sandbox.order import pack
from connectors.sandbox.sla import POLICY, policy_of, target_of
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket

BIN_SECONDS = 90 * 86_400
"""How long archived records can be listed."""
_SOLVED = frozenset({"solved", "closed"})
_BODY = "The text of a message."


class Passage:
    """One pass over a ticket's events: the instants that HubSpot keeps of them, 0 where there is none."""

    def __init__(self, ticket: Ticket) -> None:
        self.replied = self.sent = self.closed = self.reopened = self.assigned = self.handed_off = 0
        self.replied_by = self.replies = 0
        self.first_schedule = self.closed_schedule = self._schedule = 1
        self._is_closed = False
        is_outbound = bool(ticket.plot.outbound_by)
        for event in ticket.events:
            if event.kind == "message" and event.public and event.role in {"agent", "bot"}:
                self.sent = event.at
                if event.role == "agent" and event.update and not is_outbound:
                    self._reply(event)
            elif event.kind == "status":
                self._status(event)
            elif event.kind == "agent":
                self.assigned = self.assigned or event.at
            elif event.kind == "schedule":
                self._schedule = int(event.value or 1)
            elif event.kind == "bot_handoff":
                self.handed_off = event.at

    def _reply(self, event: Event) -> None:
        self.replies += 1
        if not self.replied:
            self.replied, self.replied_by, self.first_schedule = event.at, event.actor, self._schedule

    def _status(self, event: Event) -> None:
        is_closed = event.value in _SOLVED
        if is_closed and not self._is_closed:
            self.closed, self.closed_schedule = event.at, self._schedule
        elif self._is_closed and not is_closed:
            self.reopened = event.at
        self._is_closed = is_closed


class Tickets:
    base = words.TICKET

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.hours = desk.history.hours

    # -- which there are ----------------------------------------------------------------------

    def alive(self, above: int) -> Iterator[int]:
        deleted, merged = self.desk.history.skeleton.times[:, DELETED], self.desk.history.skeleton.merged_into
        for number in range(max(above, 0) + 1, self.desk.count() + 1):
            plain = not deleted[number - 1] and number not in merged and not self.desk.is_changed(number)
            if plain or not words.is_gone(self.desk.ticket(number)):
                yield number

    def archived(self, above: int) -> Iterator[int]:
        """What was scrubbed is gone for good, and so is what was deleted long ago."""
        skeleton = self.desk.history.skeleton
        scripted = {
            *(number + 1 for number in skeleton.times[:, DELETED].nonzero()[0].tolist()),
            *skeleton.merged_into,
        }
        for number in sorted(scripted | set(self.desk.changed_by_hand())):
            if above < number <= self.desk.count() and self._is_in_bin(self.desk.ticket(number)):
                yield number

    def _is_in_bin(self, ticket: Ticket) -> bool:
        at = archived_at(ticket)
        return at > self.desk.now() - BIN_SECONDS and not ticket.is_scrubbed

    def exists(self, number: int) -> bool:
        return 0 < number <= self.desk.count() and not words.is_gone(self.desk.ticket(number))

    def changed(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        for at, number in self.desk.changed(pack(since, 0) - 1, until):
            if not words.is_gone(self.desk.ticket(number)):
                yield at, number

    def envelope(self, number: int) -> dict[str, Any]:
        ticket = self.desk.ticket(number)
        told: dict[str, Any] = {"created": ticket.created_at, "modified": ticket.changed_at}
        if words.is_gone(ticket):
            told["archived"] = archived_at(ticket)
        told["url"] = f"https://app.hubspot.com/contacts/1/record/0-5/{words.TICKET + number}"
        return told

    # -- what is said of them -----------------------------------------------------------------

    def properties(self, number: int) -> dict[str, str | None]:
        ticket = self.desk.ticket(number)
        plot, passage = ticket.plot, Passage(ticket)
        is_closed = ticket.is_solved
        return {
            "hs_object_id": str(words.TICKET + number),
            "subject": ticket.subject,
            "content": _BODY,
            "createdate": words.moment(ticket.created_at),
            "hs_lastmodifieddate": words.modified(ticket.changed_at),
            "hs_pipeline": words.pipeline(plot.form),
            "hs_pipeline_stage": words.stage(plot.form, ticket.status),
            "hs_is_closed": "true" if is_closed else "false",
            "closed_date": words.moment(passage.closed) if is_closed else "" if passage.closed else None,
            "hs_last_closed_date": words.moment(passage.closed),
            "time_to_close": _ms(passage.closed - ticket.created_at) if is_closed else None,
            "hs_time_to_close_in_operating_hours": self._open_time_to_close(ticket, passage)
            if is_closed
            else None,
            "hs_is_one_touch_ticket": str(passage.replies == 1).lower() if is_closed else None,
            "hs_ticket_reopened_at": words.moment(passage.reopened),
            "hs_ticket_priority": words.PRIORITIES.get(ticket.priority or ""),
            "hs_ticket_category": (ticket.category or "").upper() or None,
            "source_type": words.SOURCES.get(ticket.channel),
            "hs_originating_generic_channel_id": words.GENERIC_CHANNELS.get(ticket.channel),
            "hubspot_owner_id": words.owner(ticket.agent) if ticket.agent else None,
            "hubspot_team_id": str(words.TEAM + ticket.group) if ticket.group else None,
            "hs_outbound_ticket": "true" if plot.outbound_by else None,
            "hs_primary_company_id": self._company(ticket) if number % 2 else None,
            "hs_merged_object_ids": self._merged(number),
            "hs_num_times_contacted": "1",
            "hs_v2_time_in_current_stage": words.moment(ticket.created_at),
            "hs_time_in_1": _ms(self.desk.now() - ticket.created_at),
            **self._responses(ticket, passage),
            **self._bot(ticket, passage),
            **self._sla(ticket, passage),
        }

    def _open_time_to_close(self, ticket: Ticket, passage: Passage) -> str:
        return _ms(self.hours[passage.closed_schedule].between(ticket.created_at, passage.closed))

    def _company(self, ticket: Ticket) -> str | None:
        return str(words.COMPANY + ticket.plot.organisation) if ticket.plot.organisation else None

    def _merged(self, number: int) -> str | None:
        """Everything that ended in this ticket, over however many merges."""
        losers = list(self.losers(number))
        return ";".join(str(words.TICKET + loser) for loser in losers) or None

    def losers(self, number: int) -> Iterator[int]:
        for event in self.desk.events(number):
            if event.kind == "absorbed":
                yield int(event.value or 0)
                yield from self.losers(int(event.value or 0))

    def _responses(self, ticket: Ticket, passage: Passage) -> dict[str, str | None]:
        """Two properties for the first response, each for its own channels; now and then none knows it."""
        at, is_mail = passage.replied, ticket.channel in {"email", "web"}
        untold = ticket.number % 20 == 7 and ticket.channel in words.TALKS
        mail = at if is_mail and not untold else 0
        other = at if not untold and (not is_mail or ticket.number % 3 == 0) else 0
        wait = passage.replied - ticket.created_at
        business = self.hours[passage.first_schedule].between(ticket.created_at, at) if at else 0
        return {
            "first_agent_reply_date": words.moment(mail) if is_mail else "",
            "time_to_first_agent_reply": _ms(wait) if mail else None,
            "hs_first_agent_message_sent_at": words.moment(other),
            "hs_first_agent_message_sent_by": words.owner(passage.replied_by) if other else None,
            "hs_time_to_first_response_in_operating_hours": _ms(business) if at and not untold else None,
            "hs_last_message_sent_at": words.moment(passage.sent),
            "hs_time_to_first_rep_assignment": _ms(passage.assigned - ticket.created_at)
            if passage.assigned
            else None,
            "hs_conversations_originating_thread_id": str(words.THREAD + ticket.number)
            if ticket.channel in words.TALKS
            else None,
        }

    def _bot(self, ticket: Ticket, passage: Passage) -> dict[str, str | None]:
        state = "ESCALATED" if passage.handed_off else "RESOLVED" if ticket.is_bot_handled else None
        return {
            "hs_customer_agent_ticket_status": state,
            "hs_customer_agent_escalated_time": words.moment(passage.handed_off),
        }

    def _sla(self, ticket: Ticket, passage: Passage) -> dict[str, str | None]:
        """Codes: 0 active, 1 overdue, 2 due soon, 3 on time, 4 late. Time alone turns them; nothing is modified."""
        if ticket.plot.outbound_by or ticket.channel not in words.TALKS or not ticket.priority:
            return {}
        policy, created = policy_of(ticket.plot), ticket.created_at
        hours = self.hours[ticket.schedule or 1]
        told: dict[str, str | None] = {}
        closed = passage.closed if ticket.is_solved else 0
        for prefix, clock, done in (
            ("hs_time_to_first_response_sla", "reply", passage.replied),
            ("hs_time_to_close_sla", "requester_wait", closed),
        ):
            seconds = target_of(clock, policy, ticket.priority) * 60
            due = hours.after(created, seconds) if policy == POLICY else created + seconds
            told[f"{prefix}_at"] = words.moment(due)
            told[f"{prefix}_status"] = self._code(due, done)
        return told

    def _code(self, due: int, done: int) -> str:
        if done:
            return "3" if done <= due else "4"
        now = self.desk.now()
        return "1" if now > due else "2" if now > due - 1_800 else "0"

    # -- how they came there ------------------------------------------------------------------

    def history(self, number: int, name: str) -> list[dict[str, Any]]:
        """Newest first; a value is noted only where it changes."""
        ticket = self.desk.ticket(number)
        kind, write = _HISTORIES.get(name, ("", None))
        if write is None:
            return []
        entries: list[dict[str, Any]] = []
        for event in ticket.events:
            if event.kind == kind:
                value = write(ticket, event.value or "")
                if not entries or entries[-1]["value"] != value:
                    entries.append(
                        {"value": value, "timestamp": words.moment(event.at), "sourceType": "CRM_UI"}
                    )
        return entries[::-1]

    def associated(self, number: int, kind: str) -> list[int]:
        plot = self.desk.ticket(number).plot
        if kind == "contacts":
            return [words.CONTACT + plot.requester]
        if kind == "companies" and plot.organisation:
            return [words.COMPANY + plot.organisation, words.COMPANY + plot.organisation]
        return []


def archived_at(ticket: Ticket) -> int:
    if ticket.deleted_at:
        return ticket.deleted_at
    return next((event.at for event in reversed(ticket.events) if event.kind == "merged_into"), 0)


def _stage(ticket: Ticket, status: str) -> str:
    return words.stage(ticket.plot.form, status)


def _owner(_ticket: Ticket, agent: str) -> str:
    return words.owner(int(agent)) if agent and agent != "0" else ""


def _team(_ticket: Ticket, group: str) -> str:
    return str(words.TEAM + int(group)) if group and group != "0" else ""


_HISTORIES: Mapping[str, tuple[str, Any]] = {
    "hs_pipeline_stage": ("status", _stage),
    "hubspot_owner_id": ("agent", _owner),
    "hubspot_team_id": ("group", _team),
}


def _ms(seconds: int) -> str:
    return str(seconds * 1_000)
