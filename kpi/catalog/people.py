"""How much of their day the staff spent on customers, and what came of a day and of the money."""

from dataclasses import replace

from kpi.catalog.demand import DEMAND
from kpi.catalog.figures import figure
from kpi.catalog.populations import COUNTABLE, availability_by
from kpi.metric import (
    AGENT_DAY,
    DERIVED,
    EXACT,
    SOLVED,
    UNAVAILABLE,
    WORKDAY,
    WORKED,
    Metric,
    Shape,
    Term,
)
from kpi.shapes import Approximated

_SOLVED = next(metric for metric in DEMAND if metric.id == "tickets_solved")
_SOLVED_BY_SOMEBODY = replace(
    _SOLVED,
    id="tickets_solved_by_agents",
    definition="Tickets that are solved or closed now and were somebody's at their last solve.",
    where=f"{COUNTABLE} AND solved_agent_id IS NOT NULL",
)
"""Days are agents', and so must be what they hold."""
_DAYS = Metric(
    id="agent_days",
    title="Agent-days worked",
    unit="days",
    direction="neutral",
    anchor=WORKED,
    shape=Shape.DISTINCT,
    definition="Days on which an agent was available (`agent_time` files); where no hours are told, days on which the agent replied in public or had a ticket when it was solved.",
    formula="number of different (agent, day)",
    where="agent_id IS NOT NULL",
    value="agent_id || '/' || day",
    availability=availability_by(DERIVED, DERIVED, DERIVED, EXACT),
    approximated=Approximated.WORKDAYS,
)
_REPLIES = Metric(
    id="public_replies",
    title="Public replies",
    unit="replies",
    direction="neutral",
    anchor=WORKDAY,
    shape=Shape.COUNT,
    definition="Public replies of human agents, by their day and author.",
    formula="number of replies",
    where=f"{COUNTABLE} AND replies > 0",
    value="replies",
    availability=availability_by(DERIVED, DERIVED, UNAVAILABLE),
    is_only_where_told=True,
)
_DAYS_TOLD = replace(
    _DAYS,
    id="agent_days_with_replies_told",
    definition=f"{_DAYS.definition} Of accounts whose replies are read.",
    availability=availability_by(DERIVED, DERIVED, UNAVAILABLE, EXACT),
    is_only_where_told=True,
)

PEOPLE: tuple[Metric, ...] = (
    Metric(
        id="agent_utilization",
        title="Agent utilization",
        unit="%",
        direction="neutral",
        anchor=AGENT_DAY,
        shape=Shape.RATIO,
        definition="Productive hours of all available hours (online or scheduled, without breaks), as `agent_time` files tell them; a team's is the ratio of sums. Call centres call talk ÷ logged-in time occupancy: this is not that.",
        formula="100 × Σ productive ÷ Σ available",
        where="available_seconds > 0 AND productive_seconds IS NOT NULL",
        value="productive_seconds",
        over="available_seconds",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for="`agent_time` files",
    ),
    Metric(
        id="tickets_per_agent_day",
        title="Tickets solved per agent-day",
        unit="tickets/agent-day",
        direction="higher",
        anchor=SOLVED,
        shape=Shape.COMPOSED,
        definition="Tickets solved (credited to whoever had them at the last solve; those that were nobody's are left out) per day that an agent worked. A day counts where the agent was available by `agent_time` files; where none tell, where the agent replied in public or solved something, and the value is approximated. Read it beside satisfaction and reopenings.",
        formula="tickets solved ÷ different (agent, day)",
        terms=(Term(_SOLVED_BY_SOMEBODY), Term(_DAYS, below=True)),
        availability=availability_by(DERIVED, DERIVED, DERIVED),
    ),
    Metric(
        id="replies_per_agent_day",
        title="Replies per agent-day",
        unit="replies/agent-day",
        direction="higher",
        anchor=WORKDAY,
        shape=Shape.COMPOSED,
        definition="Public replies per day that an agent worked, days as in tickets_per_agent_day. Of tickets whose messages are not known one by one no replies are counted; where a helpdesk's conversations are read only now and then (HubSpot), neither its replies nor its days are.",
        formula="public replies ÷ different (agent, day)",
        terms=(Term(_REPLIES), Term(_DAYS_TOLD, below=True)),
        availability=availability_by(DERIVED, DERIVED, UNAVAILABLE),
        waits_for="HubSpot: conversations read whole, which they are not",
    ),
    Metric(
        id="cost_per_ticket",
        title="Cost per solved ticket",
        unit="currency",
        direction="lower",
        anchor=SOLVED,
        shape=Shape.COMPOSED,
        definition="Support cost of a period (`support_cost` of `business_figures` files) per ticket solved in it, for the periods whose cost is told: a month's cost gives the month's value, not the weeks'.",
        formula="support cost ÷ tickets solved",
        terms=(Term(figure("support_cost", fineness=100)), Term(_SOLVED, below=True, whole=True)),
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for="`business_figures` files: `support_cost`",
    ),
)
