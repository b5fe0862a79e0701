"""All KPIs that are worked out independently: a module registers those of its theme here."""

from collections.abc import Mapping

from tests.kpi_oracle import BASIC, Measure

MEASURES: Mapping[str, Measure] = {**BASIC}
