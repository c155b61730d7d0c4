"""A stop takes everything away, and the tests catch engines that would not."""

import types
from pathlib import Path

import pytest

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome
from submarine_ext.engines.kubernetes import attempt, course, placing, removing
from submarine_ext.testing import jobs
from submarine_ext.testing import session as waiting
from submarine_ext.testing.session import session
from tests.cluster.faults import Delay, logs
from tests.kubernetes import hands
from tests.kubernetes import test_engine_faults as faults
from tests.kubernetes import test_engine_kueue as kueue

OWNED = ("jobs.batch", "pods", "configmaps", "services", "secrets")


async def leaves_nothing(cluster, root):
    shape = Distributed(framework=Framework.NONE, nodes=2)
    running = faults.maker().program(root, jobs.SLEEPS, distributed=shape)
    async with session(hands.make(cluster, root)) as s:
        await s.engine.start(running)
        await jobs.printed(running.log(1), b"ready")
        await s.engine.stop(running.name, grace_seconds=1)
        assert (await s.ended(running.name)).outcome is Outcome.STOPPED
    left = {kind: hands.objects(cluster, kind, running) for kind in OWNED}
    assert not any(left.values()), left


async def has_its_log(cluster, root):
    cluster.faults.add(Delay(when=logs, seconds=1.0, times=None))
    talker = faults.maker().program(root, jobs.PRINTS_ALL_BYTES)
    async with session(hands.make(cluster, root)) as s:
        await s.engine.start(talker)
        await s.ended(talker.name)
        assert talker.log(0).read_bytes() == jobs.ALL_BYTES


async def leaves_foreign_jobs_alone(cluster, root):
    await faults.TestNameTaken().test_a_foreign_job_is_neither_taken_nor_touched(cluster, root)


async def test_a_stop_leaves_no_object_behind(cluster, tmp_path):
    await leaves_nothing(cluster, tmp_path)


async def test_a_stop_in_a_pods_first_moment_does_not_wait_for_its_grace(cluster, tmp_path):
    """Mutant caught: Python as the first process, which no signal ends before it listens."""
    begun = faults.maker().program(tmp_path, jobs.SLEEPS)
    async with session(hands.make(cluster, tmp_path, grace_seconds=3600)) as s:
        await s.engine.start(begun)
        await s.started(begun.name)
        await s.engine.stop(begun.name, grace_seconds=3600)
        assert (await s.ended(begun.name)).outcome is Outcome.STOPPED


async def test_the_log_is_whole_before_the_end_however_late_it_comes(cluster, tmp_path):
    await has_its_log(cluster, tmp_path)


MUTANTS = {
    "a deletion that orphans": (
        removing,
        '"propagationPolicy": "Background", ',
        "",
        course,
        leaves_nothing,
    ),
    "any object of the name is taken for ours": (
        placing,
        "if not names.ours(",
        "if False and not names.ours(",
        attempt,
        leaves_foreign_jobs_alone,
    ),
    "an end before the logs are drained": (
        course,
        "await self._cluster.logs.drained(self._task.name)",
        "pass",
        attempt,
        has_its_log,
    ),
}


def mutate(monkeypatch, module, old, new, user):
    """A copy of the module with one text changed, for ``user``, which imported from it."""
    source = Path(module.__file__).read_text()
    assert source.count(old) >= 1
    mutant = types.ModuleType(module.__name__)
    exec(compile(source.replace(old, new), module.__file__, "exec"), mutant.__dict__)
    for name in vars(module).keys() & vars(user).keys():
        if getattr(vars(module)[name], "__module__", None) == module.__name__:
            monkeypatch.setattr(user, name, vars(mutant)[name])


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_broken_engine_is_caught(name, cluster, tmp_path, monkeypatch):
    module, old, new, user, sentence = MUTANTS[name]
    mutate(monkeypatch, module, old, new, user)
    monkeypatch.setattr(waiting, "PATIENCE", 5.0)
    with pytest.raises((AssertionError, TimeoutError, FileNotFoundError)):
        await sentence(cluster, tmp_path)


@pytest.mark.parametrize("cluster", [{"crds": ["kueue"]}], indirect=True)
async def test_an_engine_that_lets_a_queues_jobs_go_is_caught(cluster, tmp_path, monkeypatch):
    kueue.give_room(cluster)
    mutate(monkeypatch, placing, "if self._placement.queue is None and ", "if ", attempt)
    monkeypatch.setattr(waiting, "PATIENCE", 5.0)
    with pytest.raises((AssertionError, TimeoutError)):
        await kueue.TestQueuedJobs().test_one_runs_the_others_wait_with_their_places(
            cluster, tmp_path
        )
