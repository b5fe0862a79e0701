"""Derived tables: facts of tickets, ratings and calls, and the KPIs' cells.

All of it can be computed again from the records. Instants are microseconds, days are days since
1970-01-01 of the local date in the reporting zone, durations whole seconds, verdicts 0 or 1.
"""

import sqlalchemy as sa

import storage.judged  # noqa: F401 - its tables belong to these
from storage.tables import metadata


def _facts(name: str, key: tuple[str, ...], columns: dict[str, str], *indexes: tuple[str, ...]) -> sa.Table:
    """`columns` maps a name to `text`, `int` (64 bits) or `real`; the key's columns come first."""
    types = {"text": sa.Text, "int": sa.BigInteger, "real": sa.Double}
    return sa.Table(
        name,
        metadata,
        *(
            sa.Column(column, types[kind], primary_key=column in key, nullable=column not in key)
            for column, kind in columns.items()
        ),
        *(sa.Index(f"ix_{name}_{'_'.join(index)}", *index) for index in indexes),
    )


_DESCRIPTIVE = {
    "channel": "text",
    "priority": "text",
    "type": "text",
    "category": "text",
    "brand_id": "text",
    "organisation_id": "text",
    "requester_id": "text",
    "tags": "text",
}

ticket_facts = _facts(
    "ticket_facts",
    ("account", "ticket_id"),
    {
        "account": "text",
        "ticket_id": "text",
        "is_countable": "int",
        "is_outbound": "int",
        "is_imported": "int",
        "status": "text",
        **_DESCRIPTIVE,
        "agent_id": "text",
        "group_id": "text",
        "created_at": "int",
        "created_day": "int",
        "created_hour": "int",
        "first_response_at": "int",
        "replied_day": "int",
        "replied_agent_id": "text",
        "replied_group_id": "text",
        "first_response_seconds": "int",
        "first_response_business_seconds": "int",
        "first_any_response_seconds": "int",
        "first_handoff_response_seconds": "int",
        "first_zendesk_response_seconds": "int",
        "any_replied_day": "int",
        "any_replied_agent_id": "text",
        "any_replied_group_id": "text",
        "zendesk_replied_day": "int",
        "zendesk_replied_agent_id": "text",
        "zendesk_replied_group_id": "text",
        "first_assigned_at": "int",
        "assigned_day": "int",
        "assigned_agent_id": "text",
        "assigned_group_id": "text",
        "first_assignment_seconds": "int",
        "first_solved_at": "int",
        "first_solved_day": "int",
        "first_solved_agent_id": "text",
        "first_solved_group_id": "text",
        "first_resolution_seconds": "int",
        "first_resolution_business_seconds": "int",
        "solved_at": "int",
        "solved_day": "int",
        "solved_agent_id": "text",
        "solved_group_id": "text",
        "full_resolution_seconds": "int",
        "full_resolution_business_seconds": "int",
        "active_resolution_seconds": "int",
        "requester_wait_seconds": "int",
        "requester_wait_business_seconds": "int",
        "agent_wait_seconds": "int",
        "agent_wait_business_seconds": "int",
        "on_hold_seconds": "int",
        "on_hold_business_seconds": "int",
        "agent_work_seconds": "int",
        "agent_work_business_seconds": "int",
        "replies": "int",
        "customer_messages": "int",
        "agent_changes": "int",
        "group_changes": "int",
        "reopens": "int",
        "first_reopened_at": "int",
        "one_touch": "int",
        "reopened_in_window": "int",
        "reopen_mature_at": "int",
        "fcr": "int",
        "fcr_strict": "int",
        "fcr_mature_at": "int",
        "agent_contacts": "int",
        "is_escalated": "int",
        "is_complaint": "int",
        "is_bot_handled": "int",
        "bot_outcome": "text",
        "bot_at": "int",
        "bot_day": "int",
        "bot_agent_id": "text",
        "bot_group_id": "text",
        "bot_mature_at": "int",
        "first_unanswered_at": "int",
        "unanswered_day": "int",
        "has_reply": "int",
        "target_seconds": "int",
        "target_day": "int",
        "target_agent_id": "text",
        "target_group_id": "text",
        "target_met": "int",
        "target_mature_at": "int",
        "history": "text",
        "messages": "text",
        "approximations": "int",
        "flags": "text",
    },
    ("created_day",),
    ("replied_day",),
    ("first_solved_day",),
    ("solved_day",),
    ("account", "requester_id", "created_at"),
    ("reopen_mature_at",),
    ("fcr_mature_at",),
    ("assigned_day",),
    ("target_day",),
    ("target_mature_at",),
    ("bot_day",),
    ("any_replied_day",),
    ("zendesk_replied_day",),
    ("unanswered_day",),
    ("bot_mature_at",),
)

