"""Writers of one process take turns on SQLite, first come, first served.

SQLite lets writers poll for its lock, and a busy one that comes back at once wins every time: of three
accounts that sync into one file, one could wait until its patience ends.
"""

import threading
from collections import deque
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event


class Turns:
    """A lock that is given to whoever has waited longest."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._guard = threading.Lock()
        self._holder: object | None = None
        self._waiting: deque[tuple[object, threading.Event]] = deque()

    def take(self, who: object) -> None:
        """Wait for the turn. Who has waited too long goes on without it: then the database decides."""
        with self._guard:
            if self._holder is None:
                self._holder = who
                return
            mine = who, threading.Event()
            self._waiting.append(mine)
        if not mine[1].wait(self._patience_seconds):
            with self._guard:
                if mine in self._waiting:
                    self._waiting.remove(mine)

    def give_back(self, who: object) -> None:
        """Pass the turn on, if `who` has it."""
        with self._guard:
            if self._holder is not who:
                return
            self._holder = None
            if self._waiting:
                self._holder, called = self._waiting.popleft()
                called.set()


def take_turns(engine: sa.Engine, begin: str, patience_seconds: float) -> None:
    """Let every transaction of the engine that may write begin with `begin`, in turn."""
    turns = Turns(patience_seconds)

    def started(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("reading", False):
            connection.exec_driver_sql("BEGIN")
            return
        turns.take(connection)
        try:
            connection.exec_driver_sql(begin)
        except BaseException:
            turns.give_back(connection)
            raise

    def ended(connection: sa.Connection) -> None:
        turns.give_back(connection)

    listeners: dict[str, Any] = {"begin": started, "commit": ended, "rollback": ended}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
