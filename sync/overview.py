"""What is known about the syncs, read from the books for `accounts` and `status`."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.database import reading
from storage.tables import checkpoints, rejected_rows, runs


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as its checkpoint tells it."""

    account: str
    stream: str
    last_success_at: datetime | None
    data_until: datetime | None
    rows_total: int
    last_error: str | None
    last_error_at: datetime | None
    skipped: str | None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest run of an account."""

    account: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    requests: int
    rows_read: int
    rows_changed: int
    rejected: int
    kpi_periods: int
    seconds: float | None
    error: str | None


def streams(database: sa.Engine) -> list[StreamState]:
    """Every stream ever read, by account."""
    columns = [checkpoints.c[name] for name in StreamState.__dataclass_fields__ if name != "rejected"]
    query = sa.select(*columns).order_by(checkpoints.c.account, checkpoints.c.stream)
    counted = sa.select(rejected_rows.c.account, rejected_rows.c.stream, sa.func.count())
    with reading(database) as connection:
        grouped = connection.execute(counted.group_by(rejected_rows.c.account, rejected_rows.c.stream))
        aside = {(account, stream): number for account, stream, number in grouped}
        found = connection.execute(query).mappings().all()
    return [StreamState(**row, rejected=aside.get((row["account"], row["stream"]), 0)) for row in found]


def last_runs(database: sa.Engine) -> dict[str, LastRun]:
    """The latest run of every account."""
    latest = sa.select(sa.func.max(runs.c.id)).group_by(runs.c.account).scalar_subquery()
    query = sa.select(*(runs.c[name] for name in LastRun.__dataclass_fields__)).where(runs.c.id.in_(latest))
    with reading(database) as connection:
        return {row["account"]: LastRun(**row) for row in connection.execute(query).mappings()}


def last_successes(database: sa.Engine) -> dict[str, datetime]:
    """When each account last ended a run that read everything."""
    query = sa.select(runs.c.account, sa.func.max(runs.c.finished_at)).where(runs.c.outcome == "done")
    with reading(database) as connection:
        return {row[0]: row[1] for row in connection.execute(query.group_by(runs.c.account))}
