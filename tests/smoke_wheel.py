"""Installs a built wheel into an empty environment and uses it as a stranger would.

Run by `make wheel`: `python tests/smoke_wheel.py dist/deskpulse-*.whl`.
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

TOP_LEVEL = {"connectors", "kpi", "storage", "sync"}


def top_level(wheel: Path) -> set[str]:
    """Names the wheel puts on the import path; the packages' names could collide with a stranger's."""
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


def install(wheel: Path, folder: Path) -> Path:
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    lock = Path(__file__).parent.parent / "requirements" / "base.lock"
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "-q", "--python", str(python)]
    subprocess.run([*uv, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([*uv, "--no-deps", str(wheel)], check=True)
    return folder / "venv" / "bin" / "deskpulse"


def run(command: Path, *arguments: str, folder: Path) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DESKPULSE_")}
    done = subprocess.run(
        [str(command), *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"deskpulse {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(wheel: Path) -> None:
    found = top_level(wheel)
    if found != TOP_LEVEL:
        sys.exit(f"the wheel's top level is {sorted(found)}, not {sorted(TOP_LEVEL)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        command = install(wheel, folder)
        assert "sync" in run(command, "--help", folder=folder)
        assert "ticket_volume" in run(command, "demo", folder=folder)
    print(f"{wheel.name}: installed, demo ran")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
