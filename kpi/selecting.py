"""Which rows of an account: those with some keys, or a range of them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

_LISTED = 5_000
"""Keys that one statement may name."""


class Keys(NamedTuple):
    """These, and no others."""

    ids: Sequence[str]


class Range(NamedTuple):
    """All after one id up to and with another, in the database's own order; null is no end."""

    after: str
    until: str | None


Selection = Keys | Range


class Part(NamedTuple):
    """A part of an account's tickets, with everything of theirs; or of its ratings without a ticket."""

    account: str
    tickets: Selection = Keys(())
    ratings: Selection = Keys(())


def rows_of(
    connection: sa.Connection,
    table: str,
    columns: Sequence[str],
    account: str,
    key: str,
    selected: Selection,
    where: str = "1 = 1",
    also: Sequence[Any] = (),
) -> Iterator[Any]:
    """Rows of an account whose `key` is selected, and of which `where` holds; `also` are its values."""
    for condition, values in conditions(connection.dialect.name, key, selected):
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE account = {mark} AND {condition} AND {where}"
        yield from fetched(connection, query, (account, *values, *also))


def fetched(connection: sa.Connection, query: str, values: Sequence[Any] = ()) -> Sequence[Any]:
    """Rows as the driver's plain tuples, which cost a third of SQLAlchemy's."""
    with connection.exec_driver_sql(query, tuple(values)) as result:
        assert result.cursor is not None
        return result.cursor.fetchall()


def conditions(dialect: str, key: str, selected: Selection) -> Iterator[tuple[str, Sequence[Any]]]:
    """SQL that selects, and its values; more than one where the keys are many."""
    if isinstance(selected, Range):
        mark = "?" if dialect == "sqlite" else "%s"
        if selected.until is None:
            yield f"{key} > {mark}", (selected.after,)
        else:
            yield f"{key} > {mark} AND {key} <= {mark}", (selected.after, selected.until)
        return
    for start in range(0, len(selected.ids), _LISTED):
        ids = selected.ids[start : start + _LISTED]
        if dialect == "sqlite":
            yield f"{key} IN ({', '.join('?' * len(ids))})", ids
        else:
            yield f"{key} = ANY(%s)", (list(ids),)
