"""How far back accounts were read, as the books of the syncs say, and as the stored cells were computed with."""

import json
from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from kpi import writing
from kpi.calendar import day_number, local_days
from kpi.metric import CREATED
from kpi.whole import NEVER, Whole
from storage import derived
from storage.columns import microseconds
from storage.database import reading
from storage.tables import reaches

_REACHES = "reaches"

Reaches = Mapping[str, Mapping[str, int | None]]
"""Account and stream → the instant since which it was read; null while that goes on for the first time."""


def read_reaches(connection: sa.Connection) -> Reaches:
    """As the books have it now."""
    table = reaches.c
    query = sa.select(table.account, table.stream, table.since).order_by(table.account, table.stream)
    found: dict[str, dict[str, int | None]] = {}
    for account, stream, since in connection.execute(query):
        found.setdefault(account, {})[stream] = None if since is None else microseconds(since)
    return found


def stored_reaches(connection: sa.Connection) -> Reaches:
    """Those with which the stored cells were computed."""
    found: Reaches = json.loads(writing.get_state(connection, _REACHES) or "{}")
    return found


def note_reaches(connection: sa.Connection) -> bool:
    """Cells are computed with the reaches of now; gives whether there may be some of other ones."""
    now = read_reaches(connection)
    if now == stored_reaches(connection):
        return False
    writing.set_state(connection, _REACHES, json.dumps(now))
    return bool(connection.execute(sa.select(derived.kpi_cells.c.kpi).limit(1)).first())


def stored_whole(connection: sa.Connection, zone: str) -> Whole:
    """From which local days on the stored cells rest on all there is."""
    days = local_days(zone)

    def first_whole(since: int | None) -> int:
        if since is None:
            return NEVER
        day = days.day(since)
        return day if days.start_of(day) == since else day + 1

    return Whole(
        {
            account: {stream: first_whole(since) for stream, since in streams.items()}
            for account, streams in stored_reaches(connection).items()
        }
    )


def not_read(engine: sa.Engine, zone: str, account: str, since: date) -> list[str]:
    """What is missing of the tickets of values from a local date on, as sentences."""
    with reading(engine) as connection:
        return list(stored_whole(connection, zone).missing(CREATED, account, day_number(since)))
