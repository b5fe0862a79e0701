"""Alembic's entry. The caller gives a connection inside a transaction: all of an upgrade, or nothing."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

import storage.derived  # noqa: F401 - its tables are migrated too
from storage.tables import metadata


def _plain(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our own types stand in a revision as what they are in the database, whatever becomes of them."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    render_item=_plain,
)
with context.begin_transaction():
    context.run_migrations()
