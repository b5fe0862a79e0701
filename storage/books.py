"""The engine's own books: checkpoints, runs, leases, rows set aside."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from storage.errors import explained
from storage.tables import checkpoints, leases, reaches, rejected_rows, runs


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a stream stands."""

    cursor: Mapping[str, Any] | None
    data_until: datetime | None
    rows_total: int
    last_success_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    skipped: str | None
    """Why the account's plan or role does not open this stream; null where it does."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row set aside."""

    id: int
    account: str
    stream: str
    kind: str
    row_id: str
    row: Mapping[str, Any]
    reason: str
    origin: str | None
    rejected_at: datetime


class Books:
    """Reads and writes of the books; every method is one transaction."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction; a failure is rolled back and explained."""
        with explained(self.engine), self.engine.begin() as connection:
            yield connection

    def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """Where one stream stands; null when it was never read."""
        return self.checkpoints(account).get(stream)

    def checkpoints(self, account: str) -> dict[str, Checkpoint]:
        """Every stream of an account that was ever read."""
        query = sa.select(
            checkpoints.c.stream,
            checkpoints.c.cursor,
            checkpoints.c.data_until,
            checkpoints.c.rows_total,
            checkpoints.c.last_success_at,
            checkpoints.c.last_error,
            checkpoints.c.last_error_at,
            checkpoints.c.skipped,
        ).where(checkpoints.c.account == account)
        with self.transaction() as connection:
            return {row[0]: Checkpoint(*row[1:]) for row in connection.execute(query)}

    def walk_begun(self, account: str, stream: str, since: datetime) -> None:
        """The stream is read from its beginning, which is this instant."""
        with self.transaction() as connection:
            values = {"account": account, "stream": stream, "walk_since": since}
            self._upsert(connection, reaches, values, ("account", "stream"))

    def stream_done(self, account: str, stream: str, at: datetime) -> None:
        """The stream was read to its end: it is fresh, and no longer in error. What it reached stays reached."""
        self._note(account, stream, last_success_at=at, last_error=None, last_error_at=None, skipped=None)
        earlier = sa.or_(reaches.c.since.is_(None), reaches.c.since > reaches.c.walk_since)
        of_stream = sa.and_(reaches.c.account == account, reaches.c.stream == stream)
        with self.transaction() as connection:
            connection.execute(
                sa.update(reaches).where(of_stream, earlier).values(since=reaches.c.walk_since)
            )

    def stream_failed(self, account: str, stream: str, error_text: str, at: datetime) -> None:
        self._note(account, stream, last_error=error_text, last_error_at=at)

    def stream_skipped(self, account: str, stream: str, reason: str, at: datetime) -> None:
        self._note(account, stream, last_success_at=at, last_error=None, last_error_at=None, skipped=reason)

    def _note(self, account: str, stream: str, **changed: Any) -> None:
        values = {"account": account, "stream": stream, "rows_total": 0, **changed}
        with self.transaction() as connection:
            self._upsert(connection, checkpoints, values, ("account", "stream"), changed)

    def reset(self, account: str, stream: str | None = None) -> int:
        """Forget checkpoints, never data; gives how many."""
        query = sa.delete(checkpoints).where(checkpoints.c.account == account)
        if stream is not None:
            query = query.where(checkpoints.c.stream == stream)
        with self.transaction() as connection:
            return connection.execute(query).rowcount

    def open_run(self, account: str, owner: str) -> int:
        """Begin a run; runs of this account that never ended were cut off and are closed as such."""
        with self.transaction() as connection:
            connection.execute(
                sa.update(runs)
                .where(runs.c.account == account, runs.c.outcome == "running")
                .values(outcome="aborted", finished_at=self.clock())
            )
            opened = sa.insert(runs).values(
                account=account, owner=owner, started_at=self.clock(), outcome="running"
            )
            run_id: int = connection.execute(opened.returning(runs.c.id)).scalar_one()
            return run_id

    def close_run(self, run_id: int, **figures: Any) -> None:
        """End a run with its report: the columns of `report_runs`, and `error`."""
        with self.transaction() as connection:
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(**figures))

    def take_lease(
        self,
        account: str,
        owner: str,
        ttl_seconds: float,
        *,
        has_died: Callable[[str], bool] = lambda _owner: False,
    ) -> bool:
        """Become, or stay, the one process that may sync this account for so long.

        `has_died` tells of a holder that it will never come back, so that nobody waits for its lease to end.
        """
        now = self.clock()
        with self.transaction() as connection:
            held = connection.execute(
                sa.select(leases.c.owner, leases.c.until).where(leases.c.account == account).with_for_update()
            ).first()
            if held and held.owner != owner and held.until > now and not has_died(held.owner):
                return False
            until = now + timedelta(seconds=ttl_seconds)
            values = {"account": account, "owner": owner, "until": until}
            self._upsert(connection, leases, values, ("account",))
            return True

    def renew_lease(self, account: str, owner: str, ttl_seconds: float) -> bool:
        """Keep a lease; false when another process has taken it."""
        return self.take_lease(account, owner, ttl_seconds)

    def release_lease(self, account: str, owner: str) -> None:
        with self.transaction() as connection:
            connection.execute(sa.delete(leases).where(leases.c.account == account, leases.c.owner == owner))

    def rejected(self, account: str | None = None) -> list[RejectedRow]:
        """Rows set aside, oldest first."""
        query = sa.select(rejected_rows).order_by(rejected_rows.c.id)
        if account is not None:
            query = query.where(rejected_rows.c.account == account)
        with self.transaction() as connection:
            return [RejectedRow(**row) for row in connection.execute(query).mappings()]

    def resolve_rejected(self, ids: Sequence[int]) -> None:
        """Forget rows set aside that could be read after all."""
        with self.transaction() as connection:
            connection.execute(sa.delete(rejected_rows).where(rejected_rows.c.id.in_(ids)))

    def _upsert(
        self,
        connection: sa.Connection,
        table: sa.Table,
        values: Mapping[str, Any],
        key: Sequence[str],
        changed: Mapping[str, Any] | None = None,
    ) -> None:
        """Insert, or change the given columns (all but the key by default)."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        if changed is None:
            changed = {name: value for name, value in values.items() if name not in key}
        connection.execute(
            insert(table).values(**values).on_conflict_do_update(index_elements=list(key), set_=dict(changed))
        )
