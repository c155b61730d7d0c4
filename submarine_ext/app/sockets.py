"""Open sockets of projects' kernels end when their people may run no code there any more.

Jupyter asks when a socket is opened, and never again. A socket that is watched here is
looked at whenever rights may have changed. It knows a handler's ``open``, ``on_message`` and
``on_close``, and neither kernels nor projects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from submarine_ext.errors import SubmarineError, Unavailable

REVOKED = 4403
WHY = "You may not run code in this project any more."

#: Calls a function whenever rights may have changed, until what it returns is called.
Alarms = Callable[[Callable[[], None]], Callable[[], None]]


class Watched:
    """One socket, a tornado handler. ``ask`` raises SubmarineError where it may not be open."""

    def __init__(self, handler: Any, alarms: Alarms, ask: Callable[[], Awaitable[object]]) -> None:
        self._handler = handler
        self._alarms = alarms
        self._ask = ask
        self._asked = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._opened: Callable[..., Awaitable[None]] = self._handler.open
        self._closed: Callable[[], None] = self._handler.on_close
        self._handler.open, self._handler.on_close = self.open, self.on_close

    async def open(self, *args: Any, **named: Any) -> None:
        """As Jupyter does; then look once more, for what changed during the handshake."""
        self._leave = self._alarms(self._asked.set)
        self._asked.set()
        await self._opened(*args, **named)
        self._looking = asyncio.create_task(self._obey(), name="submarine kernel socket")

    def on_close(self) -> None:
        """Whoever closed it."""
        self._leave()
        if self._looking is not None and self._looking is not asyncio.current_task():
            self._looking.cancel()
        self._closed()

    async def _obey(self) -> None:
        while await self._allowed():
            await self._asked.wait()

    async def _allowed(self) -> bool:
        self._asked.clear()
        try:
            await self._ask()
        except Unavailable as error:
            self._asked.set()
            await asyncio.sleep(error.retry_after)
        except SubmarineError:
            # A browser has some seconds to answer a goodbye: what it sends in them is not heard.
            self._handler.on_message = lambda _: None
            self._handler.close(REVOKED, WHY)
            return False
        return True
