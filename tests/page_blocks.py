"""The code blocks of docs/connectors.md, as files: what the page shows is what the tests run."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parent.parent / "docs" / "connectors.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """Path below the package's folder (the block's first line names it) → its text."""
    found = {}
    for language, text in _BLOCK.findall(PAGE.read_text()):
        if language in ("python", "toml"):
            name, _, body = text.partition("\n")
            found[name.removeprefix("# ")] = body
    return found


def commands() -> list[list[str]]:
    """The lines of each block for a shell."""
    return [text.splitlines() for language, text in _BLOCK.findall(PAGE.read_text()) if language == "sh"]


def write(folder: Path) -> Path:
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def module(name: str, source: str) -> ModuleType:
    """A module made of source, importable by its name until a test ends."""
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    exec(compile(source, name, "exec"), made.__dict__)
    return made
