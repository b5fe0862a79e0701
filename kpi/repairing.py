"""Touching all that may bear on a day or a later one, so that it is computed again in place."""

from collections.abc import Sequence

import sqlalchemy as sa

from kpi import writing
from kpi.calendar import local_days
from kpi.metric import STOCKS, Metric
from kpi.periods import Grain
from kpi.selecting import fetched
from kpi.standalone import KINDS
from kpi.step_cells import anchors, days_of
from kpi.step_facts import touch_all
from storage.judged import Cause

_OF_TICKETS = {"ticket_facts", "turn_facts", "transition_facts", "sla_facts", "workday_facts", "risk_spans"}


def touch_since(
    connection: sa.Connection, catalog: Sequence[Metric], zone: str, day: int, today: int
) -> None:
    """Touch every ticket that was alive since the day, and every later day that holds facts or cells."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    since = local_days(zone).start_of(day)
    touch_all(connection, f"tickets WHERE COALESCE(updated_at, created_at) >= {mark}", (since,))
    touch_all(connection, f"ticket_events WHERE at >= {mark}", (since,), "ticket_id")
    rated = f"ratings WHERE rated_at >= {mark} AND ticket_id IS"
    touch_all(connection, f"{rated} NOT NULL", (since,), "ticket_id")
    touch_all(connection, f"{rated} NULL", (since,), kind="rating")
    touch_all(connection, f"backlog_spans WHERE until_day IS NULL OR until_day > {mark}", (day,), "ticket_id")
    touch_all(connection, f"calls WHERE started_at >= {mark}", (since,), kind="call")
    touch_all(connection, f"call_facts WHERE ended_day >= {mark}", (day,), "call_id", "call")
    for name, kind in KINDS.items():
        if name != "call":  # of what files tell there is little
            touch_all(connection, f"{kind.records} WHERE 1 = 1", (), kind=name)
            touch_all(connection, f"{kind.table} WHERE 1 = 1", (), kind.columns[1], name)
    for anchor in anchors(catalog):
        metrics = [metric for metric in catalog if anchor in metric.anchors]
        if anchor not in STOCKS:
            for table in {anchor.table} & _OF_TICKETS:
                touch_all(connection, f"{table} WHERE {anchor.day} >= {mark}", (day,), "ticket_id")
        days = {one for one in days_of(connection, anchor, today) if one >= day}
        days |= _days_with_cells(connection, metrics, day)
        writing.touch_periods(connection, anchor.name, days, Cause.RECOMPUTATION)


def _days_with_cells(connection: sa.Connection, metrics: Sequence[Metric], day: int) -> set[int]:
    """Days from which a stored period is computed; of weeks and months, the first that is not too early."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    kpis = ", ".join(mark for _ in metrics)
    query = (
        f"SELECT DISTINCT period FROM kpi_cells WHERE kpi IN ({kpis}) AND grain = {mark} AND period >= {mark}"
    )
    return {
        row[0]
        for grain in Grain
        for row in fetched(connection, query, (*(metric.id for metric in metrics), str(grain), day))
    }
