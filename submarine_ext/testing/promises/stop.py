# ruff: noqa: D102 - the names of the tests are their sentences
"""Promise 3: a stop is complete, and leaves time to say goodbye."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from submarine_ext.domain.jobs import Resources
from submarine_ext.engines.base import (
    Engine,
    HasCapacity,
    Outcome,
    Task,
    Waiting,
)
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session


class Stops(Promise):
    """A stop is complete, and leaves time to say goodbye."""

    @pytest.mark.parametrize("tree", jobs.TREES)
    @scenario
    async def test_stop_ends_everything_the_task_began(self, tree: str, tmp_path: Path) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        task = self.program(tmp_path, jobs.TREES[tree], mark)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
            await s.engine.stop(task.name, grace_seconds=0.3)
            ended = await s.ended(task.name)
            assert await self.leftovers(mark, task) == []
        assert ended.outcome is Outcome.STOPPED

    @scenario
    async def test_what_a_task_leaves_running_ends_with_it(self, tmp_path: Path) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        task = self.program(tmp_path, jobs.LEAVES_A_DAEMON, mark)
        ended = await self.outcome(tmp_path, task)
        assert ended.outcome is Outcome.SUCCEEDED
        assert await self.leftovers(mark, task) == []

    @scenario
    async def test_stop_leaves_time_to_say_goodbye(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.SAYS_GOODBYE)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
            await s.engine.stop(task.name)
            ended = await s.ended(task.name)
        assert ended.outcome is Outcome.STOPPED
        assert task.log(0).read_text() == "ready\ngoodbye\n"

    @scenario
    async def test_a_second_stop_can_shorten_the_grace(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.TREES["that ignores SIGTERM"])
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
            await s.engine.stop(task.name, grace_seconds=3600)
            await s.engine.stop(task.name, grace_seconds=0)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_stop_right_after_start_is_a_stop(self, tmp_path: Path) -> None:
        tasks = [self.program(tmp_path, jobs.SLEEPS) for _ in range(5)]
        async with session(self.make_engine(tmp_path)) as s:
            for task in tasks:
                await s.engine.start(task)
                await s.engine.stop(task.name)
                assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_stop_of_a_waiting_task_takes_it_from_the_queue(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path)
        async with session(engine) as s:
            holder, waiter = (self._greedy(tmp_path, engine) for _ in range(2))
            await s.engine.start(holder)
            await s.engine.start(waiter)
            said: Waiting = await s.first(waiter.name, Waiting)
            assert said.position == 1
            assert said.reason.startswith("Waits for ")
            await s.engine.stop(waiter.name)
            assert (await s.ended(waiter.name)).outcome is Outcome.STOPPED
            await s.engine.stop(holder.name)
            await s.ended(holder.name)
        assert not waiter.log(0).exists()

    @scenario
    async def test_a_waiting_task_runs_when_there_is_room(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path)
        async with session(engine) as s:
            holder, waiter = (self._greedy(tmp_path, engine) for _ in range(2))
            await s.engine.start(holder)
            await s.engine.start(waiter)
            await s.first(waiter.name, Waiting)
            await s.engine.stop(holder.name)
            await s.started(waiter.name)
            await s.engine.stop(waiter.name)
            await s.ended(waiter.name)

    @scenario
    async def test_stop_of_an_ended_or_unknown_task_is_no_error(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, "pass")
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.ended(task.name)
            await s.engine.stop(task.name)
            await s.engine.stop("never-heard-of-1")

    def _greedy(self, root: Path, engine: Engine) -> Task:
        """A task that takes all CPUs there are."""
        if not isinstance(engine, HasCapacity):
            pytest.skip("this engine does not say how much it has")
        resources = Resources(cpu=engine.capacity().cpu)
        return self.program(root, jobs.SLEEPS, resources=resources)
