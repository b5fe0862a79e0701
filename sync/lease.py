"""The right to sync an account, held by one process at a time and renewed while it works."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from storage.store import Store
from sync.waiting import finish

TTL_SECONDS = 60
_RENEW_SECONDS = 20


class Busy(Exception):
    """Another process holds the account's lease."""


def this_process() -> str:
    """Who holds a lease: host, process, and the kernel's name of the world this number counts in."""
    return f"{socket.gethostname()}:{os.getpid()}:{_world()}"


def _world() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return "-"


def has_died(owner: str) -> bool:
    """Whether a lease's holder was a process of this machine and is no more; false wherever nobody can know."""
    host, _, place = owner.partition(":")
    pid, _, world = place.partition(":")
    if host != socket.gethostname() or world != _world() or world == "-":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, but alive
        pass
    return False


@asynccontextmanager
async def held(store: Store, account: str, owner: str) -> AsyncIterator[None]:
    """Hold the account's lease; a lease lost to another process cancels the work at once."""
    if not await finish(store.take_lease, account, owner, TTL_SECONDS, has_died=has_died):
        raise Busy("another process is syncing this account")
    worker, lost = asyncio.current_task(), asyncio.Event()
    assert worker is not None
    renewing = asyncio.create_task(_renew(store, account, owner, worker, lost))
    try:
        yield
    except asyncio.CancelledError:
        if lost.is_set() and not worker.uncancel():
            raise Busy("another process took over after this one had stood still") from None
        raise
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await finish(store.release_lease, account, owner)


async def _renew(
    store: Store, account: str, owner: str, worker: "asyncio.Task[object]", lost: asyncio.Event
) -> None:
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        if not await finish(store.renew_lease, account, owner, TTL_SECONDS):
            lost.set()
            worker.cancel()
            return
