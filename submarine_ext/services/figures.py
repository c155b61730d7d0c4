"""How much is going on, for whoever watches over the service. Numbers, no names of people."""

from __future__ import annotations

import time
from collections.abc import Mapping

from msgspec import Struct

from submarine_ext.engines.base import Engine
from submarine_ext.services.directory import Directory
from submarine_ext.store import jobs
from submarine_ext.store.store import Store


class Figure(Struct, frozen=True):
    """Unfinished jobs by state, engines by name, and the age of the groups (None: never)."""

    jobs: dict[str, int]
    healthy: dict[str, bool]
    directory_age: float | None


class Figures:
    """The service."""

    def __init__(self, store: Store, engines: Mapping[str, Engine], directory: Directory) -> None:
        self._store = store
        self._engines = engines
        self._directory = directory

    async def now(self) -> Figure:
        """As it is now."""
        last = self._directory.synchronised
        return Figure(
            jobs=await self._store.read(jobs.counts),
            healthy={name: (await engine.info()).healthy for name, engine in self._engines.items()},
            directory_age=None if last is None else time.monotonic() - last,
        )
