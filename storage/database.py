"""Opening a database, and bringing its schema up to date."""

import os
import sqlite3
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from storage import views
from storage.errors import DatabaseMisconfigured, SchemaTooNew, SchemaTooOld, explain, explained
from storage.migrations import REVISIONS
from storage.turns import take_turns

BUSY_SECONDS = 30
"""How long a writer waits for another one on SQLite."""

_WAL_RETRY_SECONDS = 0.02
_MIGRATION_LOCK = 726_100_001


class SchemaState(StrEnum):
    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def open_database(url: str) -> sa.Engine:
    """An engine on a database whose schema is current.

    An SQLite file is made (mode 0600) and migrated at once; a Postgres schema only by `migrate`.
    Raises a StorageError with a sentence.
    """
    engine = connect(url)
    try:
        state = schema_state(engine)
        if engine.dialect.name == "postgresql":
            _refuse_older(state)
        if state is not SchemaState.CURRENT or not _views_are_current(engine):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> sa.Engine:
    """An engine, whatever the schema; a Postgres is not spoken to yet."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseMisconfigured(
            "the database address cannot be read: sqlite:///file.db or postgresql+psycopg://user:password@host/name"
        ) from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parsed)
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _postgres(parsed.set(drivername="postgresql+psycopg"))
    raise DatabaseMisconfigured(
        f"{parsed.drivername} is not supported: use sqlite:/// or postgresql+psycopg://"
    )


def reading(engine: sa.Engine) -> sa.Connection:
    """A connection for reads: one moment of the database, and never a wait for a writer."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.connect().execution_options(reading=True)


def schema_state(engine: sa.Engine) -> SchemaState:
    """Where the database's schema stands against this version's."""
    with explained(engine), reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return SchemaState.EMPTY
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is None:
        return SchemaState.EMPTY
    if found not in REVISIONS:
        return SchemaState.NEWER
    return SchemaState.CURRENT if found == REVISIONS[-1] else SchemaState.OLDER


def migrate(engine: sa.Engine) -> None:
    """Bring tables and views up to date: all of it or nothing, and only one process at a time."""
    _refuse_newer(schema_state(engine))
    from storage.migrations import alembic_config  # noqa: PLC0415 - two seconds, only where they are needed

    with explained(engine), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        grants = views.drop(connection)
        alembic_config.upgrade(connection)
        views.create(connection, grants)


def _refuse_newer(state: SchemaState) -> None:
    if state is SchemaState.NEWER:
        raise SchemaTooNew(
            "the database was written by a newer deskpulse: upgrade this one, or use another database"
        )


def _refuse_older(state: SchemaState) -> None:
    _refuse_newer(state)
    if state is not SchemaState.CURRENT:
        raise SchemaTooOld("the database's schema is not this version's: run `deskpulse migrate` first")


def _views_are_current(engine: sa.Engine) -> bool:
    with explained(engine), reading(engine) as connection:
        return views.are_current(connection)


def _sqlite(url: URL) -> sa.Engine:
    if url.database in (None, "", ":memory:"):
        raise DatabaseMisconfigured("a database in memory forgets everything: use sqlite:///file.db")
    _make_private(Path(str(url.database)))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    # A deferred transaction that turns to writing fails at once if another writer was faster.
    take_turns(engine, "BEGIN IMMEDIATE", BUSY_SECONDS)
    return engine


def _make_private(path: Path) -> None:
    """Tickets are nobody else's business: a new file is its owner's alone."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise DatabaseMisconfigured(
            f"database {path}: cannot be created ({error.strerror}): create its folder and give deskpulse's user rights to it"
        ) from None


def _prepare_sqlite(raw: sqlite3.Connection, _record: Any) -> None:
    raw.isolation_level = None  # the driver would begin by itself, and deferred; see take_turns
    _use_wal(raw)
    for pragma in (
        "synchronous=NORMAL",
        "foreign_keys=OFF",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        raw.execute(f"PRAGMA {pragma}").close()


def _use_wal(raw: sqlite3.Connection) -> None:
    """A file is turned to WAL once. SQLite does not wait for others who are about to do the same."""
    patience = time.monotonic() + BUSY_SECONDS
    while raw.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(_WAL_RETRY_SECONDS)


def _postgres(url: URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "deskpulse"}
        )
    except (NoSuchModuleError, ImportError) as error:
        raise explain(error, url) from None
