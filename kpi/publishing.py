"""Which cells readers see: each KPI's published generation, replaced at once by one built beside it.

Touched periods are recomputed within the published generation. Where a KPI's meaning changed, or
all of its facts, every period is computed into the next generation, which readers see when it is
whole.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.blocks import Cells, Row
from kpi.judged import JUDGED
from kpi.metric import VENDORS, Metric
from kpi.periods import Chunk
from kpi.reporting import signature
from storage import derived

_BUILDING = "building"
_LEFTOVERS = "leftovers"
_VENDORS = "vendors"


@dataclass(frozen=True, slots=True)
class Generations:
    """KPI → the generation that readers see, and the one that is being built where one is."""

    published: Mapping[str, int]
    building: Mapping[str, int]


def generations(connection: sa.Connection) -> Generations:
    table = derived.kpi_definitions
    published = {row[0]: row[1] for row in connection.execute(sa.select(table.c.kpi, table.c.generation))}
    return Generations(published, json.loads(writing.get_state(connection, _BUILDING) or "{}"))


def changed_metrics(connection: sa.Connection, catalog: Sequence[Metric]) -> list[Metric]:
    """Entries that are new, or mean something else than the published cells."""
    table = derived.kpi_definitions
    known = {row[0]: row[1] for row in connection.execute(sa.select(table.c.kpi, table.c.signature))}
    building = generations(connection).building
    return [
        metric
        for metric in catalog
        if known.get(metric.id) != signature(metric) and metric.id not in building
    ]


def is_all_building(connection: sa.Connection, catalog: Iterable[Metric]) -> bool:
    """Whether every KPI's cells are computed anew before the next are published."""
    building = generations(connection).building
    return all(metric.id in building for metric in catalog)


def definitions(connection: sa.Connection) -> list[dict[str, Any]]:
    """The published definitions, each as its row."""
    return [dict(row) for row in connection.execute(sa.select(derived.kpi_definitions)).mappings()]


def of_answers(catalog: Iterable[Metric]) -> list[Metric]:
    """The KPIs that rest on survey answers."""
    table = derived.rating_facts.name
    return [metric for metric in catalog if any(anchor.table == table for anchor in metric.anchors)]


def begin(connection: sa.Connection, metrics: Sequence[Metric]) -> None:
    """From now on these KPIs' cells are computed into a generation that nobody sees yet."""
    if not metrics:
        return
    now = generations(connection)
    building = dict(now.building)
    for metric in metrics:
        building[metric.id] = max(now.published.get(metric.id, 0), building.get(metric.id, 0)) + 1
    writing.set_state(connection, _BUILDING, json.dumps(building))
    writing.set_state(connection, _LEFTOVERS, "")


def publish(connection: sa.Connection, catalog: Sequence[Metric], built: Collection[str] = ()) -> None:
    """Readers see the built generations, and of every other KPI what its published cells mean."""
    now = generations(connection)
    table = derived.kpi_definitions
    stored = {row["kpi"]: dict(row) for row in connection.execute(sa.select(table)).mappings()}
    wanted = {metric.id: _definition(metric, 0) for metric in JUDGED}
    for metric in catalog:
        before = stored.get(metric.id)
        if metric.id in built:
            wanted[metric.id] = _definition(metric, now.building[metric.id])
        elif before is not None:
            is_same = before["signature"] == signature(metric) and metric.id not in now.building
            wanted[metric.id] = _definition(metric, before["generation"]) if is_same else before
    if wanted != stored:
        connection.execute(sa.delete(table))
        connection.execute(sa.insert(table), list(wanted.values()))
    left = {kpi: number for kpi, number in now.building.items() if kpi not in built}
    if left != now.building:
        writing.set_state(connection, _BUILDING, json.dumps(left))


def _definition(metric: Metric, generation: int) -> dict[str, Any]:
    return {
        "kpi": metric.id,
        "title": metric.title,
        "unit": metric.unit,
        "direction": metric.direction,
        "anchor": metric.anchor.name,
        "definition": metric.definition,
        "formula": metric.formula,
        **{vendor: metric.available(vendor) for vendor in VENDORS},
        "shape": str(metric.shape),
        "scale": metric.scale,
        "fineness": metric.fineness_above,
        "fineness_below": metric.fineness_below,
        "generation": generation,
        "signature": signature(metric),
        "waits_for": metric.waits_for or None,
        "aliases": " ".join(metric.aliases) or None,
    }


def replace_cells(
    connection: sa.Connection,
    numbers: Mapping[str, int],
    chunk: Chunk,
    computed: Iterable[Cells],
    pulse: Callable[[], None],
) -> int:
    """Make the cells of a chunk's periods the computed ones; `numbers` are the KPIs' generations. `pulse` is
    called often, and may raise.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    rows = [
        (kpi, number, str(grain), period)
        for kpi, number in sorted(numbers.items())
        for grain, periods in chunk.periods.items()
        for period in sorted(periods)
    ]
    if rows:
        connection.exec_driver_sql(
            f"DELETE FROM kpi_cells WHERE kpi = {mark} AND generation = {mark} AND grain = {mark} AND period = {mark}",
            rows,
        )

    def rows_of_all() -> Iterator[Row]:
        for found in computed:
            pulse()
            yield from found.rows(numbers[found.kpi])

    return writing.insert_rows(connection, derived.kpi_cells, rows_of_all())


def sweep_out(engine: sa.Engine) -> None:
    """Delete the cells that no reader sees and nobody builds."""
    with engine.begin() as connection:
        if writing.get_state(connection, _LEFTOVERS) is None:
            return
        now = generations(connection)
        kept = {*now.published.items(), *now.building.items()}
        table = derived.kpi_cells
        stored = connection.execute(sa.select(table.c.kpi, table.c.generation).distinct()).all()
    for kpi, number in stored:
        if (kpi, number) not in kept:
            with engine.begin() as connection:
                connection.execute(sa.delete(table).where(table.c.kpi == kpi, table.c.generation == number))
    with engine.begin() as connection:
        writing.drop_state(connection, _LEFTOVERS)


def known_vendors(connection: sa.Connection, configured: Mapping[str, str]) -> tuple[Mapping[str, str], bool]:
    """Each account's connector, remembered when its settings are gone; and whether cells were computed
    with another one. How well a value is supported depends on it.
    """
    stored = stored_vendors(connection)
    known = {**stored, **configured}
    if known == stored:
        return known, False
    writing.set_state(connection, _VENDORS, json.dumps(known))
    named = [account for account, vendor in known.items() if stored.get(account) != vendor]
    return known, any(_has_facts(connection, account) for account in named)


def stored_vendors(connection: sa.Connection) -> dict[str, str]:
    found: dict[str, str] = json.loads(writing.get_state(connection, _VENDORS) or "{}")
    return found


def _has_facts(connection: sa.Connection, account: str) -> bool:
    return any(
        connection.execute(sa.select(table.c.account).where(table.c.account == account).limit(1)).first()
        for table in (derived.ticket_facts, derived.rating_facts)
    )
