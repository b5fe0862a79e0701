"""The few words in which the two databases differ when a view renders a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """SQL for one dialect: instants become ISO 8601 text or `timestamptz`, days dates, 0 and 1 flags."""

    dialect: str

    @property
    def is_postgres(self) -> bool:
        return self.dialect == "postgresql"

    @property
    def percent(self) -> str:
        """A percent sign as the driver wants it in a statement without parameters."""
        return "%%" if self.is_postgres else "%"

    def at(self, column: str) -> str:
        """Microseconds as an instant."""
        if self.is_postgres:
            return f"to_timestamp({column} / 1000000.0)"
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000000, 'unixepoch')"

    def day(self, column: str) -> str:
        """Days since 1970 as a date."""
        if self.is_postgres:
            return f"(DATE '1970-01-01' + CAST({column} AS integer))"
        return f"date({column} * 86400, 'unixepoch')"

    def months_after(self, column: str, months: int) -> str:
        """A month's first day, in days since 1970, as that of a later month (or an earlier one)."""
        if self.is_postgres:
            shifted = f"DATE '1970-01-01' + CAST({column} AS integer) + INTERVAL '{months} months'"
            return f"(CAST({shifted} AS date) - DATE '1970-01-01')"
        return f"CAST(julianday({column} * 86400, 'unixepoch', '{months:+} months') - 2440587.5 AS INTEGER)"

    def flag(self, column: str) -> str:
        """0 and 1 as false and true (0 and 1 where the database has no such words)."""
        return f"({column} = 1)"

    def differ(self, one: str, other: str) -> str:
        """Whether two values differ, of which either may be null."""
        return f"{one} {'IS DISTINCT FROM' if self.is_postgres else 'IS NOT'} {other}"

    def seconds_since(self, column: str) -> str:
        """Whole seconds from an instant in microseconds until now."""
        if self.is_postgres:
            return f"CAST(floor(extract(epoch FROM now())) - {column} / 1000000 AS bigint)"
        return f"(CAST(strftime('%s', 'now') AS INTEGER) - {column} / 1000000)"
