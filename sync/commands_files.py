"""`files`: what helps with the drop folder."""

from pathlib import Path

from connectors.files import kind_named, write_template
from sync.telling import DONE, NotPossible
from sync.terminal import say


def template(kind: str, folder: Path) -> int:
    """Write an empty file of a kind; one that is there already is left alone."""
    try:
        path = write_template(kind_named(kind), folder)
    except ValueError as unknown:
        raise NotPossible(str(unknown)) from None
    except FileExistsError as there:
        raise NotPossible(f"{there.filename} exists already and is left as it is") from None
    except OSError as problem:
        raise NotPossible(f"{problem.filename} cannot be written: {problem.strerror}") from None
    say(f"{path} written; docs/files.md says what its columns mean")
    return DONE
