"""Which requests are being answered, so that a server may stop after them."""

from __future__ import annotations

import asyncio


class Serving:
    """Part of every site."""

    def __init__(self) -> None:
        self._serving: set[object] = set()
        self._idle = asyncio.Event()

    def enters(self, request: object) -> None:
        """A request is being answered."""
        self._serving.add(request)
        self._idle.clear()

    def leaves(self, request: object) -> None:
        """It was answered, or nobody waits for its answer any more."""
        self._serving.discard(request)
        if not self._serving:
            self._idle.set()

    async def idle(self) -> None:
        """Return when no request is being answered."""
        if self._serving:
            await self._idle.wait()
