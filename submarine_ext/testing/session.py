"""An open engine together with everything it has said, for tests to wait on."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from submarine_ext.engines.base import Ended, Engine, EngineInfo, Health, Observation, Started

PATIENCE = 60.0  # seconds until a test that waits for something gives up


def scenario(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make a plain test of a coroutine: a fresh event loop, and an end in any case."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(_in_time(test(*args, **kwargs)))

    return run


async def _in_time(coroutine: Awaitable[None]) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        await coroutine


class Session:
    """Collects observations; every wait here ends when one arrives."""

    def __init__(self, engine: Engine, patience: float = PATIENCE) -> None:
        self.engine = engine
        self.patience = patience
        self.seen: list[Observation] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        """Collect until the engine is closed."""
        async for observation in self.engine.observe():
            async with self._news:
                self.seen.append(observation)
                self._news.notify_all()

    def of(self, name: str) -> list[Observation]:
        """What was said of one task."""
        return [observation for observation in self.seen if observation.name == name]

    async def such(self, fits: Callable[[Any], bool]) -> Any:
        """The first observation that fits, awaited if it has not come yet."""

        def found() -> list[Observation]:
            return [o for o in self.seen if fits(o)]

        async with asyncio.timeout(self.patience), self._news:
            await self._news.wait_for(found)
        return found()[0]

    async def first(self, name: str, kind: type[Any]) -> Any:
        """The first observation of that kind about that task."""
        return await self.such(lambda o: o.name == name and isinstance(o, kind))

    async def healthy(self) -> EngineInfo:
        """The engine is of use: at once, or as soon as what it runs on has answered."""
        info = await self.engine.info()
        if not info.healthy:
            health: Health = await self.such(lambda o: isinstance(o, Health) and o.info.healthy)
            info = health.info
        return info

    async def started(self, name: str) -> Started:
        """The task has begun."""
        observation: Started = await self.first(name, Started)
        return observation

    async def ended(self, name: str) -> Ended:
        """The task is over."""
        observation: Ended = await self.first(name, Ended)
        return observation


@contextlib.asynccontextmanager
async def session(engine: Engine, *, patience: float = PATIENCE) -> AsyncIterator[Session]:
    """Open the engine, listen to it, close it. ``patience`` is in seconds, for each wait."""
    await engine.open()
    opened = Session(engine, patience)
    listening = asyncio.create_task(opened.listen())
    try:
        yield opened
    finally:
        await engine.close()
        await listening
