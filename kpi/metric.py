"""What a KPI is: an entry of data that the generic aggregation reads.

An entry names an anchor (which facts, and the local day that dates each), which facts count (`where`)
and what each contributes (`value`). Conditions and values are SQL over the anchor's columns, so an entry
says all there is to say about its KPI. How facts become a value is its shape:

- `COUNT`: the sum of `value` (1 unless told otherwise).
- `RATIO`: Σ `value` ÷ the number of facts, or ÷ Σ `over` where each fact brings its own denominator. A
  share has values 0 and 1 (`has_interval` gives it its Wilson interval); a mean of scores has the scores.
- `BALANCE`: a difference of shares. Values are 1, 0 and -1; Σ `value` ÷ the number of facts, with the
  margin of error of a net score.
- `DISTINCT`: how many different `value`s there are (text or numbers), of each account its own.
- `DISTRIBUTION`: mean, p50, p90 and p95 of `value`.
- `COMPOSED`: made of other measures' values in the same period, account and member (`terms`).

All sums are sums of integers, so that no order of facts can change one. Where a `value` may be
fractional, `fineness` says into how many units one is divided: each fact's contribution is rounded to
such a unit, the cell holds units, and readers see it divided again. `FINE` is exact for scores with two
decimals and for means of up to sixteen whole ones.

A composed entry has terms instead of `where` and `value`. Each names a measure: an entry of the
catalogue, or one made for the purpose, with an anchor of its own. What a term brings is its cell's
numerator. With `RATIO` terms: scale × Σ (terms above) ÷ Σ (terms `below`); without any `below`, the sum:

    net_ticket_flow   = Term(created) + Term(reopened) - Term(solved, sign=-1)
    contact_rate      = Term(inbound tickets) ÷ Term(active customers, below=True, whole=True)
    channel_mix       = Term(tickets) ÷ Term(tickets, below=True, whole=True)

`whole` takes the term of the whole period and account instead of the member's. A missing term above is
0; where what is below is missing or 0 there is no value. With `is_growth`, there are two terms, a and b:
scale × (a ÷ a of the period before - b ÷ b of the period before). The cell keeps numerator and
denominator as integers, is computed from the facts of all its terms in one go (never from other cells),
is touched when a fact of any term's anchor is, and `explain` lists each term's own cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import lcm

EXACT, DERIVED, APPROXIMATED, UNAVAILABLE = "exact", "derived", "approximated", "unavailable"
FILES = "files"
VENDORS = ("zendesk", "freshdesk", "hubspot", FILES)
FINE = 3_603_600
"""720,720 (divisible by 1 to 16) times 5: hundredths, and means of up to sixteen whole scores, are whole."""


class Shape(StrEnum):
    """How facts become a value."""

    COUNT = "count"
    RATIO = "ratio"
    BALANCE = "balance"
    DISTINCT = "distinct"
    DISTRIBUTION = "distribution"
    COMPOSED = "composed"


@dataclass(frozen=True, slots=True)
class Anchor:
    """By what a fact is dated, and whose it is at that instant.

    `table` is where the facts are stored (the touched day is that of its rows), `relation` what they are
    read from where that is more than the table: SQL in parentheses that offers `account`, `ticket_id`,
    the dimensions' columns (`kpi.sources.DESCRIPTIVE`), `approximations`, `flags` and `history`, besides
    what its entries name. In entries, `x` is the relation's alias.
    """

    name: str
    table: str
    day: str
    agent: str
    group: str
    relation: str = ""
    dimensions: tuple[str, ...] = ()
    """Columns that are dimensions of these facts besides the usual ones."""
    besides: tuple[str, ...] = ()
    """Other tables whose rows touch their `day`, for a relation that reads more than one."""

    @property
    def source(self) -> str:
        return self.relation or self.table


DESCRIBING = (
    "is_countable", "is_outbound", "is_imported", "channel", "priority", "type", "category", "brand_id",
    "organisation_id", "requester_id", "tags", "approximations", "flags", "history", "created_at", "created_day",
)  # fmt: skip
"""What a ticket's lesser facts take from its own."""


def _of_ticket(table: str) -> str:
    described = ", ".join(f"f.{name}" for name in DESCRIBING)
    return (
        f"(SELECT s.*, {described} FROM {table} s "
        "JOIN ticket_facts f ON f.account = s.account AND f.ticket_id = s.ticket_id)"
    )


