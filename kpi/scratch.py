"""A database of nobody's, where facts and cells are computed once more."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from kpi import writing
from kpi.loading import Batch
from kpi.replacing import write_tickets
from kpi.standalone import KINDS, Fact
from storage import derived
from storage.database import connect
from storage.tables import metadata


@contextmanager
def scratch_database() -> Iterator[sa.Engine]:
    """An SQLite file with empty fact tables, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="deskpulse-") as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'scratch.db'}")
        try:
            metadata.create_all(engine, tables=derived.FACT_TABLES)
            yield engine
        finally:
            engine.dispose()


def write_standalone(connection: sa.Connection, kind: str, facts: Iterable[Fact]) -> None:
    """Write facts of other things than tickets where none were before."""
    writing.insert_rows(connection, metadata.tables[KINDS[kind].table], facts)


def write_facts(connection: sa.Connection, batch: Batch) -> None:
    """Write facts where none were before."""
    write_tickets(connection, batch)
    writing.insert_rows(connection, derived.rating_facts, batch.ratings.values())
