"""A machine and the service's engine for it, with a real socket pair between them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from submarine_ext.engines.base import Capacity, EngineInfo
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.engines.remote.frames import LinkLost
from submarine_ext.engines.remote.machine import Machine
from submarine_ext.files.bundles import BundleFiles

HAS = Capacity(cpu=4, memory=8 * 1024**3, gpu=2)


class Wire:
    """One end of a socket pair, with frames on it; ``budget``: it breaks after so many bytes."""

    def __init__(self, reader, writer, budget: float = float("inf")) -> None:
        self._reader, self._writer, self._budget = reader, writer, budget

    async def send(self, frame: bytes) -> None:
        data = len(frame).to_bytes(4, "big") + frame
        self._budget -= len(data)
        if self._writer.is_closing():
            raise LinkLost
        try:
            if self._budget < 0:
                self._writer.write(data[: self._budget])
                self.close(0, "")
                raise LinkLost
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise LinkLost from error

    def close(self, code: int, reason: str) -> None:
        self._writer.close()

    async def frames(self) -> AsyncIterator[bytes]:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                length = int.from_bytes(await self._reader.readexactly(4), "big")
                yield await self._reader.readexactly(length)


async def wires(budgets=(float("inf"), float("inf"))):
    ends = socket.socketpair()
    opened = [await asyncio.open_connection(sock=end) for end in ends]
    return [Wire(*each, budget) for each, budget in zip(opened, budgets, strict=True)]


class Alice:
    """Her machine: a local engine over ``root``, offered again as soon as a connection ends."""

    def __init__(self, root: Path, identity: str = "one") -> None:
        self.jobs = root / "jobs"
        self.local = LocalEngine(self.jobs, cpu=HAS.cpu, memory=HAS.memory, gpu=HAS.gpu)
        bundles = BundleFiles(root / "bundles", 1 << 30)
        self.machine = Machine(self.local, self.jobs, identity, bundles)
        self.ends: list[Wire] = []
        self.visits = 0
        self._offering = None

    async def open(self) -> None:
        await self.machine.open()

    async def close(self) -> None:
        await self.leave()
        await self.machine.close()

    async def offer(self, engine: RemoteEngine, budgets=None) -> None:
        """Be there from now on. ``budgets()``: how many bytes each way until it breaks."""
        await self.leave()
        self._offering = asyncio.create_task(self._offer(engine, budgets))
        await asyncio.sleep(0)

    async def leave(self) -> None:
        """The network is gone, or the server is stopped."""
        offering, self._offering = self._offering, None
        self.cut()
        if offering is not None:
            await offering

    def cut(self) -> None:
        """The connection breaks; the next one is made at once."""
        for end in self.ends:
            end.close(0, "")

    async def _offer(self, engine, budgets) -> None:
        me = asyncio.current_task()
        while self._offering is me:
            self.ends = ours, theirs = await wires(budgets() if budgets else (float("inf"),) * 2)
            self.visits += 1
            reading = asyncio.create_task(_read(engine.meet(theirs), theirs))
            try:
                with contextlib.suppress(LinkLost):
                    if self._offering is not me:
                        return
                    await self.machine.serve(ours, ours.frames())
            finally:
                self.cut()
                await reading


async def _read(visit, wire) -> None:
    await visit.begin()
    async for frame in wire.frames():
        await visit.receive(frame)
    await visit.close()


class Pair(RemoteEngine):
    """The engine together with its machine, as the contract wants it: opened and closed as one."""

    def __init__(self, root: Path, *, seed: int | None = None, **more) -> None:
        super().__init__("alice", BundleFiles(root / "bundles", 1 << 30), **more)
        self.remember(EngineInfo(name="", title="", healthy=False, capacity=HAS))
        self.alice = Alice(root / "machine")
        self._random = random.Random(seed) if seed is not None else None

    def _budgets(self):
        return [
            self._random.choice([2_000, 10_000, 50_000, 600_000]) + self._random.randrange(5_000)
            for _ in range(2)
        ]

    async def open(self) -> None:
        await super().open()
        await self.alice.open()
        await self.alice.offer(self, self._budgets if self._random else None)

    async def close(self) -> None:
        await self.alice.close()
        await super().close()
