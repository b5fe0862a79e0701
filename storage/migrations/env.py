"""Alembic's entry. The caller gives a connection inside a transaction: all of an upgrade, or nothing."""

from alembic import context

import storage.derived
import storage.tables

__all__ = ["storage"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=storage.tables.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
