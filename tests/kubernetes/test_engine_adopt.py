"""A server dies between any two steps of placing a task, or while it runs: it runs once."""

import asyncio
import threading

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.cluster.faults import Drop, writes
from tests.kubernetes import hands
from tests.kubernetes.test_engine_faults import maker

BEGINS = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(fd, (os.environ['SUBMARINE_RANK'] + chr(10)).encode())
"""
STEPS = ["the job", "the service", "the secret", "the files", "the launcher", "the unsuspending"]


class ServerKilledBetweenEachStepOfPlacing:
    """From a certain write on nobody hears the server, nor it the cluster.

    ``done``: that write still took effect, and only its answer is lost.
    """

    def __init__(self, cluster, step, *, done):
        self.reached = threading.Event()
        self._step = step
        self._writes = []
        cluster.faults.add(Drop(when=self._fatal, times=None, after=done))
        cluster.faults.add(Drop(when=self._later, times=None))

    def _fatal(self, call):
        if not writes(call) or not call.namespace or call.subresource or call.resource is None:
            return False
        if not any(call is one for one in self._writes):
            self._writes.append(call)
        if len(self._writes) <= self._step or call is not self._writes[self._step]:
            return False
        self.reached.set()
        return True

    def _later(self, call):
        return self.reached.is_set() and call is not self._writes[self._step]


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
async def test_a_task_whose_server_was_killed_runs_once(step, done, cluster, tmp_path):
    ledger = tmp_path / "ledger"
    shape = Distributed(framework=Framework.NONE, nodes=2)
    task = maker().program(tmp_path, BEGINS, str(ledger), distributed=shape)
    (task.work / "data.txt").write_text("some")
    task = replace(task, secrets={"TOKEN": "t"})
    killed = ServerKilledBetweenEachStepOfPlacing(cluster, step, done=done)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(task)
        assert await asyncio.to_thread(killed.reached.wait, 30)
    cluster.faults.clear()
    async with session(hands.make(cluster, tmp_path)) as s:
        if task.name in await s.engine.adopt([task]):
            await s.engine.start(task)
        assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
    assert sorted(ledger.read_text().split()) == ["0", "1"]
    assert len(hands.objects(cluster, "jobs.batch", task)) == 1


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
async def test_a_task_stopped_after_that_leaves_nothing(step, cluster, tmp_path):
    shape = Distributed(framework=Framework.NONE, nodes=2)
    task = maker().program(tmp_path, jobs.SLEEPS, distributed=shape)
    (task.work / "data.txt").write_text("some")
    task = replace(task, secrets={"TOKEN": "t"})
    killed = ServerKilledBetweenEachStepOfPlacing(cluster, step, done=True)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(task)
        assert await asyncio.to_thread(killed.reached.wait, 30)
    cluster.faults.clear()
    async with session(hands.make(cluster, tmp_path)) as s:
        if task.name in await s.engine.adopt([task]):
            await s.engine.start(task)
        await s.engine.stop(task.name, grace_seconds=1)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    for resource in ("jobs.batch", "pods"):
        assert hands.objects(cluster, resource, task) == []


class TestJobDeletedWhileNoServerWasThere:
    async def test_before_it_was_let_go_it_is_lost_and_never_runs(self, cluster, tmp_path):
        """Catches a placing that makes a second object after the first was written down."""
        ledger = tmp_path / "ledger"
        task = maker().program(tmp_path, BEGINS, str(ledger))
        killed = ServerKilledBetweenEachStepOfPlacing(cluster, 1, done=False)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(task)
            assert await asyncio.to_thread(killed.reached.wait, 30)
        cluster.faults.clear()
        await asyncio.to_thread(hands.delete_job, cluster, task)
        async with session(hands.make(cluster, tmp_path)) as s:
            if task.name in await s.engine.adopt([task]):
                await s.engine.start(task)
            ended = await s.ended(task.name)
        assert ended.outcome is Outcome.LOST
        assert not ledger.exists()


class TestEndsAreRemembered:
    async def test_an_end_is_told_again_after_the_job_was_swept_away(self, cluster, tmp_path):
        task = maker().program(tmp_path, "import sys; sys.exit(3)")
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(task)
            first = await s.ended(task.name)
        await asyncio.to_thread(hands.delete_job, cluster, task)
        async with session(hands.make(cluster, tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            assert await s.ended(task.name) == first
