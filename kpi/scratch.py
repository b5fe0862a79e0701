"""A database of nobody's, where facts and cells are computed once more."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from kpi import writing
from kpi.loading import Batch
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


def write_facts(connection: sa.Connection, batch: Batch) -> None:
    """Write facts where none were before."""
    found = batch.tickets.values()
    writing.insert_rows(connection, derived.ticket_facts, (each.fact for each in found))
    writing.insert_rows(connection, derived.backlog_spans, (span for each in found for span in each.backlog))
    writing.insert_rows(connection, derived.turn_facts, (turn for each in found for turn in each.turns))
    writing.insert_rows(
        connection, derived.transition_facts, (one for each in found for one in each.transitions)
    )
    writing.insert_rows(connection, derived.rating_facts, batch.ratings.values())
