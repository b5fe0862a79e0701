"""The daemon: APScheduler says when, the engine syncs, and a signal stops both at a page boundary."""

import asyncio
import hashlib
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from connectors import Clock, utc_now
from storage.errors import StorageError
from storage.store import Store
from sync import schedule
from sync.accounts import Account
from sync.engine import Engine
from sync.health import DAEMON
from sync.lease import TTL_SECONDS
from sync.logs import event
from sync.report import Outcome, Report
from sync.waiting import finish
from sync.words import duration, several

DRAIN_SECONDS = 10
_START_WITHIN = timedelta(seconds=3)
_CRON_SECONDS = 30
_HEARTBEAT_SECONDS = 15
_WATCH_SECONDS = 30
_JUMP_SECONDS = 60
_BACK_OFF_SECONDS = 15 * 60
_LONGEST_BACK_OFF_SECONDS = 6 * 3600


@dataclass(slots=True)
class Patience:
    """When an account that failed may be tried again: the admin's mistake is not hammered at."""

    not_before: float = 0.0
    strikes: int = 0

    def learn(self, report: Report, now: float) -> None:
        wait = report.retry_after_seconds
        self.strikes = self.strikes + 1 if report.outcome is Outcome.NEEDS_ADMIN else 0
        if self.strikes:
            wait = min(_BACK_OFF_SECONDS * 2 ** (self.strikes - 1), _LONGEST_BACK_OFF_SECONDS)
        self.not_before = now + wait


class Daemon:
    """Runs every account on its schedule until `stop` is called.

    A job only starts a task of ours, so that shutting down can wait for the tasks: the scheduler's
    own shutdown would cut its jobs off.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        accounts: Sequence[Account],
        *,
        owner: str,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._store, self._owner = engine, store, owner
        self._accounts = accounts
        self._clock, self._monotonic = clock, monotonic
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._syncs: dict[str, asyncio.Task[None]] = {}
        self._patience = {account.name: Patience() for account in accounts}
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Stop at the next page boundary."""
        self._stop.set()

    async def run(self) -> bool:
        """Serve until `stop`; false if a sync was still writing when the patience for it ended."""
        for account in self._accounts:
            await self._plan(account)
        await self._show_life()
        self._scheduler.start()
        event("daemon_started", f"syncing {several(len(self._accounts), 'account')}", owner=self._owner)
        helpers = [asyncio.create_task(self._beat()), asyncio.create_task(self._watch_the_clock())]
        await self._stop.wait()
        self._scheduler.shutdown(wait=False)
        for helper in helpers:
            helper.cancel()
        drained = await self._drain()
        await asyncio.gather(*helpers, return_exceptions=True)
        event("daemon_stopped", "stopped" if drained else "stopped before a write had ended", drained=drained)
        return drained

    async def _plan(self, account: Account) -> None:
        """The first run comes when it is due: at once for what was missed while nobody was running."""
        known = await finish(self._store.checkpoints, account.name)
        last = max((one.last_success_at for one in known.values() if one.last_success_at), default=None)
        now, place = self._clock(), spread(account.name)
        due = first_due(account.schedule, last, now)
        first_at = None if due is None else due + _START_WITHIN * place
        trigger = schedule.trigger(
            account.schedule, first_at=first_at or now, second=int(_CRON_SECONDS * place)
        )
        first = {} if first_at is None else {"next_run_time": first_at}
        self._scheduler.add_job(self._fire, trigger, [account], id=account.name, **first)

    async def _fire(self, account: Account) -> None:
        name = account.name
        if name not in self._syncs and self._monotonic() >= self._patience[name].not_before:
            self._syncs[name] = asyncio.create_task(self._sync(account), name=f"sync {name}")
            self._syncs[name].add_done_callback(lambda _done: self._syncs.pop(name))

    async def _sync(self, account: Account) -> None:
        report = await self._engine.sync(account)
        patience = self._patience[account.name]
        patience.learn(report, self._monotonic())
        if wait := patience.not_before - self._monotonic():
            event(
                "backing_off", f"tried again in {duration(wait)}", account=account.name, seconds=round(wait)
            )

    async def _drain(self) -> bool:
        syncs = list(self._syncs.values())
        for sync in syncs:
            sync.cancel()
        if not syncs:
            return True
        _ended, left = await asyncio.wait(syncs, timeout=DRAIN_SECONDS)
        return not left

    async def _beat(self) -> None:
        """Hold a lease in the daemon's own name, so that `deskpulse health` sees it alive."""
        try:
            while True:
                await asyncio.sleep(_HEARTBEAT_SECONDS)
                await self._show_life()
        finally:
            with suppress(StorageError):
                await finish(self._store.release_lease, DAEMON, self._owner)

    async def _show_life(self) -> None:
        try:
            await finish(self._store.take_lease, DAEMON, self._owner, TTL_SECONDS)
        except StorageError as error:
            event("heartbeat_failed", str(error), level=logging.WARNING)

    async def _watch_the_clock(self) -> None:
        """The scheduler sleeps by the wall clock: after a jump it could sleep for hours."""
        before = self._drift()
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = self._drift()
            if abs(now - before) > _JUMP_SECONDS:
                event("clock_jumped", f"the clock jumped by {duration(now - before)}", level=logging.WARNING)
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=self._clock())
            before = now

    def _drift(self) -> float:
        return self._clock().timestamp() - self._monotonic()


def first_due(rhythm: schedule.Schedule, last: datetime | None, now: datetime) -> datetime | None:
    """When the first sync after a start is due; null: as the cron line says, nothing was missed."""
    if last is None:
        return now
    if isinstance(rhythm, schedule.Every):
        return max(now, last + timedelta(seconds=rhythm.seconds))
    return now if last < rhythm.previous(now) else None


def serve(daemon: Daemon) -> int:
    """Run until SIGTERM or SIGINT; a second signal ends the process at once, which loses nothing either."""

    async def until_told() -> int:
        loop = asyncio.get_running_loop()
        told: list[int] = []

        def hear(number: int) -> None:
            if told:
                os._exit(128 + number)
            told.append(number)
            daemon.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, hear, number)
        if not await daemon.run():
            os._exit(0)  # a thread still writes: its transaction is rolled back and done again
        return 0

    return asyncio.run(until_told())


def spread(name: str) -> float:
    """Each account's own place between 0 and 1, so that they do not all start at once."""
    return hashlib.blake2b(name.encode(), digest_size=1).digest()[0] / 256
