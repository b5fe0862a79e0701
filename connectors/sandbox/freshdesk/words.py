"""Freshdesk's numbers for what the desk calls by name."""

from connectors.sandbox.ticket import Ticket

PERSON = 67_000_000_000
"""Agents and contacts share one range: an agent is a contact too."""
GROUP = 67_100_000_000
COMPANY = 67_200_000_000
PRODUCT = 67_300_000_000
FIELD = 67_310_000_000
POLICY = 67_320_000_000
HOURS = 67_330_000_000
SURVEY = 67_340_000_001
QUESTION = 67_340_000_002
FORM = 67_350_000_000
AUTOMATION = 67_360_000_001
CONVERSATION = 67_400_000_000_000
RATING = 67_500_000_000_000
TIME_ENTRY = 67_600_000_000

OPEN, PENDING, RESOLVED, CLOSED, WAITING_ON_CUSTOMER, WAITING_ON_THIRD_PARTY = 2, 3, 4, 5, 6, 7
IN_PROGRESS, AI_AGENT = 8, 9_000
STATUS_CHOICES = {
    "2": ["Open", "Being Processed"],
    "3": ["Pending", "Awaiting your Reply"],
    "4": ["Resolved", "This ticket has been Resolved"],
    "5": ["Closed", "This ticket has been Closed"],
    "6": ["Waiting on Customer", "Awaiting your Reply"],
    "7": ["Waiting on Third Party", "Being Processed"],
    "8": ["In Progress", "Being Processed"],
    "9000": ["Assigned to AI Agent", None],
}
PRIORITIES = {None: 1, "low": 1, "normal": 2, "high": 3, "urgent": 4}
OUTBOUND_EMAIL, WEB_CHAT = 10, 15
SOURCES = {
    "email": 1,
    "web": 2,
    "phone": 3,
    "social": 6,
    "messaging": 13,
    "chat": WEB_CHAT,
    "api": 2,
}
SOURCE_CHOICES = {
    "Email": 1,
    "Portal": 2,
    "Phone": 3,
    "Forum": 4,
    "Twitter": 5,
    "Facebook": 6,
    "Chat": 7,
    "MobiHelp": 8,
    "Feedback Widget": 9,
    "Outbound Email": 10,
    "Ecommerce": 11,
    "Bot": 12,
    "Whatsapp": 13,
    "Web Chat": 15,
}
TYPES = {"question": "Question", "incident": "Incident", "problem": "Problem", "task": "Feature Request"}
RATINGS = {5: 103, 4: 102, 3: 100, 2: -102, 1: -103}
ACCEPTED_RATINGS = [103, 102, 100, -102, -103]


def person(key: int) -> int | None:
    return PERSON + key if key else None


def source(ticket: Ticket) -> int:
    return OUTBOUND_EMAIL if ticket.plot.outbound_by else SOURCES[ticket.channel]


def status_code(ticket: Ticket, status: str) -> int:
    """What the ticket's status is called here while it is `status`."""
    if status in {"new", "open"}:
        if ticket.is_bot_handled and not ticket.is_handed_off and not ticket.agent:
            return AI_AGENT
        return IN_PROGRESS if status == "open" and ticket.category == "bug" else OPEN
    if status == "pending":
        return WAITING_ON_CUSTOMER if ticket.category == "returns" else PENDING
    return {"on_hold": WAITING_ON_THIRD_PARTY, "solved": RESOLVED, "closed": CLOSED}[status]
