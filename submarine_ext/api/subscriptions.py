"""What every topic of a connection has in common: its beginning, its rights and its end.

A topic is refused by raising SubmarineError from ``open``. Afterwards it ends by ``closed``
(gone, or no longer allowed) or, for a reader who is too slow for pushed frames, by ``gap``.

Rights are looked at at the start, and again at each alarm of the feed. From the alarm until
the answer the topic is **suspended**: nothing of it is sent. What the topics are is in
:mod:`submarine_ext.api.topics`.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from submarine_ext.api.base import Services
from submarine_ext.api.outbox import Outbox
from submarine_ext.api.problems import problem
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.errors import Forbidden, NotFound, SubmarineError, Unavailable
from submarine_ext.services.feed import Frame, encode

if TYPE_CHECKING:
    # It reads the database, whose import a server start should not pay for.
    from submarine_ext.services.streams import Sight

_log = logging.getLogger("submarine_ext")

#: WebSocket-style codes of a ``closed`` frame.
REVOKED, GONE = 4403, 4404
#: Seconds after which rights that end by time are looked at again.
FLEETING_SECONDS = 0.5

Cursor = Annotated[int, Meta(ge=0, le=2**53)]


class Subscribe(Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """``since``: everything after this cursor; absent: what happens from now on."""

    topic: str
    since: Cursor | None = None
    rank: Annotated[int, Meta(ge=0, le=65_536)] | None = None
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class Subscription(ABC):
    """One topic of one connection. ``ended`` is called when it ends by itself."""

    #: What the topic needs; without it the topic is refused, and ended.
    capability: Capability

    def __init__(
        self,
        services: Services,
        who: Principal,
        outbox: Outbox,
        wanted: Subscribe,
        ended: Callable[[Subscription], None],
    ) -> None:
        self._services = services
        self._who = who
        self._outbox = outbox
        self._wanted = wanted
        self._ended = ended
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._leaves: list[Callable[[], None]] = []
        self._sight: Sight | None = None
        self._seen = asyncio.Event()
        self._alarms = 0
        self._open = False
        self._project = ""

    @property
    def topic(self) -> str:
        """As the client named it."""
        return self._wanted.topic

    @abstractmethod
    async def open(self) -> None:
        """Check access, confirm by a ``subscribed`` frame, and begin.

        The last thing it waits for is :meth:`_allowed`.
        """

    async def close(self) -> None:
        """No frame of this topic comes after this."""
        self._let_go()
        mine = {self._task, self._looking} - {None, asyncio.current_task()}
        if mine:
            await asyncio.wait(mine)  # type: ignore[type-var]

    def suspend(self) -> None:
        """Send nothing until rights have been looked at. Called before any later frame is."""
        self._alarms += 1
        self._sight = None
        self._seen.clear()
        if self._open and self._looking is None:
            self._looking = asyncio.create_task(self._look_again(), name=f"sight {self.topic}")

    async def _allowed(self, project: str) -> Sight:
        """Raise NotFound or Forbidden unless this topic is allowed; alarms are heard from here."""
        self._project = project
        self._leaves.append(self._services.feed.guard(project, self.suspend))
        sight = await self._look(following=False)
        self._open = True
        return sight

    async def _look(self, *, following: bool) -> Sight:
        """Ask until no alarm came meanwhile: the answer is newer than all that was sent."""
        while True:
            alarms = self._alarms
            sight = await self._services.streams.sight(
                self._who, self._project, self.capability, following=following
            )
            if alarms == self._alarms:
                self._see(sight)
                return sight

    def _see(self, sight: Sight) -> None:
        self._sight = sight
        self._seen.set()
        if sight.fleeting:
            timer = asyncio.get_running_loop().call_later(FLEETING_SECONDS, self.suspend)
            self._leaves.append(timer.cancel)

    async def _look_again(self) -> None:
        try:
            while self._sight is None:
                try:
                    await self._look(following=True)
                except Unavailable as error:
                    await asyncio.sleep(error.retry_after)
        except SubmarineError as error:
            self._end(error)
        else:
            self._resume()
        finally:
            self._looking = None

    @abstractmethod
    def _resume(self) -> None:
        """Rights are known again."""

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._guarded(), name=f"submarine {self.topic}")

    async def _guarded(self) -> None:
        while True:
            try:
                await self._run()
            except Unavailable as error:
                await asyncio.sleep(error.retry_after)
                continue
            except SubmarineError as error:
                self._end(await self._cause(error))
            except Exception as error:  # noqa: BLE001 - a topic must not fall silent
                _log.exception("The topic %s broke", self.topic)
                self._tell("error", problem(error))
                self._let_go()
                self._ended(self)
            return

    @abstractmethod
    async def _run(self) -> None:
        """What goes on after ``open``; it may be begun again where it was left."""

    async def _cause(self, error: SubmarineError) -> SubmarineError:
        """A thing that is not there may only be invisible now."""
        try:
            await self._look(following=True)
        except (NotFound, Forbidden) as cause:
            return cause
        except Unavailable:
            return error
        return error

    async def _send(self, frame: Callable[[Sight], bytes | None]) -> None:
        """Post what may be seen, as soon as there is room and rights are known."""
        while True:
            await self._seen.wait()
            async with self._outbox.turn():
                if self._sight is None:
                    continue  # suspended while others were sent
                shown = frame(self._sight)
                if shown is not None:
                    self._outbox.post(self.topic, shown)
                return

    def _end(self, error: SubmarineError) -> None:
        code = REVOKED if isinstance(error, Forbidden) else GONE
        if code == REVOKED:
            self._outbox.take_back(self.topic)
        self._tell("closed", {"code": code, "detail": error.detail})
        self._let_go()
        self._ended(self)

    def _let_go(self) -> None:
        """Hear nothing more, and do nothing more but what goes on right now."""
        self._open = False
        for leave in self._leaves:
            leave()
        self._leaves.clear()
        for task in (self._task, self._looking):
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    def _tell(self, kind: str, data: Any, seq: int | None = None) -> None:
        frame = Frame(self.topic, kind, data) if seq is None else Frame(self.topic, kind, data, seq)
        self._outbox.post(self.topic, encode(frame), force=True)
