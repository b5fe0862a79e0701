"""What facts are made from and what they are: plain tuples, ready for a database's rows.

Instants are microseconds since 1970 (UTC), days are days since 1970-01-01 of the local date in the
reporting zone, durations are whole seconds, verdicts are 0 or 1, and null means not measurable.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntFlag
from typing import NamedTuple, Protocol

from kpi.calendar import LocalDays, OpenHours
from kpi.lesser import RiskSpan, SlaFact, WorkdayFact
from kpi.rules import Threshold

# What is read -------------------------------------------------------------------------------------


class TicketInput(NamedTuple):
    """Columns of `tickets`, under their names there; instants as stored, `tags` as JSON text."""

    account: str
    id: str
    status: str | None
    priority: str | None
    channel: str
    type: str | None
    category: str | None
    brand_id: str | None
    group_id: str | None
    agent_id: str | None
    requester_id: str | None
    submitter_id: str | None
    organisation_id: str | None
    schedule_id: str | None
    tags: str
    created_at: int
    updated_at: int | None
    first_response_at: int | None
    first_solved_at: int | None
    solved_at: int | None
    closed_at: int | None
    reopened_at: int | None
    first_assigned_at: int | None
    deleted_at: int | None
    is_spam: int
    is_test: int
    is_imported: int
    is_merged: int
    merged_into: str | None
    is_outbound: int | None
    is_bot_handled: int
    vendor_first_response_seconds: int | None
    vendor_first_response_business_seconds: int | None
    vendor_first_resolution_seconds: int | None
    vendor_first_resolution_business_seconds: int | None
    vendor_full_resolution_seconds: int | None
    vendor_full_resolution_business_seconds: int | None
    vendor_requester_wait_seconds: int | None
    vendor_requester_wait_business_seconds: int | None
    vendor_agent_wait_seconds: int | None
    vendor_agent_wait_business_seconds: int | None
    vendor_on_hold_seconds: int | None
    vendor_on_hold_business_seconds: int | None
    vendor_resolution_unit_seconds: int
    vendor_replies: int | None
    vendor_customer_messages: int | None
    vendor_reopens: int | None
    vendor_agent_stations: int | None
    vendor_group_stations: int | None
    vendor_one_touch: int | None


class EventInput(NamedTuple):
    """Columns of `ticket_events`, under their names there."""

    at: int
    sequence: int
    id: str
    event: str
    value: str | None
    previous: str | None
    actor_id: str | None
    actor_role: str | None
    is_public: int | None
    source: str


class AnsweredCall(NamedTuple):
    """An answered call of a ticket: a contact, as a public reply is."""

    at: int
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What marks a ticket as something: moved to a group, given a tag, of a type or category."""

    groups: AbstractSet[str] = frozenset()
    tags: AbstractSet[str] = frozenset()
    types: AbstractSet[str] = frozenset()
    categories: AbstractSet[str] = frozenset()

    @property
    def are_chosen(self) -> bool:
        """Whether anything marks a ticket; without a choice nobody knows."""
        return bool(self.groups or self.tags or self.types or self.categories)


