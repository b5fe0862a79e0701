"""One sync of one account: pull, store, recompute."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import partial

from connectors import (
    Clock,
    ConnectorError,
    Cursor,
    Misconfigured,
    RateLimited,
    Stream,
    Unexpected,
    Unsupported,
    utc_now,
)
from storage.errors import StorageError
from storage.store import Store
from sync.accounts import Account
from sync.asked import EVERYTHING_DUE, Asked
from sync.lease import held
from sync.report import Recomputed, Report, StreamReport, Watch
from sync.waiting import MayBeCut, finish, finish_or_cut, prefetched


class Engine:
    """Syncs accounts, any number at once.

    `refresh` brings the KPIs up to what is stored, and calls what it is given wherever it may be cut.
    """

    def __init__(
        self,
        store: Store,
        refresh: Callable[[MayBeCut], Recomputed],
        *,
        owner: str,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        self._store, self._refresh, self._owner, self._clock = store, refresh, owner, clock
        self._watch = watch or Watch()
        self._refreshing = asyncio.Lock()

    async def sync(self, account: Account, asked: Asked = EVERYTHING_DUE) -> Report:
        """One run. What fails stands in the report; only a cancellation is raised."""
        report = Report(account.name, self._clock())
        self._watch.started(report)
        try:
            async with held(self._store, account.name, self._owner):
                await self._run(account, asked, report)
        except asyncio.CancelledError as stopped:
            report.blame(stopped)
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, the report says so and the daemon lives
            report.blame(error)
        finally:
            report.close(self._clock())
            self._watch.ended(report)
        return report

    async def _run(self, account: Account, asked: Asked, report: Report) -> None:
        run = await finish(self._store.open_run, account.name, self._owner)
        try:
            await self._pull(account, asked, report)
            await self._recompute(report)
        except BaseException as error:
            report.blame(error)
            raise
        finally:
            report.close(self._clock())
            with suppress(StorageError):  # the next run closes it
                why = report.sentence or None
                await finish(self._store.close_run, run, error=why, **report.figures())

    async def _pull(self, account: Account, asked: Asked, report: Report) -> None:
        connector = account.connect(partial(self._watch.notice, account.name))
        try:
            for stream in asked.choose(connector.streams()):
                await self._read(stream, asked, report, report.stream(stream.name))
        except ConnectorError as error:  # no other stream of this account would fare better
            report.blame(error)
        finally:
            report.requests = connector.requests
            await connector.aclose()

    async def _read(self, stream: Stream, asked: Asked, report: Report, done: StreamReport) -> None:
        place = (report.account, stream.name)
        known = await finish(self._store.checkpoint, *place)
        if not asked.wants(stream, known, self._clock()):
            return done.rest()
        self._watch.reading(report, done)
        try:
            await self._store_pages(stream, None if asked.full or not known else known.cursor, report, done)
        except Unsupported as error:
            done.skip(error)
            await finish(self._store.stream_skipped, *place, str(error), self._clock())
        except (StorageError, asyncio.CancelledError):
            raise
        except Exception as error:  # a plug-in's bug must not stop the other streams
            done.fail(error)
            await finish(self._store.stream_failed, *place, done.sentence, self._clock())
            if isinstance(error, (Misconfigured, RateLimited)) or report.vendor_is_down:
                raise
        else:
            await finish(self._store.stream_done, *place, self._clock())
        finally:
            self._watch.read(report, done)

    async def _store_pages(
        self, stream: Stream, cursor: Cursor | None, report: Report, done: StreamReport
    ) -> None:
        seen: set[str] = set()
        async with aclosing(prefetched(stream.pull(cursor))) as pages:
            async for page in pages:
                refuse_repetition(page.cursor, seen)
                if cursor is None and not done.pages and stream.since is not None:
                    await finish(self._store.walk_begun, report.account, stream.name, stream.since)
                saved = await finish(self._store.save, report.account, stream.name, page)
                done.add(page, saved)
                self._watch.stored(report, done)

    async def _recompute(self, report: Report) -> None:
        async with self._refreshing:
            self._watch.recomputing(report)
            report.kpi = await finish_or_cut(self._refresh)


def refuse_repetition(cursor: Cursor | None, seen: set[str]) -> None:
    """A cursor that comes back would be followed for ever."""
    if cursor is None:
        return
    words = json.dumps(cursor, sort_keys=True)
    if words in seen:
        raise Unexpected("the same cursor came back; what was read is kept, please report this")
    seen.add(words)
