"""How often one session asks: a token bucket, and one request a second while nobody answers.

Shared by everything of a session (informers, logs, submissions), so that a thousand of them
together stay polite. Must not know what is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

RATE = 50.0  # requests a second in the long run
BURST = 100.0
AWAY = 1.0  # seconds between requests while the server is away, all of them together


class Pace:
    """Call :meth:`turn` before each request and :meth:`report` after it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._line = asyncio.Lock()
        self._due = 0.0  # when the bucket is full again
        self._held = 0.0
        self._here = asyncio.Event()
        self._here.set()

    @property
    def away(self) -> bool:
        """The last request found nobody."""
        return not self._here.is_set()

    @property
    def held(self) -> bool:
        """The server asked to be left alone, and still is."""
        return self._clock() < self._held

    async def turn(self) -> None:
        """Wait, first come first served, until the next request may begin."""
        async with self._line:
            gap, burst = (AWAY, 0.0) if self.away else (1 / RATE, BURST)
            wait = max(self._due - gap * burst, self._held) - self._clock()
            if wait > 0:
                await self._sleep(wait)
            self._due = max(self._due, self._clock()) + gap

    def report(self, *, here: bool) -> None:
        """Whether the server answered; who rests in :meth:`rest` is woken when it is back."""
        if here:
            self._here.set()
        else:
            self._here.clear()

    def hold(self, seconds: float) -> None:
        """The server asked to be left alone for so long."""
        self._held = max(self._held, self._clock() + seconds)

    async def rest(self, seconds: float) -> None:
        """Sleep; shorter when the server was away and is back."""
        if not self.away:
            await self._sleep(seconds)
            return
        parts = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._here.wait()),
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await part
