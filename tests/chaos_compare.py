"""Two databases, row for row: everything that is known and everything computed from it."""

import sqlalchemy as sa

from storage.database import connect, reading
from storage.tables import metadata

_OWN_BOOKS = {"runs", "leases"}
_OWN_WORDS = {"checkpoints": {"cursor"}}
"""A stream may note that it was asked once more; what its cursor means shows in the rows it brings next."""
_COUNTED_UP = {"revision", "id", "generation"}
"""What counts attempts: a row that was rolled back, or a KPI's cells half built, leaves a gap."""


def dump(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Table → its rows in order, without what says only in which attempt something was written."""
    database = connect(url)
    try:
        with reading(database) as connection:
            return {
                name: _rows(connection, table)
                for name, table in sorted(metadata.tables.items())
                if name not in _OWN_BOOKS
            }
    finally:
        database.dispose()


def _rows(connection: sa.Connection, table: sa.Table) -> list[tuple[object, ...]]:
    counted = {
        name for name in _COUNTED_UP if name in table.c and isinstance(table.c[name].type, sa.BigInteger)
    }
    left_out = counted | _OWN_WORDS.get(table.name, set())
    columns = [column for column in table.c if column.name not in left_out]
    return sorted((tuple(row) for row in connection.execute(sa.select(*columns))), key=repr)


def differences(
    one: dict[str, list[tuple[object, ...]]], other: dict[str, list[tuple[object, ...]]]
) -> list[str]:
    """A line a row that only one of them has, at most three a table."""
    found = [f"{name} is only in one" for name in one.keys() ^ other.keys()]
    for name in one.keys() & other.keys():
        here, there = set(map(repr, one[name])), set(map(repr, other[name]))
        found += [f"{name}, only without kills: {row}" for row in sorted(here - there)[:3]]
        found += [f"{name}, only with kills: {row}" for row in sorted(there - here)[:3]]
        if len(one[name]) != len(other[name]):
            found.append(f"{name}: {len(one[name])} rows without kills, {len(other[name])} with")
    return sorted(found)


def runs(url: str) -> list[str]:
    """The outcomes of all runs."""
    database = connect(url)
    try:
        with reading(database) as connection:
            return [row[0] for row in connection.execute(sa.text("SELECT outcome FROM runs ORDER BY id"))]
    finally:
        database.dispose()


def leases(url: str) -> int:
    database = connect(url)
    try:
        with reading(database) as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM leases")).scalar_one())
    finally:
        database.dispose()
