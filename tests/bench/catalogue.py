"""The whole catalogue over a large history: from scratch, after a thousand changes, after none, and all of it again
with the history doubled.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from storage.database import connect
from tests.bench.grown import grow
from tests.bench.measured import Cost, run, sandbox

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

_SEED_TICKETS = 3_000
_CHANGED = 1_000


def catalogue(bench: "Bench", tickets: int) -> None:
    """`tickets` over two years, then twice as many over four."""
    base = bench.folder / "catalogue-base.db"
    with sandbox("zendesk", _SEED_TICKETS) as served:
        account = served.account("bench", "zendesk", events_since="800d", since="2000d")
        _timed(bench, base, account, "pull")
    for years in (2, 4):
        path = bench.folder / f"catalogue-{years}.db"
        shutil.copy(base, path)
        count = grow(path, max(tickets * years // 2 // _SEED_TICKETS, 1), years=years)
        _measure(bench, path, account, count, f"{years} years")
        path.unlink()


def _measure(bench: "Bench", path: Path, account: Mapping[str, str], tickets: int, label: str) -> None:
    rounds = {"all KPIs from scratch": "rebuild", "1,000 changed": "refresh", "nothing changed": "refresh"}
    for what, command in rounds.items():
        if what == "1,000 changed":
            _change(path, "chat")
        _note(bench, f"catalogue: {what}", label, tickets, *_timed(bench, path, account, command))
    _change(path, "phone")
    cost, told = _timed(bench, path, account, "read")
    _note(bench, "catalogue: bare reading of what 1,000 changes touch", label, tickets, cost, told)


def _timed(
    bench: "Bench", path: Path, account: Mapping[str, str], *arguments: str
) -> tuple[Cost, dict[str, Any]]:
    env = {"DESKPULSE_DATABASE_URL": f"sqlite:///{path}", **account}
    cost, printed = run([sys.executable, "-m", "tests.bench.timed", *arguments], folder=bench.folder, env=env)
    return cost, json.loads(printed.splitlines()[-1])


def _note(bench: "Bench", what: str, label: str, tickets: int, cost: Cost, told: Mapping[str, Any]) -> None:
    kpis = told["parts"]["KPIs"]
    facts = told["parts"].get("of which facts", {"cpu_seconds": 0.0})
    bench.note(what, label, "sqlite", tickets=tickets, values=told["rows"], periods=told["periods"],
               seconds=round(told["seconds"], 2), cpu_seconds=round(told["cpu_seconds"], 2),
               facts_cpu_seconds=round(facts["cpu_seconds"], 2), last_part_cpu_seconds=round(kpis["cpu_seconds"], 2),
               peak_mb=round(cost.peak_mb))  # fmt: skip


def _change(path: Path, channel: str) -> None:
    """A thousand of the newest tickets turn out to have come another way."""
    engine = connect(f"sqlite:///{path}")
    newest = sa.text(
        f"SELECT account, id FROM tickets WHERE created_at > (SELECT max(created_at) FROM tickets) - 30 * 86400000000 "
        f"AND channel <> '{channel}' ORDER BY id LIMIT {_CHANGED}"
    )
    with engine.begin() as connection:
        found = [(account, ticket) for account, ticket in connection.execute(newest)]
        connection.exec_driver_sql("UPDATE tickets SET channel = ? WHERE account = ? AND id = ?",
                                   [(channel, *key) for key in found])  # fmt: skip
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO touches (account, kind, entity_id) VALUES (?, 'ticket', ?)", found
        )
    engine.dispose()
