"""The kinds of files, each with its header: what no helpdesk knows and the KPIs need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.files import values
from connectors.files.values import Reader
from storage.records import (
    AgentTimeRecord,
    BusinessFigureRecord,
    CallOutcome,
    CallRecord,
    Channel,
    CustomerRecord,
    Direction,
    Priority,
    PurchaseRecord,
    RatingRecord,
    Record,
    Status,
    SurveyType,
    TicketRecord,
)

Values = dict[str, Any]

_SERVQUAL = ("reliability", "assurance", "tangibles", "empathy", "responsiveness")
_SURVEYS = (
    SurveyType.CSAT,
    SurveyType.NPS,
    SurveyType.CES,
    SurveyType.EMPLOYEE,
    SurveyType.SENTIMENT,
    SurveyType.CUSTOM,
)
_SCALES_OF: Mapping[str, Sequence[str]] = {
    "csat": ("1-5", "good_bad", "1-2", "1-3", "1-7", "1-10", "0-10"),
    "nps": ("0-10",),
    "ces": ("ease_1_7", "effort_1_7", "ease_1_5", "effort_1_5"),
    "employee": ("1-5", "0-10"),
    "sentiment": ("0-100",),
}
"""What each survey is read on, by default on the first: an answer on another scale would count as nothing,
or as something else. A custom survey is read by no KPI, so its scale is its own.
"""
_SCALES: Mapping[str, tuple[float, float]] = {
    "good_bad": (0, 1),
    "1-2": (1, 2),
    "1-3": (1, 3),
    "1-5": (1, 5),
    "1-7": (1, 7),
    "1-10": (1, 10),
    "0-10": (0, 10),
    "0-100": (0, 100),
    "ease_1_7": (1, 7),
    "effort_1_7": (1, 7),
    "ease_1_5": (1, 5),
    "effort_1_5": (1, 5),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind's header. `target` is the record's field where it has another name."""

    name: str
    read: Reader
    about: str
    example: str
    required: bool = False
    target: str | None = None
    known: tuple[str, ...] = ()
    """The values that a KPI reads; others are kept, and told."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: its header and the record a line becomes."""

    name: str
    about: str
    record: type[Record]
    columns: tuple[Column, ...]
    complete: Callable[[Values], Values] = field(default=lambda row: row)
    """Adds what follows from the other values; raises ValueError with a sentence."""

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


def _survey(row: Values) -> Values:
    kind, scale, score = row["survey_type"], row.get("scale"), row.get("score")
    if kind != SurveyType.CUSTOM:
        scale = _known_scale(kind, scale, score)
    if (score is None) != (row.get("rated_at") is None):
        raise ValueError("score and answered_at belong together: give both, or neither for an offered survey")
    if score is None and row.get("offered_at") is None:
        raise ValueError("an unanswered survey needs offered_at")
    return {**row, "scale": scale}


def _known_scale(kind: str, scale: str | None, score: float | None) -> str:
    known = _SCALES_OF[kind]
    scale = scale or known[0]
    if scale not in known:
        raise ValueError(f"scale {scale!r} of {kind} is not one of {', '.join(known)}")
    lowest, highest = _SCALES[scale]
    if score is not None and not lowest <= score <= highest:
        raise ValueError(f"score {score:g} is outside the scale {scale}")
    return scale


def _servqual(row: Values) -> Values:
    for name in ("expectation", "perception"):
        if not 1 <= row[name] <= 7:
            raise ValueError(f"{name} {row[name]:g} is outside 1 to 7")
    return {**row, "survey_type": SurveyType.SERVQUAL, "scale": "1-7"}


def _figure(row: Values) -> Values:
    return {**row, "id": f"{row['name']}/{row['grain']}/{row['period_start']}"}


def _agent_time(row: Values) -> Values:
    productive = row.get("productive_seconds")
    if productive is not None and productive > row["available_seconds"]:
        raise ValueError("productive_seconds is more than available_seconds")
    return {**row, "id": f"{row['agent_id']}/{row['day']}"}


