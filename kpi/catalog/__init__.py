"""Every KPI, one entry each, a module a theme. docs/kpis.md and `report_kpi_definitions` are made from this list."""

from kpi.catalog.demand import DEMAND
from kpi.catalog.effectiveness import EFFECTIVENESS
from kpi.catalog.satisfaction import SATISFACTION
from kpi.catalog.speed import SPEED
from kpi.metric import Metric

CATALOG: tuple[Metric, ...] = (
    *SATISFACTION,
    *DEMAND,
    *SPEED,
    *EFFECTIVENESS,
)


def metric_named(name: str) -> Metric:
    """An entry by its id; raises KeyError with the known ids."""
    for metric in CATALOG:
        if metric.id == name:
            return metric
    raise KeyError(f"{name} is not one of {', '.join(metric.id for metric in CATALOG)}")
