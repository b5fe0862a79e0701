"""The normalized shapes: what every connector yields and every table stores.

A record is validated and belongs to no database session. Ids are text and unique within an account
and kind; instants are aware and kept in UTC; `version` orders two states of one record (greater is
newer, an equal version with other content wins by arriving later). Tables inherit these fields
(storage/tables.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator
from sqlmodel import Field, SQLModel


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]


class Status(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Channel(StrEnum):
    EMAIL = "email"
    WEB = "web"
    CHAT = "chat"
    MESSAGING = "messaging"
    PHONE = "phone"
    SOCIAL = "social"
    API = "api"
    OTHER = "other"


class Role(StrEnum):
    """Who acted. `agent` is any human of the staff; `system` is rules, acknowledgements, surveys."""

    END_USER = "end_user"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class EventKind(StrEnum):
    """What happened to a ticket.

    `created` says that status, agent and group changes are known from the ticket's creation on;
    `messages_read` says that all messages up to its instant are known. `status`, `agent`, `group`,
    `priority` and `schedule` carry the new value (and the old one where the vendor tells);
    `tag_added` and `tag_removed` carry the tag.
    """

    CREATED = "created"
    STATUS = "status"
    AGENT = "agent"
    GROUP = "group"
    PRIORITY = "priority"
    MESSAGE = "message"
    MESSAGES_READ = "messages_read"
    TAG_ADDED = "tag_added"
    TAG_REMOVED = "tag_removed"
    SCHEDULE = "schedule"
    SURVEY_OFFERED = "survey_offered"
    BOT_HANDOFF = "bot_handoff"
    BOT_RESOLVED = "bot_resolved"


class Source(StrEnum):
    """Where an event comes from: the vendor's log, or a difference seen between two syncs."""

    VENDOR = "vendor"
    OBSERVED = "observed"


class SurveyType(StrEnum):
    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    SERVQUAL = "servqual"
    EMPLOYEE = "employee"
    SENTIMENT = "sentiment"
    """What customers' words express, from 0 (negative) to 100 (positive)."""
    CUSTOM = "custom"
    """A survey of no standard kind: stored, and counted in no KPI."""


class CallOutcome(StrEnum):
    ANSWERED = "answered"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    ABANDONED_IN_IVR = "abandoned_in_ivr"
    ABANDONED_IN_VOICEMAIL = "abandoned_in_voicemail"
    ABANDONED_ON_HOLD = "abandoned_on_hold"
    VOICEMAIL = "voicemail"
    MISSED = "missed"
    FAILED = "failed"
    OTHER = "other"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class SlaEventKind(StrEnum):
    """One step of an SLA clock; `fulfilled`, `breached` and `due` end or date an instance."""

    ACTIVATED = "activated"
    PAUSED = "paused"
    APPLIED = "applied"
    FULFILLED = "fulfilled"
    BREACHED = "breached"
    MEASURED = "measured"


class Record(SQLModel):
    """One normalized thing of an account."""

    kind: ClassVar[str]
    """The kind's name; also its table's."""

    id: str = Field(min_length=1)
    version: int = 0
    """Greater is newer. Connectors use epoch microseconds of the vendor's row version."""
    origin: str | None = None
    """The file a row came from, where a connector reads files; null for a vendor's API."""

    @classmethod
    def built(cls, values: dict[str, Any]) -> Self:
        """A record of values that were checked where they were decoded: ids are text, instants in UTC.

        The same as `model_validate` gives, at a fraction of its cost. Raises ValueError where a name is
        not the record's or a required value is missing.
        """
        blank, fresh, required = _blank(cls)
        content = {**blank, **values}
        for name in fresh:
            if name not in values:
                content[name] = blank[name].copy()
        for name in required:
            if content.get(name) is None:
                raise ValueError(f"{name} is missing")
        if len(content) != len(blank) + len(required):
            raise ValueError(f"{cls.__name__} has no {', '.join(sorted(content.keys() - cls.model_fields))}")
        record: Self = cls.__new__(cls)
        record.__dict__.update(content)
        record.__pydantic_fields_set__.update(values)
        return record


