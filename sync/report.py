"""What a run did, and who follows it while it runs.

Report ─ one StreamReport a stream    →  report_runs, one log line, one exit code
Watch  ─ Logged, or Bars on a terminal (sync/terminal.py)
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from connectors import ConnectorError, Misconfigured, Page, RateLimited, Unavailable, Unsupported
from storage.errors import DatabaseMisconfigured, StorageError
from sync import logs
from sync.lease import Busy

_LOG_EACH_SECONDS = 10.0


class Outcome(StrEnum):
    """How a stream or a run ended, and so what an admin should do."""

    DONE = "done"
    FRESH = "fresh"
    """Read recently enough; reference data is not read at every sync."""
    SKIPPED = "skipped"
    """The account's plan or role does not open it."""
    PARTIAL = "partial"
    FAILED = "failed"
    NEEDS_ADMIN = "needs_admin"
    BUSY = "busy"
    """Another process is syncing the account."""
    INTERRUPTED = "interrupted"


EXIT_CODES = {Outcome.NEEDS_ADMIN: 2, Outcome.FAILED: 1, Outcome.PARTIAL: 1, Outcome.BUSY: 1}


class Counted(Protocol):
    """What `Store.save` tells about a page."""

    @property
    def new(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def rejected(self) -> int: ...


class Recomputed(Protocol):
    """What a KPI refresh tells."""

    @property
    def tickets(self) -> int: ...
    @property
    def periods(self) -> int: ...
    @property
    def values(self) -> int: ...
    @property
    def seconds(self) -> float: ...


@dataclass(slots=True)
class StreamReport:
    """One stream of one run."""

    stream: str
    outcome: Outcome = Outcome.DONE
    pages: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    total: int | None = None
    sentence: str = ""
    unavailable: bool = False
    bug: BaseException | None = None

    def rest(self) -> None:
        self.outcome = Outcome.FRESH

    def skip(self, error: Unsupported) -> None:
        self.outcome, self.sentence = Outcome.SKIPPED, str(error)

    def fail(self, error: BaseException) -> None:
        self.outcome, self.sentence = outcome_of(error)
        self.unavailable = isinstance(error, Unavailable)
        self.bug = bug_in(error)

    def add(self, page: Page, saved: Counted) -> None:
        self.pages += 1
        self.new += saved.new
        self.changed += saved.changed
        self.unchanged += saved.unchanged
        self.rejected += saved.rejected
        self.total = None if page.total is None else self.rows + page.total

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.rejected


@dataclass(slots=True)
class Report:
    """One run of one account."""

    account: str
    started_at: datetime
    streams: dict[str, StreamReport] = field(default_factory=dict)
    requests: int = 0
    outcome: Outcome = Outcome.DONE
    sentence: str = ""
    kpi: Recomputed | None = None
    finished_at: datetime | None = None
    seconds: float = 0.0
    retry_after_seconds: float = 0.0
    bug: BaseException | None = None
    _began: float = field(default_factory=time.monotonic, repr=False)

    def stream(self, name: str) -> StreamReport:
        return self.streams.setdefault(name, StreamReport(name))

    def blame(self, error: BaseException) -> None:
        """The run as a whole ended by `error`; the first reason stays."""
        if self.outcome is Outcome.DONE:
            self.outcome, self.sentence = outcome_of(error)
            self.bug = bug_in(error)
            if isinstance(error, RateLimited):
                self.retry_after_seconds = error.retry_after_seconds

    def close(self, now: datetime) -> None:
        self.finished_at, self.seconds = now, time.monotonic() - self._began
        failed = [done for done in self.streams.values() if done.outcome is Outcome.FAILED]
        if self.outcome is Outcome.DONE and failed:
            self.outcome = Outcome.FAILED if len(failed) == len(self.streams) else Outcome.PARTIAL
            self.sentence = "; ".join(f"{done.stream}: {done.sentence}" for done in failed)

    @property
    def vendor_is_down(self) -> bool:
        """Two streams in a row found nobody at home: the others may wait for the next run."""
        latest = list(self.streams.values())[-2:]
        return len(latest) == 2 and all(done.unavailable and not done.pages for done in latest)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES.get(self.outcome, 0)

    @property
    def rows_read(self) -> int:
        return sum(done.rows for done in self.streams.values())

    @property
    def rows_changed(self) -> int:
        return sum(done.new + done.changed for done in self.streams.values())

    @property
    def rejected(self) -> int:
        return sum(done.rejected for done in self.streams.values())

    def figures(self) -> dict[str, Any]:
        """What `report_runs` shows."""
        return {
            "outcome": self.outcome.value,
            "finished_at": self.finished_at,
            "requests": self.requests,
            "rows_read": self.rows_read,
            "rows_changed": self.rows_changed,
            "rejected": self.rejected,
            "kpi_periods": self.kpi.periods if self.kpi else 0,
            "seconds": round(self.seconds, 3),
        }


def outcome_of(error: BaseException) -> tuple[Outcome, str]:
    """How an error ends a stream or a run, in words.

    Of a bug only the kind is told: its text may hold customers' data.
    """
    match error:
        case Misconfigured() | DatabaseMisconfigured():
            return Outcome.NEEDS_ADMIN, str(error)
        case ConnectorError() | StorageError():
            return Outcome.FAILED, str(error)
        case Busy():
            return Outcome.BUSY, str(error)
        case asyncio.CancelledError():
            return Outcome.INTERRUPTED, "interrupted; the next sync goes on from the last page"
    return Outcome.FAILED, f"failed with {type(error).__name__}, a bug; please report it with the log"


def bug_in(error: BaseException) -> BaseException | None:
    """The error itself where it is neither the world's nor the admin's fault."""
    expected = (ConnectorError, StorageError, Busy, asyncio.CancelledError)
    return None if isinstance(error, expected) else error


class Watch:
    """Who follows runs: nobody, unless a method is overridden. Called in the event loop's thread, but for
    `computing`.
    """

    def started(self, report: Report) -> None: ...

    def reading(self, report: Report, done: StreamReport) -> None: ...

    def stored(self, report: Report, done: StreamReport) -> None: ...

    def read(self, report: Report, done: StreamReport) -> None: ...

    def notice(self, account: str, sentence: str) -> None: ...

    def recomputing(self, report: Report) -> None: ...

    def computing(self, what: str, done: int, of: int) -> None:
        """How far the KPI refresh is with `facts` or `cells`; called in its thread."""

    def ended(self, report: Report) -> None: ...


class Logged(Watch):
    """One line an event; a long stream tells every ten seconds where it stands."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], float] = {}
        self._computing_told = time.monotonic()

    def started(self, report: Report) -> None:
        logs.event("run_started", "sync started", account=report.account)

    def stored(self, report: Report, done: StreamReport) -> None:
        key, now = (report.account, done.stream), time.monotonic()
        if now - self._told.setdefault(key, now) >= _LOG_EACH_SECONDS:
            self._told[key] = now
            logs.event(
                "stream_progress", f"{done.stream}: {done.rows:,} rows so far", **_stream_fields(report, done)
            )

    def read(self, report: Report, done: StreamReport) -> None:
        self._told.pop((report.account, done.stream), None)
        if done.outcome is Outcome.SKIPPED:
            logs.event("stream_skipped", f"{done.stream}: {done.sentence}", **_stream_fields(report, done))
        elif done.outcome is not Outcome.DONE and done.sentence:
            fields = _stream_fields(report, done)
            words = f"{done.stream}: {done.sentence}"
            logs.event("stream_failed", words, level=logging.WARNING, error=done.bug, **fields)

    def notice(self, account: str, sentence: str) -> None:
        logs.event("notice", sentence, level=logging.WARNING, account=account)

    def recomputing(self, report: Report) -> None:
        self._computing_told = time.monotonic()

    def computing(self, what: str, done: int, of: int) -> None:
        if (now := time.monotonic()) - self._computing_told >= _LOG_EACH_SECONDS:
            self._computing_told = now
            logs.event("kpi_progress", f"KPIs: {done:,} of {of:,} {what}", what=what, done=done, of=of)

    def ended(self, report: Report) -> None:
        words = f"{report.rows_read:,} rows read, {report.rows_changed:,} new or changed"
        sentence = f"sync {report.outcome.value}: {report.sentence or words}"
        level = logging.ERROR if report.exit_code else logging.INFO
        figures = report.figures()
        logs.event("run_ended", sentence, level=level, error=report.bug, account=report.account, **figures)


def _stream_fields(report: Report, done: StreamReport) -> Mapping[str, Any]:
    return {"account": report.account, "stream": done.stream, "rows": done.rows, "rejected": done.rejected}
