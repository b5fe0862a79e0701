"""How far back accounts were read, and so from which day on their tickets are whole.

A first sync reads what changed since an instant (`SINCE`). Of earlier days only tickets are known that
something happened to later, so what is said of them is approximated; of all accounts together, of
every day on which one of them is not whole.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.calendar import day_date, day_number, local_days
from storage import derived
from storage.columns import microseconds
from storage.database import reading
from storage.tables import reaches

NEVER = 1 << 40
"""A day that does not come: an account that is being read for the first time is not whole yet."""
_TICKETS = "tickets"
_REACHES = "reaches"

Reaches = Mapping[str, int | None]
"""Account → the instant since which it was read; null while that goes on for the first time. One that
is read from its beginning is not in it."""


def read_reaches(connection: sa.Connection) -> Reaches:
    """By the stream that brings tickets; of an account without one, by that which reaches least far."""
    found: dict[str, dict[str, Any]] = {}
    for account, stream, since in connection.execute(
        sa.select(reaches.c.account, reaches.c.stream, reaches.c.since).order_by(reaches.c.account)
    ):
        found.setdefault(account, {})[stream] = None if since is None else microseconds(since)
    return {account: _of_account(streams) for account, streams in found.items()}


def _of_account(streams: Mapping[str, int | None]) -> int | None:
    if _TICKETS in streams:
        return streams[_TICKETS]
    known = [since for since in streams.values() if since is not None]
    return max(known) if len(known) == len(streams) else None


def stored_reaches(connection: sa.Connection) -> Reaches:
    """Those with which the stored cells were computed."""
    found: Reaches = json.loads(writing.get_state(connection, _REACHES) or "{}")
    return found


def note_reaches(connection: sa.Connection) -> bool:
    """Cells are computed with the accounts' reaches of now; whether there may be some of other ones."""
    now = read_reaches(connection)
    if now == stored_reaches(connection):
        return False
    writing.set_state(connection, _REACHES, json.dumps(now))
    return bool(connection.execute(sa.select(derived.kpi_cells.c.kpi).limit(1)).first())


def whole_days(reaches: Reaches, zone: str) -> Mapping[str, int]:
    """Account → the first local day all of which was read."""
    days = local_days(zone)
    whole = {}
    for account, since in reaches.items():
        if since is None:
            whole[account] = NEVER
        else:
            day = days.day(since)
            whole[account] = day if days.start_of(day) == since else day + 1
    return whole


def not_read(engine: sa.Engine, zone: str, account: str, since: date) -> list[str]:
    """What is missing of values from a local date on, as sentences."""
    with reading(engine) as connection:
        whole = whole_days(stored_reaches(connection), zone)
    return list(told(whole, account, day_number(since)))


def told(whole: Mapping[str, int], account: str, day: int) -> Iterator[str]:
    """What was not read, as sentences, where a day of an account (`*`: of all) is not whole."""
    for name, first in sorted(whole.items()):
        if account in ("*", name) and day < first:
            yield (
                f"{name}: its tickets are still being read for the first time"
                if first == NEVER
                else f"{name}: tickets before {day_date(first)} were not read (SINCE)"
            )
