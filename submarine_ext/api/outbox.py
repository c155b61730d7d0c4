"""What one socket has still to be sent: bounded, and given up when the reader stops.

At most one frame is in tornado's own write buffer; the rest waits here, by reference (a
frame is shared by all its readers), up to :data:`ROOM` bytes, and can still be taken back
when its topic is no longer for this reader. A socket that takes nothing for
:data:`PATIENCE` seconds is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

ROOM = 512 * 1024
PATIENCE = 12.0

_GONE = (StreamClosedError, WebSocketClosedError, TimeoutError)


class Socket(Protocol):
    """What the outbox needs of a WebSocket."""

    def send(self, frame: bytes) -> Awaitable[None]:
        """Write a text frame; the awaitable ends once it was handed to the network."""
        ...

    def busy(self) -> bool:
        """Whether something written is still on its way to the network."""
        ...

    def cut(self) -> None:
        """End the connection now, without a word."""
        ...

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the connection with a word; nothing can be sent after it."""
        ...


class Outbox:
    """The only writer of one socket."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._draining: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    def post(self, topic: str, frame: bytes, *, force: bool = False) -> bool:
        """Send without waiting; False where there is no room (``force``: there always is)."""
        if self._closed:
            return True  # nobody is there any more to be told of a gap
        if self._draining is None:
            self._write(frame)
            return True
        if self._size + len(frame) > ROOM and not force:
            return False
        self._waiting.append((topic, frame))
        self._size += len(frame)
        return True

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Begins when everything before is gone, ends when what was posted is gone too.

        One sender at a time: a connection with many topics holds one big frame, not many.
        """
        async with self._turn:
            await self._drained()
            yield
            await self._drained()

    def take_back(self, topic: str) -> None:
        """Forget what waits of a topic. What the network has cannot be taken back."""
        self._waiting = deque(each for each in self._waiting if each[0] != topic)
        self._size = sum(len(frame) for _, frame in self._waiting)

    def end(self, code: int, reason: str) -> None:
        """Close the socket; nothing that waits is sent any more."""
        self._forget()
        self._socket.close(code, reason)

    async def close(self) -> None:
        """Forget what was not sent."""
        self._forget()
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.wait([self._draining])

    def _forget(self) -> None:
        self._closed = True
        self._waiting.clear()
        self._size = 0

    async def _drained(self) -> None:
        while self._draining is not None:
            await asyncio.wait([self._draining])

    def _write(self, frame: bytes) -> None:
        try:
            sent = self._socket.send(frame)
        except _GONE:
            self._closed = True
            return
        if self._socket.busy():
            self._draining = asyncio.ensure_future(self._drain(sent))

    async def _drain(self, sent: Awaitable[None]) -> None:
        try:
            while True:
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(sent)  # tornado's own future is not ours to cancel
                if not self._waiting:
                    return
                _, frame = self._waiting.popleft()
                self._size -= len(frame)
                sent = self._socket.send(frame)
        except _GONE:
            self._forget()
            self._socket.cut()
        finally:
            self._draining = None
