"""Leads one attempt from its start to its end: makes its objects, then follows its course.

Everything here can be begun again at any point: after a crash, after an error nobody
thought of, by another server at the same time. What must not happen twice is guarded by
``placing`` and by the files of ``placement``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from submarine_ext.engines.base import Ended, Outcome, Task
from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.cluster import Cluster, Ground
from submarine_ext.engines.kubernetes.course import STOPPED, Course
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.placement import Memory, Placement
from submarine_ext.engines.kubernetes.placing import BusyError, GoneError, Order, RefusedError
from submarine_ext.engines.kubernetes.telling import Telling, Wish
from submarine_ext.errors import Invalid, SubmarineError
from submarine_ext.failpoints import reach

log = logging.getLogger(__name__)


class Made:
    """What is known once placing is through, or was given up: see ``Course.follow``."""

    def __init__(self) -> None:
        self.top: Object | None = None
        self.gone = False
        self.refusal: str | None = None


class Attempt:
    """One task. ``end`` is called when it is over."""

    def __init__(
        self, task: Task, cluster: Cluster, telling: Telling, end: Callable[[Ended], None]
    ) -> None:
        self.task = task
        self.wish = Wish()
        self.telling = telling
        self._cluster = cluster
        self._memory = Memory(task.folder)
        self._end = end

    async def run(self) -> None:
        """Lead it to its end, whatever happens on the way."""
        tries = 0
        while True:
            try:
                ended = await self._lead()
                ended = await asyncio.to_thread(self._memory.ended, ended)
                reach("end-written")
            except (OSError, SubmarineError) as error:
                self.telling.waits(_words(error))
                log.warning("%s: tried again later: %s", self.task.name, _words(error))
            except Exception:  # a surprise in one attempt must not strand it
                log.exception("%s: what leads it failed, and begins again", self.task.name)
            else:
                self._end(ended)
                return
            await asyncio.sleep(self._cluster.patience.pause(tries))
            tries += 1

    async def _lead(self) -> Ended:
        known = await asyncio.to_thread(self._memory.end)
        if known is not None:
            return known
        grace = await asyncio.to_thread(self._memory.grace)
        if grace is not None and not self.wish.asked.is_set():
            self.wish.stop(grace)
        known_place = await asyncio.to_thread(self._memory.placement)
        try:
            placement = known_place or await self._unless_stopped(self._place())
            ground = await self._cluster.ground(placement)
        except _StoppedError:
            return self._ended(Outcome.STOPPED, STOPPED)
        except RefusedError as error:
            return self._ended(Outcome.FAILED, error.detail)
        return await self._on(ground, heard_of=known_place is not None)

    async def _place(self) -> Placement:
        """Decide where it goes, which takes to know what the cluster offers."""
        if self._cluster.reach.reason is not None:
            self.telling.waits(self._cluster.reach.reason)
        try:
            placement = await self._cluster.place(self.task)
        except Invalid as error:
            raise RefusedError(error.detail) from error
        placement = await asyncio.to_thread(self._memory.place, placement)
        reach("placed")
        return placement

    async def _on(self, ground: Ground, *, heard_of: bool) -> Ended:
        placement = ground.placement
        watch = self._cluster.watches.enter((placement.namespace, placement.identity), ground.api)
        label = names.label(self.task.name)
        try:
            watch.tops(ground.kind.resource)
            if ground.workloads is not None:
                watch.workloads(ground.workloads)
            sight = watch.attend(label, self.wish.news.set)
            made = await self._made(ground, heard_of=heard_of)
            course = Course(
                self.task, self._cluster, ground, watch,
                sight=sight, wish=self.wish, telling=self.telling,
            )  # fmt: skip
            uid = await asyncio.to_thread(self._memory.uid)
            unwanted = made.refusal is not None
            ended = await course.follow(made.top, uid, gone=made.gone, unwanted=unwanted)
        finally:
            watch.ignore(label)
            self._cluster.watches.leave(watch)
            self._cluster.logs.forget(self.task.name)
        return self._ended(Outcome.FAILED, made.refusal) if made.refusal else ended

    async def _made(self, ground: Ground, *, heard_of: bool) -> Made:
        """Have the objects made, unless they were or nobody wants them any more."""
        made = Made()
        if await asyncio.to_thread(self._memory.begun):
            return made
        order = Order(self.task, self._memory, self._cluster, ground)
        try:
            made.top = await self._unless_stopped(self._fulfilled(order), order)
        except _StoppedError:
            made.gone = not (heard_of or order.asked)
        except RefusedError as error:
            made.refusal = error.detail
            made.gone = not (heard_of or order.asked)
        except GoneError:
            made.gone = True
        return made

    async def _fulfilled(self, order: Order) -> Object:
        tries = 0
        while True:
            try:
                async with self._cluster.room:
                    return await order.fulfil()
            except BusyError as busy:
                self.telling.waits(busy.said.text, remedy=busy.said.remedy)
            await asyncio.sleep(self._cluster.patience.pause(tries))
            tries += 1

    async def _unless_stopped(self, work: Any, order: Order | None = None) -> Any:
        """The result of ``work``, which ends when somebody wants the end of the attempt.

        :raises _StoppedError: then.
        """
        working = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.wish.asked.wait())
        try:
            await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return await working
            if order is not None:
                order.halting = True
            working.cancel()
            await asyncio.wait((working,))
            if not working.cancelled() and working.exception() is None:
                return working.result()
            raise _StoppedError
        finally:
            working.cancel()
            asked.cancel()

    def _ended(self, outcome: Outcome, reason: str) -> Ended:
        return Ended(name=self.task.name, outcome=outcome, reason=reason, retryable=False)


class _StoppedError(Exception):
    """Somebody wants the end of it."""


def _words(error: OSError | SubmarineError) -> str:
    if isinstance(error, SubmarineError):
        return error.detail
    return f"The server's disk does not take what is to be remembered: {error.strerror}."