@cache
def _blank(record: type[Record]) -> tuple[dict[str, Any], Sequence[str], Sequence[str]]:
    """Defaults; those of them that each record needs for itself; names without one."""
    fields = record.model_fields
    blank = {name: field.get_default() for name, field in fields.items() if not field.is_required()}
    fresh = [name for name, value in blank.items() if isinstance(value, list | dict)]
    return blank, fresh, [name for name in fields if name not in blank]


class TicketRecord(Record):
    """A ticket as it is now, with the vendor's own summary figures beside ours.

    `vendor_*` figures are seconds. They are shown for comparison, and stand in where the history
    that our own figures need was not read.
    """

    kind: ClassVar[str] = "tickets"

    subject: str | None = None
    status: Status | None = None
    vendor_status: str | None = None
    priority: Priority | None = None
    channel: Channel = Channel.OTHER
    vendor_channel: str | None = None
    type: str | None = None
    category: str | None = None
    brand_id: str | None = None
    group_id: str | None = None
    agent_id: str | None = None
    requester_id: str | None = None
    submitter_id: str | None = None
    organisation_id: str | None = None
    form_id: str | None = None
    schedule_id: str | None = None
    tags: list[str] = []
    custom_fields: dict[str, Any] = {}
    created_at: Instant
    updated_at: Instant | None = None
    first_response_at: Instant | None = None
    first_solved_at: Instant | None = None
    solved_at: Instant | None = None
    closed_at: Instant | None = None
    reopened_at: Instant | None = None
    first_assigned_at: Instant | None = None
    due_at: Instant | None = None
    deleted_at: Instant | None = None
    is_spam: bool = False
    is_test: bool = False
    is_imported: bool = False
    is_merged: bool = False
    merged_into: str | None = None
    followup_of: str | None = None
    is_outbound: bool | None = None
    """Opened by the staff. Null: the submitter's role decides."""
    is_bot_handled: bool = False
    url: str | None = None

    vendor_first_response_seconds: int | None = None
    vendor_first_response_business_seconds: int | None = None
    vendor_first_resolution_seconds: int | None = None
    vendor_first_resolution_business_seconds: int | None = None
    vendor_full_resolution_seconds: int | None = None
    vendor_full_resolution_business_seconds: int | None = None
    vendor_requester_wait_seconds: int | None = None
    vendor_requester_wait_business_seconds: int | None = None
    vendor_agent_wait_seconds: int | None = None
    vendor_agent_wait_business_seconds: int | None = None
    vendor_on_hold_seconds: int | None = None
    vendor_on_hold_business_seconds: int | None = None
    vendor_resolution_unit_seconds: int = 1
    """The vendor's rounding of these figures: 60 where it gives whole minutes."""
    vendor_replies: int | None = None
    vendor_customer_messages: int | None = None
    vendor_reopens: int | None = None
    vendor_agent_stations: int | None = None
    vendor_group_stations: int | None = None
    vendor_one_touch: bool | None = None


class TicketEventRecord(Record):
    """One change of a ticket, or one message's envelope; message bodies are never kept.

    `actor_role` is null where the vendor names only the actor: the person's role decides then.
    `sequence` orders events of one instant.
    """

    kind: ClassVar[str] = "ticket_events"

    ticket_id: str = Field(min_length=1)
    at: Instant
    sequence: int = 0
    event: EventKind
    value: str | None = None
    previous: str | None = None
    actor_id: str | None = None
    actor_role: Role | None = None
    is_public: bool | None = None
    source: Source = Source.VENDOR