rating_facts = _facts(
    "rating_facts",
    ("account", "rating_id"),
    {
        "account": "text",
        "rating_id": "text",
        "ticket_id": "text",
        "survey_type": "text",
        "survey_id": "text",
        "dimension": "text",
        "is_countable": "int",
        "is_counted": "int",
        "offered_day": "int",
        "rated_at": "int",
        "rated_day": "int",
        "scale": "text",
        "score": "real",
        "satisfied": "int",
        "dissatisfied": "int",
        "normalised": "real",
        "has_comment": "int",
        "agent_id": "text",
        "group_id": "text",
        **_DESCRIPTIVE,
        "respondent_id": "text",
        "wave_ends_at": "int",
    },
    ("rated_day",),
    ("offered_day",),
    ("account", "ticket_id"),
    ("account", "respondent_id"),
)

turn_facts = _facts(
    "turn_facts",
    ("account", "ticket_id", "ordinal"),
    {
        "account": "text",
        "ticket_id": "text",
        "ordinal": "int",
        "asked_at": "int",
        "asked_day": "int",
        "replied_at": "int",
        "replied_day": "int",
        "agent_id": "text",
        "group_id": "text",
        "seconds": "int",
        "business_seconds": "int",
    },
    ("replied_day", "asked_day"),
)

transition_facts = _facts(
    "transition_facts",
    ("account", "ticket_id", "ordinal"),
    {
        "account": "text",
        "ticket_id": "text",
        "ordinal": "int",
        "transition": "text",
        "at": "int",
        "day": "int",
        "agent_id": "text",
        "group_id": "text",
    },
    ("day",),
)

backlog_spans = _facts(
    "backlog_spans",
    ("account", "ticket_id", "ordinal"),
    {
        "account": "text",
        "ticket_id": "text",
        "ordinal": "int",
        "from_day": "int",
        "until_day": "int",
        "status_class": "text",
        "agent_id": "text",
        "group_id": "text",
        "has_reply": "int",
    },
    ("from_day",),
    ("until_day", "from_day"),
)

sla_facts = _facts(
    "sla_facts",
    ("account", "ticket_id", "metric", "instance"),
    {
        "account": "text",
        "ticket_id": "text",
        "metric": "text",
        "instance": "int",
        "policy_id": "text",
        "state": "text",
        "started_at": "int",
        "due_at": "int",
        "fulfilled_at": "int",
        "met": "int",
        "decided_at": "int",
        "decided_day": "int",
        "agent_id": "text",
        "group_id": "text",
        "breached_at": "int",
        "breached_day": "int",
        "breached_agent_id": "text",
        "breached_group_id": "text",
        "risk_at": "int",
    },
    ("decided_day",),
    ("decided_at",),
    ("breached_day",),
    ("breached_at",),
)

risk_spans = _facts(
    "risk_spans",
    ("account", "ticket_id", "metric", "instance", "ordinal"),
    {
        "account": "text",
        "ticket_id": "text",
        "metric": "text",
        "instance": "int",
        "ordinal": "int",
        "policy_id": "text",
        "risk_at": "int",
        "risk_day": "int",
        "risk_until": "int",
        "risk_until_day": "int",
        "agent_id": "text",
        "group_id": "text",
    },
    ("risk_at",),
    ("risk_until", "risk_at"),
)

workday_facts = _facts(
    "workday_facts",
    ("account", "ticket_id", "agent_id", "day"),
    {
        "account": "text",
        "ticket_id": "text",
        "agent_id": "text",
        "day": "int",
        "group_id": "text",
        "replies": "int",
        "solves": "int",
    },
    ("day",),
)