_ID = Column("id", values.text, "your own key of the line; without it the line's content is the key", "")
_ACCOUNT = Column("account", values.text, "the account whose tickets, agents or customers are meant", "acme")
_TICKET = Column("ticket_id", values.text, "the helpdesk's ticket id", "1042")
_AGENT = Column("agent_id", values.text, "the helpdesk's agent id", "7")
_GROUP = Column("group_id", values.text, "the helpdesk's group id", "3")

_FIGURES = ("active_customers", "orders", "support_cost", "automation_runs", "automation_successes")

KINDS: tuple[Kind, ...] = (
    Kind(
        "survey_answers",
        "Answers of any survey: CSAT, NPS, CES, employee surveys, sentiment, reviews and the like (custom).",
        RatingRecord,
        (
            _ID,
            _ACCOUNT,
            Column("survey_type", values.one_of(*_SURVEYS), ", ".join(_SURVEYS), "nps", True),
            Column("survey", values.text, "which survey or wave", "2026-Q4", target="survey_id"),
            Column("scale", values.text, "how to read the score; by default that of the type", "0-10"),
            Column("score", values.score, "the raw answer; empty for an offered, unanswered survey", "9"),
            Column("comment", values.text, "the open text", "Quick and friendly"),
            _TICKET,
            _AGENT,
            _GROUP,
            Column("team", values.text, "team of an employee survey (never a person)", ""),
            Column("respondent_id", values.text, "who answered", "c-12"),
            Column("offered_at", values.instant, "when the survey was offered", "2026-11-02T09:00:00Z"),
            Column(
                "answered_at",
                values.instant,
                "when it was answered",
                "2026-11-02T10:30:00Z",
                target="rated_at",
            ),
        ),
        _survey,
    ),
    Kind(
        "servqual_answers",
        "SERVQUAL: expectation and perception of one item, both 1 to 7.",
        RatingRecord,
        (
            _ID,
            _ACCOUNT,
            Column("survey", values.text, "which survey or wave", "2026-Q4", target="survey_id"),
            Column("respondent_id", values.text, "who answered", "c-12", True),
            Column("dimension", values.one_of(*_SERVQUAL), ", ".join(_SERVQUAL), "reliability", True),
            Column("item", values.text, "which statement of the dimension", "1", target="reason"),
            Column("expectation", values.number, "1 to 7", "6", True),
            Column("perception", values.number, "1 to 7", "5", True),
            Column(
                "answered_at",
                values.instant,
                "when it was answered",
                "2026-11-02T10:30:00Z",
                True,
                target="rated_at",
            ),
        ),
        _servqual,
    ),
    Kind(
        "agent_time",
        "An agent's day: how long available, how long productive.",
        AgentTimeRecord,
        (
            _ACCOUNT,
            Column("agent_id", values.text, "the helpdesk's agent id", "7", True),
            Column("day", values.day, "local date", "2026-11-02", True),
            Column("available_seconds", values.seconds, "seconds or hours:minutes", "7:30", True),
            Column("productive_seconds", values.seconds, "seconds or hours:minutes", "6:10"),
            _GROUP,
        ),
        _agent_time,
    ),
    Kind(
        "customers",
        "Customers with the start and the end of the relation.",
        CustomerRecord,
        (
            Column("id", values.text, "your customer id", "c-12", True),
            _ACCOUNT,
            Column("requester_id", values.text, "the helpdesk's id of the same person", "90012"),
            Column("name", values.text, "", "Ada Nkemelu"),
            Column("started_at", values.instant, "first became a customer", "2024-03-01"),
            Column("churned_at", values.instant, "stopped being one; empty while active", ""),
            Column("segment", values.text, "plan, size or industry", "business"),
            Column("ltv", values.number, "lifetime value", "4200", target="lifetime_value"),
        ),
    ),
    Kind(
        "purchases",
        "Purchases and upsells.",
        PurchaseRecord,
        (
            _ID,
            _ACCOUNT,
            Column("customer_id", values.text, "your customer id", "c-12", True),
            Column("purchased_at", values.instant, "", "2026-11-02T10:30:00Z", True, target="at"),
            Column("amount", values.number, "", "49.90"),
            Column("upsell", values.yes, "yes if it extends an earlier purchase", "no", target="is_upsell"),
        ),
    ),
    Kind(
        "business_figures",
        "Figures of the business by period: active_customers, orders, support_cost, what else there is.",
        BusinessFigureRecord,
        (
            _ACCOUNT,
            Column("name", values.text, ", ".join(_FIGURES), "active_customers", True, known=_FIGURES),
            Column("grain", values.one_of("day", "week", "month"), "day, week or month", "month", True),
            Column("period_start", values.day, "first local day of the period", "2026-11-01", True),
            Column("value", values.number, "", "1180", True),
            Column("unit", values.text, "currency or noun", "customers"),
        ),
        _figure,
    ),
    Kind(
        "archived_tickets",
        "Tickets of a vendor's archive export, which its API no longer lists.",
        TicketRecord,
        (
            Column("id", values.text, "the helpdesk's ticket id", "1042", True),
            _ACCOUNT,
            Column("subject", values.text, "", "Cannot log in"),
            Column("status", values.one_of(*Status), ", ".join(Status), "closed", True),
            Column("priority", values.one_of(*Priority), ", ".join(Priority), "normal"),
            Column("channel", values.one_of(*Channel), ", ".join(Channel), "email"),
            Column("type", values.text, "", "question"),
            Column("category", values.text, "", "login"),
            _AGENT,
            _GROUP,
            Column("requester_id", values.text, "", "90012"),
            Column("organisation_id", values.text, "", ""),
            Column("tags", values.words, "separated by spaces", "vip login"),
            Column("created_at", values.instant, "", "2025-02-03T08:00:00Z", True),
            Column("updated_at", values.instant, "last change", "2025-02-04T09:00:00Z"),
            Column("first_response_at", values.instant, "", "2025-02-03T08:40:00Z"),
            Column("solved_at", values.instant, "last solve", "2025-02-03T15:00:00Z"),
            Column("closed_at", values.instant, "", "2025-02-07T15:00:00Z"),
            Column("replies", values.whole, "public replies of the staff", "2", target="vendor_replies"),
            Column("reopens", values.whole, "", "0", target="vendor_reopens"),
        ),
    ),
    Kind(
        "calls",
        "Calls of a telephone system.",
        CallRecord,
        (
            Column("id", values.text, "the telephone system's call id", "call-77", True),
            _ACCOUNT,
            _TICKET,
            _AGENT,
            _GROUP,
            Column("customer_id", values.text, "", "c-12"),
            Column("direction", values.one_of(*Direction), "inbound or outbound", "inbound", True),
            Column("outcome", values.one_of(*CallOutcome), ", ".join(CallOutcome), "answered", True),
            Column("started_at", values.instant, "", "2026-11-02T10:30:00Z", True),
            Column("ended_at", values.instant, "", "2026-11-02T10:36:10Z"),
            Column(
                "wait_seconds",
                values.seconds,
                "in the queue; calls without it are in no abandonment rate",
                "25",
            ),
            Column("talk_seconds", values.seconds, "", "300"),
            Column("hold_seconds", values.seconds, "", "20"),
            Column("wrap_seconds", values.seconds, "after-call work", "45"),
        ),
    ),
)


def to_values(kind: Kind, row: Mapping[str, str], zone: Any) -> Values:
    """A line's cells as the record's fields (and `account`); raises ValueError with a sentence."""
    read: Values = {}
    for column in kind.columns:
        cell = (row.get(column.name) or "").strip()
        if cell:
            try:
                read[column.target or column.name] = column.read(cell, zone)
            except ValueError as problem:
                raise ValueError(f"{column.name}: {problem}") from None
        elif column.required:
            raise ValueError(f"{column.name} is {'empty' if column.name in row else 'missing'}")
    return kind.complete(read)
