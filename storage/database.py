"""Opening a database, and bringing its schema up to date."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from storage.errors import TROUBLE, DatabaseMisconfigured, SchemaTooNew, SchemaTooOld, explain

BUSY_TIMEOUT_MS = 10_000
HEAD = "0001"
"""The schema this version reads and writes; Alembic's newest revision."""

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
    with _explained(engine):
        state = schema_state(engine)
        if state is SchemaState.NEWER:
            raise SchemaTooNew(
                "the database was written by a newer deskpulse: upgrade this one, or use another database"
            )
        if state is not SchemaState.CURRENT and engine.dialect.name == "postgresql":
            raise SchemaTooOld("the database's schema is not this version's: run `deskpulse migrate` first")
        if state is not SchemaState.CURRENT:
            migrate(engine)
    return engine


def connect(url: str) -> sa.Engine:
    """An engine, whatever the schema; nothing is opened yet."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseMisconfigured(
            "the database address cannot be read: sqlite:///file.db or postgresql+psycopg://…"
        ) from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parsed)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return _postgres(parsed.set(drivername="postgresql+psycopg"))
    raise DatabaseMisconfigured(
        f"{parsed.drivername} is not supported: use sqlite:/// or postgresql+psycopg://"
    )


def schema_state(engine: sa.Engine) -> SchemaState:
    """Where the database's schema stands against this version's."""
    with _explained(engine), engine.connect() as connection:
        tables = sa.inspect(connection)
        if not tables.has_table("alembic_version"):
            return SchemaState.EMPTY
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if found is None:
        return SchemaState.EMPTY
    if found == HEAD:
        return SchemaState.CURRENT
    return SchemaState.OLDER if found < HEAD else SchemaState.NEWER


def migrate(engine: sa.Engine) -> None:
    """Bring tables and views up to date: all of it or nothing, and only one process at a time."""
    from alembic import command  # noqa: PLC0415 - two seconds that only a migration should cost
    from alembic.config import Config  # noqa: PLC0415

    from storage.views import recreate_views  # noqa: PLC0415 - needs the derived tables' words

    if schema_state(engine) is SchemaState.NEWER:
        raise SchemaTooNew(
            "the database was written by a newer deskpulse: upgrade this one, or use another database"
        )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _explained(engine), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        recreate_views(connection)


@contextmanager
def _explained(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except TROUBLE as error:
        raise explain(error, engine.url) from None


def _sqlite(url: URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        _make_private(Path(url.database))
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _make_private(path: Path) -> None:
    """Tickets are nobody else's business: a new file is its owner's alone."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise DatabaseMisconfigured(
            f"database {path}: cannot be created ({error.strerror}): create its folder and give rights to it"
        ) from None


def _prepare_sqlite(raw: sqlite3.Connection, _record: Any) -> None:
    raw.isolation_level = None  # SQLAlchemy's BEGIN is ours, see _begin_immediate
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=OFF",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: sa.Connection) -> None:
    """A deferred transaction that turns to writing fails at once if another writer was faster."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def reading(engine: sa.Engine) -> sa.Connection:
    """A connection for reads, which on SQLite never waits for a writer."""
    return engine.connect().execution_options(reading=True)


def _postgres(url: URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "deskpulse"}
        )
    except (SQLAlchemyError, NoSuchModuleError, ImportError) as error:
        raise explain(error, url) from None
