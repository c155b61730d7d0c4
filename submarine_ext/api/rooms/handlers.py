"""The two routes of rooms, at the addresses at which jupyter-collaboration's lab asks for them."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from submarine_ext.api.base import Endpoint
from submarine_ext.api.events import Events, Followed
from submarine_ext.api.operations import Operation, operation
from submarine_ext.api.rooms import presence
from submarine_ext.api.rooms.lobby import Lobby
from submarine_ext.api.rooms.seat import Seat
from submarine_ext.domain.access import Capability
from submarine_ext.domain.paths import inside
from submarine_ext.errors import Invalid

if TYPE_CHECKING:
    from submarine_ext.api.rooms.room import Room

PREFIX = "submarine-"
#: Below the server's base URL. The lab writes a path as one part, with ``%2F`` in it.
SESSION = (
    r"/api/collaboration/session/submarine(?::|%3[aA])"
    r"(?P<project>[a-z0-9][a-z0-9-]{0,62})(?:/|%2[fF])(?P<path>.{1,4096})"
)
ROOM = r"/api/collaboration/room/(?:json|text):(?:notebook|file):submarine-(?P<name>[\w-]{1,64})"
#: What the lab's provider understands: the document has to be opened again.
EXPIRED = 1003
NO_MESSAGE = 1007
MOST_BYTES = 64 * 1024 * 1024


class Wanted(Struct, frozen=True):
    """How the lab opens a file."""

    type: Literal["notebook", "file"]
    format: Literal["json", "text"]


class Session(Struct, frozen=True):
    """Where the room is."""

    format: str
    type: str
    fileId: str  # noqa: N815 - jupyter-collaboration's names
    sessionId: str  # noqa: N815


class RoomQuery(Struct, frozen=True):
    """The key from the session."""

    sessionId: str = ""  # noqa: N815


class RoomSession(Endpoint):
    """A file's room, and a key to it."""

    def initialize(self, lobby: Lobby) -> None:  # type: ignore[override]
        """Called by tornado for each request."""
        super().initialize()
        self._lobby = lobby

    def check_body_headers(self, declared: Operation) -> None:
        """The lab does not say that what it sends is JSON. No page of another site can send it:
        that is a PUT, with the XSRF token.
        """
        if self.request.headers.get("Content-Type", "").startswith("text/plain"):
            self.request.headers["Content-Type"] = "application/json"
        super().check_body_headers(declared)

    @operation(Capability.FILE_READ, body=Wanted, answer=Session, problems=(413, 415))
    async def put(self, project: str, path: str, body: Wanted) -> Session:
        """Get the room in which a file is open."""
        if (body.type == "notebook") != (body.format == "json"):
            raise Invalid("A notebook's format is json, a file's is text.", field="format")
        name, key = await self._lobby.key(
            self.services,
            self.principal,
            (project, inside(path, "path"), body.type),
            config=self.config,
            log=self.log,
        )
        return Session(body.format, body.type, PREFIX + name, key)


class RoomSocket(Events):
    """A seat in a room. Everything that every socket of ours is asked, this one is asked, too."""

    _seat: Seat | None = None
    _room: Room
    _unsent = 0

    def initialize(self, lobby: Lobby) -> None:
        """Called by tornado for each request."""
        self._lobby = lobby

    @operation(Capability.FILE_READ, query=RoomQuery, status=101)
    async def get(self, query: RoomQuery, name: str) -> None:
        """Take a seat in a room."""
        self._require_handshake()
        await self.enter()
        room = self._lobby.room(name, self.principal, query.sessionId)
        if room is not None:
            person = asdict(self.current_user)
            self._seat = Seat(self._services, self.principal, person, room, self)
            self._room = room
            await self._seat.require()
        await WebSocketHandler.get(self)

    async def open(self, *parts: str, **named: str) -> None:
        """The handshake is done; without a room the lab is told to open the file again."""
        if self._seat is None:
            told = {"reason": "unknown_session", "sessionId": "", "reloadable": True}
            super().close(EXPIRED, msgspec.json.encode(told).decode())
            return
        await super().open(*parts, **named)

    def connect(self) -> Followed:
        """Messages go to the seat."""
        assert self._seat is not None, "open looked"
        return _Seated(self._seat, self._room, self._lobby, self)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Nothing that comes after a goodbye is heard; what was typed before it is saved."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self.site.later(connection.close())
        super().close(code, reason)

    def post(self, chunk: bytes) -> None:
        """Send without waiting."""
        size = len(chunk)
        with contextlib.suppress(WebSocketClosedError, StreamClosedError):
            sent = self.write_message(chunk, binary=True)
            self._unsent += size
            sent.add_done_callback(lambda done: self._sent(size, done))

    def waiting(self) -> int:
        """The bytes that the network has not taken yet."""
        return self._unsent

    def say_alive(self) -> None:
        """What the lab's provider takes for a sign of life."""
        self.post(presence.ALIVE)

    @property
    def max_message_size(self) -> int:
        """A change can be a whole notebook."""
        return MOST_BYTES

    def _sent(self, size: int, done: Any) -> None:
        self._unsent -= size
        done.exception()  # the socket is gone, and its close says so


class _Seated:
    """Carries messages from the socket to its room, one after the other."""

    def __init__(self, seat: Seat, room: Room, lobby: Lobby, socket: RoomSocket) -> None:
        self._seat = seat
        self._room = room
        self._lobby = lobby
        self._socket = socket

    async def begin(self) -> None:
        """The socket is open."""
        await self._seat.take()

    async def receive(self, message: str | bytes) -> None:
        """What is no message of the protocol ends the connection."""
        if not await self._seat.ready():
            return
        try:
            if isinstance(message, str):
                raise Invalid("Messages here are binary.")
            await self._room.receive(self._seat, message)
        except Invalid as error:
            self._socket.close(NO_MESSAGE, error.detail)

    async def close(self) -> None:
        """Nobody sits here any more. The last one's work is saved."""
        self._seat.stand_up()
        if not self._room.seats:
            await self._room.settle()
            self._lobby.left(self._room)
