"""What the tests of all promises share: an engine, its tasks, and a look at what is left."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path
from typing import Any, ClassVar

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, Engine, Task, task_name
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session


class Promise:
    """What a subclass for one engine overrides, and what the tests are made with."""

    python: ClassVar[str] = sys.executable
    """A Python interpreter where the engine's tasks run."""

    refused: ClassVar[dict[str, JobSpec]] = {}
    """Field → a spec that this engine must refuse, naming that field."""

    def make_engine(self, root: Path) -> Engine:
        """A fresh, unopened engine. Two of one ``root`` share what they begin."""
        raise NotImplementedError

    def make_task(self, root: Path, spec: JobSpec, *, owner: str = "ada") -> Task:
        """A task that nobody knows yet."""
        job = f"j{uuid.uuid4().hex[:12]}"
        folder = root / job / "1"
        (folder / "work").mkdir(parents=True)
        return Task(name=task_name(job, 1), job=job, attempt=1, owner=owner,
                    project="default", spec=spec, folder=folder)  # fmt: skip

    async def leftovers(self, mark: str, task: Task) -> list[Any]:
        """What is still alive of a task whose processes have ``mark`` in their arguments.

        By default: whether its log still grows. Override where processes can be seen.
        """
        size = task.log(0).stat().st_size
        await asyncio.sleep(1)
        return [f"{task.log(0)} still grows"] if task.log(0).stat().st_size != size else []

    async def destroy(self, task: Task) -> None:
        """Make it impossible to know how a running task ends. Override if that can be."""
        pytest.skip("this engine has no way to lose a task")

    async def go_on(self, task: Task) -> None:
        """Make a file ``go on`` in the folder where the task runs: its program waits for it."""
        (task.work / "go on").touch()

    async def comes_to_its_end(self, task: Task) -> None:
        """Wait, while no server is there, until a program has printed its ``bye``.

        By default its log is read; override where nobody writes that without a server.
        """
        await jobs.printed(task.log(0), b"bye")

    def program(self, root: Path, source: str, *args: str, **fields: Any) -> Task:
        """A task that runs Python source in a bare interpreter."""
        command = [self.python, "-ISc", source, *args]
        return self.make_task(root, JobSpec(command=command, **fields))

    async def outcome(self, root: Path, task: Task) -> Ended:
        """Start the task in an engine of its own and wait for its end."""
        async with session(self.make_engine(root)) as s:
            await s.engine.start(task)
            return await s.ended(task.name)
