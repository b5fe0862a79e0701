"""Syncs in forked children that are killed at random instants: deskpulse is imported once, a kill costs a fork.

`python -m tests.chaos_kills` answers each line on stdin, a Plan, with a line on stdout, a Told, both JSON.
A round is: something happens at the helpdesk, then the planned number of syncs is killed, then one ends by
itself. With no kills planned the same rounds give the database to compare with, and how long each phase takes.
"""

import asyncio
import json
import mmap
import os
import random
import resource
import signal
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import sqlalchemy as sa

from connectors import Page
from kpi.recompute import refresh
from storage.database import connect, migrate, open_database
from storage.migrations import alembic_config  # noqa: F401 - imported once, not by each child
from storage.store import Saved, Store
from sync import accounts
from sync.engine import Engine
from sync.lease import this_process
from sync.opening import reporting_of
from sync.report import Report, StreamReport, Watch

_POLL_SECONDS = 0.0005


class Phase(IntEnum):
    OPENING = 0
    READING = 1
    RECOMPUTING = 2
    ENDED = 3


_COMMITS = {"page_commit": slice(16, 20), "kpi_commit": slice(20, 24)}
"""Where the shared memory counts them."""
_KILLS = (*(phase.name.lower() for phase in Phase), *_COMMITS)


@dataclass(frozen=True)
class Plan:
    """`kills` are per round: by phase for those by the clock, and in place of a page's or of the refresh's commit,
    so that every place between two transactions is met.

    `variables` are settings without prefix.
    """

    variables: Mapping[str, str]
    helpdesk: str
    now: str
    rounds: int
    changed: int
    seed: int = 1
    kills: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, list[float]] = field(default_factory=dict)
    """How long each phase of each round takes when nobody is killed."""
    commits: Mapping[str, list[int]] = field(default_factory=dict)
    """How many transactions each round takes then, for its pages and for its refresh."""
    room_bytes: list[int] = field(default_factory=list)
    """Before each round, so many syncs find a disk on which no file may grow beyond that."""


@dataclass
class Told:
    killed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KILLS, 0))
    """Syncs killed: by the phase they were in, or in place of which commit."""
    pages_at_kill: list[int] = field(default_factory=list)
    crowded: list[tuple[int, int, str]] = field(default_factory=list)
    """Of each sync without room: pages stored, exit code, its sentence."""
    ended: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    commits: dict[str, list[int]] = field(default_factory=dict)


