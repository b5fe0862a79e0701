"""What is asked of KPIs on the command line: which, by what, of which periods; or what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from connectors import Misconfigured
from kpi.catalog import CATALOG
from kpi.forecasts import BOTH
from kpi.judged import JUDGED_IDS, KNOWN, known_metric
from kpi.metric import Metric
from kpi.reading import MONTHLY, PROFILE
from sync.settings import suggest

_OF_SOME = sorted({name for metric in CATALOG for anchor in metric.anchors for name in anchor.dimensions})
"""Dimensions that only facts of some kinds have."""
DIMENSIONS = (
    "all", "channel", "group", "agent", "priority", "type", "category", BOTH, "brand", *MONTHLY,
    *_OF_SOME,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """Values of some KPIs (none: of all) by one dimension."""

    kpis: tuple[str, ...]
    grain: str
    dimension: str
    account: str
    since: date | None = None
    until: date | None = None

    @property
    def words(self) -> dict[str, Any]:
        """As `values` takes them."""
        return {name: getattr(self, name) for name in self.__slots__}

    def by_dimension(self, by: str | None) -> list["Question"]:
        """One question for each dimension, in the order of the KPIs: some are told by one of their own only."""
        asked: dict[str, list[str]] = {}
        for name in self.kpis:
            asked.setdefault(by or own_dimension(known_metric(name)), []).append(name)
        return [
            replace(self, kpis=tuple(kpis), dimension=dimension) for dimension, kpis in asked.items()
        ] or [self]


def own_dimension(metric: Metric) -> str:
    """By what a KPI is told where nobody asks for another dimension."""
    return metric.only_by[0] if metric.only_by else "all"


def checked(names: Sequence[str], grain: str, by: str | None) -> None:
    """Misconfigured, with what would be right, where there is no such KPI or value."""
    known = [name for metric in KNOWN for name in (metric.id, *metric.aliases)]
    for name in names:
        if name not in known:
            raise Misconfigured(
                f"there is no KPI {name}{suggest(name, known)}; all are in report_kpi_definitions"
            )
    asked = [known_metric(name) for name in names]
    if by is None or any(by in metric.only_by for metric in asked):
        return
    for metric in asked:
        if metric.id in JUDGED_IDS:
            raise Misconfigured(f"{metric.id} has no values by {by}: it is told by {metric.only_by[0]}")
    if by not in DIMENSIONS:
        raise Misconfigured(f"cannot split by {by}: choose from {', '.join(DIMENSIONS[1:])}")
    if by in MONTHLY and grain != "month":
        raise Misconfigured(f"{by} has values by month only: add --grain month")
    if asked and not any(_is_split(metric, by) for metric in asked):
        raise Misconfigured(
            f"{', '.join(names)} has no values by {by}: see docs/kpis.md, or split by channel"
        )


def _is_split(metric: Metric, dimension: str) -> bool:
    if dimension == PROFILE:
        return metric.has_profile
    return dimension not in _OF_SOME or any(dimension in anchor.dimensions for anchor in metric.anchors)
