"""One refresh at a time a database, however many processes want one."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from storage.tables import leases

_LOCK = 726_100_002
_LEASE = "*kpi"
_LEASE_SECONDS = 900
_POLL_SECONDS = 0.2


@contextmanager
def exclusively(engine: sa.Engine) -> Iterator[None]:
    """Wait for, and hold, the right to write facts and cells; a killed holder's right ends by itself.

    Postgres: a session's advisory lock, gone with its connection. SQLite: a lease that ends after a
    while, or with the process that held it.
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
    owner = f"{os.getpid()}/{uuid.uuid4().hex}"
    while not _take(engine, owner):
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(leases).where(leases.c.account == _LEASE, leases.c.owner == owner))


def _take(engine: sa.Engine, owner: str) -> bool:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        held = connection.execute(
            sa.select(leases.c.owner, leases.c.until).where(leases.c.account == _LEASE)
        ).first()
        if held is not None and held.until > now and _is_alive(held.owner):
            return False
        connection.execute(sa.delete(leases).where(leases.c.account == _LEASE))
        until = now + timedelta(seconds=_LEASE_SECONDS)
        connection.execute(sa.insert(leases).values(account=_LEASE, owner=owner, until=until))
        return True


def _is_alive(owner: str) -> bool:
    """A lease names its process; SQLite files are shared by processes of one machine."""
    try:
        os.kill(int(owner.split("/", maxsplit=1)[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