class Shared(Watch):
    """Where a child stands, in memory that outlives it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.ALLOCATIONGRANULARITY)
        self._dies_at: tuple[str, int] | None = None
        self._is_saving = False

    @property
    def phase(self) -> Phase:
        return Phase(self._memory[0])

    @property
    def pages(self) -> int:
        return int.from_bytes(self._memory[8:12], "little")

    def commits(self, name: str) -> int:
        return int.from_bytes(self._memory[_COMMITS[name]], "little")

    def forget(self, dies_at: tuple[str, int] | None = None) -> None:
        self._memory[:24] = bytes(24)
        self._dies_at = dies_at

    def saving(self, saving: bool) -> None:
        self._is_saving = saving

    def commit(self, _connection: object) -> None:
        """Called before a transaction is committed; counted are those of pages and of the KPI refresh."""
        if self._is_saving:
            name = "page_commit"
        elif self.phase is Phase.RECOMPUTING:
            name = "kpi_commit"
        else:
            return
        count = self.commits(name) + 1
        self._memory[_COMMITS[name]] = count.to_bytes(4, "little")
        if self._dies_at == (name, count):
            os.kill(os.getpid(), signal.SIGKILL)

    def started(self, report: Report) -> None:
        self._memory[0] = Phase.READING

    def stored(self, report: Report, done: StreamReport) -> None:
        self._memory[8:12] = (self.pages + 1).to_bytes(4, "little")

    def recomputing(self, report: Report) -> None:
        self._memory[0] = Phase.RECOMPUTING

    def ended(self, report: Report) -> None:
        self._memory[0] = Phase.ENDED


class Telling(Store):
    """Tells when it saves a page."""

    saving: Callable[[bool], None]

    def save(self, account: str, stream: str, page: Page) -> Saved:
        self.saving(True)
        try:
            return super().save(account, stream, page)
        finally:
            self.saving(False)


def sync(variables: Mapping[str, str], now: datetime, watch: Watch) -> Report:
    """What `deskpulse sync` does, at an instant of our own, so that two databases may be compared to the last column."""
    settings, [account] = accounts.load(variables, clock=lambda: now)
    database = open_database(settings.database_url.get_secret_value())
    store = Store(database, clock=lambda: now)
    if isinstance(watch, Shared):
        store = Telling(database, clock=lambda: now)
        store.saving = watch.saving
        sa.event.listen(database, "commit", watch.commit)
    try:
        engine = Engine(
            store,
            lambda _may_be_cut: refresh(database, reporting_of(settings), now=now),
            owner=this_process(),
            clock=lambda: now,
            watch=watch,
        )
        return asyncio.run(engine.sync(account))
    finally:
        database.dispose()


class Killer:
    def __init__(self, plan: Plan) -> None:
        self.plan, self.told, self.shared = plan, Told(), Shared()
        self.dice = random.Random(plan.seed)

    def work(self) -> Told:
        now = datetime.fromisoformat(self.plan.now)
        for number in range(self.plan.rounds):
            if number:
                now += timedelta(days=1)
                self.happen()
            for room in self.plan.room_bytes:
                self.crowd(now, room)
            self.kill_in_round(number, now)
            self.end_by_itself(now)
        return self.told

    def happen(self) -> None:
        """A day passes at the helpdesk, and hands change tickets."""
        ask(self.plan.helpdesk, "advance", seconds=86_400)
        ask(self.plan.helpdesk, "change", count=self.plan.changed, within_days=30)

    def kill_in_round(self, number: int, now: datetime) -> None:
        """A kill that came too late is made up for in the next round: in this one all is done."""
        late = ("recomputing", "kpi_commit")
        kills: tuple[list[str], list[str]] = ([], [])
        for name, wanted in self.plan.kills.items():
            kills[name in late].extend([name] * (wanted * (number + 1) - self.told.killed[name]))
        for some in kills:
            self.dice.shuffle(some)
            for name in some:
                if not self.kill_in(name, number, now, len(some)):
                    break

    def kill_in(self, name: str, number: int, now: datetime, often: int) -> bool:
        """One of so many kills of a round, which together take it about three quarters through."""
        share = self.dice.uniform(0, 1.5 / (often + 1))
        if name in _COMMITS:
            return self.kill_at_commit(now, name, 1 + int(share * self.plan.commits[name][number]))
        return self.kill(now, Phase[name.upper()], share * self.plan.seconds[name][number])

    def crowd(self, now: datetime, room_bytes: int) -> None:
        """A sync on a full disk; the sentence with which it ends comes through a pipe."""
        reads, writes = os.pipe()

        def prepare() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))
            os.dup2(writes, 2)

        child = self.fork(now, prepare)
        os.close(writes)
        with os.fdopen(reads) as pipe:
            sentence = pipe.read().strip()
        _child, status = os.waitpid(child, 0)
        self.told.crowded.append((self.shared.pages, os.waitstatus_to_exitcode(status), sentence))

    def kill(self, now: datetime, phase: Phase, after_seconds: float) -> bool:
        """False if the sync had ended before."""
        child = self.fork(now)
        entered = None
        while entered is None or time.monotonic() - entered < after_seconds:
            if entered is None and self.shared.phase >= phase:
                entered = time.monotonic()
            if self.is_over(child):
                return False
            time.sleep(_POLL_SECONDS)
        at, pages = self.shared.phase, self.shared.pages
        os.kill(child, signal.SIGKILL)
        _child, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            self.told.killed[at.name.lower()] += 1
            self.told.pages_at_kill.append(pages)
        else:
            self.note_end(status)
        return at is not Phase.ENDED

    def kill_at_commit(self, now: datetime, name: str, number: int) -> bool:
        """False if the sync had fewer transactions."""
        child = self.fork(now, dies_at=(name, number))
        _child, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            self.note_end(status)
            return False
        self.told.killed[name] += 1
        self.told.pages_at_kill.append(self.shared.pages)
        return True

    def end_by_itself(self, now: datetime) -> None:
        """A sync that nobody kills; its phases are timed."""
        child = self.fork(now)
        entered = [time.monotonic()]
        while not self.is_over(child):
            while len(entered) <= self.shared.phase:
                entered.append(time.monotonic())
            time.sleep(_POLL_SECONDS)
        entered += [time.monotonic()] * (len(Phase) - len(entered))
        for phase in (Phase.OPENING, Phase.READING, Phase.RECOMPUTING):
            lasted = entered[phase + 1] - entered[phase]
            self.told.seconds.setdefault(phase.name.lower(), []).append(lasted)
        for name in _COMMITS:
            self.told.commits.setdefault(name, []).append(self.shared.commits(name))

    def fork(
        self,
        now: datetime,
        prepare: Callable[[], object] = lambda: None,
        *,
        dies_at: tuple[str, int] | None = None,
    ) -> int:
        self.shared.forget(dies_at)
        child = os.fork()
        if child:
            return child
        code = 99
        try:
            prepare()
            report = sync(self.plan.variables, now, self.shared)
            code = report.exit_code
            if code:
                print(report.sentence, file=sys.stderr, flush=True)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)

    def is_over(self, child: int) -> bool:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            self.note_end(status)
        return bool(found)

    def note_end(self, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        if code:
            sys.exit(f"a sync that nobody killed ended with {code}")
        self.told.ended += 1


def ask(helpdesk: str, what: str, **arguments: Any) -> None:
    request = urllib.request.Request(f"{helpdesk}/_sandbox/{what}", json.dumps(arguments).encode())
    with urllib.request.urlopen(request, timeout=60):
        pass


def main() -> None:
    for line in sys.stdin:
        plan = Plan(**json.loads(line))
        if plan.variables["DATABASE_URL"].startswith("postgresql"):
            database = connect(plan.variables["DATABASE_URL"])
            migrate(database)
            database.dispose()
        print(json.dumps(vars(Killer(plan).work())), flush=True)


if __name__ == "__main__":
    main()
