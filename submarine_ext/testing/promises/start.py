# ruff: noqa: D102 - the names of the tests are their sentences
"""Promise 1: a task begins once, whatever happens to servers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from submarine_ext.engines.base import (
    Ended,
    Outcome,
    Started,
    Waiting,
)
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session


class Starts(Promise):
    """A task begins once, whatever happens to servers."""

    @scenario
    async def test_a_task_is_started_and_ends_once_in_this_order(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, "print('hello')")
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.ended(task.name)
        told = [o for o in s.of(task.name) if not isinstance(o, Waiting)]
        assert [type(o) for o in told] == [Started, Ended]

    @scenario
    async def test_success_has_exit_code_zero_and_no_reason(self, tmp_path: Path) -> None:
        ended = await self.outcome(tmp_path, self.program(tmp_path, "pass"))
        assert (ended.outcome, ended.exit_code, ended.reason) == (Outcome.SUCCEEDED, 0, None)
        assert ended.started is not None
        assert ended.finished is not None
        assert ended.started <= ended.finished

    @scenario
    async def test_start_twice_begins_once(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, "print('begun')")
        async with session(self.make_engine(tmp_path)) as s:
            await asyncio.gather(s.engine.start(task), s.engine.start(task))
            await s.ended(task.name)
            await s.engine.start(task)
        assert task.log(0).read_text() == "begun\n"
        assert sum(isinstance(o, Ended) for o in s.of(task.name)) == 1

    @scenario
    async def test_two_servers_that_start_one_task_begin_it_once(self, tmp_path: Path) -> None:
        tasks = [self.program(tmp_path, "print('begun')") for _ in range(8)]
        one, two = self.make_engine(tmp_path), self.make_engine(tmp_path)
        async with session(one) as s, session(two) as t:
            starts = [x.engine.start(task) for task in tasks for x in (s, t)]
            await asyncio.gather(*starts)
            for task in tasks:
                ends = [await s.ended(task.name), await t.ended(task.name)]
                assert [e.outcome for e in ends] == [Outcome.SUCCEEDED] * 2
        assert [task.log(0).read_text() for task in tasks] == ["begun\n"] * 8

    @scenario
    async def test_start_after_a_restart_begins_nothing_twice(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, "print('begun')")
        await self.outcome(tmp_path, task)
        again = await self.outcome(tmp_path, task)
        assert again.outcome is Outcome.SUCCEEDED
        assert task.log(0).read_text() == "begun\n"