_RATINGS = (
    "(SELECT r.*, 0 AS approximations, NULL AS flags, 'complete' AS history, rated_day AS created_day "
    "FROM rating_facts r)"
)

_WAITING = (
    "(SELECT w.*, f.group_id, f.agent_id, "
    + ", ".join(f"f.{name}" for name in DESCRIBING)
    + " FROM (SELECT account, ticket_id, asked_at, asked_day AS from_day, replied_day AS until_day FROM turn_facts "
    "UNION ALL SELECT account, ticket_id, first_unanswered_at, unanswered_day, NULL FROM ticket_facts "
    "WHERE unanswered_day IS NOT NULL) w "
    "JOIN ticket_facts f ON f.account = w.account AND f.ticket_id = w.ticket_id)"
)
SERVQUAL_DIMENSIONS = ("reliability", "assurance", "tangibles", "empathy", "responsiveness")


def _servqual() -> str:
    """One row a respondent and day: by dimension, the items and the sum of their gaps in units of 1 ÷ FINE."""
    described = (
        "channel",
        "priority",
        "type",
        "category",
        "brand_id",
        "organisation_id",
        "tags",
        "agent_id",
        "group_id",
    )
    gap = f"CAST(ROUND(normalised * {FINE}) AS BIGINT)"
    columns = [f"MIN({name}) AS {name}" for name in described]
    for name in SERVQUAL_DIMENSIONS:
        columns.append(f"SUM(CASE WHEN dimension = '{name}' THEN {gap} END) AS {name}")
        columns.append(f"SUM(CASE WHEN dimension = '{name}' THEN 1 ELSE 0 END) AS {name}_items")
    return (
        f"(SELECT account, MIN(ticket_id) AS ticket_id, MIN(rating_id) AS rating_id, rated_day, {', '.join(columns)}, "
        "0 AS approximations, NULL AS flags, 'complete' AS history, rated_day AS created_day FROM rating_facts "
        "WHERE survey_type = 'servqual' AND is_countable = 1 AND is_counted = 1 "
        "GROUP BY account, survey_id, COALESCE(respondent_id, rating_id), rated_day)"
    )


CREATED = Anchor("created", "ticket_facts", "created_day", "agent_id", "group_id")
REPLIED = Anchor("replied", "ticket_facts", "replied_day", "replied_agent_id", "replied_group_id")
ASSIGNED = Anchor("assigned", "ticket_facts", "assigned_day", "assigned_agent_id", "assigned_group_id")
TARGET_DECIDED = Anchor("target_decided", "ticket_facts", "target_day", "target_agent_id", "target_group_id")
FIRST_SOLVED = Anchor(
    "first_solved", "ticket_facts", "first_solved_day", "first_solved_agent_id", "first_solved_group_id"
)
SOLVED = Anchor("solved", "ticket_facts", "solved_day", "solved_agent_id", "solved_group_id")
BOT_DECIDED = Anchor("bot_decided", "ticket_facts", "bot_day", "bot_agent_id", "bot_group_id")
ANSWERED = Anchor("answered", "turn_facts", "replied_day", "agent_id", "group_id", _of_ticket("turn_facts"))
MOVED = Anchor("moved", "transition_facts", "day", "agent_id", "group_id", _of_ticket("transition_facts"))
RATED = Anchor("rated", "rating_facts", "rated_day", "agent_id", "group_id", _RATINGS)
SERVQUAL = Anchor("servqual", "rating_facts", "rated_day", "agent_id", "group_id", _servqual())
ANY_REPLIED = Anchor(
    "any_replied", "ticket_facts", "any_replied_day", "any_replied_agent_id", "any_replied_group_id"
)
ZENDESK_REPLIED = Anchor(
    "zendesk_replied",
    "ticket_facts",
    "zendesk_replied_day",
    "zendesk_replied_agent_id",
    "zendesk_replied_group_id",
)
OFFERED = Anchor("offered", "rating_facts", "offered_day", "agent_id", "group_id", _RATINGS)
DAY_END = Anchor("day_end", "backlog_spans", "from_day", "agent_id", "group_id", _of_ticket("backlog_spans"))
AGE = Anchor("age", "backlog_spans", "from_day", "agent_id", "group_id", _of_ticket("backlog_spans"))
"""Stocks whose values grow with the time alone: `value` names the instant since when, the fact's value is
the seconds since then at the day end, today at the time of the refresh."""


