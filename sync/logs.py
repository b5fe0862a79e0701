"""Logs: one JSON line an event for machines, one readable line for people, never a secret.

Every line goes through `hide`, the last step before it is written, so that a secret that reached a
message, a field or a traceback is replaced there.
"""

import base64
import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import quote

LOGGER = logging.getLogger("deskpulse")
_SHORTEST_SECRET = 6
_FORMS: set[str] = set()

# A terminal obeys these; a ticket's subject must not command it.
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}


def event(
    name: str,
    sentence: str,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
    **fields: Any,
) -> None:
    """Log `sentence` for people and `name` with `fields` for machines; a bug's `error` with its traceback."""
    LOGGER.log(level, "%s", sentence, exc_info=error, extra={"event": name, "fields": fields})


def keep_secret(values: Iterable[str]) -> None:
    """Replace these values by `***` wherever they would be printed, in every common encoding."""
    for value in values:
        if len(value) >= _SHORTEST_SECRET:
            _FORMS.update({value, quote(value, safe=""), json.dumps(value)[1:-1], *_base64_forms(value)})


def hide(text: str) -> str:
    """Replace known secrets; the longest first, so that none leaves its tail behind."""
    for form in sorted(_FORMS, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def plain(text: str) -> str:
    """One harmless line: secrets hidden, control characters shown instead of obeyed."""
    return hide(text).translate(_CONTROL)


def _base64_forms(value: str) -> Iterable[str]:
    """How the value looks inside a longer base64 text, at each of three alignments."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + value.encode()).decode().rstrip("=")
        middle = encoded[(0, 2, 3)[offset] :]
        yield middle[:-1] if (offset + len(value.encode())) % 3 else middle


class JsonLines(logging.Formatter):
    """`ts`, `level` and `event` first, then the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return hide(json.dumps(line, ensure_ascii=False, default=str)).translate(_CONTROL)


class Readable(logging.Formatter):
    """Local time and the sentence; warnings and errors say so."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        account = getattr(record, "fields", {}).get("account")
        owner = f"{account}: " if account else ""
        line = plain(f"{clock} {mark}{owner}{record.getMessage()}")
        return f"{line}\n{hide(self.formatException(record.exc_info))}" if record.exc_info else line


def configure(form: str | None = None, stream: TextIO | None = None) -> None:
    """Write to stderr: `console` on a terminal, else `json`, unless told."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    readable = (form or ("console" if stream.isatty() else "json")) == "console"
    handler.setFormatter(Readable() if readable else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("httpx", "httpcore", "apscheduler", "alembic"):  # httpx and httpcore print URLs and headers
        logging.getLogger(name).setLevel(logging.WARNING)
