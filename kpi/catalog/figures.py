"""Figures of the business as measures: what files tell of a period, for that period only."""

from kpi.catalog.populations import availability_by
from kpi.metric import EXACT, FIGURES, Metric, Shape

FIGURE_TITLES = {
    "active_customers": "Active customers",
    "orders": "Orders",
    "support_cost": "Support cost",
    "automation_runs": "Automation runs",
    "automation_successes": "Successful automation runs",
}


def figure(name: str, fineness: int = 1) -> Metric:
    """A figure of `business_figures` files by its name there."""
    return Metric(
        id=name,
        title=FIGURE_TITLES[name],
        unit="",
        direction="neutral",
        anchor=FIGURES,
        shape=Shape.COUNT,
        definition=f"`{name}` as `business_figures` files tell it of the very period.",
        formula="as told",
        where=f"name = '{name}'",
        value="value",
        fineness=fineness,
        grain="grain",
        availability=availability_by(EXACT, EXACT, EXACT, EXACT),
    )
