"""The Kubernetes engine: keeps the promises of ``engines.base`` on a cluster.

Here is only who is led and what is told; ``attempt`` leads. What speaks to clusters is
imported when the engine is opened, off the event loop, so that a server without a cluster,
or without those packages, starts as fast as ever and says what is missing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.times import at
from submarine_ext.engines.base import (
    Check,
    Ended,
    Engine,
    EngineInfo,
    Environments,
    Finding,
    Health,
    Observation,
    Outcome,
    Prospect,
    Task,
)
from submarine_ext.engines.kubernetes import checks, names, site
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain
from submarine_ext.engines.kubernetes.placement import Memory
from submarine_ext.engines.kubernetes.reach import CONNECTING, Patience, Reach
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.telling import Telling
from submarine_ext.errors import StorageFull, SubmarineError
from submarine_ext.failpoints import reach

if TYPE_CHECKING:  # these speak to clusters
    from submarine_ext.engines.kubernetes.attempt import Attempt
    from submarine_ext.engines.kubernetes.cluster import Cluster

log = logging.getLogger(__name__)

STOPPED = "Stopped on request."
PROJECT = "project:"  # a key of Settings.namespaces
LONGEST_REASON = 4000  # characters


class KubernetesEngine(Engine):
    """Runs tasks on one cluster. ``root`` is the data root, which names the site."""

    name = "kubernetes"
    knows_teams: ClassVar[bool] = True

    def __init__(self, root: Path, settings: Settings, *, patience: Patience | None = None) -> None:
        self.root = root
        self.settings = settings
        self.projects = frozenset(
            key.removeprefix(PROJECT) for key in settings.namespaces if key.startswith(PROJECT)
        )
        self._patience = patience or Patience()
        self._reach: Reach | None = None
        self._cluster: Cluster | None = None
        self._early: dict[str, tuple[Task, Telling]] = {}  # until there is a session
        self._attempts: dict[str, Attempt] = {}
        self._over: set[str] = set()
        self._expected: dict[str, Task] = {}  # to be started again by whoever adopts
        self._adopted: float | None = None  # when, in epoch seconds
        self._may_sweep = asyncio.Event()
        self._chores: set[asyncio.Task[None]] = set()
        self._observations: asyncio.Queue[Observation | None] = asyncio.Queue()

    async def open(self) -> None:
        """Begin to connect, without waiting for it."""
        self._reach = Reach(self.settings, self._patience, self._on_health)
        self._do(self._reach.run(), "reach the cluster")
        self._do(self._connect(self._reach), "take up work on the cluster")
        self._do(self._sweep(), "sweep the cluster")

    async def close(self) -> None:
        """Let go; jobs go on in the cluster."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        if self._cluster is not None:
            await self._cluster.close()
        if self._reach is not None:
            await self._reach.close()
        self._observations.put_nowait(None)

    def check(self, spec: JobSpec) -> None:
        """Refuse what this cluster, as far as it is known, can't honour; see ``checks``."""
        checks.check(spec, self.settings, self._cluster.served if self._cluster else None)

    async def start(self, task: Task) -> None:
        """Lead the task to its end; again, for one that is led or over, does nothing."""
        self._expected.pop(task.name, None)
        if not self._knows(task.name):
            self._take_up(task)

    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None:
        """Write the wish down, and have it granted; also where another server began it, and
        it is not started again.
        """
        attempt = self._attempts.get(name)
        if name in self._expected:
            task = self._expected[name]
        elif attempt is None and name not in self._early:
            return
        else:
            task = attempt.task if attempt else self._early[name][0]
        memory = Memory(task.folder)
        try:
            await asyncio.to_thread(memory.ask_to_stop, grace_seconds)
            placed = await asyncio.to_thread(memory.placement)
        except OSError as error:
            raise StorageFull(f"The stop could not be written down: {error.strerror}.") from error
        reach("stop-written")
        if self._expected.pop(name, None):
            self._take_up(task)  # not before that is written: it must not begin
        if attempt := self._attempts.get(name):
            attempt.wish.stop(grace_seconds)
        elif placed is None and name in self._early:
            del self._early[name]
            self._end(Ended(name=name, outcome=Outcome.STOPPED, reason=STOPPED))

    async def adopt(self, tasks: Iterable[Task]) -> set[str]:
        """Lead what was begun; answer with what is to be started (again).

        That includes what an earlier server had not made in whole: it begins where that
        ended, and needs the secrets of ``start``.
        """
        now, fresh = time.time(), set()
        for task in tasks:
            if self._knows(task.name):
                continue
            if await asyncio.to_thread(_begun, Memory(task.folder)):
                self._take_up(task)
            else:
                fresh.add(task.name)
                self._expected[task.name] = task
        self._adopted = self._adopted or now
        self._allow_sweeps()
        return fresh

    async def observe(self) -> AsyncIterator[Observation]:
        """All observations; ends with :meth:`close`."""
        while (observation := await self._observations.get()) is not None:
            yield observation

    async def info(self) -> EngineInfo:
        """The cluster's health, and how many tasks wait and run there."""
        return self._info()

    def places(self) -> dict[str, int]:
        """Places in Kueue's queues, where it tells them."""
        told = {name: attempt.telling.position for name, attempt in self._attempts.items()}
        return {name: place for name, place in told.items() if place is not None}

    def want_log(self, name: str, rank: int) -> None:
        """Follow that rank's log, where it is not followed anyway."""
        if self._cluster is not None and name in self._attempts:
            self._cluster.logs.want(name, rank)

    async def preflight(self, prospect: Prospect) -> list[Finding]:
        """What is known of a job now; nothing while the cluster is away."""
        if self._cluster is None:
            return []
        from submarine_ext.engines.kubernetes.preflight import Preflight

        return await Preflight(self._cluster).findings(prospect)

    async def examine(self) -> list[Check]:
        """How this engine was set up; as owners of its jobs where it acts as people."""
        if self._cluster is None:
            return [Check(title="Credentials", ok=False, detail=self._info().reason or CONNECTING)]
        from submarine_ext.engines.kubernetes.doctor import Doctor

        owners = {attempt.task.owner for attempt in self._attempts.values()}
        return await Doctor(self._cluster, owners).examine()

    def _info(self) -> EngineInfo:
        reason = self._reach.reason if self._reach else CONNECTING
        since = self._reach.since if self._reach else None
        running = sum(attempt.telling.started for attempt in self._attempts.values())
        return EngineInfo(
            name=self.name,
            title=self._title(),
            healthy=reason is None,
            reason=reason,
            since=at(since) if since is not None else None,
            queue=len(self._early) + len(self._attempts) - running,
            running=running,
            environments=Environments.IMAGE,
            image=self.settings.image,
            gpu_types=sorted(self.settings.gpu_types),
            queues=[self.settings.queue] if self.settings.queue else [],
        )

    def _title(self) -> str:
        context = self.settings.context
        return f"Kubernetes ({context})" if context else "Kubernetes"

    # Who is led

    def _knows(self, name: str) -> bool:
        return name in self._early or name in self._attempts or name in self._over

    def _take_up(self, task: Task) -> None:
        telling = Telling(task, self._observations.put_nowait)
        if self._cluster is not None:
            self._lead(task, telling, self._cluster)
            return
        self._early[task.name] = task, telling
        self._tell_waiting(telling)

    async def _connect(self, reach: Reach) -> None:
        await reach.api()
        module = await asyncio.to_thread(_cluster_module)
        name = await self._site()
        self._cluster = module(name, self.settings, reach, self._patience)
        early, self._early = self._early, {}
        for task, telling in early.values():
            self._lead(task, telling, self._cluster)
        self._allow_sweeps()

    async def _site(self) -> str:
        """The root's name, as soon as its disk takes it."""
        tries = 0
        while True:
            try:
                return await asyncio.to_thread(site.of, self.root)
            except OSError as error:
                log.warning("The data root does not take the site's name: %s", error)
            await asyncio.sleep(self._patience.pause(tries))
            tries += 1

    def _lead(self, task: Task, telling: Telling, cluster: Cluster) -> None:
        from submarine_ext.engines.kubernetes.attempt import Attempt  # loaded by _connect

        attempt = Attempt(task, cluster, telling, self._end)
        self._attempts[task.name] = attempt
        self._do(attempt.run(), f"lead {task.name}")

    def _allow_sweeps(self) -> None:
        if self._cluster is not None and self._adopted is not None:
            self._may_sweep.set()

    async def _sweep(self) -> None:
        """Once it is known what is unfinished, and then every while."""
        await self._may_sweep.wait()
        from submarine_ext.engines.kubernetes.sweeping import Sweep  # loaded by _connect

        assert self._cluster is not None
        assert self._adopted is not None
        while True:
            known = [*self._early, *self._attempts, *self._expected]
            try:
                await Sweep(self._cluster, set(map(names.label, known)), self._adopted).run()
            except SubmarineError as error:
                log.warning("The cluster could not be swept: %s", error.detail)
            await asyncio.sleep(self._patience.sweep)

    # What is told

    def _end(self, ended: Ended) -> None:
        self._attempts.pop(ended.name, None)
        self._over.add(ended.name)
        if ended.reason is not None:  # programs, webhooks and files' names speak in it
            ended = replace(ended, reason=plain(ended.reason, LONGEST_REASON))
        self._observations.put_nowait(ended)

    def _on_health(self) -> None:
        self._observations.put_nowait(Health(self.name, self._info()))
        for attempt in self._attempts.values():
            self._tell_waiting(attempt.telling)
            attempt.wish.news.set()
        for _, telling in self._early.values():
            self._tell_waiting(telling)

    def _tell_waiting(self, telling: Telling) -> None:
        if self._reach is not None and self._reach.reason is not None:
            telling.waits(self._reach.reason)

    def _do(self, work: Coroutine[Any, Any, None], name: str) -> None:
        chore = asyncio.create_task(work, name=name)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)


def _begun(memory: Memory) -> bool:
    return memory.begun() or memory.end() is not None


def _cluster_module() -> type[Cluster]:
    """In a thread: it brings aiohttp."""
    import submarine_ext.engines.kubernetes.attempt
    import submarine_ext.engines.kubernetes.sweeping  # noqa: F401 - so that they are loaded
    from submarine_ext.engines.kubernetes.cluster import Cluster

    return Cluster