class ResponseTarget(Protocol):
    """Within how long a first response is due."""

    @property
    def seconds(self) -> int: ...

    def fits(self, channel: str, priority: str | None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What the facts of one account's tickets rest on besides their own rows."""

    days: LocalDays
    """Of the reporting zone."""
    staff: AbstractSet[str] = frozenset()
    light: AbstractSet[str] = frozenset()
    """Staff whose comments customers never see."""
    schedules: Mapping[str, OpenHours] | None = None
    default_schedule: OpenHours | None = None
    """Null: the account has no business hours, and business figures are null."""
    group_schedules: Mapping[str, str] | None = None
    is_last_schedule: bool = False
    """A span's business time goes by the schedule at its end."""
    fcr_window_seconds: int = 7 * 86_400
    reopen_window_seconds: int = 30 * 86_400
    bot_window_seconds: int = 72 * 3_600
    survey_wave_seconds: int = 30 * 86_400
    """How long after an answer another one of the same respondent to the same survey is of the same wave."""
    escalation: Signs = field(default_factory=Signs)
    complaint: Signs = field(default_factory=Signs)
    satisfied: Mapping[str, Threshold] = field(default_factory=dict)
    """By scale, where it is not as usual."""
    response_targets: Sequence[ResponseTarget] = ()
    """The first that fits holds."""


# What a ticket comes to ---------------------------------------------------------------------------


class Approximated(IntFlag):
    """Which figures of a fact are inferred, or rounded by the vendor, instead of exact."""

    FIRST_RESPONSE = 1
    FIRST_RESOLUTION = 2
    FULL_RESOLUTION = 4
    WAITS = 8
    REOPENS = 16
    AGENT_CHANGES = 32
    GROUP_CHANGES = 64
    REPLIES = 128
    CUSTOMER_MESSAGES = 256
    ASSIGNMENT = 512
    BACKLOG = 1024
    CONTACTS = 2048
    """First contact resolution and bot outcomes."""
    ACTORS = 4096
    """The agent and group at a reply, a solve, an assignment … are those of a look, or today's."""
    ESCALATION = 8192
    HOURS = 16384
    """The schedules that applied follow from groups that were seen at syncs."""
    WORKDAYS = 32768
    """An agent's day was taken from replies and solves, for nobody told how long it was."""


class TicketFact(NamedTuple):
    """One row of `ticket_facts`."""

    account: str
    ticket_id: str
    is_countable: int
    """Not deleted, spam, merged away or a test."""
    is_outbound: int
    is_imported: int
    status: str | None
    channel: str
    priority: str | None
    type: str | None
    category: str | None
    brand_id: str | None
    organisation_id: str | None
    requester_id: str | None
    tags: str
    """JSON list."""
    agent_id: str | None
    group_id: str | None
    created_at: int
    created_day: int
    created_hour: int
    """Local hour of the week, 0 is Monday's first."""

    first_response_at: int | None
    """Null for outbound tickets, as everything about first responses but the Zendesk variant."""
    replied_day: int | None
    replied_agent_id: str | None
    replied_group_id: str | None
    first_response_seconds: int | None
    first_response_business_seconds: int | None
    first_any_response_seconds: int | None
    first_handoff_response_seconds: int | None
    first_zendesk_response_seconds: int | None
    any_replied_day: int | None
    any_replied_agent_id: str | None
    """Who wrote it; null of a bot."""
    any_replied_group_id: str | None
    zendesk_replied_day: int | None
    zendesk_replied_agent_id: str | None
    zendesk_replied_group_id: str | None

    first_assigned_at: int | None
    assigned_day: int | None
    assigned_agent_id: str | None
    assigned_group_id: str | None
    first_assignment_seconds: int | None

    first_solved_at: int | None
    first_solved_day: int | None
    first_solved_agent_id: str | None
    first_solved_group_id: str | None
    first_resolution_seconds: int | None
    first_resolution_business_seconds: int | None
    solved_at: int | None
    """The last solve, as everything from here to `agent_work_business_seconds` only while solved."""
    solved_day: int | None
    solved_agent_id: str | None
    solved_group_id: str | None
    full_resolution_seconds: int | None
    full_resolution_business_seconds: int | None
    active_resolution_seconds: int | None
    requester_wait_seconds: int | None
    requester_wait_business_seconds: int | None
    agent_wait_seconds: int | None
    agent_wait_business_seconds: int | None
    on_hold_seconds: int | None
    on_hold_business_seconds: int | None
    agent_work_seconds: int | None
    agent_work_business_seconds: int | None

    replies: int | None
    customer_messages: int | None
    agent_changes: int | None
    group_changes: int | None
    reopens: int | None
    first_reopened_at: int | None

    one_touch: int | None
    reopened_in_window: int | None
    reopen_mature_at: int | None
    fcr: int | None
    """The verdict that stands at `fcr_mature_at` by what is known now; null where not eligible."""
    fcr_strict: int | None
    fcr_mature_at: int | None
    agent_contacts: int | None
    """Until the first contact window ends; of tickets never solved, all."""

    is_escalated: int | None
    is_complaint: int | None
    """Null, as the one before, where nothing was chosen that marks one."""
    is_bot_handled: int
    bot_outcome: str | None
    """`deflected`, `handed_off` or `returned`."""
    bot_at: int | None
    bot_day: int | None
    bot_agent_id: str | None
    bot_group_id: str | None
    bot_mature_at: int | None
    first_unanswered_at: int | None
    """The oldest customer message that waits for an answer; null while solved."""
    unanswered_day: int | None
    has_reply: int

    target_seconds: int | None
    """Within how long a first response was due, where one is."""
    target_day: int | None
    """Of the reply, or of the instant the target passes without one."""
    target_agent_id: str | None
    target_group_id: str | None
    target_met: int | None
    """The verdict that stands at `target_mature_at`; null where none is due."""
    target_mature_at: int | None

    history: str
    """How statuses are known: `complete`, `observed` (by looks), `summary` (by the vendor's figures)."""
    messages: str
    """How messages are known: `complete` or `summary`."""
    approximations: int
    """`Approximated`."""
    flags: str
    """Words about data quality: `negative_duration`."""


class TurnFact(NamedTuple):
    """One row of `turn_facts`: a customer waited from `asked_at` until an agent replied."""

    account: str
    ticket_id: str
    ordinal: int
    asked_at: int
    asked_day: int
    replied_at: int
    replied_day: int
    agent_id: str | None
    group_id: str | None
    seconds: int
    business_seconds: int | None


class TransitionFact(NamedTuple):
    """One row of `transition_facts`: each `solve` and each `reopen`."""

    account: str
    ticket_id: str
    ordinal: int
    transition: str
    at: int
    day: int
    agent_id: str | None
    group_id: str | None


class BacklogSpan(NamedTuple):
    """One row of `backlog_spans`: local day ends at which the ticket stood unsolved and unchanged."""

    account: str
    ticket_id: str
    ordinal: int
    from_day: int
    until_day: int | None
    """The first day end at which it no longer stands so; null while it does."""
    status_class: str
    agent_id: str | None
    group_id: str | None
    has_reply: int


Line = list[tuple[int, str | None]]
"""A value and since when, oldest first."""


class TicketFacts(NamedTuple):
    fact: TicketFact
    backlog: list[BacklogSpan]
    turns: list[TurnFact]
    transitions: list[TransitionFact]
    sla: list[SlaFact]
    workdays: list[WorkdayFact]
    risks: list[RiskSpan]
    agents: Line
    """Whose it was; not stored, and needed where a rating does not say whom it credits."""
    groups: Line
