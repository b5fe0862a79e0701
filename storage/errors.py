"""Database troubles as sentences, sorted by what to do next.

    StorageError                      something failed; the next run tries again
    ├── DatabaseMisconfigured         an admin must act
    │   ├── SchemaTooNew              this version of deskpulse is older than the database
    │   └── SchemaTooOld              `deskpulse migrate` is needed first
    └── DatabaseUnavailable           unreachable, locked or full for now

No message holds a password: addresses are shown as SQLAlchemy masks them.
"""

import errno

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError


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


_SENTENCES: tuple[tuple[str, type[StorageError], str], ...] = (
    ("database or disk is full", DatabaseUnavailable, "the disk is full: free some space; the next sync goes on"),
    ("no space left", DatabaseUnavailable, "the database's disk is full: free some space; the next sync goes on"),
    ("disk i/o error", DatabaseUnavailable, "the disk refuses to write (full, or over a quota): free some space"),
    ("attempt to write a readonly database", DatabaseMisconfigured, "the file is read-only: give write rights to it and its folder"),
    ("unable to open database file", DatabaseMisconfigured, "the file cannot be opened: create its folder and give rights to it"),
    ("file is not a database", DatabaseMisconfigured, "the file is no SQLite database: choose another path"),
    ("malformed", DatabaseMisconfigured, "the file is damaged: restore a backup, or sync into a new one"),
    ("database is locked", DatabaseUnavailable, "another program holds the database's lock for long: close it"),
    ("read-only transaction", DatabaseMisconfigured, "the role may only read: use one that owns the schema"),
    ("permission denied", DatabaseMisconfigured, "the role lacks rights: use one that owns the schema"),
    ("password authentication failed", DatabaseMisconfigured, "user or password is wrong: correct DESKPULSE_DATABASE_URL"),
    ("does not exist", DatabaseMisconfigured, "database or role does not exist: create it or correct DESKPULSE_DATABASE_URL"),
    ("connection refused", DatabaseUnavailable, "no server answers there: start it or correct DESKPULSE_DATABASE_URL"),
    ("could not translate host", DatabaseUnavailable, "its host name is unknown: correct DESKPULSE_DATABASE_URL"),
    ("failed to resolve host", DatabaseUnavailable, "its host name is unknown: correct DESKPULSE_DATABASE_URL"),
    ("connection timeout", DatabaseUnavailable, "it does not answer in time: check the network and the server"),
    ("server closed the connection", DatabaseUnavailable, "the server closed the connection: it is restarting; the next sync goes on"),
    ("terminating connection", DatabaseUnavailable, "the server closed the connection: it is restarting; the next sync goes on"),
)  # fmt: skip


def explain(error: BaseException, url: sa.URL | None = None) -> StorageError:
    """What an admin should read instead of a driver's error."""
    if isinstance(error, StorageError):
        return error
    where = f"database {url.render_as_string(hide_password=True)}" if url is not None else "database"
    said = str(getattr(error, "orig", None) or error)
    for words, kind, sentence in _SENTENCES:
        if words in said.casefold():
            return kind(f"{where}: {sentence}")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return DatabaseUnavailable(f"{where}: the connection was lost; the next sync goes on")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DatabaseUnavailable(f"{where}: the disk is full: free some space; the next sync goes on")
    first_line = said.strip().splitlines()[0] if said.strip() else type(error).__name__
    return StorageError(f"{where}: {first_line}")


TROUBLE = (SQLAlchemyError, OSError)
"""What `explain` is for: everything the drivers and the disk raise."""
