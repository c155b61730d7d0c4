"""The WebSocket of a connected server: one to the visitor, one to the service, frame for frame.

The handshake is guarded as everywhere: a page of this server, and for a cookie a ticket. Each
side is read only as fast as the other takes it, so what waits does so in the service, which
drops it there. Codes of a close pass; a service that goes away is told as 1014 (bad gateway).
"""

from __future__ import annotations

import asyncio

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from submarine_ext.api.events import Events, Followed
from submarine_ext.api.outbox import PATIENCE
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.upstream import Channel, Ended, refuse_rings

SWITCHING_PROTOCOLS = 101


class ForwardEvents(Events):
    """``/events`` of a connected server."""

    site: ConnectedSite
    _theirs: Channel | None = None

    async def enter(self) -> None:
        """Open the service's socket first: its refusal is ours."""
        refuse_rings(self.request.headers)
        token = self.site.credentials.of(self, self.principal)
        self._theirs = await self.site.upstream.socket("/events", token=token)

    def connect(self) -> Followed:
        """The service's socket as what follows topics."""
        assert self._theirs is not None, "enter opened it"
        theirs, self._theirs = self._theirs, None
        return Bridge(theirs, self)

    def on_finish(self) -> None:
        """Called for the handshake, too."""
        super().on_finish()
        if self.get_status() != SWITCHING_PROTOCOLS:
            self._abandon()

    def on_close(self) -> None:
        """Whoever closed it."""
        super().on_close()
        self._abandon()

    def _abandon(self) -> None:
        """The handshake failed after the service had taken part in it."""
        theirs, self._theirs = self._theirs, None
        if theirs is not None:
            self.site.later(theirs.close())


class Bridge:
    """Both directions of one visitor's socket."""

    def __init__(self, theirs: Channel, ours: ForwardEvents) -> None:
        self._theirs = theirs
        self._ours = ours
        self._reading: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Pass on what the service sends, until either side ends."""
        self._reading = asyncio.create_task(self._read(), name="submarine bridge")

    async def receive(self, message: str | bytes) -> None:
        """Pass on a frame of the visitor's, once the service takes it."""
        await self._theirs.send(message)

    async def close(self) -> None:
        """The visitor's socket is gone."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._theirs.close(self._ours.close_code, self._ours.close_reason)

    async def _read(self) -> None:
        try:
            while not isinstance(frame := await self._theirs.receive(), Ended):
                async with asyncio.timeout(PATIENCE):
                    await self._ours.write_message(frame, binary=isinstance(frame, bytes))
            self._ours.close(frame.code, frame.reason)
        except (StreamClosedError, WebSocketClosedError, TimeoutError):
            self._ours.cut()  # who reads nothing would not read a goodbye either
