"""How numbers are cut and meant, and what tells that this has changed."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from kpi.catalog import CATALOG
from kpi.goals import BENCHMARKS, Benchmark, Goal
from kpi.meaning import Meaning
from kpi.metric import Metric

FACTS_VERSION = 4
"""Raised when facts are computed otherwise than before: all are computed again then."""
CELLS_VERSION = 4
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
    goals: Sequence[Goal] = ()
    benchmarks: Sequence[Benchmark] = BENCHMARKS

    def facts_version(self) -> str:
        """Changes when every fact must be computed again."""
        meaning = {name: part for name, part in asdict(self.meaning).items() if name != "satisfied"}
        return f"{FACTS_VERSION}/{self.zone}/{_checksum(meaning)}"

    def answers_version(self) -> str:
        """Changes when the facts of survey answers must be, and no others."""
        return _checksum(asdict(self.meaning)["satisfied"])


def _checksum(said: object) -> str:
    return f"{zlib.crc32(json.dumps(said, default=sorted, sort_keys=True).encode()):08x}"


def signature(metric: Metric) -> str:
    """Changes when every cell of a KPI must be computed again."""
    said = [
        CELLS_VERSION, metric.anchor.name, metric.shape, metric.where, metric.value, metric.matures_at,
        metric.approximated, metric.has_interval, sorted(metric.availability.items()), metric.over,
        metric.fineness, metric.grain, metric.older_than_seconds, metric.has_profile, metric.least,
        metric.is_growth, metric.only_by, metric.is_only_where_told,
        [(signature(term.measure), term.below, term.sign, term.whole) for term in metric.terms],
    ]  # fmt: skip
    return f"{zlib.crc32(json.dumps(said).encode()):08x}"