call_facts = _facts(
    "call_facts",
    ("account", "call_id"),
    {
        "account": "text",
        "call_id": "text",
        "ticket_id": "text",
        "is_inbound": "int",
        "is_handled": "int",
        "is_offered": "int",
        "is_abandoned": "int",
        "step": "text",
        "started_at": "int",
        "started_day": "int",
        "ended_day": "int",
        "agent_id": "text",
        "group_id": "text",
        "wait_seconds": "int",
        "talk_hold_seconds": "int",
        "handle_seconds": "int",
    },
    ("started_day",),
    ("ended_day",),
)

agent_time_facts = _facts(
    "agent_time_facts",
    ("account", "time_id"),
    {
        "account": "text",
        "time_id": "text",
        "agent_id": "text",
        "group_id": "text",
        "day": "int",
        "available_seconds": "int",
        "productive_seconds": "int",
    },
    ("day",),
    ("account", "agent_id", "day"),
)

customer_facts = _facts(
    "customer_facts",
    ("account", "customer_id"),
    {
        "account": "text",
        "customer_id": "text",
        "requester_id": "text",
        "started_at": "int",
        "started_day": "int",
        "churned_at": "int",
        "churned_day": "int",
    },
    ("started_day",),
    ("churned_day",),
    ("account", "requester_id"),
)

purchase_facts = _facts(
    "purchase_facts",
    ("account", "purchase_id"),
    {
        "account": "text",
        "purchase_id": "text",
        "customer_id": "text",
        "day": "int",
        "is_upsell": "int",
    },
    ("day",),
)

figure_facts = _facts(
    "figure_facts",
    ("account", "figure_id"),
    {
        "account": "text",
        "figure_id": "text",
        "name": "text",
        "grain": "text",
        "day": "int",
        "value": "real",
    },
    ("day",),
)

FACT_TABLES = (
    ticket_facts,
    rating_facts,
    turn_facts,
    transition_facts,
    backlog_spans,
    sla_facts,
    workday_facts,
    risk_spans,
    call_facts,
    agent_time_facts,
    customer_facts,
    purchase_facts,
    figure_facts,
)

kpi_cells = sa.Table(
    "kpi_cells",
    metadata,
    sa.Column("kpi", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("grain", sa.Text, primary_key=True),
    sa.Column("period", sa.BigInteger, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("dimension", sa.Text, primary_key=True),
    sa.Column("member", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("numerator", sa.BigInteger),
    sa.Column("denominator", sa.BigInteger),
    sa.Column("p50", sa.Double),
    sa.Column("p90", sa.Double),
    sa.Column("p95", sa.Double),
    sa.Column("ci_low", sa.Double),
    sa.Column("ci_high", sa.Double),
    sa.Column("low_sample", sa.BigInteger, nullable=False),
    sa.Column("provisional", sa.BigInteger, nullable=False),
    sa.Column("availability", sa.Text, nullable=False),
    sa.Column("computed_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""One value of one KPI: `period` is the period's first local day. A period without any has no row.

Readers see the generation that the KPI's definition names; another one is being built, or left over.
"""

touched_periods = sa.Table(
    "touched_periods",
    metadata,
    sa.Column("anchor", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("causes", sa.BigInteger, nullable=False),
)
"""Local days whose facts changed, by anchor, and why; forgotten when their periods are recomputed."""

kpi_state = sa.Table(
    "kpi_state",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""What the last refresh knew: the facts' version, up to when time has passed, and what it was about."""

kpi_definitions = sa.Table(
    "kpi_definitions",
    metadata,
    sa.Column("kpi", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("anchor", sa.Text, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("formula", sa.Text, nullable=False),
    sa.Column("zendesk", sa.Text, nullable=False),
    sa.Column("freshdesk", sa.Text, nullable=False),
    sa.Column("hubspot", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("scale", sa.BigInteger, nullable=False),
    sa.Column("fineness", sa.BigInteger, nullable=False),
    sa.Column("fineness_below", sa.BigInteger, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("waits_for", sa.Text),
    sa.Column("aliases", sa.Text),
)
"""The catalogue as readers see it. `shape`: `distribution` (numerator is the sum of n values, with
percentiles), else scale × numerator ÷ denominator, or the numerator alone where there is no denominator;
numerators are kept in units of 1 ÷ `fineness`, denominators of 1 ÷ `fineness_below`. `generation` is that of
the cells to be read, and `signature` tells a definition from another one."""
