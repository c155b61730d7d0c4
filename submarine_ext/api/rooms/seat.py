"""One person's open socket in a room, and what they may do there now.

Rights are looked at when it is taken, and at each alarm of the feed. From the alarm until the
answer nothing leaves for it, and what comes from it waits: none of it may be dropped, because
what somebody types next builds upon it. It knows rights, and neither files nor messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from submarine_ext.api.base import Services
from submarine_ext.api.subscriptions import FLEETING_SECONDS, REVOKED
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.subjects import user
from submarine_ext.errors import Forbidden, SubmarineError, Unavailable

#: What a reader who reads nothing may cost.
MOST_WAITING = 64 * 1024 * 1024


class Socket(Protocol):
    """What a seat needs of a WebSocket."""

    def waiting(self) -> int:
        """The bytes that the network has not taken yet."""
        ...

    def post(self, message: bytes) -> None:
        """Send without waiting; to a socket that is gone: nothing."""
        ...

    def cut(self) -> None:
        """End the connection now, without a word."""
        ...

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the connection with a word."""
        ...


class Room(Protocol):
    """Where the seat is. ``whole``: notebooks have their outputs there."""

    project: str
    whole: bool

    def enter(self, seat: Seat) -> None:
        """Begin to tell the seat what happens."""
        ...

    def ask(self, seat: Seat) -> None:
        """Have the seat's client tell what only it knows."""
        ...

    def leave(self, seat: Seat) -> None:
        """The seat is empty."""
        ...


class Seat:
    """See the module's comment. ``person`` is what others are shown of who sits here."""

    def __init__(
        self,
        services: Services,
        who: Principal,
        person: dict[str, Any],
        room: Room,
        socket: Socket,
    ) -> None:
        self.who = who
        self.person = person
        self.room = room
        self.writes = False
        #: The numbers by which the client here is known to the others, and their clocks.
        self.clients: dict[int, int] = {}
        self._services = services
        self._socket = socket
        self._held: list[bytes] = []
        self._known = asyncio.Event()
        self._alarms = 0
        self._looking: asyncio.Task[None] | None = None
        self._leaves: list[Callable[[], None]] = []
        self._taken = False

    async def require(self) -> None:
        """Raise NotFound or Forbidden for who may not sit here; look at whether they write."""
        while True:
            alarms = self._alarms
            sight = await self._services.streams.sight(
                self.who, self.room.project, Capability.FILE_READ, following=self._taken
            )
            await self._services.streams.enter(self.who)
            writes = self.room.whole and await self._may_write()
            if alarms == self._alarms:
                break
        if (Capability.OUTPUT_READ in sight.rights) != self.room.whole:
            raise Forbidden("You see more, or less, of this file than before: open it again.")
        self.writes = writes
        if sight.fleeting and self._taken:
            timer = asyncio.get_running_loop().call_later(FLEETING_SECONDS, self._alarm)
            self._leaves.append(timer.cancel)

    async def take(self) -> None:
        """Sit down; alarms are heard from here."""
        feed = self._services.feed
        self._taken = True
        self._leaves.append(feed.guard(self.room.project, self._alarm))
        self._leaves.append(feed.account(str(user(self.who.name)), self._alarm))
        self.room.enter(self)
        self._alarm()
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def ready(self) -> bool:
        """Wait until rights are known; whether somebody still sits here."""
        await self._known.wait()
        return self._taken

    def tell(self, message: bytes) -> None:
        """Send it, as soon as rights are known."""
        if not self._known.is_set():
            self._held.append(message)
        elif self._taken:
            self._socket.post(message)
            if self._socket.waiting() > MOST_WAITING:
                self._socket.cut()

    def stand_up(self) -> None:
        """Hear and tell nothing more."""
        if not self._taken:
            return
        self._taken = False
        self._held.clear()
        self._known.set()
        for leave in self._leaves:
            leave()
        if self._looking is not None and self._looking is not asyncio.current_task():
            self._looking.cancel()
        self.room.leave(self)

    async def _may_write(self) -> bool:
        try:
            await self._services.documents.require_write(self.who, self.room.project)
        except Unavailable:
            raise
        except SubmarineError:
            return False
        return True

    def _alarm(self) -> None:
        self._alarms += 1
        self._known.clear()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="submarine seat")

    async def _look(self) -> None:
        while self._taken:
            wrote = self.writes
            try:
                await self.require()
            except Unavailable as error:
                await asyncio.sleep(error.retry_after)
            except SubmarineError as error:
                self._socket.close(REVOKED, error.detail[:100])
                self.stand_up()
            else:
                self._go_on()
                if self.writes and not wrote:
                    self.room.ask(self)  # for what was not heard until now
                return

    def _go_on(self) -> None:
        self._known.set()
        held, self._held = self._held, []
        for message in held:
            self.tell(message)
