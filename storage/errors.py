"""Database troubles as sentences, sorted by what to do next.

    StorageError                      something failed; the next run tries again
    ├── DatabaseMisconfigured         an admin must act
    │   ├── SchemaTooNew              this version of deskpulse is older than the database
    │   └── SchemaTooOld              `deskpulse migrate` is needed first
    └── DatabaseUnavailable           unreachable, locked or full for now

No message holds a password: addresses are shown as SQLAlchemy masks them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnectionFree


class StorageError(Exception):
    """The database could not do what was asked; nothing of the page was stored."""


class DatabaseMisconfigured(StorageError):
    """An admin must correct the address, the rights or the file."""


class SchemaTooNew(DatabaseMisconfigured):
    """The database was written by a newer deskpulse."""


class SchemaTooOld(DatabaseMisconfigured):
    """The database waits for `deskpulse migrate`."""


class DatabaseUnavailable(StorageError):
    """The database is unreachable, locked or full; what was stored before stays."""


_KNOWN: tuple[tuple[tuple[str, ...], type[StorageError], str], ...] = (
    (("sqlite_full", "53100", "database or disk is full", "no space left", "disk full"),
     DatabaseUnavailable, "the disk is full: free some space; the next sync goes on"),
    (("sqlite_ioerr", "disk i/o error"),
     DatabaseUnavailable, "the disk refuses to write (full, over a quota, or failing): make room or check it"),
    (("sqlite_readonly", "attempt to write a readonly database"),
     DatabaseMisconfigured, "the file is read-only: give deskpulse's user write rights to it and to its folder"),
    (("sqlite_cantopen", "unable to open database file"),
     DatabaseMisconfigured, "the file cannot be opened: create its folder and give deskpulse's user rights to it"),
    (("sqlite_notadb", "file is not a database"),
     DatabaseMisconfigured, "the file is no SQLite database: choose another path"),
    (("sqlite_corrupt", "image is malformed"),
     DatabaseMisconfigured, "the file is damaged: restore a backup, or sync into a new one"),
    (("sqlite_busy", "sqlite_locked", "database is locked", "55p03"),
     DatabaseUnavailable, "another program has held its lock for long: close it; the next sync goes on"),
    (("25006", "read-only transaction"),
     DatabaseMisconfigured, "it only takes reads: use the primary server, and a role that may write"),
    (("42501", "permission denied", "must be owner"),
     DatabaseMisconfigured, "the role lacks rights: use the role that owns deskpulse's tables"),
    (("28p01", "28000", "authentication failed", "no password supplied", "no pg_hba.conf entry"),
     DatabaseMisconfigured, "it refuses this user or password: correct DESKPULSE_DATABASE_URL"),
    (("2bp01", "depend on it"),
     DatabaseMisconfigured, "a view of your own rests on a report_ view: drop it, run `deskpulse migrate`, create it again"),
    (("42p01", "no such table"),
     DatabaseMisconfigured, "a table is missing: restore a backup, or run `deskpulse migrate` on an empty database"),
    (("3d000", " does not exist"),
     DatabaseMisconfigured, "database or role does not exist: create it or correct DESKPULSE_DATABASE_URL"),
    (("53300", "too many clients", "too many connections"),
     DatabaseUnavailable, "it has no connection free: allow more or close some; the next sync goes on"),
    (("connection refused",),
     DatabaseUnavailable, "no server answers there: start it or correct DESKPULSE_DATABASE_URL"),
    (("could not translate host", "failed to resolve host", "name or service not known"),
     DatabaseUnavailable, "its host name is unknown: correct DESKPULSE_DATABASE_URL or the network's name service"),
    (("connection timeout", "timeout expired"),
     DatabaseUnavailable, "it does not answer in time: check the network and the server"),
    (("57p01", "57p02", "57p03", "server closed the connection", "terminating connection", "starting up",
      "shutting down", "connection is lost", "connection is closed", "consuming input failed"),
     DatabaseUnavailable, "it closed the connection, as a restart does; the next sync goes on"),
)  # fmt: skip
"""Signs in a driver's error (SQLite's names, SQLSTATEs, its words), and what they mean."""


def explain(error: BaseException, url: sa.URL | None = None) -> StorageError:
    """What an admin should read instead of a driver's error."""
    if isinstance(error, StorageError):
        return error
    where = f"database {url.render_as_string(hide_password=True)}" if url is not None else "database"
    if isinstance(error, NoConnectionFree):
        return DatabaseUnavailable(f"{where}: all of deskpulse's own connections are busy; try again later")
    if isinstance(error, (ImportError, NoSuchModuleError)):
        return DatabaseMisconfigured(f"{where}: its driver is not installed: reinstall deskpulse")
    cause = getattr(error, "orig", None) or error
    for signs, kind, sentence in _KNOWN:
        if any(_shows(cause, sign) for sign in signs):
            return kind(f"{where}: {sentence}")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return DatabaseUnavailable(f"{where}: the connection was lost; the next sync goes on")
    return StorageError(f"{where}: {(str(cause).strip() or type(cause).__name__).splitlines()[0]}")


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Whatever the database's driver or the disk raises inside becomes a StorageError."""
    assert engine.dialect.dbapi is not None
    driver_error: type[Exception] = engine.dialect.dbapi.Error
    try:
        yield
    except (DBAPIError, NoConnectionFree, OSError, driver_error) as error:
        raise explain(error, engine.url) from None


def _shows(cause: BaseException, sign: str) -> bool:
    """A sign of several words stands in the text, any other is how an error's name or number begins."""
    if " " in sign:
        return sign in str(cause).casefold()
    named = (getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None))
    return any(name is not None and name.casefold().startswith(sign) for name in named)
