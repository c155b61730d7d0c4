"""The engines of a server while it runs: made, opened, closed, and made anew.

Those that an administrator named are there from the start. People's machines come when a
machine does, or a job that is one's; only the server that reconciles has them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from submarine_ext.domain.machines import machine_owner
from submarine_ext.engines.base import Engine, EngineInfo
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.errors import NotFound, Unavailable

log = logging.getLogger(__name__)

ELSEWHERE = "Another server of the service looks after the jobs; it is the one to come to."


class Running:
    """``make`` makes the engine of a name, ``make_machine`` that of a person. The mapping
    ``now`` stays the same object.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        make: Callable[[str], Engine],
        make_machine: Callable[[str], RemoteEngine],
    ) -> None:
        self._make = make
        self._make_machine = make_machine
        self._open: list[Engine] = []
        self._now = {name: make(name) for name in names}
        self._machines: dict[str, RemoteEngine] = {}
        self._come: asyncio.Queue[RemoteEngine] | None = None
        self._settled = False

    @property
    def now(self) -> Mapping[str, Engine]:
        """Those that were named, by name, the default first."""
        return self._now

    def of(self, name: str) -> Engine:
        """The engine of a name. Raises NotFound; Unavailable of a machine elsewhere."""
        owner = machine_owner(name)
        if owner is not None:
            return self._machine(owner)
        if name not in self._now:
            raise NotFound(f"There is no engine {name} here any more: run it on another one.")
        return self._now[name]

    def machine(self, owner: str) -> RemoteEngine:
        """A person's machine, for a connection of it. Raises Unavailable: of a server that does
        not know yet which jobs are whose, a machine would hear that none of its own is wanted.
        """
        if not self._settled:
            raise Unavailable(ELSEWHERE, retry_after=1)
        return self._machine(owner)

    def _machine(self, owner: str) -> RemoteEngine:
        if self._come is None:
            raise Unavailable(ELSEWHERE, retry_after=1)
        if owner not in self._machines:
            self._machines[owner] = machine = self._make_machine(owner)
            self._come.put_nowait(machine)
        return self._machines[owner]

    def expect(self, owner: str, info: EngineInfo) -> None:
        """An earlier server knew this machine."""
        self._machine(owner).remember(info)

    def settle(self) -> None:
        """What an earlier server left is taken over: machines may come."""
        self._settled = True

    async def open(self) -> None:
        """Get them ready."""
        for engine in self._now.values():
            await engine.open()
            self._open.append(engine)

    async def each(self) -> AsyncIterator[Engine]:
        """Those that are there, and then each machine as it comes, opened: for who reconciles."""
        self._come = come = asyncio.Queue[RemoteEngine]()
        for engine in list(self._open):
            yield engine
        while True:
            machine = await come.get()
            await machine.open()
            self._open.append(machine)
            yield machine

    async def close(self) -> None:
        """Let go of those that are open; jobs go on."""
        self._come, self._settled = None, False
        while self._open:
            engine = self._open.pop()
            try:
                await engine.close()
            except Exception:  # the others are to be closed as well
                log.exception("The engine %s could not be closed", engine.name)
        self._machines.clear()

    async def renew(self) -> None:
        """Put fresh ones in their place: what they knew is another server's business."""
        await self.close()
        self._now.update({name: self._make(name) for name in self._now})
        await self.open()
