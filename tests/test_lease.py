import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from storage.store import Store
from sync.lease import Busy, has_died, held, this_process


def gone() -> str:
    """The name of a process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return this_process().replace(f":{os.getpid()}:", f":{ended.pid}:")


def take(store: Store) -> None:
    async def scenario() -> None:
        async with held(store, "acme", this_process()):
            pass

    asyncio.run(scenario())


def test_a_killed_process_s_lease_is_taken_over_at_once(database: sa.Engine) -> None:
    store = Store(database)
    assert store.take_lease("acme", gone(), 60)
    take(store)
    assert store.take_lease("acme", "elsewhere", 60)


@pytest.mark.parametrize(
    "owner",
    [
        lambda: this_process().replace(f":{os.getpid()}:", f":{os.getppid()}:"),
        lambda: gone().replace(socket.gethostname(), "another-host"),
        lambda: f"{gone()}-of-another-boot",
        lambda: "elsewhere",
    ],
    ids=["alive", "another host", "another world", "unknown"],
)
def test_a_lease_is_respected_unless_its_holder_is_known_to_be_dead(
    database: sa.Engine, owner: Callable[[], str]
) -> None:
    store, holder = Store(database), owner()
    assert not has_died(holder)
    assert store.take_lease("acme", holder, 60)
    with pytest.raises(Busy):
        take(store)
