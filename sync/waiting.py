"""Ways of waiting that a cancellation may interrupt only where nothing is lost."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Cut(Exception):
    """Work that could be cut was cut, because nobody waits for it any more."""


MayBeCut = Callable[[], None]
"""Called by work wherever it may be cut; raises Cut once it is."""


async def finish(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in a thread; a cancellation waits until it has ended."""
    return await _ended(partial(function, *args, **kwargs), if_cancelled=lambda: None)


async def finish_or_cut(function: Callable[[MayBeCut], T]) -> T:
    """The same for work of many steps: a cancellation waits until the step at hand has ended."""
    cut = threading.Event()

    def may_be_cut() -> None:
        if cut.is_set():
            raise Cut

    return await _ended(partial(function, may_be_cut), if_cancelled=cut.set)


async def _ended(function: Callable[[], T], if_cancelled: Callable[[], None]) -> T:
    work = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if_cancelled()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # read, so that asyncio does not complain about it
        raise


async def prefetched(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Yield each item while the next one is already being fetched."""
    coming = asyncio.ensure_future(_next(items))
    try:
        while arrived := await coming:
            coming = asyncio.ensure_future(_next(items))
            yield arrived[0]
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def _next(items: AsyncIterator[T]) -> tuple[T] | None:
    try:
        return (await anext(items),)
    except StopAsyncIteration:
        return None