class RatingRecord(Record):
    """One survey: offered, and answered once `rated_at` is set.

    `score` is the raw answer and `scale` names how to read it: `good_bad` (1 good, 0 bad), `1-2`,
    `1-3`, `1-5`, `1-7`, `1-10`, `0-10`, `freshdesk` (-103…103), `bad_neutral_good` (-1, 0, 1),
    `ease_1_7`, `effort_1_7`, `ease_1_5`, `effort_1_5`, `easy3`. SERVQUAL answers carry `dimension`,
    `expectation` and `perception`.
    """

    kind: ClassVar[str] = "ratings"

    ticket_id: str | None = None
    survey_type: SurveyType = SurveyType.CSAT
    survey_id: str | None = None
    score: float | None = None
    scale: str | None = None
    comment: str | None = None
    reason: str | None = None
    agent_id: str | None = None
    group_id: str | None = None
    team: str | None = None
    respondent_id: str | None = None
    offered_at: Instant | None = None
    rated_at: Instant | None = None
    dimension: str | None = None
    expectation: float | None = None
    perception: float | None = None
    deleted_at: Instant | None = None


class PersonRecord(Record):
    """Somebody of the account: staff (`is_staff`) or customer."""

    kind: ClassVar[str] = "people"

    name: str | None = None
    email: str | None = None
    role: Role = Role.END_USER
    is_staff: bool = False
    is_light: bool = False
    """Light agents write private comments only."""
    is_active: bool = True
    organisation_id: str | None = None
    timezone: str | None = None
    attributes: dict[str, Any] = {}
    created_at: Instant | None = None
    deleted_at: Instant | None = None


class GroupRecord(Record):
    kind: ClassVar[str] = "groups"

    name: str | None = None
    schedule_id: str | None = None
    is_deleted: bool = False


class MembershipRecord(Record):
    kind: ClassVar[str] = "memberships"

    group_id: str
    person_id: str
    is_default: bool = False


class OrganisationRecord(Record):
    kind: ClassVar[str] = "organisations"

    name: str | None = None
    attributes: dict[str, Any] = {}
    deleted_at: Instant | None = None


class BrandRecord(Record):
    kind: ClassVar[str] = "brands"

    name: str | None = None
    is_deleted: bool = False


class FieldRecord(Record):
    """A ticket field or form, so that custom fields can be shown by name."""

    kind: ClassVar[str] = "fields"

    name: str | None = None
    type: str | None = None
    options: dict[str, str] = {}
    is_active: bool = True


class StatusRecord(Record):
    """A vendor's own status or pipeline stage; kept after the vendor deletes it."""

    kind: ClassVar[str] = "statuses"

    name: str | None = None
    status: Status
    pipeline_id: str | None = None
    pipeline_name: str | None = None
    is_active: bool = True


class SlaPolicyRecord(Record):
    """`targets`: a list of {metric, priority, seconds, business}."""

    kind: ClassVar[str] = "sla_policies"

    name: str | None = None
    position: int | None = None
    targets: list[dict[str, Any]] = []


class SlaEventRecord(Record):
    """A step of one SLA clock of a ticket: (ticket, metric, instance)."""

    kind: ClassVar[str] = "sla_events"

    ticket_id: str = Field(min_length=1)
    metric: str
    instance: int = 0
    event: SlaEventKind
    at: Instant
    due_at: Instant | None = None
    target_seconds: int | None = None
    is_business: bool | None = None
    policy_id: str | None = None
    elapsed_seconds: int | None = None
    is_deleted: bool = False


class ScheduleRecord(Record):
    """Business hours in the schedule's own zone (IANA).

    `weekly` maps weekday (`0` Monday … `6` Sunday) to windows of seconds since local midnight
    `[[start, end], …]`, end exclusive, 86400 allowed. `holidays` are inclusive date ranges
    `[["2026-12-25", "2026-12-26"], …]`; `overrides` maps a date to the windows that replace it.
    """

    kind: ClassVar[str] = "schedules"

    name: str | None = None
    timezone: str = "UTC"
    weekly: dict[str, list[list[int]]] = {}
    holidays: list[list[str]] = []
    overrides: dict[str, list[list[int]]] = {}
    is_default: bool = False
    deleted_at: Instant | None = None


