"""The WebSocket's two routes: a ticket, and the socket itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Annotated, Any, Protocol

from jupyter_server.base.handlers import JupyterHandler
from msgspec import Meta, Struct
from tornado.ioloop import PeriodicCallback
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from submarine_ext.api.base import Endpoint, Guard
from submarine_ext.api.connection import Connection
from submarine_ext.api.credentials import watch_credential
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.errors import Forbidden, Invalid

#: Proxies close what is silent for a minute, so a frame of no topic, which every client passes
#: over, is sent before. A ping would be answered, and JupyterHub's proxy would take the answer
#: for activity of the person: an open page would keep their server from being culled.
ALIVE = b'{"topic":"","type":"alive","data":{}}'
ALIVE_MILLISECONDS = 25_000


class Ticket(Struct, frozen=True):
    """Opens one WebSocket within 30 seconds."""

    ticket: str


class TicketRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class TicketQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser, whose credential is a cookie, has to show."""

    ticket: Annotated[str, Meta(max_length=128)] | None = None


class Tickets(Endpoint):
    """``/tickets``"""

    @operation(
        Capability.STREAM_OPEN,
        body=TicketRequest,
        answer=Ticket,
        status=201,
        problems=(413, 415),
    )
    async def post(self, body: TicketRequest) -> Ticket:
        """Get a ticket that opens the WebSocket once."""
        await self.services.streams.enter(self.principal)
        return Ticket(self.site.tickets.give(self.principal))


class Followed(Protocol):
    """What a socket carries frames to; :class:`Connection` is one."""

    async def begin(self) -> None:
        """The socket is open."""
        ...

    async def receive(self, message: str | bytes) -> None:
        """A frame came from the client; the next one waits until it is done with."""
        ...

    async def close(self) -> None:
        """The socket is gone."""
        ...


class Events(WebSocketHandler, Guard):
    """``/events``: carries frames between the socket and its :class:`Connection`."""

    connection: Followed | None = None
    _credential: asyncio.Task[None] | None = None
    _alive: PeriodicCallback | None = None

    @operation(
        Capability.STREAM_OPEN,
        query=TicketQuery,
        status=101,
    )
    async def get(self, query: TicketQuery) -> None:
        """Follow topics over a WebSocket."""
        self._require_handshake()
        if not self.token_authenticated:
            self._require_ticket(query.ticket)
        await self.enter()
        await super().get()

    async def enter(self) -> None:
        """Who may not have a socket is refused before there is one."""
        self._services = await self.site.services()
        await self._services.people.arrive(self.principal)
        await self._services.streams.enter(self.principal)

    def connect(self) -> Followed:
        """What follows topics for this socket."""
        return Connection(self._services, self.principal, self)

    def _require_handshake(self) -> None:
        headers = self.request.headers
        upgrades = headers.get("Upgrade", "").lower() == "websocket"
        connects = "upgrade" in headers.get("Connection", "").lower()
        version = headers.get("Sec-WebSocket-Version") == "13"
        if not (upgrades and connects and version and headers.get("Sec-WebSocket-Key")):
            raise Invalid("This route is a WebSocket (version 13).")

    def _require_ticket(self, ticket: str | None) -> None:
        """Browsers send cookies with a WebSocket from any page, so a cookie is not enough."""
        if ticket is None or not self.site.tickets.redeem(ticket, self.principal):
            raise Forbidden("A WebSocket needs a token, or a fresh ticket from POST /tickets.")

    async def open(self, *_: str, **__: str) -> None:
        """The handshake is done; tornado hands over messages when this is."""
        self.connection = self.connect()
        self.site.sockets.add(self)
        self._credential = watch_credential(self)
        self._alive = PeriodicCallback(self.say_alive, ALIVE_MILLISECONDS)
        self._alive.start()
        await self.connection.begin()

    async def on_message(self, message: str | bytes) -> None:
        """Frames are taken one after the other: who sends too much waits."""
        if self.connection is not None:
            await self.connection.receive(message)

    def on_close(self) -> None:
        """Whoever closed it."""
        connection, self.connection = self.connection, None
        self.site.sockets.discard(self)
        if self._alive is not None:
            self._alive.stop()
        if self._credential is not None:
            self._credential.cancel()
        if connection is not None:
            self.site.later(connection.close())

    def say_alive(self) -> None:
        """Send something, unless something is on its way anyhow."""
        if not self.busy():
            with contextlib.suppress(WebSocketClosedError, StreamClosedError):
                _ = self.write_message(ALIVE)

    def send(self, frame: bytes) -> Awaitable[None]:
        """A text frame, encoded already."""
        return self.write_message(frame)

    def busy(self) -> bool:
        """Whether tornado still holds bytes that the network did not take."""
        stream = self.ws_connection.stream if self.ws_connection is not None else None
        return stream is not None and stream.writing()

    def cut(self) -> None:
        """End it without the closing handshake, which this reader would not read."""
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            self.ws_connection.stream.close()

    @property
    def max_message_size(self) -> int:
        """A request is short."""
        return 64 * 1024

    @property
    def ping_interval(self) -> float:
        """Never: see :data:`ALIVE`."""
        return 0.0

    def check_origin(self, origin: str = "") -> bool:
        """Jupyter's rules, which tornado's would replace here."""
        return JupyterHandler.check_origin(self, origin)

    def skip_check_origin(self) -> bool:
        """A token does not excuse a foreign page: its script would hold our socket open."""
        return False

    def get_compression_options(self) -> dict[str, Any] | None:
        """None: logs at full speed matter more than bytes on loopback."""
        return None