def _standalone(table: str, day: str, *held: str, channel: str = "NULL") -> str:
    """Facts that are no ticket's: what they do not hold of the dimensions is nobody's."""
    missing = (
        f"{told} AS {name}"
        for name, told in {
            **dict.fromkeys(("ticket_id", "agent_id", "group_id", "priority", "type", "category"), "NULL"),
            **dict.fromkeys(("brand_id", "organisation_id", "tags", "flags"), "NULL"),
            "channel": channel, "approximations": "0", "history": "'complete'", "created_day": day,
        }.items()
        if name not in held
    )  # fmt: skip
    return f"(SELECT s.*, {', '.join(missing)} FROM {table} s)"


_CALLS = _standalone("call_facts", "started_day", "ticket_id", "agent_id", "group_id", channel="'phone'")
_WORKED = (
    "(SELECT account, agent_id, group_id, day, 0 AS approximations FROM agent_time_facts "
    "WHERE available_seconds > 0 UNION ALL "
    "SELECT w.account, w.agent_id, w.group_id, w.day, 32768 FROM workday_facts w JOIN ticket_facts f "
    "ON f.account = w.account AND f.ticket_id = w.ticket_id WHERE f.is_countable = 1 AND NOT EXISTS ("
    "SELECT 1 FROM agent_time_facts t WHERE t.account = w.account AND t.agent_id = w.agent_id "
    "AND t.day = w.day AND t.available_seconds > 0))"
)
_CHURNED = (
    "(SELECT c.*, EXISTS (SELECT 1 FROM ticket_facts f WHERE f.account = c.account "
    "AND f.requester_id = c.requester_id AND f.is_countable = 1 AND f.is_outbound = 0 "
    "AND f.created_at <= c.churned_at AND f.created_at >= c.churned_at - 7776000000000) AS had_contact "
    "FROM customer_facts c)"
)
CALLED = Anchor("called", "call_facts", "started_day", "agent_id", "group_id", _CALLS, ("step",))
CALL_ENDED = Anchor("call_ended", "call_facts", "ended_day", "agent_id", "group_id", _CALLS)
AGENT_DAY = Anchor(
    "agent_day", "agent_time_facts", "day", "agent_id", "group_id",
    _standalone("agent_time_facts", "day", "agent_id", "group_id"),
)  # fmt: skip
WORKDAY = Anchor("workday", "workday_facts", "day", "agent_id", "group_id", _of_ticket("workday_facts"))
WORKED = Anchor(
    "worked", "workday_facts", "day", "agent_id", "group_id",
    _standalone(_WORKED, "day", "agent_id", "group_id", "approximations"), besides=("agent_time_facts",),
)  # fmt: skip
"""Days on which an agent was available, or else answered or solved something."""


def _of_promise(table: str) -> str:
    return _of_ticket(table).replace("s.*", "s.*, s.metric AS sla_metric, s.policy_id AS sla_policy", 1)


_PROMISES = _of_promise("sla_facts")
_OF_PROMISE = ("sla_metric", "sla_policy")
SLA_DECIDED = Anchor(
    "sla_decided", "sla_facts", "decided_day", "agent_id", "group_id", _PROMISES, _OF_PROMISE
)
SLA_BREACHED = Anchor(
    "sla_breached",
    "sla_facts",
    "breached_day",
    "breached_agent_id",
    "breached_group_id",
    _PROMISES,
    _OF_PROMISE,
)
AT_RISK = Anchor(
    "at_risk", "risk_spans", "risk_day", "agent_id", "group_id", _of_promise("risk_spans"), _OF_PROMISE
)
"""A stock of clocks: those at risk at a day's end, today at the time of the refresh."""
CHURNED = Anchor(
    "churned", "customer_facts", "churned_day", "agent_id", "group_id", _standalone(_CHURNED, "churned_day")
)
FIGURES = Anchor("figures", "figure_facts", "day", "agent_id", "group_id", _standalone("figure_facts", "day"))
CUSTOMERS = Anchor("customers", "customer_facts", "started_day", "agent_id", "group_id")
PURCHASES = Anchor("purchases", "purchase_facts", "day", "agent_id", "group_id")
AHEAD = Anchor("ahead", "ticket_facts", "created_day", "agent_id", "group_id")
LATELY = Anchor("lately", "ticket_facts", "solved_day", "solved_agent_id", "solved_group_id")

WAITING = Anchor("waiting", "turn_facts", "from_day", "agent_id", "group_id", _WAITING)
"""A stock of customers' messages: from the day they were written until that of their answer."""

