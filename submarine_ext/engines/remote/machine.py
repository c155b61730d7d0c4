"""A machine that is offered to the service, over its own local engine.

It remembers nothing that the jobs' folders do not say: after a restart the service names what
it wants, and the local engine finds it there. What the service does not name is ended and goes:
it was given up, and may run again elsewhere. What is over stays until the service has it on
record, however often the connection is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterable
from pathlib import Path
from typing import Any

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, Health, Outcome, Task, task_name
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.engines.remote.code import CodeStore, Coming
from submarine_ext.engines.remote.frames import (
    BROKEN,
    Absent,
    Code,
    FromService,
    Hello,
    Known,
    Link,
    LinkLost,
    Recorded,
    Stop,
    Wanted,
    from_service,
)
from submarine_ext.engines.remote.sending import Held, Sender

log = logging.getLogger(__name__)

#: A job's id becomes a folder's name here.
_ID = re.compile(r"[a-z0-9]{1,63}")
#: Of an attempt of which only the folder is known, on its way out.
_UNKNOWN = JobSpec(command=["true"])
LOST = "Nobody can know how it ended: the machine that it began on has nothing of it any more."


class Machine:
    """``root`` is the folder of the jobs, in which ``engine`` works; ``identity`` names it for
    ever. ``code`` receives and unpacks bundles.
    """

    def __init__(self, engine: LocalEngine, root: Path, identity: str, code: CodeStore) -> None:
        self._engine = engine
        self._root = root
        self._identity = identity
        self._held: dict[str, Held] = {}
        self._going: dict[str, Task] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._coming = Coming(code)
        self._sender: Sender | None = None
        self._met = False

    async def open(self) -> None:
        """Get ready; nothing is taken up before the service says what it wants."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._engine.open()
        self._listening = asyncio.create_task(self._listen(), name="submarine machine")

    async def close(self) -> None:
        """Let go; what runs goes on, and is taken up by the next one."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self._engine.close()
        await self._listening

    @property
    def busy(self) -> bool:
        """Whether something runs, waits or has not been told. Before the first connection
        nobody has looked: then whatever lies here counts.
        """
        return bool(self._held) or (not self._met and any(self._folders()))

    async def serve(self, link: Link, frames: AsyncIterator[bytes]) -> None:
        """One connection, until it is over. Raises LinkLost, and ValueError for nonsense."""
        self._sender = sender = Sender(link, self._news)
        await sender.say(Hello(self._identity, await self._engine.info()))
        sending = asyncio.create_task(self._send(sender, link), name="submarine machine sender")
        self._coming.connect(sender.say)
        try:
            async for frame in frames:
                await self._take(from_service(frame))
        finally:
            self._sender = None
            self._coming.cut()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, sender: Sender, link: Link) -> None:
        try:
            await sender.run(self._engine.info)
        except LinkLost:
            return  # whoever reads finds the same
        except Exception:  # a disk that cannot be read: the next connection tries again
            log.exception("What the jobs left cannot be sent")
            link.close(BROKEN, "The machine cannot read what the jobs left.")

    async def _take(self, frame: FromService) -> None:
        match frame:
            case Known(names):
                self._met = True
                await self._drop_others(set(names))
            case Wanted():
                await self._want(frame)
            case Stop(name, grace):
                await self._stop(name, grace)
            case Recorded(name):
                await self._drop(name)
            case Code():
                await self._coming.take(frame)

    # What the service wants

    async def _want(self, wanted: Wanted) -> None:
        name = task_name(wanted.job, wanted.attempt)
        held = self._held.get(name)
        if held is None:
            held = await self._found(wanted, name)
        if held is None:
            return
        if self._sender is not None:
            self._sender.begin(held, wanted.logs, wanted.outputs)
        if wanted.stop is not None:
            await self._stop(name, wanted.stop)
        self._news.set()

    async def _found(self, wanted: Wanted, name: str) -> Held | None:
        """What is here of it, or what is to begin."""
        held = Held(self._task(wanted, name))
        self._held[name] = held  # what it says while it is adopted is kept
        if not await self._engine.adopt([held.task]):
            return held
        if wanted.absent is Absent.LOST:
            held.see(Ended(name=name, outcome=Outcome.LOST, reason=LOST))
        elif wanted.stop is not None:
            held.see(_stopped(name))
        elif wanted.absent is Absent.BEGIN:
            held.preparing = self._do(self._begin(held))
        else:
            del self._held[name]
            return None
        return held

    def _task(self, wanted: Wanted, name: str) -> Task:
        if not _ID.fullmatch(wanted.job):
            raise ValueError(f"{wanted.job!r} is no job's id")
        return Task(
            name=name,
            job=wanted.job,
            attempt=wanted.attempt,
            owner=wanted.owner,
            project=wanted.project,
            spec=wanted.spec,
            folder=self._root / wanted.job / str(wanted.attempt),
            secrets=wanted.secrets,
        )

    async def _begin(self, held: Held) -> None:
        """Have its code, then give it to the local engine, in the order of the wishes."""
        task = held.task
        try:
            async with self._turn:
                await self._coming.unpacked(task)
                held.preparing = None
                await self._engine.start(task)
        except Exception as error:
            log.exception("%s could not be prepared", task.name)
            said = f"The job's files could not be prepared on the machine: {error}"
            held.see(Ended(name=task.name, outcome=Outcome.FAILED, reason=said))
            self._news.set()

    async def _stop(self, name: str, grace: float) -> None:
        held = self._held.get(name)
        if held is None or held.ended is not None:
            return
        preparing, held.preparing = held.preparing, None
        if preparing is None:
            await self._engine.stop(name, grace_seconds=grace)
            return
        preparing.cancel()
        held.see(_stopped(name))
        self._news.set()

    # What goes

    async def _drop_others(self, names: set[str]) -> None:
        """End and remove what the service does not want any more."""
        for name in self._held.keys() - names:
            await self._drop(name)
        for task in list(self._folders()):
            if task.name not in names and task.name not in self._going:
                self._going[task.name] = task
                if await self._engine.adopt([task]):
                    await self._remove(task)
                else:
                    await self._engine.stop(task.name, grace_seconds=0.0)

    async def _drop(self, name: str) -> None:
        held = self._held.pop(name, None)
        if self._sender is not None:
            self._sender.forget(name)
        if held is None:
            return
        if held.preparing is not None:
            held.preparing.cancel()
            await self._remove(held.task)
        elif held.ended is not None:
            await self._remove(held.task)
        else:
            self._going[name] = held.task
            await self._engine.stop(name, grace_seconds=0.0)

    async def _remove(self, task: Task) -> None:
        """All of it, whatever becomes of the connection meanwhile."""
        await asyncio.shield(self._do(self._remove_all(task)))

    async def _remove_all(self, task: Task) -> None:
        await asyncio.to_thread(_remove, task.folder)
        self._going.pop(task.name, None)
        self._engine.forget(task.name)

    def _folders(self) -> Iterable[Task]:
        """An attempt for each folder that is here."""
        for job in filter(_ID.fullmatch, _names(self._root)):
            for attempt in filter(str.isdecimal, _names(self._root / job)):
                name = task_name(job, int(attempt))
                folder = self._root / job / attempt
                yield Task(name=name, job=job, attempt=int(attempt), owner="", project="",
                           spec=_UNKNOWN, folder=folder)  # fmt: skip

    # What the local engine says

    async def _listen(self) -> None:
        async for observation in self._engine.observe():
            if isinstance(observation, Health):
                continue  # the load says so
            name = observation.name
            if held := self._held.get(name):
                held.see(observation)
                self._news.set()
            elif (going := self._going.get(name)) and isinstance(observation, Ended):
                _ = self._do(self._remove_all(going))

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task


def _stopped(name: str) -> Ended:
    return Ended(name=name, outcome=Outcome.STOPPED, reason="Stopped on request.")


def _names(folder: Path) -> list[str]:
    """What is in a folder, which may be going away."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)  # noqa: PTH208 - names are what is wanted
    return []


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # another attempt of the job is there
        folder.parent.rmdir()
