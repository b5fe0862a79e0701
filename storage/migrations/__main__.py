"""Write the next revision from the difference between the tables and the revisions so far."""

import argparse
import tempfile
from pathlib import Path

from alembic import command

from storage.database import connect
from storage.migrations import REVISIONS
from storage.migrations.alembic_config import configuration, upgrade


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m storage.migrations", description=__doc__)
    parser.add_argument("message", help="what the revision changes")
    parser.add_argument("--first", action="store_true", help="write the only revision again")
    asked = parser.parse_args()
    number = f"{1 if asked.first else len(REVISIONS) + 1:04}"
    for replaced in Path(__file__).parent.glob(f"versions/v{number}_*.py"):
        replaced.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/scratch.db")
        with engine.begin() as connection:
            if not asked.first:
                upgrade(connection)
            command.revision(configuration(connection), asked.message, autogenerate=True, rev_id=number)
        for written in Path(__file__).parent.glob(f"versions/v{number}_*.py"):
            _tidy(written)
        engine.dispose()


def _tidy(revision: Path) -> None:
    """Without Alembic's own remarks."""
    lines = revision.read_text(encoding="utf-8").splitlines(keepends=True)
    revision.write_text(
        "".join(line for line in lines if not line.lstrip().startswith("# ###")), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
