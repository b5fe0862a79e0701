"""Promises about time: which were kept, which were not, and which soon will not be."""

from kpi.catalog.populations import COUNTABLE, availability_by
from kpi.metric import AT_RISK, EXACT, SLA_BREACHED, SLA_DECIDED, Metric, Shape

_EVERYWHERE = availability_by(EXACT, EXACT, EXACT)

SERVICE_LEVELS: tuple[Metric, ...] = (
    Metric(
        id="sla_attainment_rate",
        title="SLA attainment",
        unit="%",
        direction="higher",
        anchor=SLA_DECIDED,
        shape=Shape.RATIO,
        definition="Share of the helpdesk's promises (each clock of a ticket: first response, next reply, resolution …) that were kept in time. A clock counts on the day it was stopped; one that still runs past its due instant is broken, and counts on the day it was due. Paused and running clocks are left out. The target is the one in force when it was applied.",
        formula="100 × met ÷ (met + broken)",
        where=f"{COUNTABLE} AND met IS NOT NULL",
        value="met",
        scale=100,
        availability=_EVERYWHERE,
        matures_at="decided_at",
        has_interval=True,
    ),
    Metric(
        id="sla_breach_count",
        title="SLA breaches",
        unit="breaches",
        direction="lower",
        anchor=SLA_BREACHED,
        shape=Shape.COUNT,
        definition="Promises that were broken, on the day on which their due instant passed, whenever they were fulfilled afterwards.",
        formula="number of clocks that passed their due instant",
        where=f"{COUNTABLE} AND breached_at IS NOT NULL",
        availability=_EVERYWHERE,
        matures_at="breached_at",
    ),
    Metric(
        id="sla_at_risk_count",
        title="SLA clocks at risk",
        unit="clocks",
        direction="lower",
        anchor=AT_RISK,
        shape=Shape.COUNT,
        definition="Running clocks, not yet broken, that are due within 30 minutes or have used four fifths of their target: today now, of past days at their end, and whose the ticket was then. Of a target in opening hours only these use it up; where a helpdesk tells nothing but the due instant, all time from the start does. Paused clocks are not at risk.",
        formula="number of running clocks due in ≤ 30 min or with ≥ 80 % used",
        where=COUNTABLE,
        availability=_EVERYWHERE,
    ),
)
