"""Values for programs: each with its change and its goal beside it, as JSON or CSV."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any, TextIO

from kpi.comparing import NOTHING_BESIDE, Compared, Key
from kpi.values import COLUMNS, Value

_BESIDE = tuple(field.name for field in fields(Compared))


def rows(found: Sequence[Value], beside: Mapping[Key, Compared]) -> Iterator[dict[str, Any]]:
    """A row of `report_kpis`, and what is beside it in `report_kpi_changes` and `report_goals`."""
    for value in found:
        key = (value.kpi, value.statistic, value.dimension, value.member, value.period_start)
        yield {**asdict(value), **asdict(beside.get(key, NOTHING_BESIDE))}


def write_json(to: TextIO, told: Iterator[dict[str, Any]]) -> None:
    to.write(json.dumps(list(told), indent=2, default=_plain) + "\n")


def write_csv(to: TextIO, told: Iterator[dict[str, Any]]) -> None:
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow((*COLUMNS, *_BESIDE))
    writer.writerows([_plain(value) for value in row.values()] for row in told)


def _plain(value: Any) -> Any:
    """Dates as ISO 8601, everything else as it is."""
    return value.isoformat() if isinstance(value, date) else value
