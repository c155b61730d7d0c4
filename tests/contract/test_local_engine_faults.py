"""What only the local engine can suffer: killed supervisors and launchers, forged claims."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.engines.base import Outcome, Waiting
from submarine_ext.engines.local import records, tree
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.testing import jobs
from submarine_ext.testing.engines import EngineContract
from submarine_ext.testing.session import scenario, session
from tests.contract.test_local_engine import marked

contract = EngineContract()
program = contract.program


def engine(root, **options):
    return LocalEngine(root, **{"cpu": 4, "memory": 8 * 1024**3, "gpu": 2} | options)


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def rank_gone(claim):
    """Wait until the supervisor has no children left."""
    while tree.children(claim["pid"]):
        os.sched_yield()


def claim_of(task):
    return records.read(task.folder, records.CLAIM)


@contextlib.contextmanager
def stranger():
    """A process that no job of ours has begun."""
    process = subprocess.Popen(["sleep", "3600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class TestForgedClaim:
    """The claim names a living process that is not the supervisor: its pid was used again."""

    @scenario
    async def test_stop_never_signals_a_stranger(self, tmp_path):
        task = program(tmp_path, jobs.SLEEPS)
        with stranger() as process:
            forged = {"pid": process.pid, "start": records.start_ticks(process.pid) - 1,
                      "boot": records.boot(), "time": 1.0, "gpus": []}  # fmt: skip
            records.write(str(task.folder), records.CLAIM, forged)
            async with session(engine(tmp_path)) as s:
                await s.engine.adopt([task])
                await s.engine.stop(task.name)
                await s.ended(task.name)
            assert process.poll() is None

    @scenario
    async def test_adopt_says_lost_and_leaves_the_stranger_alone(self, tmp_path):
        task = program(tmp_path, jobs.SLEEPS)
        with stranger() as process:
            forged = {"pid": process.pid, "start": records.start_ticks(process.pid) - 1,
                      "boot": records.boot(), "time": 1.0, "gpus": []}  # fmt: skip
            records.write(str(task.folder), records.CLAIM, forged)
            async with session(engine(tmp_path)) as s:
                assert await s.engine.adopt([task]) == set()
                assert (await s.ended(task.name)).outcome is Outcome.LOST
            assert process.poll() is None

    @scenario
    async def test_a_claim_from_before_a_restart_of_the_machine_is_lost(self, tmp_path):
        task = program(tmp_path, jobs.SLEEPS)
        with stranger() as process:
            forged = {"pid": process.pid, "start": records.start_ticks(process.pid),
                      "boot": "another", "time": 1.0, "gpus": []}  # fmt: skip
            records.write(str(task.folder), records.CLAIM, forged)
            async with session(engine(tmp_path)) as s:
                await s.engine.adopt([task])
                await s.engine.stop(task.name)
                ended = await s.ended(task.name)
            assert process.poll() is None
        assert ended.outcome in (Outcome.LOST, Outcome.STOPPED)


class TestSupervisorIsKilled:
    @pytest.mark.parametrize("tree_name", jobs.TREES)
    @scenario
    async def test_nothing_survives_it_and_the_end_is_told(self, tree_name, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        task = program(tmp_path, jobs.TREES[tree_name], mark)
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready")
            os.kill(claim_of(task)["pid"], signal.SIGKILL)
            ended = await s.ended(task.name)
            assert ended.outcome is Outcome.LOST
            assert ended.reason == (
                "Nobody can know how it ended: its supervisor was killed while it ran."
            )
            assert marked(mark) == []

    @scenario
    async def test_a_frozen_supervisor_cannot_hold_its_job_for_ever(self, tmp_path, monkeypatch):
        monkeypatch.setattr("submarine_ext.engines.local.engine.STOP_PATIENCE", 0.2)
        mark = f"mark-{uuid.uuid4().hex}"
        task = program(tmp_path, jobs.SLEEPS, mark)
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
            os.kill(claim_of(task)["pid"], signal.SIGSTOP)
            await s.engine.stop(task.name, grace_seconds=0.1)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED
            assert marked(mark) == []

    @scenario
    async def test_shutdown_of_the_machine_is_told_from_a_stop(self, tmp_path):
        task = program(tmp_path, jobs.SLEEPS)
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
            os.kill(claim_of(task)["pid"], signal.SIGTERM)
            ended = await s.ended(task.name)
        assert ended.outcome is Outcome.FAILED
        assert "shutdown" in ended.reason


class TestLauncherIsKilled:
    @scenario
    async def test_running_tasks_go_on_and_new_ones_start(self, tmp_path):
        running, later = (program(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7) for _ in range(2))
        async with session(engine(tmp_path)) as s:
            await s.engine.start(running)
            await s.started(running.name)
            os.kill(s.engine._launches.pid, signal.SIGKILL)
            await s.engine.start(later)
            for task in (running, later):
                (task.work / "go on").touch()
            assert (await s.ended(running.name)).exit_code == 7
            assert (await s.ended(later.name)).exit_code == 7

    @scenario
    async def test_tasks_on_their_way_begin_once(self, tmp_path):
        tasks = [program(tmp_path, "print('begun')") for _ in range(12)]
        async with session(engine(tmp_path, cpu=12)) as s:
            for number, task in enumerate(tasks):
                await s.engine.start(task)
                if number % 4 == 2:
                    os.kill(s.engine._launches.pid, signal.SIGKILL)
                    await asyncio.sleep(0)
            ends = [await s.ended(task.name) for task in tasks]
        assert [task.log(0).read_text() for task in tasks] == ["begun\n"] * 12
        assert {ended.outcome for ended in ends} == {Outcome.SUCCEEDED}


class TestServerGoes:
    @scenario
    async def test_the_launcher_goes_with_it_and_the_supervisor_stays(self, tmp_path):
        task = program(tmp_path, jobs.SLEEPS)
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
            launcher = s.engine._launches.pid
        assert records.start_ticks(launcher) is None
        claim = claim_of(task)
        assert records.running(claim["pid"], claim["start"])
        async with session(engine(tmp_path)) as s:
            await s.engine.adopt([task])
            await s.engine.stop(task.name)
            await s.ended(task.name)

    def test_a_server_killed_outright_leaves_no_launcher_behind(self, tmp_path):
        source = (
            "import asyncio, sys, pathlib\n"
            "from submarine_ext.engines.local.engine import LocalEngine\n"
            "async def main():\n"
            "    engine = LocalEngine(pathlib.Path(sys.argv[1]))\n"
            "    await engine.open()\n"
            "    print(engine._launches.pid, flush=True)\n"
            "    await asyncio.sleep(3600)\n"
            "asyncio.run(main())\n"
        )
        server = subprocess.Popen(
            [sys.executable, "-c", source, tmp_path], stdout=subprocess.PIPE, text=True
        )
        launcher = int(server.stdout.readline())
        watched = os.pidfd_open(launcher)
        server.kill()
        server.wait()
        server.stdout.close()
        try:
            assert select.select([watched], [], [], 10)[0]
        finally:
            os.close(watched)


class TestFolderCannotBeWritten:
    @scenario
    async def test_the_end_is_kept_until_it_can_be_written_down(self, tmp_path):
        task = program(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        away = tmp_path / "away"
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.started(task.name)
            task.folder.rename(away)
            (away / "work" / "go on").touch()
            await jobs.printed(away / "rank-0.log", b"bye")
            rank_gone(claim := records.read(away, records.CLAIM))
            assert records.running(claim["pid"], claim["start"])
            away.rename(task.folder)
            assert (await s.ended(task.name)).exit_code == 7


class TestPlanIsHuge:
    @scenario
    async def test_arguments_beyond_the_systems_limit_are_a_plain_sentence(self, tmp_path):
        task = contract.make_task(tmp_path, JobSpec(command=["echo", *["x" * 100_000] * 40]))
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            ended = await s.ended(task.name)
        assert "too long" in ended.reason
        assert not ended.retryable


class TestStopIsCompleteEveryTime:
    @scenario
    async def test_fifty_stops_of_detaching_trees_leave_nothing(self, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        source = jobs.TREES["whose detached child ignores SIGTERM"]
        async with session(engine(tmp_path)) as s:
            for _ in range(50):
                task = program(tmp_path, source, mark)
                await s.engine.start(task)
                await jobs.printed(task.log(0), b"ready")
                await s.engine.stop(task.name, grace_seconds=0)
                await s.ended(task.name)
                assert marked(mark) == []

    @scenario
    async def test_no_descriptor_and_no_process_is_left_of_many_jobs(self, tmp_path):
        async with session(engine(tmp_path)) as s:
            warm = program(tmp_path, "pass")
            await s.engine.start(warm)
            await s.ended(warm.name)
            before = descriptors("self")
            for task in [program(tmp_path, "pass") for _ in range(20)]:
                await s.engine.start(task)
                await s.ended(task.name)
            assert descriptors("self") == before
            launcher = s.engine._launches.pid
            assert descriptors(launcher) < 12
            assert len(tree.children(launcher)) <= 2


class TestSharingTheMachine:
    @scenario
    async def test_gpus_are_assigned_one_by_one_and_hidden_from_others(self, tmp_path):
        source = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"
        each = Resources(cpu="100m", gpu=1)
        with_gpu = [program(tmp_path, source + jobs_wait(), resources=each) for _ in range(2)]
        without = program(tmp_path, source)
        async with session(engine(tmp_path)) as s:
            for task in (*with_gpu, without):
                await s.engine.start(task)
            await s.ended(without.name)
            for task in with_gpu:
                await jobs.printed(task.log(0), b"\n")
                (task.work / "go on").touch()
                await s.ended(task.name)
        assert sorted(task.log(0).read_text() for task in with_gpu) == ["0\n", "1\n"]
        assert without.log(0).read_text() == "\n"

    @scenario
    async def test_adopted_tasks_hold_their_slots_and_their_gpus(self, tmp_path):
        holder = program(tmp_path, jobs.SLEEPS, resources=Resources(gpu=2))
        async with session(engine(tmp_path)) as s:
            await s.engine.start(holder)
            await s.started(holder.name)
        waiter = program(tmp_path, jobs.SLEEPS, resources=Resources(gpu=1))
        async with session(engine(tmp_path)) as s:
            await s.engine.adopt([holder])
            await s.engine.start(waiter)
            said = await s.first(waiter.name, Waiting)
            assert said.reason == "Waits for 1 GPU: 2 of 2 are in use. Position 1."
            assert (await s.engine.info()).in_use.gpu == 2
            for task in (waiter, holder):
                await s.engine.stop(task.name)
                await s.ended(task.name)

    @scenario
    async def test_a_task_too_large_for_a_smaller_machine_fails_instead_of_waiting(self, tmp_path):
        task = program(tmp_path, "pass", resources=Resources(cpu=8))
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            ended = await s.ended(task.name)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "resources.cpu" in ended.reason


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            (JobSpec(command=["pyhton", "train.py"]), "did you mean 'python'?"),
            (JobSpec(command=["train.sh"]), "did you mean './train.sh'?"),
            (JobSpec(command=["./tarin.sh"]), "did you mean './train.sh'?"),
            (JobSpec(command=["./train.sh"]), "may not be executed"),
            (
                JobSpec(script="tain.py"),
                "There is no file 'tain.py' here; did you mean 'train.py'?",
            ),
            (JobSpec(notebook="none.ipynb"), "There is no file 'none.ipynb' here."),
            (JobSpec(command=["true"], workdir="nowhere"), "There is no folder 'nowhere'"),
        ],
    )
    @scenario
    async def test_is_named_with_the_nearest_match_and_not_tried_again(self, spec, words, tmp_path):
        task = contract.make_task(tmp_path, spec)
        (task.work / "train.py").touch()
        (task.work / "train.sh").touch(mode=0o644)
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            ended = await s.ended(task.name)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert words in ended.reason


class TestKindsOfScripts:
    @scenario
    async def test_python_runs_in_the_environment_named(self, tmp_path):
        spec = JobSpec(script="pkg/main.py", args=["--lr", "0.1 $X"], environment=sys.executable)
        task = contract.make_task(tmp_path, spec)
        (task.work / "pkg").mkdir()
        (task.work / "pkg/main.py").write_text(
            "import sys, os; print(sys.argv[1:], sys.executable, os.getcwd())"
        )
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
        said = f"['--lr', '0.1 $X'] {sys.executable} {task.work}\n"
        assert task.log(0).read_text() == said

    @scenario
    async def test_other_scripts_run_as_their_first_line_says(self, tmp_path):
        task = contract.make_task(tmp_path, JobSpec(script="go.sh", args=["x"]))
        (task.work / "go.sh").write_text("#!/bin/sh -e\necho $0 $1\n")
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.ended(task.name)
        assert task.log(0).read_text() == f"{task.work}/go.sh x\n"

    @scenario
    async def test_a_cell_runs_as_main_with_its_source_in_tracebacks(self, tmp_path):
        code = "import sys\nawait __import__('asyncio').sleep(0)\nprint(__name__)\nint('x')\n"
        task = contract.make_task(tmp_path, JobSpec(code=code))
        async with session(engine(tmp_path)) as s:
            await s.engine.start(task)
            ended = await s.ended(task.name)
        assert ended.reason == (
            "Exited with code 1: ValueError: invalid literal for int() with base 10: 'x'"
        )
        log = task.log(0).read_text()
        assert log.startswith("__main__\nTraceback")
        assert "int('x')" in log
        assert "runner.py" not in log


def jobs_wait():
    return "\nimport sys; sys.stdout.flush()\n" + jobs.COUNTS.split("print(1")[0] + "wait()"
