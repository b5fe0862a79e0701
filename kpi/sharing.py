"""Work of many like tasks shared among processes: they read and compute, only their parent writes."""

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import sqlalchemy as sa

from storage.database import connect, reading

Task = TypeVar("Task")
Result = TypeVar("Result")
Work = Callable[[sa.Connection, Task], Result]
"""Computes a task from what is stored; must be picklable."""

_AHEAD = 2
"""Tasks that a process is given before its first result is taken."""
_MOST = 4
_PATIENCE_SECONDS = 0.2


def processors() -> int:
    """How many processes pay here."""
    known = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(known, _MOST)


def in_order(
    engine: sa.Engine,
    work: Work[Task, Result],
    tasks: Iterable[Task],
    processes: int,
    pulse: Callable[[], None] = lambda: None,
) -> Generator[tuple[Task, Result]]:
    """Each task with its result, in the tasks' order; in this process where one is enough. `pulse` is called
    while others are waited for, and may raise.
    """
    if processes < 2:
        for task in tasks:
            with reading(engine) as connection:
                result = work(connection, task)
            yield task, result
        return
    with ExitStack() as stack:
        pipes = [stack.enter_context(_started(engine, work)) for _ in range(processes)]
        waiting: deque[tuple[Task, Connection[Any, Any]]] = deque()
        for number, task in enumerate(tasks):
            pipe = pipes[number % processes]
            pipe.send(task)
            waiting.append((task, pipe))
            if len(waiting) == _AHEAD * processes:
                yield _take(*waiting.popleft(), pulse)
        while waiting:
            yield _take(*waiting.popleft(), pulse)


@contextmanager
def uncollected() -> Iterator[None]:
    """Facts and cells hold no cycles, and looking for some among millions of rows costs a third of all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _started(engine: sa.Engine, work: Work[Task, Result]) -> Iterator["Connection[Any, Any]"]:
    """A process that serves one pipe and ends with it, whatever becomes of its parent."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    url = engine.url.render_as_string(hide_password=False)
    process = context.Process(target=_serve, args=(theirs, url, work), daemon=True)
    with closing(theirs):
        process.start()
    try:
        with closing(ours):
            yield ours
    finally:
        process.join()


def _take(task: Task, pipe: "Connection[Any, Any]", pulse: Callable[[], None]) -> tuple[Task, Any]:
    while not pipe.poll(_PATIENCE_SECONDS):
        pulse()
    result, error = pipe.recv()
    if error is not None:
        raise error
    return task, result


def _serve(pipe: "Connection[Any, Any]", url: str, work: Work[Task, Result]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides; its end closes the pipe
    gc.disable()
    engine = connect(url)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            with reading(engine) as connection:
                answer = work(connection, task), None
        except Exception as error:  # noqa: BLE001 - the parent raises it
            answer = None, error  # type: ignore[assignment]
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return
