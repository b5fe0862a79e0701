"""Tickets and their change log as Zendesk exports them."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.sandbox.cast import CATEGORIES
from connectors.sandbox.desk import Desk
from connectors.sandbox.instants import iso
from connectors.sandbox.story import Event
from connectors.sandbox.ticket import Ticket
from connectors.sandbox.zendesk import ids
from connectors.sandbox.zendesk.metrics import MetricSet

CATEGORY_FIELD, LANGUAGE_FIELD, ORDER_FIELD, VIP_FIELD = (ids.FIELD + 20 + n for n in range(4))

_STATUS_IDS = {"new": 1, "open": 2, "pending": 3, "on_hold": 4, "solved": 5, "closed": 5}
_CHANNELS = {
    "email": "email",
    "web": "web",
    "chat": "chat",
    "messaging": "native_messaging",
    "phone": "voice",
    "api": "api",
    "social": "facebook",
}
_CHANNEL_TITLES = {"email": "Email", "web": "Web form", "voice": "Voice", "native_messaging": "Messaging"}


def custom_status_id(ticket: Ticket) -> int:
    """The exact status; some teams use one of their own while they wait."""
    own = 0
    if ticket.status == "on_hold" and ticket.category == "shipping":
        own = 6
    elif ticket.status == "pending" and ticket.category == "returns":
        own = 7
    return ids.FIELD + 100 + (own or _STATUS_IDS[ticket.status])


def _via(ticket: Ticket, followup_of: int | None) -> dict[str, Any]:
    channel = _CHANNELS[ticket.channel]
    source: dict[str, Any] = {"from": {}, "to": {}, "rel": None}
    if followup_of:
        source = {"from": {"ticket_id": followup_of, "subject": "…"}, "to": {}, "rel": "follow_up"}
    elif channel == "email":
        source["from"] = {"address": f"c{ticket.requester}@customer.example", "name": "…"}
        source["to"] = {"address": "help@desk.example", "name": "Help"}
    elif channel == "voice":
        source["rel"] = "voicemail" if ticket.number % 5 == 0 else "inbound"
    return {"channel": channel, "source": source}


def _score(answer: str) -> str:
    return "good" if int(answer[0]) >= 4 else "bad"


class Tickets:
    """Renders tickets of one desk for one account."""

    def __init__(self, desk: Desk, *, legacy_csat: bool) -> None:
        self.desk = desk
        self.hours = desk.history.hours
        self.legacy_csat = legacy_csat

    def render(self, ticket: Ticket, version: int, base_url: str, *, metric_set: bool) -> dict[str, Any]:
        skeleton = self.desk.history.skeleton
        number, plot = ticket.number, ticket.plot
        scrubbed = ticket.is_scrubbed
        subject = "SCRUBBED" if scrubbed else ticket.subject
        fields = [
            {"id": CATEGORY_FIELD, "value": ticket.category},
            {"id": LANGUAGE_FIELD, "value": "es" if subject.startswith("¿") else "en"},
            {"id": ORDER_FIELD, "value": None if number % 3 else str(100_000 + number)},
            {"id": VIP_FIELD, "value": bool(plot.organisation and plot.organisation % 11 == 0)},
        ]
        problem = skeleton.problems.get(plot.burst)
        agent = ticket.agent
        deleted = bool(ticket.deleted_at)
        rendered: dict[str, Any] = {
            "url": f"{base_url}/api/v2/tickets/{number}.json",
            "id": number,
            "external_id": None,
            "via": _via(ticket, skeleton.followup_of.get(number)),
            "created_at": iso(ticket.created_at),
            "updated_at": iso(ticket.updated_at),
            "generated_timestamp": version,
            "type": ticket.type,
            "subject": subject,
            "raw_subject": subject,
            "description": "X" if scrubbed else "The text of the first message.",
            "priority": ticket.priority,
            "status": "deleted" if deleted else ids.STATUSES.get(ticket.status, ticket.status),
            "recipient": "help@desk.example" if plot.channel == "email" else None,
            "requester_id": ids.user(plot.requester),
            "submitter_id": ids.user(plot.outbound_by or plot.requester),
            "assignee_id": ids.user(agent),
            "organization_id": ids.ORGANISATION + plot.organisation if plot.organisation else None,
            "group_id": ids.GROUP + ticket.group if ticket.group else None,
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "forum_topic_id": None,
            "problem_id": problem if problem and problem != number else None,
            "has_incidents": problem == number,
            "is_public": ticket.is_public,
            "due_at": None,
            "tags": ticket.tags,
            "custom_fields": fields,
            "satisfaction_rating": self._rating(ticket),
            "sharing_agreement_ids": [],
            "custom_status_id": custom_status_id(ticket),
            "fields": fields,
            "followup_ids": self._followups(number),
            "ticket_form_id": ids.FORM + plot.form,
            "brand_id": ids.BRAND + ticket.brand,
            "allow_channelback": plot.channel == "social",
            "allow_attachments": True,
            "from_messaging_channel": plot.channel == "messaging",
            "support_type": "ai_agent" if is_ai_agents(ticket) else "agent",
        }
        if metric_set:
            rendered["metric_set"] = None if deleted else MetricSet(ticket, self.hours).render(base_url)
        return rendered

    def _followups(self, number: int) -> list[int]:
        later = self.desk.history.skeleton.followups.get(number)
        return [each for each in later if each <= self.desk.count()] if later else []

    def _rating(self, ticket: Ticket) -> dict[str, Any] | None:
        if not self.legacy_csat:
            return None
        if ticket.rating:
            score, _, comment = ticket.rating.partition("|")
            return {
                "id": ids.RATING + ticket.number * 8 + 1,
                "score": _score(score),
                "comment": comment or None,
            }
        return {"score": "offered" if ticket.offered_at else "unoffered"}


def is_ai_agents(ticket: Ticket) -> bool:
    """Handled by the AI agent alone: never handed to a person, nor taken by one."""
    return ticket.is_bot_handled and not ticket.is_handed_off and not ticket.agent


def channel_title(ticket: Ticket) -> str:
    channel = _CHANNELS[ticket.channel]
    return _CHANNEL_TITLES.get(channel, channel.capitalize())


class ChangeLog:
    """Updates of tickets as ticket events: one parent an update, one child a change."""

    def render(self, ticket: Ticket, ordinal: int) -> dict[str, Any]:
        events = [event for event in ticket.events if event.update == ordinal]
        first = events[0]
        key = ids.AUDIT + ticket.number * 4_096 + ordinal
        title = channel_title(ticket) if first.role in {"end_user", "agent"} else "Automation"
        children = []
        for event in events:
            children += self._children(event, ordinal)
        for index, child in enumerate(children):
            child.update(id=key * 64 + index, via=title, via_reference_id=0)
        return {
            "id": key,
            "ticket_id": ticket.number,
            "timestamp": first.at,
            "created_at": iso(first.at),
            "updater_id": ids.user(first.actor) if first.role in {"end_user", "agent"} else -1,
            "via": title,
            "system": {"client": None, "location": None, "latitude": None, "longitude": None},
            "metadata": {},
            "event_type": "Audit",
            "child_events": children,
        }

    def _children(self, event: Event, ordinal: int) -> list[dict[str, Any]]:
        kind, value = event.kind, event.value
        event_type = "Change" if ordinal else "Create"
        if kind == "message":
            return [{"event_type": "Comment", "comment_present": True, "comment_public": event.public}]
        if kind in _FIELDS:
            field, word = _FIELDS[kind]
            return [self._change(event_type, field, word(value), word(event.previous))]
        if kind == "category":
            return [{"event_type": event_type, "custom_ticket_fields": {str(CATEGORY_FIELD): value}}]
        if kind in {"tag_added", "tag_removed"}:
            tags: dict[str, list[str | None]] = {"tag_added": [], "tag_removed": [], kind: [value]}
            return [
                {
                    "event_type": event_type,
                    "tags": None,
                    "added_tags": tags["tag_added"],
                    "removed_tags": tags["tag_removed"],
                }
            ]
        return self._rare(event, event_type)

    def _rare(self, event: Event, event_type: str) -> list[dict[str, Any]]:
        kind, value = event.kind, event.value
        if kind == "schedule":
            return [
                {
                    "event_type": "ScheduleAssignment",
                    "new_schedule_id": ids.SCHEDULE + int(value or 0),
                    "previous_schedule_id": ids.SCHEDULE + int(event.previous) if event.previous else None,
                }
            ]
        if kind == "survey_offered":
            return [self._change(event_type, "satisfaction_score", "offered", "unoffered")]
        if kind == "survey_answered":
            return [self._change(event_type, "satisfaction_score", _score(value or "5"), "offered")]
        if kind == "deleted":
            return [self._change(event_type, "status", "deleted", None)]
        return []

    def _change(self, event_type: str, field: str, value: Any, previous: Any) -> dict[str, Any]:
        child = {"event_type": event_type, field: value}
        if event_type == "Change":
            child["previous_value"] = previous
        return child


def _status(word: str | None) -> str | None:
    return ids.STATUSES.get(word or "", word)


def _user(key: str | None) -> int | None:
    return ids.user(int(key)) if key else None


def _group(key: str | None) -> int | None:
    return ids.GROUP + int(key) if key else None


def _brand(key: str | None) -> int | None:
    return ids.BRAND + int(key) if key else None


def _same(value: str | None) -> str | None:
    return value


_FIELDS: Mapping[str, tuple[str, Callable[[str | None], Any]]] = {
    "status": ("status", _status),
    "agent": ("assignee_id", _user),
    "group": ("group_id", _group),
    "brand": ("brand_id", _brand),
    "priority": ("priority", _same),
    "type": ("type", _same),
    "subject": ("subject", _same),
}

CATEGORY_OPTIONS = [
    {
        "id": ids.FIELD + 40 + n,
        "name": name.replace("_", " ").capitalize(),
        "raw_name": name,
        "value": name,
        "default": False,
    }
    for n, name in enumerate(CATEGORIES)
]
