"""The few fields of Freshdesk's rows that are kept.

Whatever is not named here is never built as a Python object: bodies, addresses and the vendor's
further fields stay in the page they came with. Every field but an id may be missing or null.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

When = Annotated[datetime, msgspec.Meta(tz=True)]
Word = str | int | float | None
"""What an older account sent as a number and a newer one sends as text."""


class Row(msgspec.Struct, kw_only=True):
    """Unknown fields are ignored."""


class Dated(Row):
    """Its instants are in UTC, whatever offset an old account writes."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime) and value.tzinfo is not UTC:
                setattr(self, name, value.astimezone(UTC))


class StatsRow(Dated):
    first_responded_at: When | None = None
    agent_responded_at: When | None = None
    requester_responded_at: When | None = None
    status_updated_at: When | None = None
    pending_since: When | None = None
    reopened_at: When | None = None
    resolved_at: When | None = None
    closed_at: When | None = None


class TicketRow(Dated):
    id: int
    created_at: When
    updated_at: When
    status: int
    priority: int | None = None
    source: int | None = None
    type: str | None = None
    subject: str | None = None
    requester_id: int | None = None
    responder_id: int | None = None
    group_id: int | None = None
    product_id: int | None = None
    company_id: int | None = None
    form_id: int | None = None
    tags: list[str] | None = None
    custom_fields: dict[str, Any] | None = None
    due_by: When | None = None
    fr_due_by: When | None = None
    nr_due_by: When | None = None
    is_escalated: bool | None = None
    fr_escalated: bool | None = None
    nr_escalated: bool | None = None
    spam: bool | None = None
    deleted: bool | None = None
    stats: StatsRow | None = None


class ConversationRow(Dated):
    id: int
    created_at: When
    updated_at: When | None = None
    user_id: int | None = None
    incoming: bool | None = None
    private: bool | None = None
    source: int | None = None
    category: int | None = None
    auto_response: bool | None = None
    automation_id: int | None = None
    automation_type_id: int | None = None
    body_text: str | None = None
    """Only looked at for the note that merging leaves; never kept."""


class RatingRow(Row):
    id: int
    created_at: When
    updated_at: When | None = None
    survey_id: int | None = None
    user_id: int | None = None
    agent_id: int | None = None
    group_id: int | None = None
    ticket_id: int | None = None
    feedback: str | None = None
    ratings: dict[str, Any] | None = None
    rating: Word = None
    """The classic survey's only answer."""


class QuestionRow(Row):
    id: str | int
    label: str | None = None
    accepted_ratings: list[int] | None = None


class SurveyRow(Row):
    id: int
    title: str | None = None
    active: bool | None = None
    updated_at: When | None = None
    questions: list[QuestionRow] | None = None


class TimeEntryRow(Row):
    id: int
    ticket_id: int
    agent_id: int | None = None
    billable: bool | None = None
    timer_running: bool | None = None
    time_spent: str | None = None
    time_spent_in_seconds: int | None = None
    executed_at: When | None = None
    start_time: When | None = None
    created_at: When | None = None
    updated_at: When | None = None


class UserRow(Row):
    """The person inside an agent's row; `user` inside the availability envelope."""

    name: str | None = None
    email: str | None = None
    active: bool | None = None
    time_zone: str | None = None


class AgentRow(Row):
    id: int
    created_at: When | None = None
    updated_at: When | None = None
    deactivated: bool | None = None
    occasional: bool | None = None
    type: str | None = None
    ticket_scope: int | None = None
    contact: UserRow | None = None


class GroupRow(Row):
    id: int
    name: str | None = None
    business_hour_id: int | None = None
    updated_at: When | None = None


class ContactRow(Row):
    id: int
    name: str | None = None
    email: str | None = None
    active: bool | None = None
    company_id: int | None = None
    time_zone: str | None = None
    created_at: When | None = None
    updated_at: When | None = None


class CompanyRow(Row):
    id: int
    name: str | None = None
    industry: str | None = None
    account_tier: str | None = None
    health_score: Word = None
    updated_at: When | None = None


class ProductRow(Row):
    id: int
    name: str | None = None
    updated_at: When | None = None


class FieldRow(Row):
    id: int
    name: str | None = None
    label: str | None = None
    type: str | None = None
    archived: bool | None = None
    choices: Any = None
    updated_at: When | None = None


class TargetRow(Row):
    respond_within: int | None = None
    next_respond_within: int | None = None
    resolve_within: int | None = None
    business_hours: bool | None = None


class SlaPolicyRow(Row):
    id: int
    name: str | None = None
    position: int | None = None
    active: bool | None = None
    sla_target: dict[str, TargetRow] | None = None
    updated_at: When | None = None


class HoursRow(Row):
    start_time: str
    end_time: str


class BusinessHoursRow(Row):
    id: int
    time_zone: str
    name: str | None = None
    is_default: bool | None = None
    business_hours: dict[str, HoursRow] | None = None
    updated_at: When | None = None


class MeRow(Row):
    """`GET /agents/me`: whose key it is."""

    id: int
    ticket_scope: int | None = None
    type: str | None = None
    contact: UserRow | None = None
