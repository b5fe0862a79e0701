"""A large history made of a small one: every ticket of a synced store many times over, each copy a while apart.

Whole lives are copied, with all their events, SLA steps, answers and calls, so that a million tickets have the
shape of the sandbox's thousands. Customers and organisations are multiplied too; the staff is not.
"""

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from storage.database import connect
from storage.tables import TABLES

DAY = 86_400_000_000
_INSTANTS = frozenset({
    "created_at", "updated_at", "first_response_at", "first_solved_at", "solved_at", "closed_at", "reopened_at",
    "first_assigned_at", "due_at", "deleted_at", "at", "offered_at", "rated_at", "started_at", "ended_at",
})  # fmt: skip
_COPIED = ("tickets", "ticket_events", "sla_events", "ratings", "calls", "call_legs")
_OF_COPY = frozenset({"id", "ticket_id", "call_id", "followup_of", "merged_into"})
_CUSTOMERS = ("requester_id", "submitter_id", "respondent_id", "customer_id", "actor_id")
_CUSTOMERS_TIMES = 50
_ORGANISATIONS_TIMES = 10


def grow(path: Path, copies: int, *, years: int = 1) -> int:
    """Add copies of all tickets to a SQLite store, in turn of each of the years before; gives how many there are now."""
    engine = connect(f"sqlite:///{path}")
    staff = "SELECT id FROM people WHERE is_staff"
    with engine.connect() as connection:
        own = {
            table: connection.exec_driver_sql(f"SELECT coalesce(max(rowid), 0) FROM {table}").scalar_one()
            for table in _COPIED
        }
    for number in range(1, copies):
        shift = -(number % years) * 364 * DAY - (number * 7_919 % 43_200) * 1_000_000
        with engine.begin() as connection:
            for table in _COPIED:
                _copy(connection, TABLES[table], own[table], number, shift, staff)
    with engine.connect() as connection:
        count: int = connection.exec_driver_sql("SELECT count(*) FROM tickets").scalar_one()
    engine.dispose()
    return count


def _copy(connection: sa.Connection, table: sa.Table, own: int, number: int, shift: int, staff: str) -> None:
    names = [column.name for column in table.columns]
    values = ", ".join(_value(name, number, shift, staff) for name in names)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {table.name} WHERE rowid <= {own}"
    )


def _value(name: str, number: int, shift: int, staff: str) -> str:
    customers: Mapping[str, str] = dict.fromkeys(
        _CUSTOMERS,
        f"CASE WHEN {name} IN ({staff}) OR {name} IS NULL THEN {name} ELSE {name} || '~{number % _CUSTOMERS_TIMES}' END",
    )
    if name in _OF_COPY:
        return f"{name} || '~{number}'"
    if name in _INSTANTS:
        return f"{name} + {shift}"
    if name == "organisation_id":
        return f"{name} || '~{number % _ORGANISATIONS_TIMES}'"
    return customers.get(name, name)
