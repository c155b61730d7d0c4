"""Gives pending jobs to their engines, and passes on the wish to stop.

The claim is a transaction of its own before the start: after a crash between the two, the
job is ``queued`` and :meth:`Dispatcher.adopt` starts it (again), which engines accept at
most once per name.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol, TypeVar

from msgspec.structs import replace

from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.jobs import Event, JobState
from submarine_ext.engines.base import Engine, EngineInfo, Task, task_name
from submarine_ext.engines.unpacked import GONE, beside, take_place
from submarine_ext.errors import NotFound, SubmarineError, Unavailable
from submarine_ext.failpoints import reach
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.files.jobs import JobFiles
from submarine_ext.reconcile.collect import Collector
from submarine_ext.services.consequences import stop_reserved
from submarine_ext.services.machines import all_seen
from submarine_ext.services.secrets import Secrets
from submarine_ext.store import jobs, quotas
from submarine_ext.store.jobs import Record
from submarine_ext.store.leases import LeaseLost
from submarine_ext.store.store import Storage, Transaction

T = TypeVar("T")

log = logging.getLogger(__name__)

CLAIM = 64
CLOSE_SECONDS = 10.0


class Engines(Protocol):
    """The engines of this server, also those that come while it runs."""

    @property
    def now(self) -> Mapping[str, Engine]:
        """Those that it was told to have, by name."""

    def of(self, name: str) -> Engine:
        """Any one. Raises NotFound."""

    def expect(self, owner: str, info: EngineInfo) -> None:
        """A person's machine, as an earlier server saw it."""


