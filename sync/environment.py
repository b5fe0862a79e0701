"""Where settings come from: environment variables, then `.env`, then a directory of secret files.

The only reader of the process's environment. Needs nothing but the standard library and
python-dotenv, so that `deskpulse health` answers at once.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

PREFIX = "DESKPULSE_"
DEFAULT_DATABASE_URL = "sqlite:///deskpulse.db"
DEFAULT_SCHEDULE = "every 10m"

# Kubernetes gives every pod such variables for a service that is named deskpulse.
_SERVICE_LINK = re.compile(r"(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_\d+_(TCP|UDP)(_.*)?)")


def ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Keep what is set and carries our prefix; an empty value counts as not set."""
    named = {name.upper().removeprefix(PREFIX): value for name, value in variables.items() if _is_ours(name)}
    return {name: value for name, value in named.items() if value and not _SERVICE_LINK.fullmatch(name)}


def read(folder: Path | None = None) -> dict[str, str]:
    """Every variable of ours by name, upper case and without the prefix.

    `.env` stands in `folder` (default: the working directory) and may name the secrets directory.
    """
    variables = {**ours(dotenv_values((folder or Path()) / ".env", interpolate=False)), **ours(os.environ)}
    secrets_dir = variables.get("SECRETS_DIR")
    return {**ours(_files(Path(secrets_dir))), **variables} if secrets_dir else variables


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    named = [path for path in sorted(folder.iterdir()) if _is_ours(path.name) and path.is_file()]
    return {path.name: path.read_text(encoding="utf-8").strip() for path in named}
