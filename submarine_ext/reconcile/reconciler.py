"""Moves jobs from what they are to what people want.

One server does it (see :mod:`lease`): adopt what an earlier one left, then dispatch what
is pending, ask engines to stop what is unwanted, and record what engines observe. Every
step may be cut by SIGKILL: the next server finds the database and the engine, which
answer for themselves. One that loses the lease lets go of everything and stands by.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from submarine_ext.engines.base import Ended, Engine, Health, KeepsUntilRecorded, Observation
from submarine_ext.reconcile.collect import Collector
from submarine_ext.reconcile.dispatch import CLOSE_SECONDS, Dispatcher
from submarine_ext.reconcile.lease import Lease
from submarine_ext.reconcile.record import Recorder
from submarine_ext.reconcile.thin import PAUSE_SECONDS, Thinner
from submarine_ext.store.leases import LeaseLost

T = TypeVar("T")

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
#: So many submissions during one turn are a burst; the next turn then comes later.
BURST = 3
BURST_SECONDS = 0.5


class Engines(Protocol):
    """The engines of this server while it reconciles."""

    def each(self) -> AsyncIterator[Engine]:
        """Those that are there, and those that come."""

    def settle(self) -> None:
        """What an earlier server left is taken over."""

    async def close(self) -> None:
        """Let go of everything that they hold; jobs go on."""

    async def renew(self) -> None:
        """Put fresh ones in their place: what they knew is another server's business."""


class Works(Struct, frozen=True):
    """Who does what, for the one server that reconciles."""

    dispatcher: Dispatcher
    recorder: Recorder
    collector: Collector
    thinner: Thinner


class Reconciler:
    """``run()`` until cancelled; ``asked()`` and ``wake()`` when there may be something to do.

    ``engine_changed()`` is called when an engine became healthy or unhealthy.
    """

    def __init__(
        self,
        lease: Lease,
        engines: Engines,
        works: Works,
        engine_changed: Callable[[], None],
    ) -> None:
        self._lease = lease
        self._engines = engines
        self._dispatcher = works.dispatcher
        self._recorder = works.recorder
        self._collector = works.collector
        self._thinner = works.thinner
        self._engine_changed = engine_changed
        self._awake = asyncio.Event()
        self._asked = 0

    def asked(self) -> None:
        """Somebody submitted, stopped or retried a job."""
        self._asked += 1
        self._awake.set()

    def wake(self) -> None:
        """Something else happened after which a job may be pending."""
        self._awake.set()

    async def run(self) -> None:
        """Hold the lease and reconcile; stand by where another server has taken it."""
        while True:
            await self._lease.acquire()
            try:
                await self._hold()
            except* LeaseLost:
                log.warning("Another server looks after the jobs now; this one stands by.")
            await _keep_trying(self._engines.renew)

    async def _hold(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lease.keep())
                tasks.create_task(self._observe_each(tasks))
                await _keep_trying(self._dispatcher.adopt)
                self._engines.settle()
                tasks.create_task(self._dispatch())
                tasks.create_task(self._thin())
        finally:
            await self._dispatcher.close(CLOSE_SECONDS if self._lease.held else 0)
            await self._recorder.close()
            self._collector.forget()
            # They append to logs: not beside those of the server that is next.
            await self._engines.close()
            await self._lease.release()

    async def _thin(self) -> None:
        while True:
            await _keep_trying(self._thinner.turn)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _dispatch(self) -> None:
        while True:
            self._awake.clear()
            self._asked = 0
            more = await _keep_trying(self._dispatcher.turn)
            if self._asked > BURST:
                # Whoever submits hundreds wants them accepted; starting can wait a moment.
                await asyncio.sleep(BURST_SECONDS)
            if not more:
                await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_SECONDS):
                await self._awake.wait()

    async def _observe_each(self, tasks: asyncio.TaskGroup) -> None:
        async for engine in self._engines.each():
            tasks.create_task(self._observe(engine))

    async def _observe(self, engine: Engine) -> None:
        async for observation in engine.observe():
            self._recorder.record(observation, lambda seen: self._recorded(engine, seen))

    def _recorded(self, engine: Engine, seen: Observation) -> None:
        if isinstance(seen, Health):
            self._engine_changed()
        elif isinstance(seen, Ended) and isinstance(engine, KeepsUntilRecorded):
            engine.recorded(seen.name)


async def _keep_trying(step: Callable[[], Awaitable[T]]) -> T:
    """Run a step that must not end the loop; an error is logged and tried again."""
    pause = 0.2
    while True:
        try:
            return await step()
        except LeaseLost:
            raise
        except Exception:  # the loop is what keeps every job from being stuck
            log.exception("reconcile: a step failed; trying again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)
