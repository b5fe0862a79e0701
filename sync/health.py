"""Is the daemon alive and every account fresh? Asked often, so answered without heavy imports."""

import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from sync import environment, schedule
from sync.words import ago, several

DAEMON = "*"
"""The account in whose name the daemon holds a lease: its heartbeat."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEASES = "SELECT account, until FROM leases"
_SUCCESSES = "SELECT account, MAX(finished_at) FROM runs WHERE outcome = 'done' GROUP BY account"
_OFF = ("false", "0", "no", "off", "f", "n")

Pulse = tuple[Mapping[str, datetime], Mapping[str, datetime]]


def report() -> int:
    """Print one line; 0 healthy, 1 not, 2 when an admin must correct a setting."""
    variables = environment.read()
    try:
        schedules = expected(variables)
    except ValueError as error:
        print(f"unhealthy: {error}", file=sys.stderr)
        return 2
    try:
        pulse = read(variables.get("DATABASE_URL", environment.DEFAULT_DATABASE_URL))
    except Exception as error:  # noqa: BLE001 - either driver's own; may hold the address
        print(f"unhealthy: the database cannot be read ({type(error).__name__})", file=sys.stderr)
        return 1
    if complaints := judge(schedules, *pulse, now=datetime.now(UTC)):
        print(f"unhealthy: {'; '.join(complaints)}", file=sys.stderr)
        return 1
    print(f"healthy: the daemon is alive, {several(len(schedules), 'account')} fresh")
    return 0


def expected(variables: Mapping[str, str]) -> dict[str, schedule.Schedule]:
    """The enabled accounts and their schedules."""
    accounts: dict[str, dict[str, str]] = {}
    for name, value in variables.items():
        group, _, rest = name.partition("__")
        account, _, setting = rest.lower().partition("__")
        if group == "ACCOUNTS" and setting:
            accounts.setdefault(account, {})[setting] = value
    return {
        name: schedule.parse(given.get("schedule", environment.DEFAULT_SCHEDULE))
        for name, given in accounts.items()
        if given.get("enabled", "true").lower() not in _OFF
    }


def judge(
    schedules: Mapping[str, schedule.Schedule],
    leases: Mapping[str, datetime],
    successes: Mapping[str, datetime],
    *,
    now: datetime,
) -> list[str]:
    """What is wrong; an account that is being synced right now counts as fresh."""
    complaints = []
    if leases.get(DAEMON, _EPOCH) < now:
        complaints.append("the daemon shows no sign of life: start `deskpulse run`")
    for name, rhythm in sorted(schedules.items()):
        last = successes.get(name)
        late = last is None or last < schedule.overdue_since(rhythm, now)
        if late and leases.get(name, _EPOCH) < now:
            complaints.append(f"{name} last succeeded {ago(last, now)}: see `deskpulse status`")
    return complaints


def read(url: str) -> Pulse:
    """Leases and last successes, each by account."""
    rows = _sqlite(url) if url.startswith("sqlite") else _postgres(url)
    leases, successes = ({row[0]: _instant(row[1]) for row in part if row[1] is not None} for part in rows)
    return leases, successes


def _sqlite(url: str) -> list[Sequence[Any]]:
    path = url.partition(":///")[2].partition("?")[0]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as database:
        return [database.execute(query).fetchall() for query in (_LEASES, _SUCCESSES)]


def _postgres(url: str) -> list[Sequence[Any]]:
    import psycopg  # noqa: PLC0415 - half of what an answer may take

    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, connect_timeout=3) as database:
        return [database.execute(query).fetchall() for query in (_LEASES, _SUCCESSES)]


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
