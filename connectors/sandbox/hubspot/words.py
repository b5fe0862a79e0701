"""HubSpot's ids and words for the made-up helpdesk. Every value of a CRM property is a text."""

from collections.abc import Mapping

from connectors.sandbox.cast import Agent
from connectors.sandbox.instants import iso
from connectors.sandbox.ticket import Ticket

VERSION = "2026-09"
TICKET, CONTACT, COMPANY = 400_000_000, 7_000_000, 900_000
FEEDBACK, CALL, THREAD, MESSAGE = 600_000_000, 800_000_000, 5_000_000_000, 1_000_000
OWNER, USER, TEAM = 70_000, 12_000_000, 300

SUPPORT, COMPLAINTS = "0", "58213977"
"""Pipelines: one has HubSpot's own stages, the other's are this account's."""
_STAGES: Mapping[str, Mapping[str, str]] = {
    SUPPORT: {"new": "1", "pending": "2", "open": "3", "on_hold": "114902", "solved": "4", "closed": "4"},
    COMPLAINTS: {
        "new": "58213978", "pending": "58213979", "open": "58213980", "on_hold": "58213981",
        "solved": "58213982", "closed": "58213982",
    },
}  # fmt: skip
STAGE_LABELS = (("new", "New"), ("pending", "Waiting on contact"), ("open", "Waiting on us"), ("on_hold", "On hold"),
                ("closed", "Closed"))  # fmt: skip
PRIORITIES = {"low": "LOW", "normal": "MEDIUM", "high": "HIGH", "urgent": "URGENT"}
SOURCES = {"email": "EMAIL", "web": "FORM", "chat": "CHAT", "phone": "PHONE", "social": "Social"}
GENERIC_CHANNELS = {"email": "1002", "chat": "1000", "messaging": "1001"}
TALKS = frozenset({"email", "web", "chat", "messaging", "social"})
"""Channels with a conversation thread."""


def pipeline(form: int) -> str:
    return SUPPORT if form == 1 else COMPLAINTS


def stage(form: int, status: str) -> str:
    return _STAGES[pipeline(form)][status]


def is_gone(ticket: Ticket) -> bool:
    """Archived: deleted, or merged into another."""
    return bool(ticket.deleted_at or ticket.merged_into)


def modified_ms(at: int) -> int:
    """What HubSpot's own bookkeeping adds to the instant of a change."""
    return at * 1_000 + 250


def modified(at: int) -> str:
    return iso(at).removesuffix("Z") + ".250Z"


def moment(at: int) -> str | None:
    """Null where it never happened; zero milliseconds are dropped."""
    return iso(at) if at else None


def owner(agent: int) -> str:
    return str(OWNER + agent)


def has_left(agent: Agent, demoted: Mapping[int, int], now: int) -> bool:
    return bool(agent.left_at and agent.left_at <= now) or agent.key in demoted
