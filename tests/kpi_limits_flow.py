"""What vendors do not tell of what is said and done on tickets: see `kpi_limits`."""

from collections.abc import Mapping

from tests.kpi_life import Life
from tests.kpi_limits import (
    AT_LOOKS,
    NO_GROUPS,
    NO_STATUSES,
    UNREAD,
    Limit,
    any_of,
    changed_agent,
    changed_group,
    is_any,
    seen_before_taken,
    was_reopened,
)
from tests.kpi_oracle_flow import had_bot, handed_off_at


def is_outbound(life: Life) -> bool:
    return life.is_outbound


def was_taken(life: Life) -> bool:
    return bool(life.agent(life.now))


def is_unanswered(life: Life) -> bool:
    return not life.replies


def was_handed_off(life: Life) -> bool:
    return bool(handed_off_at(life))


def had_bot_and_person(life: Life) -> bool:
    return had_bot(life) and bool(was_handed_off(life) or life.agent(life.now))


NO_BOTS = "a bot's words are told as those of a rule"
NO_HANDOFFS = "when a bot handed over is not told"
ONLY_WHILE_ALONE = "a bot is told only while nobody else has the ticket"
NO_AGENTS = "no history of agents"
OUTBOUND = "nothing is told of replies on tickets that the staff opened"
THEN = ("agent", "group")
DAYS = ("all", "agent", "group")

FLOW_LIMITS: Mapping[tuple[str, str], Limit] = {
    ("zendesk", "first_response_time_any"): Limit(NO_BOTS, had_bot, 0.15),
    ("zendesk", "first_response_time_after_handoff"): Limit(NO_HANDOFFS, was_handed_off, 0.1),
    ("zendesk", "bot_deflection_rate"): Limit(ONLY_WHILE_ALONE, had_bot_and_person, 0.7),
    ("zendesk", "bot_handoff_rate"): Limit(ONLY_WHILE_ALONE, had_bot_and_person, 0.7),
    ("freshdesk", "first_response_time_any"): Limit(NO_BOTS, had_bot, 0.15),
    ("freshdesk", "first_response_time_zendesk"): Limit(OUTBOUND, is_outbound, 0.06),
    ("freshdesk", "first_response_time_after_handoff"): Limit(NO_HANDOFFS, was_handed_off, 0.1),
    ("freshdesk", "first_response_within_target_rate"): Limit(
        f"{NO_GROUPS}; {NO_AGENTS}",
        any_of(changed_group, changed_agent, is_unanswered),
        0,
        THEN,
        is_marked=False,
    ),
    ("freshdesk", "fcr_rate"): Limit(NO_STATUSES, was_reopened, 0.14),
    ("freshdesk", "fcr_rate_strict"): Limit(NO_STATUSES, was_reopened, 0.14),
    ("freshdesk", "bot_deflection_rate"): Limit(ONLY_WHILE_ALONE, is_any, 1),
    ("freshdesk", "bot_handoff_rate"): Limit(ONLY_WHILE_ALONE, is_any, 1),
    ("freshdesk", "time_to_first_assignment"): Limit(AT_LOOKS, was_taken, 1),
    ("freshdesk", "escalation_rate"): Limit("no history of groups", changed_group, 0.06),
    ("freshdesk", "backlog_age"): Limit(NO_STATUSES, was_reopened, 0.3),
    ("freshdesk", "backlog_aged_count"): Limit(NO_STATUSES, was_reopened, 0.3),
    **{
        ("freshdesk", f"backlog_age_{bucket}"): Limit(NO_STATUSES, was_reopened, 0.3)
        for bucket in ("0_to_1d", "1_to_3d", "3_to_7d", "7_to_30d")
    },
    ("freshdesk", "fcr_rate_created"): Limit(NO_STATUSES, was_reopened, 0.14),
    ("hubspot", "fcr_rate_created"): Limit(UNREAD, is_any, 1),
    ("freshdesk", "net_ticket_flow"): Limit(NO_STATUSES, was_reopened, 0.12),
    ("freshdesk", "solved_to_created_ratio"): Limit(
        AT_LOOKS, seen_before_taken, 0, ("agent",), is_marked=False
    ),
    ("freshdesk", "tickets_per_agent_day"): Limit(
        f"{NO_STATUSES}; {AT_LOOKS}", any_of(was_reopened, seen_before_taken), 0.02, DAYS, within=0.05
    ),
    ("freshdesk", "replies_per_agent_day"): Limit(
        f"{NO_STATUSES}; {NO_GROUPS}; {OUTBOUND}", any_of(is_outbound, changed_group), 0.06, DAYS, within=0.1
    ),
    ("hubspot", "first_response_time_any"): Limit(NO_BOTS, had_bot, 0.15),
    ("hubspot", "first_response_time_zendesk"): Limit(OUTBOUND, is_outbound, 0.06),
    ("hubspot", "fcr_rate"): Limit(UNREAD, is_any, 1),
    ("hubspot", "fcr_rate_strict"): Limit(UNREAD, is_any, 1),
    ("hubspot", "unanswered_turns"): Limit(UNREAD, is_any, 1),
    ("hubspot", "tickets_per_agent_day"): Limit(UNREAD, is_any, 0, DAYS, within=0.45),
}
