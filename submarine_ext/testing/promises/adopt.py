# ruff: noqa: D102 - the names of the tests are their sentences
"""Promise 5: what an earlier server left is taken over, or told to be lost."""

from __future__ import annotations

import uuid
from pathlib import Path

from submarine_ext.engines.base import (
    Ended,
    Outcome,
)
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session


class Adopts(Promise):
    """What an earlier server left is taken over, or told to be lost."""

    @scenario
    async def test_a_task_that_runs_is_observed_on_after_a_restart(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            await s.started(task.name)
            assert (await s.engine.info()).running == 1
            await self.go_on(task)
            assert (await s.ended(task.name)).exit_code == 7

    @scenario
    async def test_an_adopted_task_can_be_stopped(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.SLEEPS)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.adopt([task])
            await s.engine.stop(task.name)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_a_task_that_ended_meanwhile_reports_how(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
        await self.go_on(task)
        await self.comes_to_its_end(task)
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            ended = await s.ended(task.name)
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, 7)

    @scenario
    async def test_a_task_that_never_began_is_given_back_and_can_be_started(
        self, tmp_path: Path
    ) -> None:
        task = self.program(tmp_path, "print('begun')")
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == {task.name}
            assert s.of(task.name) == []
            await s.engine.start(task)
            assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED

    @scenario
    async def test_a_task_destroyed_before_our_eyes_is_lost_and_leaves_nothing(
        self, tmp_path: Path
    ) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        task = self.program(tmp_path, jobs.TREES["that forks twice"], mark)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
            await self.destroy(task)
            ended = await s.ended(task.name)
            assert await self.leftovers(mark, task) == []
        self._is_lost(ended)

    @scenario
    async def test_a_task_destroyed_meanwhile_is_lost_and_leaves_nothing(
        self, tmp_path: Path
    ) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        task = self.program(tmp_path, jobs.TREES["that forks twice"], mark)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
        await self.destroy(task)
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            ended = await s.ended(task.name)
            assert await self.leftovers(mark, task) == []
        self._is_lost(ended)

    def _is_lost(self, ended: Ended) -> None:
        assert ended.outcome in (Outcome.LOST, Outcome.FAILED)
        assert ended.reason
        assert ended.exit_code is None or ended.exit_code < 0
