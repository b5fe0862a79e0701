"""Up to which day each KPI's periods stand: readers are told that later ones are provisional.

A day that passes changes no cell: it lets every KPI's mark step on.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from kpi.metric import Metric
from storage.judged import kpi_settled


def settle(connection: sa.Connection, catalog: Sequence[Metric], today: int) -> None:
    """Let periods stand that ended before a local day, cohorts so much longer ago as they take to settle."""
    wanted = {metric.id: today - 1 - metric.settles_after_days for metric in catalog}
    if wanted != settled_until(connection):
        connection.execute(sa.delete(kpi_settled))
        if rows := [{"kpi": kpi, "until_day": day} for kpi, day in wanted.items()]:
            connection.execute(sa.insert(kpi_settled), rows)


def settled_until(connection: sa.Connection) -> Mapping[str, int]:
    """Each KPI's last day that stood after the last refresh."""
    return {row[0]: row[1] for row in connection.execute(sa.select(kpi_settled))}
