"""One connection of a machine, at the service: frames in, files kept, frames out.

Frames are taken one after the other, and what one brings is on disk before the next is read; so
an end is told after everything that the attempt left. Whoever talks nonsense, leaves something
out or falls silent is sent away, and begins anew from what is here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import IO, Protocol

import msgspec

from submarine_ext.engines.base import Ended, EngineInfo, Started, Task, Waiting
from submarine_ext.engines.remote import keeping, plausible
from submarine_ext.engines.remote.frames import (
    BROKEN,
    GOING_AWAY,
    NONSENSE,
    PIECE,
    PROTOCOL,
    SILENCE,
    Code,
    FromMachine,
    FromService,
    Hello,
    Link,
    LinkLost,
    Load,
    Log,
    NeedsCode,
    Output,
    Seen,
    encode,
    from_machine,
)
from submarine_ext.errors import NotFound, SubmarineError

log = logging.getLogger(__name__)


#: What is raised for what no machine of ours says.
NONSENSICAL = (
    msgspec.DecodeError,
    keeping.OutOfTurnError,
    plausible.ImplausibleError,
    SubmarineError,
)


class Host(Protocol):
    """Whose machine it is (:class:`~submarine_ext.engines.remote.engine.RemoteEngine`)."""

    def arrived(self, visit: Visit, info: EngineInfo) -> None:
        """The machine said who it is."""

    def left(self, visit: Visit) -> None:
        """The connection is over."""

    def loaded(self, visit: Visit, info: EngineInfo) -> None:
        """The machine said how it is."""

    def task(self, visit: Visit, name: str) -> Task | None:
        """The attempt of which something came; None: nobody wants it any more."""

    def seen(self, visit: Visit, observation: Waiting | Started | Ended) -> None:
        """How an attempt stands."""

    def needs(self, visit: Visit, sha256: str) -> bool:
        """Whether one of the attempts that were sent consists of this bundle."""


class Visit:
    """``opened`` opens a bundle. ``machine`` is known once it has said Hello."""

    def __init__(self, link: Link, host: Host, opened: Callable[[str], IO[bytes]]) -> None:
        self.machine = ""
        self._link = link
        self._host = host
        self._opened = opened
        self._out: asyncio.Queue[FromService | NeedsCode] = asyncio.Queue()
        self._silence: asyncio.TimerHandle | None = None
        self._over = False

    async def begin(self) -> None:
        """The connection is open."""
        self._writing = asyncio.create_task(self._write(), name="submarine machine")
        self._listen_on()

    def say(self, frame: FromService) -> None:
        """Send it, after what was said before."""
        self._out.put_nowait(frame)

    async def receive(self, message: str | bytes) -> None:
        """Take a frame; the next one waits until what it brought is on disk."""
        if self._over:
            return
        self._listen_on()
        try:
            await self._take(_decoded(message))
        except NONSENSICAL as error:
            self.end(f"What this machine sent makes no sense here: {error}", NONSENSE)
        except OSError as error:
            log.warning("What %s sent cannot be kept: %s", self.machine, error)
            self.end(f"The service cannot keep what came: {error.strerror}.", BROKEN)

    async def close(self) -> None:
        """The connection is gone."""
        self.end("")
        await asyncio.gather(self._writing, return_exceptions=True)

    def end(self, reason: str, code: int = GOING_AWAY) -> None:
        """Take nothing more, and say goodbye."""
        if self._over:
            return
        self._over = True
        if self._silence is not None:
            self._silence.cancel()
        self._writing.cancel()
        self._link.close(code, reason)
        self._host.left(self)

    async def _take(self, frame: FromMachine) -> None:
        match frame:
            case Hello():
                self._greet(frame)
            case _ if not self.machine:
                raise keeping.OutOfTurnError("it did not say who it is.")
            case Load(info):
                self._host.loaded(self, plausible.machine(info))
            case Seen(observation):
                await self._see(plausible.observation(observation))
            case NeedsCode():
                self._out.put_nowait(frame)
            case Log() | Output():
                await self._keep(frame)

    def _greet(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL or not hello.machine:
            raise keeping.OutOfTurnError("it is of another version; the service's must be its own.")
        self.machine = hello.machine
        self._host.arrived(self, plausible.machine(hello.info))

    async def _see(self, observation: Waiting | Started | Ended) -> None:
        task = self._host.task(self, observation.name)
        if task is not None and isinstance(observation, Ended):
            await asyncio.to_thread(keeping.settle, task)
        self._host.seen(self, observation)

    async def _keep(self, piece: Log | Output) -> None:
        task = self._host.task(self, piece.name)
        if task is None:
            return
        if isinstance(piece, Log):
            took = (piece.rank, piece.offset, piece.data)
            await asyncio.to_thread(keeping.add_to_log, task, *took)
        else:
            await asyncio.to_thread(
                keeping.add_to_output, task, piece.path, piece.offset, piece.data, end=piece.end
            )

    async def _write(self) -> None:
        try:
            while True:
                frame = await self._out.get()
                if isinstance(frame, NeedsCode):
                    await self._send_code(frame)
                else:
                    await self._link.send(encode(frame))
        except LinkLost:
            self.end("")

    async def _send_code(self, asked: NeedsCode) -> None:
        """All of a bundle, a piece at a time; what was said meanwhile comes after it."""
        file = await asyncio.to_thread(self._bundle, asked.sha256)
        if file is None:
            return await self._link.send(encode(Code(asked.number, None)))
        with file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                await self._link.send(encode(Code(asked.number, piece)))
        return await self._link.send(encode(Code(asked.number, b"")))

    def _bundle(self, sha256: str) -> IO[bytes] | None:
        """None where it is gone, or not for this machine."""
        if not self._host.needs(self, sha256):
            return None
        with contextlib.suppress(NotFound):
            return self._opened(sha256)
        return None

    def _listen_on(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        loop = asyncio.get_running_loop()
        self._silence = loop.call_later(SILENCE, self.end, "Nothing was heard of this machine.")


def _decoded(message: str | bytes) -> FromMachine:
    if isinstance(message, str):
        raise keeping.OutOfTurnError("frames are binary.")
    return from_machine(message)
