"""What befalls a machine and its connection; each fault is a class, and nothing is lost by any."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from submarine_ext.domain.jobs import JobSpec, Resources, Usage
from submarine_ext.engines.base import (
    Capacity,
    Ended,
    EngineInfo,
    Health,
    Outcome,
    Started,
    Waiting,
)
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.engines.remote.frames import (
    NONSENSE,
    TAKEN,
    Hello,
    Known,
    Load,
    Log,
    Output,
    Recorded,
    Seen,
    Wanted,
    encode,
    from_service,
)
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session
from tests.contract.machines import HAS, Alice
from tests.contract.test_local_engine import marked


def service(root, kind=RemoteEngine, **more) -> RemoteEngine:
    """The engine as the service has it, without a machine."""
    return kind("alice", BundleFiles(root / "bundles", 1 << 30), **more)


@contextlib.asynccontextmanager
async def machine(root, identity="one"):
    alice = Alice(root / identity, identity)
    await alice.open()
    try:
        yield alice
    finally:
        await alice.close()


class Recording:
    """A link that keeps what the service says."""

    def __init__(self) -> None:
        self.said, self.closed = [], None

    async def send(self, frame) -> None:
        self.said.append(from_service(frame))

    def close(self, code, reason) -> None:
        self.closed = (code, reason)


@contextlib.asynccontextmanager
async def visit(engine, identity="one"):
    """A connection by hand, which has said hello."""
    link = Recording()
    made = engine.meet(link)
    await made.begin()
    info = EngineInfo(name="", title="", healthy=True, capacity=HAS)
    await made.receive(encode(Hello(identity, info)))
    try:
        yield made, link
    finally:
        await made.close()


async def told(made, *frames) -> None:
    for frame in frames:
        await made.receive(encode(frame))
    await asyncio.sleep(0)


def _ended(**fields):
    return lambda name: Seen(Ended(name=name, outcome=Outcome.FAILED, **fields))


def _load(**capacity):
    has = Capacity(**{"cpu": 1, "memory": 1, "gpu": 0, **capacity})
    return lambda _: Load(EngineInfo(name="", title="", healthy=True, capacity=has))


IMPLAUSIBLE = {
    "a start that is no number": lambda name: Seen(Started(name, float("nan"))),
    "an end in the year 30,000,000": _ended(finished=1e15),
    "a start before time": _ended(started=-1.0),
    "an exit code of 64 bits": _ended(exit_code=2**63),
    "more memory than there is": _ended(usage=Usage(cpu_seconds=1, memory_peak_bytes=2**63)),
    "a place far behind": lambda name: Seen(Waiting(name, "Waits.", 2**63)),
    "endless CPUs": _load(cpu=float("inf")),
    "less than no GPUs": _load(gpu=-1),
}


class Faults(Promise):
    def task(self, root, source=jobs.SLEEPS, *args, **fields):
        return self.program(root / "service", source, *args, **fields)

    def bare(self, root):
        return self.make_task(root / "service", JobSpec(command=["true"]))


class TestAServiceThatIsKilled(Faults):
    @scenario
    async def test_hears_of_an_end_again_until_it_has_it_on_record(self, tmp_path):
        task = self.task(tmp_path, "print('hello')")
        async with machine(tmp_path) as alice:
            async with session(service(tmp_path)) as s:
                await alice.offer(s.engine)
                await s.engine.start(task)
                await s.ended(task.name)
                await alice.leave()  # killed before the commit
            async with session(service(tmp_path)) as s:
                assert await s.engine.adopt([task]) == set()
                await alice.offer(s.engine)
                assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
                s.engine.recorded(task.name)
                await gone(alice.jobs / task.job)

    @scenario
    async def test_mutant_that_acknowledges_before_the_commit_loses_the_end(self, tmp_path):
        class Hasty(RemoteEngine):
            def seen(self, visit, observation):
                super().seen(visit, observation)
                if isinstance(observation, Ended):
                    self.recorded(observation.name)

        task = self.task(tmp_path, "print('hello')")
        async with machine(tmp_path) as alice:
            async with session(service(tmp_path, Hasty)) as s:
                await alice.offer(s.engine)
                await s.engine.start(task)
                await s.ended(task.name)
                await gone(alice.jobs / task.job)
                await alice.leave()
            async with session(service(tmp_path)) as s:
                await s.engine.adopt([task])
                await alice.offer(s.engine)
                assert (await s.ended(task.name)).outcome is Outcome.LOST

    @scenario
    async def test_begins_nothing_twice_that_began_unheard(self, tmp_path):
        """The start was sent, and the connection cut before a word came back."""
        task = self.task(tmp_path, "print('begun')")
        async with machine(tmp_path) as alice:
            async with session(service(tmp_path)) as s:
                await alice.offer(s.engine)
                await s.engine.start(task)
                await jobs.printed(alice.jobs / task.job / "1" / "rank-0.log", b"begun")
                await alice.leave()
            async with session(service(tmp_path)) as s:
                for name in await s.engine.adopt([task]):
                    assert name == task.name
                    await s.engine.start(task)
                await alice.offer(s.engine)
                await s.ended(task.name)
        assert task.log(0).read_text() == "begun\n"


class TestAMachineThatIsKilled(Faults):
    @scenario
    async def test_finds_its_jobs_again(self, tmp_path):
        running = self.task(tmp_path, resources=Resources(cpu=3))
        waiting = self.task(tmp_path, resources=Resources(cpu=3))
        async with session(service(tmp_path)) as s:
            async with machine(tmp_path) as alice:
                await alice.offer(s.engine)
                await s.engine.start(running)
                await s.started(running.name)
                await s.engine.start(waiting)
                await s.first(waiting.name, Waiting)
            s.seen.clear()
            async with machine(tmp_path) as alice:
                await alice.offer(s.engine)
                await s.started(running.name)
                await s.first(waiting.name, Waiting)
                for each in (waiting, running):
                    await s.engine.stop(each.name)
                    assert (await s.ended(each.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_that_lost_its_disk_says_so(self, tmp_path):
        task = self.task(tmp_path)
        async with session(service(tmp_path)) as s:
            async with machine(tmp_path) as alice:
                await alice.offer(s.engine)
                await s.engine.start(task)
                await s.started(task.name)
                folder = alice.jobs
            folder.rename(tmp_path / "elsewhere")
            async with machine(tmp_path) as alice:
                await alice.offer(s.engine)
                ended = await s.ended(task.name)
                assert (ended.outcome, "has nothing of it" in ended.reason) == (Outcome.LOST, True)
                await alice.leave()
            (tmp_path / "elsewhere" / task.job).rename(folder / task.job)
            s.engine.recorded(task.name)
            async with machine(tmp_path) as alice:  # what came back is ended: nobody wants it
                await alice.offer(s.engine)
                await gone(alice.jobs / task.job)


class TestAConnectionCutInTheMiddleOfALog(Faults):
    @scenario
    async def test_leaves_no_gap_and_repeats_nothing(self, tmp_path):
        task = self.task(tmp_path, jobs.PRINTS_ALL_BYTES)
        async with machine(tmp_path) as alice, session(service(tmp_path)) as s:
            # Room for one piece and a part of the next, each time.
            await alice.offer(s.engine, lambda: (400_000, float("inf")))
            await s.engine.start(task)
            await s.ended(task.name)
            assert alice.visits > 1
        assert task.log(0).read_bytes() == jobs.ALL_BYTES


class TestADuplicatedObservation(Faults):
    @scenario
    async def test_is_told_once_where_it_is_an_end(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            end = Seen(Ended(name=task.name, outcome=Outcome.SUCCEEDED, started=1.0))
            async with visit(s.engine) as (made, _):
                await told(made, end, end)
            async with visit(s.engine) as (made, link):
                await told(made, end)
                assert [o for o in s.of(task.name) if isinstance(o, Ended)] == [end.observation]
                s.engine.recorded(task.name)
                await until(lambda: Recorded(task.name) in link.said)

    @scenario
    async def test_an_end_that_is_not_on_record_yet_is_kept_by_a_machine_that_comes_again(
        self, tmp_path
    ):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, _):
                await told(made, Seen(Ended(name=task.name, outcome=Outcome.SUCCEEDED)))
            async with visit(s.engine) as (_, link):
                await until(lambda: link.said)
                assert link.said == [Known([task.name])]


class TestFramesThatAreOutOfTurn(Faults):
    @scenario
    async def test_a_gap_ends_the_connection_and_the_next_begins_where_it_was(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, link):
                await told(made, Log(task.name, 0, 0, b"abc"), Log(task.name, 0, 9, b"later"))
                assert link.closed[0] == NONSENSE
            async with visit(s.engine) as (made, link):
                await until(lambda: any(isinstance(f, Wanted) for f in link.said))
                assert [f.logs for f in link.said if isinstance(f, Wanted)] == [[3]]
                await told(made, Log(task.name, 0, 0, b"abcde"), Log(task.name, 0, 2, b"cdef"))
        assert task.log(0).read_bytes() == b"abcdef"

    @pytest.mark.parametrize(
        "path", ["../out", "/tmp/out", "a/../../out", "", ".", "a//b", "a\0b", "x" * 300]
    )
    @scenario
    async def test_an_output_stays_in_its_folder(self, path, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, link):
                await told(made, Output(task.name, path, 0, b"x", end=True))
                assert link.closed[0] == NONSENSE
        assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes() == b"x"]

    @pytest.mark.parametrize("frame", [b"", b"\xff", b"{}", encode(Known([])), "text"])
    @scenario
    async def test_what_is_no_frame_ends_the_connection(self, frame, tmp_path):
        async with session(service(tmp_path)) as s, visit(s.engine) as (made, link):
            await made.receive(frame)
            assert link.closed[0] == NONSENSE

    @pytest.mark.parametrize("fault", IMPLAUSIBLE)
    @scenario
    async def test_what_no_machine_says_ends_the_connection(self, fault, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, link):
                await told(made, IMPLAUSIBLE[fault](task.name))
                assert link.closed[0] == NONSENSE
            assert s.of(task.name) == []

    @scenario
    async def test_a_reason_is_cut_to_a_sentence(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, _):
                await told(made, Seen(Ended(name=task.name, outcome="failed", reason="x" * 10**6)))
                assert (await s.ended(task.name)).reason == "x" * 2000

    @scenario
    async def test_nothing_is_taken_before_hello_or_of_what_is_not_its(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            link = Recording()
            made = s.engine.meet(link)
            await made.begin()
            await made.receive(encode(Log(task.name, 0, 0, b"abc")))
            assert link.closed[0] == NONSENSE
            await made.close()
            async with visit(s.engine) as (made, link):
                await told(made, Log("jsomebodys00-1", 0, 0, b"abc"))
                assert link.closed is None
        assert not task.log(0).exists()


class TestAMachineOutOfSight(Faults):
    @scenario
    async def test_is_said_in_a_sentence_with_the_deadline_and_unsaid_on_return(self, tmp_path):
        task, later = self.task(tmp_path), self.task(tmp_path)
        async with machine(tmp_path) as alice, session(service(tmp_path, blip=0)) as s:
            await alice.offer(s.engine)
            await s.engine.start(task)
            await s.started(task.name)
            await alice.leave()
            said = await s.such(lambda o: isinstance(o, Waiting) and "may go on" in o.reason)
            assert (said.name, said.paused) == (task.name, True)
            assert said.reason.startswith("alice's machine is out of sight since ")
            assert "if nothing is heard of it by " in said.reason
            health = await s.such(lambda o: isinstance(o, Health) and not o.info.healthy)
            assert health.info.since is not None
            await s.engine.start(later)
            assert "Waits for alice's machine" in (await s.first(later.name, Waiting)).reason
            s.seen.clear()
            await alice.offer(s.engine)
            await s.healthy()
            for each in (task, later):
                await s.started(each.name)
                await s.engine.stop(each.name)
                await s.ended(each.name)

    @scenario
    async def test_for_too_long_loses_its_jobs_which_are_ended_when_it_comes_back(self, tmp_path):
        mark = f"mark-{tmp_path.name}"
        task = self.task(tmp_path, jobs.SLEEPS, mark)
        async with machine(tmp_path) as alice, session(service(tmp_path, blip=0)) as s:
            await alice.offer(s.engine)
            await s.engine.start(task)
            await s.started(task.name)
            await alice.leave()
            never = self.bare(tmp_path)
            await s.engine.start(never)
            s.engine._give_up()  # what its timer does
            lost, unbegun = await s.ended(task.name), await s.ended(never.name)
            assert (lost.outcome, unbegun.outcome) == (Outcome.LOST, Outcome.FAILED)
            assert "is stopped when that server comes back" in lost.reason
            assert "never begun" in unbegun.reason
            assert marked(mark)
            await alice.offer(s.engine)
            await gone(alice.jobs / task.job)
            assert marked(mark) == []

    @scenario
    async def test_what_was_never_sent_can_be_stopped_at_once(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            await s.engine.stop(task.name)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_a_stop_reaches_it_when_it_comes_back(self, tmp_path):
        task = self.task(tmp_path)
        async with machine(tmp_path) as alice, session(service(tmp_path)) as s:
            await alice.offer(s.engine)
            await s.engine.start(task)
            await s.started(task.name)
            await alice.leave()
            await s.engine.stop(task.name)
            await alice.offer(s.engine)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_keeps_its_deadline_over_restarts_of_the_service(self, tmp_path):
        long_ago = EngineInfo(name="", title="", healthy=False, since="2026-01-01T00:00:00Z")
        task = self.bare(tmp_path)
        engine = service(tmp_path)
        engine.remember(long_ago)
        async with session(engine) as s:
            await s.engine.start(task)
            assert (await s.ended(task.name)).outcome is Outcome.FAILED


class TestASecondMachineOfTheSamePerson(Faults):
    @scenario
    async def test_waits_until_the_jobs_of_the_first_are_over(self, tmp_path):
        task = self.bare(tmp_path)
        async with session(service(tmp_path)) as s:
            await s.engine.start(task)
            async with visit(s.engine) as (made, _):
                await told(made, Seen(Started(task.name, 1.0)))
            async with visit(s.engine, "two") as (_, link):
                assert link.closed[0] == TAKEN
                assert "Another server of alice's has jobs that are not over" in link.closed[1]
            await s.engine.stop(task.name)
            async with visit(s.engine, "two") as (_, link):
                assert link.closed is None
                assert (await s.ended(task.name)).outcome is Outcome.STOPPED

    @scenario
    async def test_the_same_one_replaces_a_connection_that_is_dead_and_does_not_know_it(
        self, tmp_path
    ):
        async with (
            session(service(tmp_path)) as s,
            visit(s.engine) as (_, first),
            visit(s.engine) as (_, second),
        ):
            assert (first.closed[0], second.closed) == (TAKEN, None)
            assert (await s.engine.info()).healthy


class TestAMachineThatIsAtWork(Faults):
    @scenario
    async def test_tells_how_many_run_and_wait_and_when_none_does(self, tmp_path):
        running, waiting = (self.task(tmp_path, resources=Resources(cpu=3)) for _ in range(2))
        async with machine(tmp_path) as alice, session(service(tmp_path)) as s:
            await alice.offer(s.engine)

            async def told(running: int, queue: int) -> None:
                wanted = (running, queue)
                await s.such(lambda o: isinstance(o, Health) and _counts(o.info) == wanted)
                s.seen.clear()

            await s.engine.start(running)
            await told(1, 0)
            await s.engine.start(waiting)
            await told(1, 1)
            await s.engine.stop(waiting.name)
            await told(1, 0)
            await s.engine.stop(running.name)
            await told(0, 0)
            assert (await s.engine.info()).in_use == Capacity(cpu=0, memory=0, gpu=0)

    @scenario
    async def test_says_so_until_the_service_has_everything(self, tmp_path):
        task = self.task(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        async with session(service(tmp_path)) as s:
            async with machine(tmp_path) as alice:
                assert not alice.machine.busy
                await alice.offer(s.engine)
                await s.engine.start(task)
                await s.started(task.name)
                assert alice.machine.busy
            async with machine(tmp_path) as alice:
                assert alice.machine.busy, "nobody has looked yet"
                await alice.offer(s.engine)
                (alice.jobs / task.job / "1" / "work" / "go on").touch()
                await s.ended(task.name)
                assert alice.machine.busy
                s.engine.recorded(task.name)
                await until(lambda: not alice.machine.busy)


def _counts(info: EngineInfo) -> tuple[int, int]:
    return info.running, info.queue


async def gone(folder) -> None:
    await until(lambda: not folder.exists())


async def until(happened) -> None:
    async with asyncio.timeout(30):
        while not happened():  # a folder has no event to wait for
            await asyncio.sleep(0.005)