STOCKS = (DAY_END, AGE, WAITING)
"""Anchors of spans: a fact counts at each day end at which it stands; a week's or month's is its last."""
ANCHORS = (
    CREATED, REPLIED, ASSIGNED, TARGET_DECIDED, FIRST_SOLVED, SOLVED, BOT_DECIDED, ANSWERED, MOVED, RATED,
    OFFERED, SERVQUAL, ANY_REPLIED, ZENDESK_REPLIED, DAY_END, AGE, WAITING, CALLED, CALL_ENDED, AGENT_DAY, WORKDAY, WORKED, SLA_DECIDED, SLA_BREACHED, AT_RISK,
    CHURNED, FIGURES, CUSTOMERS, PURCHASES, AHEAD, LATELY,
)  # fmt: skip
OUTSIDE = (AGENT_DAY, FIGURES, CUSTOMERS, PURCHASES)
"""Anchors of facts that files bring, whole: how far back an account was read says nothing of them."""
NOTED_OTHERWISE = (*STOCKS, AT_RISK, CUSTOMERS, AHEAD, LATELY)
"""Anchors that more days are touched of than those that facts bear."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One KPI.

    A fact whose value is null does not count. `matures_at` names the instant from which a verdict stands;
    younger facts are left out and make the value provisional.
    """

    id: str
    title: str
    unit: str
    direction: str
    """`higher` or `lower` is better, or `neutral`."""
    anchor: Anchor
    """A composed KPI's is that of its first term."""
    shape: Shape
    definition: str
    formula: str
    where: str = ""
    value: str = "1"
    over: str | None = None
    """A ratio's own denominator of each fact."""
    terms: tuple["Term", ...] = ()
    is_growth: bool = False
    scale: int = 1
    fineness: int = 1
    availability: Mapping[str, str] = field(default_factory=dict)
    approximated: int = 0
    """The facts' bits (`Approximated`) that make a value of this KPI approximated."""
    waits_for: str = ""
    """What somebody must bring or choose before there is a value, and for whom, where it is not of itself."""
    matures_at: str | None = None
    settles_after_days: int = 0
    """How long after its period's end a cohort goes on filling up, so that its value is provisional until then."""
    grain: str | None = None
    """SQL: the only grain (`day`, `week`, `month`) in whose periods a fact counts."""
    older_than_seconds: int | None = None
    """Of `AGE`: only those older than this at the day end count, each as one."""
    vendor_figure: str | None = None
    """The vendor's own figure of the same, as SQL over `tickets` (t), where one may exist."""
    vendor_differs: str = ""
    """Why it may be another one."""
    has_interval: bool = False
    """Whether a Wilson interval belongs to it: shares of independent facts."""
    has_profile: bool = False
    """Whether it is split by the hour of the week, too."""
    least: int = 0
    """Fewer answers than these are never shown, nor told apart by a difference: by month and team only."""
    is_only_where_told: bool = False
    """Facts of accounts for whose helpdesk it is unavailable do not count: what they hold of it is a chance part."""
    only_by: tuple[str, ...] = ()
    """Where it is told by some dimensions only: these, and no total."""
    aliases: tuple[str, ...] = ()
    """Other names under which `metric_named` and the command line find it, and people know it."""

    def available(self, vendor: str | None) -> str:
        """How well a vendor's data support this KPI; of an unknown connector, derived."""
        return self.availability.get(vendor or "", DERIVED)

    @property
    def measures(self) -> Sequence["Metric"]:
        """What is aggregated from facts for it: itself, or its terms' measures, each once."""
        if not self.terms:
            return (self,)
        return tuple({term.measure.id: term.measure for term in self.terms}.values())

    @property
    def fineness_above(self) -> int:
        """Into how many units one is divided in the cells' numerators."""
        above = [term.measure.fineness for term in self.terms if not term.below and not self.is_growth]
        return lcm(*above) if self.terms else self.fineness

    @property
    def fineness_below(self) -> int:
        """The same of their denominators."""
        return lcm(*(term.measure.fineness for term in self.terms if term.below))

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Whose touched days touch it."""
        return tuple(sorted({measure.anchor for measure in self.measures}, key=lambda anchor: anchor.name))


@dataclass(frozen=True, slots=True)
class Term:
    """One measure's part in a composed KPI."""

    measure: Metric
    below: bool = False
    sign: int = 1
    whole: bool = False


def measures(metrics: Sequence[Metric]) -> Iterator[Metric]:
    """Everything that is aggregated for some KPIs."""
    for metric in metrics:
        yield from metric.measures
