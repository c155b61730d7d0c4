"""A job's code on its way to the machine: asked for, received, unpacked, forgotten.

One bundle at a time. Where the connection is cut in the middle the next one is waited for, and
the bundle asked for anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from submarine_ext.engines.base import Task
from submarine_ext.engines.remote.frames import Code, LinkLost, NeedsCode
from submarine_ext.engines.unpacked import GONE, beside, take_place
from submarine_ext.errors import NotFound, SubmarineError


class Writer(Protocol):
    """Receives a bundle; kept by ``commit``, which looks at its hash and its members."""

    def write(self, chunk: bytes) -> None:
        """Add bytes."""

    def commit(self) -> bool:
        """Keep it."""


class CodeStore(Protocol):
    """Where bundles lie (:class:`submarine_ext.files.bundles.BundleFiles`)."""

    def receive(self, sha256: str) -> AbstractContextManager[Writer]:
        """A writer for a bundle that is to have this hash."""

    def unpack(self, sha256: str, to: Path) -> None:
        """Write its files below a folder."""

    def forget(self, sha256: str) -> None:
        """Remove it."""


class _Arriving:
    """One request for a bundle."""

    def __init__(self, number: int, writer: Writer) -> None:
        self.number = number
        self.writer = writer
        self.whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def take(self, data: bytes | None) -> None:
        """A piece; what goes wrong with it is told to whoever waits."""
        try:
            if data is None:
                raise NotFound(GONE)
            await asyncio.to_thread(self.writer.write, data)
            if not data:
                await asyncio.to_thread(self.writer.commit)
                self._over(None)
        except (SubmarineError, OSError, ValueError) as error:  # ValueError: it is closed already
            self._over(error)

    def cut(self) -> None:
        """The rest does not come."""
        self._over(LinkLost())

    def leave(self) -> None:
        """Nobody waits any more."""
        if not self.whole.cancel() and not self.whole.cancelled():
            self.whole.exception()

    def _over(self, error: Exception | None) -> None:
        if self.whole.done():
            return
        if error is None:
            self.whole.set_result(None)
        else:
            self.whole.set_exception(error)


class Coming:
    """``connect`` and ``cut`` say when there is a connection; ``take`` gets what it brings."""

    def __init__(self, store: CodeStore) -> None:
        self._store = store
        self._connected = asyncio.Event()
        self._say: Callable[[NeedsCode], Awaitable[None]] | None = None
        self._arriving: _Arriving | None = None
        self._number = 0

    def connect(self, say: Callable[[NeedsCode], Awaitable[None]]) -> None:
        """From now on the service can be asked."""
        self._say = say
        self._connected.set()

    def cut(self) -> None:
        """It cannot any more."""
        self._say = None
        self._connected.clear()
        if self._arriving is not None:
            self._arriving.cut()

    async def take(self, piece: Code) -> None:
        """What was asked for and is not wanted any more is passed over."""
        if self._arriving is not None and self._arriving.number == piece.number:
            await self._arriving.take(piece.data)

    async def unpacked(self, task: Task) -> None:
        """Have the job's files in its folder, whole or not at all. One call at a time."""
        if not task.work.exists():
            part = await asyncio.to_thread(beside, task)
            if task.spec.bundle is not None:
                await self._unpack(task.spec.bundle, part)
            await asyncio.to_thread(take_place, part, task)
        task.artifacts.mkdir(exist_ok=True, mode=0o700)

    async def _unpack(self, sha256: str, to: Path) -> None:
        while not await self._received(sha256):
            pass
        try:
            await asyncio.to_thread(self._store.unpack, sha256, to)
        finally:
            await asyncio.to_thread(self._store.forget, sha256)

    async def _received(self, sha256: str) -> bool:
        """Ask for it and wait; False: the connection was cut."""
        await self._connected.wait()
        assert self._say is not None, "there is a connection"
        self._number += 1
        with self._store.receive(sha256) as writer:
            self._arriving = arriving = _Arriving(self._number, writer)
            try:
                await self._say(NeedsCode(arriving.number, sha256))
                await arriving.whole
            except LinkLost:
                return False
            finally:
                self._arriving = None
                arriving.leave()
        return True
