"""Facts and cells into their tables, in bulk: replaced, never changed in place."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from storage import derived
from storage.judged import Cause

_BUFFERED = 5_000


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows given in the order of the table's columns; gives how many. COPY on Postgres."""
    names = ", ".join(column.name for column in table.columns)
    if connection.dialect.name == "postgresql":
        raw: Any = connection.connection.driver_connection
        count = 0
        with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count
    marks = ", ".join("?" * len(table.columns))
    count = 0
    for part in _parts(rows):
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", part)
        count += len(part)
    return count


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    left = iter(rows)
    while part := list(islice(left, _BUFFERED)):
        yield part


def delete_rows(
    connection: sa.Connection, table: sa.Table, account: str, key: str, keys: Sequence[str]
) -> None:
    """Delete an account's rows by one column of their key."""
    if not keys:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"DELETE FROM {table.name} WHERE account = %s AND {key} = ANY(%s)", (account, list(keys))
        )
        return
    marks = ", ".join("?" * len(keys))
    connection.exec_driver_sql(
        f"DELETE FROM {table.name} WHERE account = ? AND {key} IN ({marks})", (account, *keys)
    )


def touch_periods(
    connection: sa.Connection, anchor: str, days: Iterable[int], causes: Cause = Cause.CORRECTION
) -> None:
    """Note that the facts of these days changed, and why; noting it again gives a new revision."""
    rows = [(anchor, day, int(causes)) for day in sorted(set(days))]
    if rows:
        marks = "?, ?, 1, ?" if connection.dialect.name == "sqlite" else "%s, %s, 1, %s"
        connection.exec_driver_sql(
            f"INSERT INTO touched_periods (anchor, day, revision, causes) VALUES ({marks}) "
            "ON CONFLICT (anchor, day) DO UPDATE SET revision = touched_periods.revision + 1, "
            "causes = touched_periods.causes | excluded.causes",
            rows,
        )


def read_touched_periods(connection: sa.Connection, anchor: str) -> list[tuple[int, int]]:
    """(day, revision) of an anchor's touched days."""
    table = derived.touched_periods
    query = sa.select(table.c.day, table.c.revision).where(table.c.anchor == anchor).order_by(table.c.day)
    return [(row[0], row[1]) for row in connection.execute(query)]


def forget_touched_periods(connection: sa.Connection, anchor: str, read: Iterable[tuple[int, int]]) -> None:
    """Forget exactly what was read: a day touched since has another revision and stays."""
    rows = [(anchor, day, revision) for day, revision in read]
    if rows:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(
            f"DELETE FROM touched_periods WHERE anchor = {mark} AND day = {mark} AND revision = {mark}", rows
        )


def get_state(connection: sa.Connection, name: str) -> str | None:
    table = derived.kpi_state
    found: str | None = connection.execute(sa.select(table.c.value).where(table.c.name == name)).scalar()
    return found


def set_state(connection: sa.Connection, name: str, value: str) -> None:
    table = derived.kpi_state
    connection.execute(sa.delete(table).where(table.c.name == name))
    connection.execute(sa.insert(table).values(name=name, value=value))


def drop_state(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.delete(derived.kpi_state).where(derived.kpi_state.c.name == name))