class CallRecord(Record):
    kind: ClassVar[str] = "calls"

    ticket_id: str | None = None
    agent_id: str | None = None
    group_id: str | None = None
    customer_id: str | None = None
    direction: Direction = Direction.INBOUND
    outcome: CallOutcome = CallOutcome.OTHER
    vendor_outcome: str | None = None
    started_at: Instant
    ended_at: Instant | None = None
    wait_seconds: int | None = None
    answer_seconds: int | None = None
    """From connecting to first talking with an agent."""
    talk_seconds: int | None = None
    hold_seconds: int | None = None
    wrap_seconds: int | None = None
    duration_seconds: int | None = None
    is_callback: bool = False
    is_outside_hours: bool = False


class CallLegRecord(Record):
    kind: ClassVar[str] = "call_legs"

    call_id: str
    leg_type: str
    agent_id: str | None = None
    started_at: Instant
    talk_seconds: int | None = None
    hold_seconds: int | None = None
    wrap_seconds: int | None = None
    duration_seconds: int | None = None
    outcome: str | None = None
    transferred_from: str | None = None
    transferred_to: str | None = None


class TimeEntryRecord(Record):
    """Time that somebody logged on a ticket."""

    kind: ClassVar[str] = "time_entries"

    ticket_id: str
    agent_id: str | None = None
    at: Instant
    seconds: int
    is_billable: bool | None = None
    deleted_at: Instant | None = None


class AgentTimeRecord(Record):
    """An agent's local day: how long available, how long productive."""

    kind: ClassVar[str] = "agent_times"

    agent_id: str
    day: date
    available_seconds: int
    productive_seconds: int | None = None
    group_id: str | None = None


class CustomerRecord(Record):
    """A customer's life outside the helpdesk."""

    kind: ClassVar[str] = "customers"

    requester_id: str | None = None
    name: str | None = None
    started_at: Instant | None = None
    churned_at: Instant | None = None
    segment: str | None = None
    lifetime_value: float | None = None


class PurchaseRecord(Record):
    kind: ClassVar[str] = "purchases"

    customer_id: str
    at: Instant
    amount: float | None = None
    is_upsell: bool = False


class BusinessFigureRecord(Record):
    """A number of the business for a local period: active customers, orders, support cost."""

    kind: ClassVar[str] = "business_figures"

    name: str
    grain: str
    """`day`, `week` or `month`."""
    period_start: date
    value: float
    unit: str | None = None


RECORDS: tuple[type[Record], ...] = (
    TicketRecord,
    TicketEventRecord,
    RatingRecord,
    PersonRecord,
    GroupRecord,
    MembershipRecord,
    OrganisationRecord,
    BrandRecord,
    FieldRecord,
    StatusRecord,
    SlaPolicyRecord,
    SlaEventRecord,
    ScheduleRecord,
    CallRecord,
    CallLegRecord,
    TimeEntryRecord,
    AgentTimeRecord,
    CustomerRecord,
    PurchaseRecord,
    BusinessFigureRecord,
)
"""Every kind, in the order in which a reader meets them."""

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A vendor's row that could not be read; kept with the reason, never dropped."""

    kind: str
    """The record kind it should have become."""
    id: str | None
    row: Mapping[str, Any]
    """The raw row, without message bodies."""
    reason: str
    origin: str | None = None
    """The file it stands in, as in `Record.origin`."""


@dataclass(frozen=True, slots=True)
class Retired:
    """Rows of `kind`, of whatever account, that still carry `origin` are gone: remove them."""

    kind: str
    origin: str


@dataclass(frozen=True, slots=True)
class Page:
    """Records to store, then the cursor to go on from.

    `cursor=None` leaves the stored cursor where it is. `data_until` is the vendor's instant up to
    which this stream is now complete, for freshness. `total` is a guess of the rows still to come
    in this pull, for progress bars.
    """

    records: Sequence[Record]
    cursor: Cursor | None = None
    rejected: Sequence[Rejected] = ()
    data_until: datetime | None = None
    total: int | None = None
    retired: Sequence[Retired] = ()
    account: str | None = None
    """The account the records are about, where it is not the one that was pulled (file drops)."""
