"""The engines of a server while it runs: made, opened, closed, and made anew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from submarine_ext.engines.base import Engine

log = logging.getLogger(__name__)


class Running:
    """``make`` makes the engine of a name. The mapping ``now`` stays the same object."""

    def __init__(self, names: tuple[str, ...], make: Callable[[str], Engine]) -> None:
        self._make = make
        self._open: list[Engine] = []
        self._now = {name: make(name) for name in names}

    @property
    def now(self) -> Mapping[str, Engine]:
        """By name, the default first."""
        return self._now

    async def open(self) -> None:
        """Get them ready."""
        for engine in self._now.values():
            await engine.open()
            self._open.append(engine)

    async def close(self) -> None:
        """Let go of those that are open; jobs go on."""
        while self._open:
            engine = self._open.pop()
            try:
                await engine.close()
            except Exception:  # the others are to be closed as well
                log.exception("The engine %s could not be closed", engine.name)

    async def renew(self) -> None:
        """Put fresh ones in their place: what they knew is another server's business."""
        await self.close()
        self._now.update({name: self._make(name) for name in self._now})
        await self.open()
