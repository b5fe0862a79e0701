"""One refresh at a time a database, however many processes want one."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

_LOCK = 726_100_002
_POLL_SECONDS = 0.1


@contextmanager
def exclusively(engine: sa.Engine) -> Iterator[None]:
    """Wait for, and hold, the right to write facts and cells; it ends with its holder, killed or not.

    Postgres: a session's advisory lock. SQLite: an exclusive lock on a file beside the database,
    which the operating system takes back from a process that is gone.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            connection.commit()
            try:
                yield
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")
                connection.commit()
        return
    held = _hold(Path(f"{engine.url.database}-kpi"))
    try:
        yield
    finally:
        held.close()


def _hold(path: Path) -> sqlite3.Connection:
    """SQLite's own locks, for they work wherever SQLite does."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                connection.close()
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return connection
