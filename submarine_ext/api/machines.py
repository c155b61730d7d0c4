"""``/machines/{user}``: a person's server offers its machine over a WebSocket.

What is said there is :mod:`submarine_ext.engines.remote`'s; here are the handshake, guarded as
everywhere, and the socket as what carries its frames.
"""

from __future__ import annotations

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from submarine_ext.api.events import Events, Followed
from submarine_ext.api.operations import operation
from submarine_ext.api.subscriptions import REVOKED
from submarine_ext.domain.access import Capability
from submarine_ext.engines.remote.frames import LONGEST, LinkLost
from submarine_ext.errors import Forbidden, SubmarineError

#: What a close frame has room for, in bytes.
LONGEST_REASON = 123


class OneMachine(Events):
    """``/machines/{user}``"""

    @operation(Capability.MACHINE_OFFER, status=101)
    async def get(self, user: str) -> None:
        """Offer the machine of a server as its owner's engine, over a WebSocket."""
        self._require_handshake()
        if not self.token_authenticated:
            raise Forbidden("A machine is offered by a server, with a token; never by a page.")
        self._user = user
        await self.enter()
        await WebSocketHandler.get(self)

    async def enter(self) -> None:
        """Only the machine's owner, and only where its jobs are looked after."""
        self._services = await self.site.services()
        await self._services.people.arrive(self.principal)
        await self._services.machines.enter(self.principal, self._user)

    def connect(self) -> Followed:
        """The machine's visit at its engine."""
        return self._services.machines.meet(self._user, SocketLink(self))

    def say_alive(self) -> None:
        """And look whether the owner still may: a disabled account's machine is sent away."""
        super().say_alive()
        self.site.later(self._look_again())

    async def _look_again(self) -> None:
        try:
            await self._services.machines.enter(self.principal, self._user)
        except Forbidden as error:
            self.close(REVOKED, error.detail)
        except SubmarineError:
            return  # nobody can say it now; it is asked again

    @property
    def max_message_size(self) -> int:
        """A piece of a log or of an output, or a report."""
        return LONGEST


class SocketLink:
    """The socket as the engine's link to its machine."""

    def __init__(self, socket: OneMachine) -> None:
        self._socket = socket

    async def send(self, frame: bytes) -> None:
        """Ends when the network has taken it. Raises LinkLost."""
        try:
            await self._socket.write_message(frame, binary=True)
        except (WebSocketClosedError, StreamClosedError) as error:
            raise LinkLost from error

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and why."""
        self._socket.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))
