"""Zendesk's rows, with the fields that are kept and no others. Texts of customers are never built."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Id = int | str | None
Text = str | None
Number = int | float | None
Instant = Annotated[datetime, msgspec.Meta(tz=True)] | None


class Row(msgspec.Struct, kw_only=True):
    """Everything may be missing: accounts differ by plan and age."""

    id: Id = None


class Minutes(msgspec.Struct):
    calendar: Number = None
    business: Number = None


class MetricSet(msgspec.Struct, kw_only=True):
    ticket_id: Id = None
    replies: int | None = None
    reopens: int | None = None
    assignee_stations: int | None = None
    group_stations: int | None = None
    initially_assigned_at: Instant = None
    solved_at: Instant = None
    status_updated_at: Instant = None
    reply_time_in_minutes: Minutes | None = None
    reply_time_in_seconds: Minutes | None = None
    first_resolution_time_in_minutes: Minutes | None = None
    full_resolution_time_in_minutes: Minutes | None = None
    agent_wait_time_in_minutes: Minutes | None = None
    requester_wait_time_in_minutes: Minutes | None = None
    on_hold_time_in_minutes: Minutes | None = None


class ViaFrom(msgspec.Struct):
    ticket_id: Id = None


class ViaSource(msgspec.Struct, rename={"from_": "from"}):
    """`from` is free-form: an address, a number, the ticket that is followed up, or nothing."""

    rel: Text = None
    from_: ViaFrom | str | int | list[Any] | None = None


class Via(msgspec.Struct):
    channel: str | int | None = None
    source: ViaSource | str | int | list[Any] | None = None


class CustomField(msgspec.Struct):
    id: Id = None
    value: Any = None


class TicketRow(Row, kw_only=True):
    created_at: Instant = None
    updated_at: Instant = None
    generated_timestamp: Number = None
    subject: Text = None
    type: Text = None
    status: Text = None
    priority: Text = None
    via: Via | None = None
    requester_id: Id = None
    submitter_id: Id = None
    assignee_id: Id = None
    group_id: Id = None
    organization_id: Id = None
    brand_id: Id = None
    ticket_form_id: Id = None
    due_at: Instant = None
    tags: list[str] | None = None
    custom_fields: list[CustomField] | None = None
    from_messaging_channel: bool | None = None
    support_type: Text = None
    metric_set: MetricSet | None = None


class EventRow(Row, kw_only=True):
    """One update of a ticket; the changed field of a child is its own key."""

    ticket_id: Id = None
    timestamp: Number = None
    created_at: Instant = None
    updater_id: Id = None
    via: Any = None
    child_events: list[dict[str, Any]] | None = None


class UserRow(Row, kw_only=True):
    name: Text = None
    email: Text = None
    role: Text = None
    role_type: int | None = None
    active: bool | None = None
    only_private_comments: bool | None = None
    organization_id: Id = None
    time_zone: Text = None
    iana_time_zone: Text = None
    created_at: Instant = None
    updated_at: Instant = None


class Option(msgspec.Struct):
    name: Text = None
    value: Id = None


class NamedRow(Row, kw_only=True):
    """Groups, brands, organisations, fields, forms: something with a name or a title."""

    name: Text = None
    title: Text = None
    type: Text = None
    deleted: bool | None = None
    is_deleted: bool | None = None
    deleted_at: Instant = None
    active: bool | None = None
    created_at: Instant = None
    updated_at: Instant = None
    custom_field_options: list[Option] | None = None
    system_field_options: list[Option] | None = None


class MembershipRow(Row, kw_only=True):
    user_id: Id = None
    group_id: Id = None
    default: bool | None = None


class StatusRow(Row, kw_only=True):
    status_category: Text = None
    agent_label: Text = None
    active: bool | None = None
    updated_at: Instant = None


class PolicyMetric(msgspec.Struct, kw_only=True):
    metric: Text = None
    priority: Text = None
    target: Number = None
    target_in_seconds: Number = None
    business_hours: bool | None = None


class PolicyRow(Row, kw_only=True):
    title: Text = None
    position: int | None = None
    policy_metrics: list[PolicyMetric] | None = None


class Interval(msgspec.Struct):
    start_time: int
    end_time: int


class Holiday(msgspec.Struct, kw_only=True):
    """The documentation's own example names the dates otherwise than its table."""

    start_date: Text = None
    end_date: Text = None
    start_time: Text = None
    end_time: Text = None


class ScheduleRow(Row, kw_only=True):
    """`holidays` and `is_default` are put in by the walk that reads them."""

    name: Text = None
    time_zone: Text = None
    intervals: list[Interval] | None = None
    created_at: Instant = None
    deleted_at: Instant = None
    holidays: list[Holiday] | None = None
    is_default: bool = False


class RatingRow(Row, kw_only=True):
    ticket_id: Id = None
    requester_id: Id = None
    assignee_id: Id = None
    group_id: Id = None
    score: Text = None
    comment: Text = None
    reason: Text = None
    created_at: Instant = None
    updated_at: Instant = None


class Subject(msgspec.Struct):
    type: Text = None
    id: Id = None
    zrn: Text = None


class Question(msgspec.Struct):
    type: Text = None
    sub_type: Text = None
    options: list[Any] | None = None


class Selection(msgspec.Struct):
    option_id: Id = None


class SurveyAnswer(msgspec.Struct, kw_only=True):
    type: Text = None
    rating: Number = None
    rating_category: Text = None
    question: Question | str | None = None
    selections: list[Selection] | None = None
    value: Any = None
    created_at: Instant = None
    updated_at: Instant = None


class Survey(msgspec.Struct):
    id: Id = None


class SurveyRow(Row, kw_only=True):
    responder_id: Id = None
    subjects: list[Subject] | None = None
    subject_zrns: list[str] | None = None
    survey: Survey | None = None
    expires_at: Instant = None
    answers: list[SurveyAnswer] | None = None


class CallRow(Row, kw_only=True):
    created_at: Instant = None
    updated_at: Instant = None
    agent_id: Id = None
    call_group_id: Id = None
    customer_id: Id = None
    ticket_id: Id = None
    direction: Text = None
    completion_status: Text = None
    duration: Number = None
    wait_time: Number = None
    time_to_answer: Number = None
    talk_time: Number = None
    hold_time: Number = None
    wrap_up_time: Number = None
    voicemail: bool | None = None
    callback: bool | None = None
    outside_business_hours: bool | None = None


class LegRow(Row, kw_only=True):
    call_id: Id = None
    type: Text = None
    agent_id: Id = None
    created_at: Instant = None
    updated_at: Instant = None
    duration: Number = None
    talk_time: Number = None
    hold_time: Number = None
    wrap_up_time: Number = None
    completion_status: Text = None
    transferred_from: Id = None
    transferred_to: Id = None


class Policy(msgspec.Struct):
    id: Id = None


class AppliedSla(msgspec.Struct, kw_only=True):
    target: Number = None
    target_in_seconds: Number = None
    business_hours: bool | None = None
    policy: Policy | None = None


class MetricEventRow(Row, kw_only=True):
    ticket_id: Id = None
    metric: Text = None
    instance_id: int | None = None
    type: Text = None
    time: Instant = None
    sla: AppliedSla | None = None
    group_sla: AppliedSla | None = None
    status: Minutes | None = None
    deleted: bool | None = None
