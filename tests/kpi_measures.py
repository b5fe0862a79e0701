"""All KPIs that are worked out independently, and what vendors do not tell: a module registers those of its theme."""

from collections.abc import Mapping

from tests.kpi_limits import BASIC_LIMITS, Limit
from tests.kpi_limits_flow import FLOW_LIMITS
from tests.kpi_oracle import BASIC, Measure
from tests.kpi_oracle_composed import COMPOSED
from tests.kpi_oracle_flow import FLOW
from tests.kpi_oracle_promises import PROMISES

MEASURES: Mapping[str, Measure] = {**BASIC, **FLOW, **COMPOSED}
LIMITS: Mapping[tuple[str, str], Limit] = {**BASIC_LIMITS, **FLOW_LIMITS}
"""(vendor, KPI) → what cannot be exact; everything else is."""


UNTOLD = (("hubspot", "replies_per_agent_day"),)
"""(vendor, KPI) → of which it tells so little that there is no number at all."""


def measures_of(vendor: str) -> Mapping[str, Measure]:
    """Promises are each vendor's own; only Zendesk tells every step of their clocks."""
    told = {kpi: measure for kpi, measure in MEASURES.items() if (vendor, kpi) not in UNTOLD}
    return {**told, **PROMISES} if vendor == "zendesk" else told
