"""Zendesk's rows, with the fields that are kept and no others. Texts of customers are never built."""

from typing import Any

import msgspec

Id = int | str | None
Text = str | None


class Row(msgspec.Struct, kw_only=True):
    """Everything may be missing: accounts differ by plan and age."""

    id: Id = None


class Minutes(msgspec.Struct):
    calendar: int | float | None = None
    business: int | float | None = None


class MetricSet(msgspec.Struct, kw_only=True):
    ticket_id: Id = None
    replies: int | None = None
    reopens: int | None = None
    assignee_stations: int | None = None
    group_stations: int | None = None
    initially_assigned_at: Text = None
    solved_at: Text = None
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
    rel: Text = None
    from_: ViaFrom | None = None


class Via(msgspec.Struct):
    channel: str | int | None = None
    source: ViaSource | None = None


class CustomField(msgspec.Struct):
    id: Id = None
    value: Any = None


class TicketRow(Row, kw_only=True):
    created_at: Text = None
    updated_at: Text = None
    generated_timestamp: int | None = None
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
    due_at: Text = None
    tags: list[str] | None = None
    custom_fields: list[CustomField] | None = None
    from_messaging_channel: bool | None = None
    support_type: Text = None
    metric_set: MetricSet | None = None


class TicketPage(msgspec.Struct, kw_only=True):
    after_cursor: Text = None
    end_of_stream: bool = False
    metric_sets: list[MetricSet] | None = None


class TimePage(msgspec.Struct, kw_only=True):
    """An export by time: `next_page` is never null, so only the rest tells the end."""

    count: int | None = None
    end_time: int | None = None
    end_of_stream: bool | None = None
    next_page: Text = None


class ListMeta(msgspec.Struct):
    has_more: bool = False
    after_cursor: Text = None


class ListPage(msgspec.Struct, kw_only=True):
    """A list by cursor (`meta`) or by offset (`next_page`)."""

    meta: ListMeta | None = None
    next_page: Text = None


class EventRow(Row, kw_only=True):
    """One update of a ticket; the changed field of a child is its own key."""

    ticket_id: Id = None
    timestamp: int | None = None
    created_at: Text = None
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
    created_at: Text = None
    updated_at: Text = None


class NamedRow(Row, kw_only=True):
    """Groups, brands, organisations, fields, forms: something with a name or a title."""

    name: Text = None
    title: Text = None
    type: Text = None
    deleted: bool | None = None
    is_deleted: bool | None = None
    deleted_at: Text = None
    active: bool | None = None
    created_at: Text = None
    updated_at: Text = None
    custom_field_options: list[dict[str, Any]] | None = None


class MembershipRow(Row, kw_only=True):
    user_id: Id = None
    group_id: Id = None
    default: bool | None = None


class StatusRow(Row, kw_only=True):
    status_category: Text = None
    agent_label: Text = None
    active: bool | None = None


class PolicyRow(Row, kw_only=True):
    title: Text = None
    position: int | None = None
    policy_metrics: list[dict[str, Any]] | None = None


class Interval(msgspec.Struct):
    start_time: int
    end_time: int


class ScheduleRow(Row, kw_only=True):
    name: Text = None
    time_zone: Text = None
    intervals: list[Interval] | None = None
    deleted_at: Text = None
    created_at: Text = None


class HolidayRow(Row, kw_only=True):
    name: Text = None
    start_date: Text = None
    end_date: Text = None
    start_time: Text = None
    end_time: Text = None


class RatingRow(Row, kw_only=True):
    ticket_id: Id = None
    requester_id: Id = None
    assignee_id: Id = None
    group_id: Id = None
    score: Text = None
    comment: Text = None
    reason: Text = None
    created_at: Text = None
    updated_at: Text = None


class SurveyRow(Row, kw_only=True):
    responder_id: Id = None
    subjects: list[dict[str, Any]] | None = None
    subject_zrns: list[str] | None = None
    survey: dict[str, Any] | None = None
    expires_at: Text = None
    answers: list[dict[str, Any]] | None = None


class CallRow(Row, kw_only=True):
    created_at: Text = None
    updated_at: Text = None
    agent_id: Id = None
    call_group_id: Id = None
    customer_id: Id = None
    ticket_id: Id = None
    direction: Text = None
    completion_status: Text = None
    duration: int | None = None
    wait_time: int | None = None
    time_to_answer: int | None = None
    talk_time: int | None = None
    hold_time: int | None = None
    wrap_up_time: int | None = None
    voicemail: bool | None = None
    callback: bool | None = None
    outside_business_hours: bool | None = None


class LegRow(Row, kw_only=True):
    call_id: Id = None
    type: Text = None
    agent_id: Id = None
    created_at: Text = None
    updated_at: Text = None
    duration: int | None = None
    talk_time: int | None = None
    hold_time: int | None = None
    wrap_up_time: int | None = None
    completion_status: Text = None
    transferred_from: Id = None
    transferred_to: Id = None


class MetricEventRow(Row, kw_only=True):
    ticket_id: Id = None
    metric: Text = None
    instance_id: int | None = None
    type: Text = None
    time: Text = None
    sla: dict[str, Any] | None = None
    group_sla: dict[str, Any] | None = None
    status: dict[str, Any] | None = None
    deleted: bool | None = None
