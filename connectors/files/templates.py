"""Files to begin with: an empty one of each kind, and one with a line."""

from pathlib import Path

from connectors.files.kinds import KINDS, Kind


def kind_named(name: str) -> Kind:
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ValueError(f"{name!r} is not one of {', '.join(kind.name for kind in KINDS)}")


def template(kind: Kind) -> str:
    """An empty file of this kind: its header line."""
    return ",".join(column.name for column in kind.columns) + "\n"


def example(kind: Kind) -> str:
    """The header and one line that can be read."""
    return template(kind) + ",".join(column.example for column in kind.columns) + "\n"


def write_template(kind: Kind, folder: Path) -> Path:
    """An empty file of this kind, where none was yet; raises FileExistsError otherwise."""
    path = folder / f"{kind.name}.csv"
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(template(kind))
    return path
