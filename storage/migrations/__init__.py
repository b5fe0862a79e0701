"""Alembic's revisions: how the tables of one version become those of the next. Views are code and have none.

After a change of storage.tables or storage.derived, write the next revision and read it:

    python -m storage.migrations "what changes"

Until the first release there is one revision, written again with `--first`.
"""

REVISIONS = ("0001",)
"""Every revision, oldest first."""
