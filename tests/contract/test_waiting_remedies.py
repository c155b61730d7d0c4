"""What would not wait is remembered with a job that waits, and offered once it was stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Resources
from submarine_ext.domain.projects import DEFAULT
from submarine_ext.engines.base import (
    Ended,
    Engine,
    EngineInfo,
    Observation,
    Outcome,
    Started,
    Task,
    Waiting,
)

ANN = Principal("ann")
SPEC = JobSpec(command=["true"], resources=Resources(gpu=8))
LESS = JobSpec(command=["true"], resources=Resources(gpu=4))


class Far(Engine):
    """Says what it is told to say, and ends what is stopped."""

    name = "far"

    def __init__(self) -> None:
        self.said: asyncio.Queue[Observation] = asyncio.Queue()
        self.started: asyncio.Queue[str] = asyncio.Queue()

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def check(self, spec: JobSpec) -> None: ...

    async def start(self, task: Task) -> None:
        self.started.put_nowait(task.name)

    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None:
        self.said.put_nowait(Ended(name=name, outcome=Outcome.STOPPED))

    async def adopt(self, tasks: object) -> set[str]:
        return set()

    async def observe(self) -> AsyncIterator[Observation]:
        while True:
            yield await self.said.get()

    async def info(self) -> EngineInfo:
        return EngineInfo(name=self.name, title="Far away", healthy=True)


class Scene:
    """A server with one job that the engine has been given."""

    def __init__(self, root: Path) -> None:
        self.far = Far()
        self._settings = Settings(
            root=root, owner="ann", engines=("far",), makers={"far": lambda _: self.far}
        )

    async def __aenter__(self) -> Self:
        self.server = await Submarine.open(self._settings)
        self.job = (await self.server.jobs.submit(ANN, DEFAULT, SPEC, None)).id
        self.task = await self.far.started.get()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()

    async def until(self, true: Callable[[Job], bool]) -> Job:
        while not true(job := await self.server.jobs.get(ANN, self.job)):
            await asyncio.sleep(0.01)
        return job

    def waits(self) -> None:
        self.far.said.put_nowait(Waiting(self.task, "No machine fits.", None, LESS))


async def test_a_stopped_wait_leaves_what_would_have_run(tmp_path: Path) -> None:
    """Mutant: the end of a job that never began takes its remedy away."""
    async with Scene(tmp_path) as scene:
        scene.waits()
        assert (await scene.until(lambda job: job.reason == "No machine fits.")).remedy == LESS
        await scene.server.jobs.stop(ANN, scene.job)
        stopped = await scene.until(lambda job: job.state.terminal)
        assert (stopped.state, stopped.remedy) == (JobState.CANCELLED, LESS)


async def test_a_job_that_begins_after_all_needs_no_remedy(tmp_path: Path) -> None:
    async with Scene(tmp_path) as scene:
        scene.waits()
        scene.far.said.put_nowait(Started(scene.task, 1e9))
        begun = await scene.until(lambda job: job.state is JobState.RUNNING)
        assert (begun.reason, begun.remedy) == (None, None)


async def test_a_job_begins_not_before_it_was_queued(tmp_path: Path) -> None:
    """Mutant: the time of a cluster whose clock is late, or cut to seconds, as it is told."""
    async with Scene(tmp_path) as scene:
        scene.far.said.put_nowait(Started(scene.task, 1e9))
        begun = await scene.until(lambda job: job.state is JobState.RUNNING)
        assert begun.started == begun.queued


async def test_a_running_job_that_is_paused_says_so_until_it_runs_again(tmp_path: Path) -> None:
    """Mutants: a pause that is not recorded; any wait that is taken for a pause."""
    async with Scene(tmp_path) as scene:
        tell = scene.far.said.put_nowait
        tell(Started(scene.task, 1e9))
        first = await scene.until(lambda job: job.state is JobState.RUNNING)
        tell(Waiting(scene.task, "The cluster has not answered yet."))
        tell(Waiting(scene.task, "Paused for work of higher priority.", 1, paused=True))
        paused = await scene.until(lambda job: job.reason is not None)
        assert (paused.state, paused.reason) == (
            JobState.RUNNING,
            "Paused for work of higher priority.",
        )
        tell(Started(scene.task, 2e9))
        again = await scene.until(lambda job: job.reason is None)
        assert (again.state, again.started) == (JobState.RUNNING, first.started)
