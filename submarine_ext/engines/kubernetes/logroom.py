"""How many logs are read at once: follows in the order in which they came, and a few more.

A follow holds a socket here, on the API server and on the node for as long as its container
runs. What has an end, or what somebody looks at, is not kept waiting behind them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from msgspec import Struct

EXTRA = 64  # readings at the end or on demand, besides the follows


class Queue(Struct, frozen=True):
    """Who waits: ``urgent`` may become true when ``changed`` is set; ``told`` is called once if
    there is no place now.
    """

    urgent: Callable[[], bool]
    changed: asyncio.Event
    told: Callable[[], Awaitable[None]]


class Room:
    """``streams`` places for follows. ``pause``: seconds before the second of several tries."""

    def __init__(self, streams: int, pause: float) -> None:
        self.pause = pause
        self._usual = asyncio.Semaphore(streams)
        self._extra = asyncio.Semaphore(EXTRA)

    @contextlib.asynccontextmanager
    async def place(self, queue: Queue) -> AsyncIterator[None]:
        """A place for one reading."""
        taken = await self._enter(queue)
        try:
            yield
        finally:
            taken.release()

    async def _enter(self, queue: Queue) -> asyncio.Semaphore:
        if not self._usual.locked():
            await self._usual.acquire()
            return self._usual
        if not queue.urgent():
            await queue.told()
            if await self._turn(queue):
                return self._usual
        await self._extra.acquire()
        return self._extra

    async def _turn(self, queue: Queue) -> bool:
        """Wait for a usual place; False once it is urgent."""
        turn = asyncio.create_task(self._usual.acquire())
        try:
            while not turn.done() and not queue.urgent():
                changed = asyncio.create_task(queue.changed.wait())
                await asyncio.wait({turn, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                queue.changed.clear()
        except asyncio.CancelledError:
            if turn.done():
                self._usual.release()
            raise
        finally:
            turn.cancel()
        return turn.done() and not turn.cancelled()