class Dispatcher:
    """Pending jobs become tasks of an engine; unwanted ones are stopped. Those that wait for
    engines ``for_admins`` are wanted only as long as their owners are admins.
    """

    def __init__(
        self,
        store: Storage,
        engines: Engines,
        files: JobFiles,
        bundles: BundleFiles,
        collector: Collector,
        secrets: Secrets,
        for_admins: Collection[str] = (),
    ) -> None:
        self._for_admins = for_admins
        self._store = store
        self._engines = engines
        self._files = files
        self._bundles = bundles
        self._collector = collector
        self._secrets = secrets
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[str] = set()
        self._unanswered = False

    async def adopt(self) -> None:
        """Take over what an earlier process left unfinished."""
        left = await self._store.read(jobs.unfinished)
        given = [record for record in left if record.job.state is not JobState.PENDING]
        for owner, info in await self._store.read(all_seen):
            self._engines.expect(owner, info)
        for name in dict.fromkeys([*self._engines.now, *(r.job.engine for r in given)]):
            await self._adopt(name, [record for record in given if record.job.engine == name])
        if given:
            log.info("%d unfinished jobs taken over", len(given))

    async def _adopt(self, engine: str, given: list[Record]) -> None:
        records = {self.task(record).name: record for record in given}
        for record in given:
            if record.job.state is JobState.RUNNING:
                self._collector.follow(record.job)
        try:
            found = self._engines.of(engine)
        except NotFound as error:
            for record in given:
                await self._failed_to_start(record, error.detail)
            return
        for name in await found.adopt([self.task(record) for record in given]):
            self._start(records[name])

    async def turn(self) -> bool:
        """Claim and start some of what is pending, stop what is unwanted. True: there is more."""
        claimed, unwanted = await self._claim()
        for record in claimed:
            reach("after-claim")
            self._start(record)
        self._stopping &= {self.task(record).name for record in unwanted}
        for record in unwanted:
            await self._stop(record)
        return len(claimed) >= CLAIM

    async def _claim(self) -> tuple[list[Record], list[Record]]:
        """What is ours to start now, and what to stop.

        A claim whose answer was lost may have been committed: then everything that was
        claimed is started (again), which engines do once.
        """
        again, self._unanswered = self._unanswered, True
        found = await self._store.write(lambda tx: _claim(tx, self._for_admins, again=again))
        self._unanswered = False
        return found

    def task(self, record: Record) -> Task:
        """The attempt as the engine sees it."""
        job = record.job
        return Task(
            name=task_name(job.id, job.attempt),
            job=job.id,
            attempt=job.attempt,
            owner=job.owner,
            project=job.project,
            spec=job.spec,
            folder=self._files.folder(job.id, job.attempt),
        )

    def _start(self, record: Record) -> None:
        name = self.task(record).name
        if name in self._starting:
            return
        starting = asyncio.create_task(self._start_one(record), name=f"start {name}")
        self._starting[name] = starting
        starting.add_done_callback(lambda _: self._starting.pop(name, None))

    async def _start_one(self, record: Record) -> None:
        task = self.task(record)
        try:
            engine = self._engines.of(record.job.engine)
            unpacks = record.job.spec.bundle is not None and not engine.takes_bundles
            await asyncio.to_thread(self._unpack if unpacks else _make_folders, task)
            if engine.knows_teams:
                task = replace(task, teams=await self._teams(record))
            await engine.start(replace(task, secrets=await self._given(record)))
            reach("after-start")
        except LeaseLost:
            log.info("%s is another server's to start", record.job.id)
        except (SubmarineError, OSError) as error:
            await self._failed_to_start(record, _words(error))

    async def _given(self, record: Record) -> Mapping[str, str]:
        """The values of the job's secrets."""
        return await _patiently(lambda: self._secrets.give(record.job))

    async def _teams(self, record: Record) -> tuple[str, ...]:
        owner, project = record.job.owner, record.job.project
        return await _patiently(
            lambda: self._store.read(lambda tx: quotas.teams(tx, owner, project))
        )

    async def _failed_to_start(self, record: Record, reason: str) -> None:
        log.warning("%s could not be started: %s", record.job.id, reason)
        await _patiently(
            lambda: self._store.write(
                lambda tx: jobs.transition(tx, record, Event.FAILED, actor=SYSTEM, reason=reason)
            )
        )
        with contextlib.suppress(SubmarineError):  # what an earlier server began of it
            await self._engines.of(record.job.engine).stop(self.task(record).name)

    def _unpack(self, task: Task) -> None:
        if task.work.exists():
            return
        assert task.spec.bundle is not None
        part = beside(task)
        try:
            self._bundles.unpack(task.spec.bundle, part)
        except NotFound:
            raise SubmarineError(GONE) from None
        _make_folders(task, work=False)
        take_place(part, task)

    async def _stop(self, record: Record) -> None:
        """Once for each attempt, and not before its start is through: engines remember."""
        name = self.task(record).name
        if name in self._starting or name in self._stopping:
            return
        engine = self._engines.of(record.job.engine)
        await engine.stop(name, grace_seconds=record.grace_seconds)
        self._stopping.add(name)

    async def close(self, patience: float = CLOSE_SECONDS) -> None:
        """Wait for the starts that are under way: they are quick.

        One that is cut, because it was not, is adopted later.
        """
        starting = list(self._starting.values())
        if starting and patience:
            await asyncio.wait(starting, timeout=patience)
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        self._stopping.clear()


def _claim(
    tx: Transaction, for_admins: Collection[str], *, again: bool
) -> tuple[list[Record], list[Record]]:
    if for_admins:
        stop_reserved(tx, for_admins)
    claimed = jobs.claimed(tx) if again else []
    return claimed + jobs.claim(tx, CLAIM), jobs.unwanted(tx)


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer: a database that is busy is no reason to fail a job."""
    while True:
        try:
            return await ask()
        except Unavailable as error:
            await asyncio.sleep(error.retry_after)


def _make_folders(task: Task, *, work: bool = True) -> None:
    """One call each, from the top: these are most of what a submission costs the disk."""
    folders = [task.folder.parent, task.folder, task.artifacts] + [task.work] * work
    for folder in map(str, folders):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)  # noqa: PTH102 - measured: pathlib doubles the calls


def _words(error: SubmarineError | OSError) -> str:
    if isinstance(error, SubmarineError):
        return error.detail
    return f"It could not be started: {error.strerror or error}."
