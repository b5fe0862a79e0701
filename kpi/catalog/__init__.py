"""Every KPI, one entry each, a module a theme. docs/kpis.md and `report_kpi_definitions` are made from this list."""

from kpi.catalog.calls import CALLS
from kpi.catalog.customers import CUSTOMER_BASE
from kpi.catalog.demand import DEMAND
from kpi.catalog.effectiveness import EFFECTIVENESS
from kpi.catalog.expected import EXPECTED
from kpi.catalog.people import PEOPLE
from kpi.catalog.satisfaction import SATISFACTION
from kpi.catalog.service_levels import SERVICE_LEVELS
from kpi.catalog.speed import SPEED
from kpi.metric import Metric

CATALOG: tuple[Metric, ...] = (
    *SATISFACTION,
    *DEMAND,
    *SPEED,
    *EFFECTIVENESS,
    *CALLS,
    *PEOPLE,
    *SERVICE_LEVELS,
    *CUSTOMER_BASE,
    *EXPECTED,
)


def metric_named(name: str) -> Metric:
    """An entry by its id, or another name it has; raises KeyError with the known ids."""
    for metric in CATALOG:
        if name in (metric.id, *metric.aliases):
            return metric
    raise KeyError(f"{name} is not one of {', '.join(metric.id for metric in CATALOG)}")
