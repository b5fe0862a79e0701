"""How numbers are cut and meant, and what tells that this has changed."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from kpi.catalog import CATALOG
from kpi.meaning import Meaning
from kpi.metric import Metric

FACTS_VERSION = 1
"""Raised when facts are computed otherwise than before: all are computed again then."""
CELLS_VERSION = 2
"""The same for cells."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """How numbers are cut and meant."""

    zone: str = "UTC"
    """IANA zone in which days, weeks and months are cut."""
    vendors: Mapping[str, str] = field(default_factory=dict)
    """Account → connector."""
    meaning: Meaning = field(default_factory=Meaning)
    catalog: Sequence[Metric] = CATALOG

    def facts_version(self) -> str:
        """Changes when every fact must be computed again."""
        meaning = json.dumps(asdict(self.meaning), default=sorted, sort_keys=True)
        return f"{FACTS_VERSION}/{self.zone}/{zlib.crc32(meaning.encode()):08x}"


def signature(metric: Metric) -> str:
    """Changes when every cell of a KPI must be computed again."""
    said = [
        CELLS_VERSION, metric.anchor.name, metric.shape, metric.where, metric.value, metric.matures_at,
        metric.approximated, metric.has_interval, sorted(metric.availability.items()),
    ]  # fmt: skip
    return f"{zlib.crc32(json.dumps(said).encode()):08x}"
