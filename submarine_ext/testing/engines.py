# ruff: noqa: D102 - the names of the tests are their sentences
"""The promises of ``engines.base`` as tests. Subclass, say how to make an engine, run pytest.

::

    class TestMyEngine(EngineContract):
        def make_engine(self, root):
            return MyEngine(root)

Tests reach an engine only through its interface and the folder of its tasks. What differs
between engines is overridden: :meth:`~EngineContract.leftovers`,
:meth:`~EngineContract.destroy`, :attr:`~EngineContract.refused`.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path
from typing import Any, ClassVar

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.base import (
    Ended,
    Engine,
    HasCapacity,
    Outcome,
    Started,
    Task,
    Waiting,
    task_name,
)
from submarine_ext.errors import Invalid
from submarine_ext.testing import jobs
from submarine_ext.testing.session import scenario, session


class EngineContract:
    """Every test is one sentence of the promises."""

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

    def program(self, root: Path, source: str, *args: str, **fields: Any) -> Task:
        """A task that runs Python source in a bare interpreter."""
        command = [sys.executable, "-ISc", source, *args]
        return self.make_task(root, JobSpec(command=command, **fields))

    async def outcome(self, root: Path, task: Task) -> Ended:
        """Start the task in an engine of its own and wait for its end."""
        async with session(self.make_engine(root)) as s:
            await s.engine.start(task)
            return await s.ended(task.name)

    # 1. Start is idempotent by name

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

    # 3. Stop is complete

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

    # 4. Logs are files

    @scenario
    async def test_the_log_has_every_byte_in_order_before_the_end(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.PRINTS_ALL_BYTES)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.ended(task.name)
            assert task.log(0).read_bytes() == jobs.ALL_BYTES

    @scenario
    async def test_the_log_goes_on_without_gap_while_no_server_is_there(
        self, tmp_path: Path
    ) -> None:
        task = self.program(tmp_path, jobs.COUNTS)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"1\n")
        (task.work / "go on").touch()
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            await s.ended(task.name)
        assert task.log(0).read_text() == "".join(f"{n}\n" for n in range(1, 1001))

    # 5. Adopt

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
            (task.work / "go on").touch()
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
        (task.work / "go on").touch()
        await jobs.printed(task.log(0), b"bye")
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

    # How it ended, in words

    @pytest.mark.parametrize("end", jobs.ENDS)
    @scenario
    async def test_the_reason_says_how_it_ended(self, end: str, tmp_path: Path) -> None:
        source, code, words = jobs.ENDS[end]
        ended = await self.outcome(tmp_path, self.program(tmp_path, source))
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, code)
        assert ended.reason is not None
        assert words in ended.reason

    @scenario
    async def test_a_command_that_does_not_exist_is_not_worth_a_retry(self, tmp_path: Path) -> None:
        task = self.make_task(tmp_path, JobSpec(command=["no-such-program-here"]))
        ended = await self.outcome(tmp_path, task)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "no-such-program-here" in str(ended.reason)

    @scenario
    async def test_a_task_over_its_time_is_ended_and_says_so(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.SLEEPS, timeout_seconds=1)
        ended = await self.outcome(tmp_path, task)
        assert ended.outcome is Outcome.FAILED
        assert ended.reason == "Ran longer than its limit of 1 s."

    @scenario
    async def test_a_task_over_its_memory_is_ended_and_offers_more(self, tmp_path: Path) -> None:
        resources = Resources(cpu="100m", memory="64Mi")
        task = self.program(tmp_path, jobs.EATS_MEMORY, resources=resources)
        ended = await self.outcome(tmp_path, task)
        assert ended.outcome is Outcome.FAILED
        assert "memory" in str(ended.reason)
        assert "64 MiB" in str(ended.reason)
        assert ended.remedy is not None
        assert ended.remedy.resources.memory == "128Mi"

    # What a task finds

    @scenario
    async def test_a_task_finds_its_variables_and_none_of_the_servers_secrets(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in jobs.SECRETS:
            monkeypatch.setenv(name, "canary")
        task = self.program(tmp_path, jobs.PRINTS_ENVIRONMENT, env={"LR": "0.1 $HOME"})
        await self.outcome(tmp_path, task)
        found = dict(line.split("=", 1) for line in task.log(0).read_text().splitlines())
        assert found["LR"] == "0.1 $HOME"
        assert found["SUBMARINE_JOB"] == task.job
        assert found["SUBMARINE_ATTEMPT"] == "1"
        assert found["SUBMARINE_PROJECT"] == "default"
        assert (found["SUBMARINE_RANK"], found["SUBMARINE_RANKS"]) == ("0", "1")
        assert found["PYTHONUNBUFFERED"] == "1"
        assert "canary" not in found.values()

    @scenario
    async def test_records_reach_the_log_through_the_stream(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WRITES_A_RECORD)
        await self.outcome(tmp_path, task)
        assert task.log(0).read_bytes() == b'before\x1e{"g":0.5}\nafter\n'

    @scenario
    async def test_ranks_find_torchruns_variables(self, tmp_path: Path) -> None:
        shape = Distributed(framework=Framework.TORCH, nodes=2, processes_per_node=2)
        task = self.program(
            tmp_path, jobs.PRINTS_ENVIRONMENT, distributed=shape, resources=Resources(cpu="100m")
        )
        assert (await self.outcome(tmp_path, task)).outcome is Outcome.SUCCEEDED
        found = [dict(line.split("=", 1) for line in task.log(rank).read_text().splitlines())
                 for rank in range(4)]  # fmt: skip
        assert [env["RANK"] for env in found] == ["0", "1", "2", "3"]
        assert [env["SUBMARINE_RANK"] for env in found] == ["0", "1", "2", "3"]
        assert [env["LOCAL_RANK"] for env in found] == ["0", "1", "0", "1"]
        assert [env["NODE_RANK"] for env in found] == ["0", "0", "1", "1"]
        assert {env["WORLD_SIZE"] for env in found} == {"4"}
        assert {env["LOCAL_WORLD_SIZE"] for env in found} == {"2"}
        assert len({(env["MASTER_ADDR"], env["MASTER_PORT"]) for env in found}) == 1

    @scenario
    async def test_when_one_rank_fails_the_others_are_ended(self, tmp_path: Path) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        shape = Distributed(framework=Framework.TORCH, processes_per_node=3)
        task = self.program(tmp_path, jobs.RANK_1_FAILS, mark, distributed=shape)
        ended = await self.outcome(tmp_path, task)
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, 5)
        assert "Rank 1" in str(ended.reason)
        assert await self.leftovers(mark, task) == []

    @scenario
    async def test_outputs_are_kept_and_links_out_are_not(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WRITES_OUTPUTS, outputs=["*.bin", "deep/**/*.txt"])
        assert (await self.outcome(tmp_path, task)).outcome is Outcome.SUCCEEDED
        kept = [p.relative_to(task.artifacts) for p in task.artifacts.rglob("*") if p.is_file()]
        assert sorted(map(str, kept)) == ["deep/er/notes.txt", "model.bin"]
        assert (task.artifacts / "model.bin").read_bytes() == b"weights"

    # 6. Refuse by name

    def test_what_cannot_be_honoured_is_refused_by_name(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path)
        engine.check(JobSpec(command=["true"]))
        for field, spec in self.refused.items():
            with pytest.raises(Invalid) as refusal:
                engine.check(spec)
            assert refusal.value.field == field
            assert field in refusal.value.detail

    @scenario
    async def test_observing_ends_with_close(self, tmp_path: Path) -> None:
        async with session(self.make_engine(tmp_path)) as s:
            info = await s.engine.info()
        assert info.healthy
        assert (info.running, info.queue) == (0, 0)

    def _is_lost(self, ended: Ended) -> None:
        assert ended.outcome in (Outcome.LOST, Outcome.FAILED)
        assert ended.reason
        assert ended.exit_code is None or ended.exit_code < 0

    def _greedy(self, root: Path, engine: Engine) -> Task:
        """A task that takes all CPUs there are."""
        if not isinstance(engine, HasCapacity):
            pytest.skip("this engine does not say how much it has")
        resources = Resources(cpu=engine.capacity().cpu)
        return self.program(root, jobs.SLEEPS, resources=resources)
