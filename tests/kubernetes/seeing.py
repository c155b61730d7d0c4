"""An informer that runs, and everything that it told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from submarine_ext.engines.kubernetes.informer import Informer
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.transport import Api
from tests.kubernetes.histories import PODS
from tests.kubernetes.scripted import (
    Server,
    connect,
)


class Seen:
    """An informer, and everything that it told."""

    def __init__(self, api: Api, kind: type[Informer] = Informer, **options: Any) -> None:
        self.changes: list[tuple[str, bool]] = []
        self.health: list[tuple[bool, str | None]] = []
        self.deaf: set[str] = set()
        self._news = asyncio.Event()
        options = {"resource": PODS, "keep": lambda item: item, **options}
        resource = options.pop("resource")
        self.informer = kind(
            api, resource, "team-a", changed=self._changed, health=self._healthy, **options
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await self._news.wait()
                self._news.clear()

    @property
    def marked(self) -> bool:
        return any(item.get("marker") for item in self.informer.objects.values())

    def _changed(self, item: Object, deleted: bool) -> None:
        self.changes.append((item["metadata"]["uid"], deleted))
        self._news.set()

    def _healthy(self, healthy: bool, why: str | None) -> None:
        self.health.append((healthy, why))
        self._news.set()


@asynccontextmanager
async def running(*seen: Seen) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.informer.run()) for one in seen]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def served(
    script: Any, folder: Path, pace: Pace | None = None
) -> AsyncIterator[tuple[Server, Api]]:
    async with Server(script) as server:
        api = await connect(folder, server.url, pace)
        try:
            yield server, api
        finally:
            await api.close()
