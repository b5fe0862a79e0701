"""Two ways of waiting that a cancellation may interrupt only where nothing is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def finish(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in a thread; a cancellation waits until it has ended."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
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
