"""What nobody waits for is taken out of the cluster, and nothing else is."""

import asyncio
import time
import types

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome
from submarine_ext.engines.kubernetes import sweeping
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.kubernetes import hands, test_kinds_run
from tests.kubernetes.test_engine_adopt import STEPS, ServerKilledBetweenEachStepOfPlacing
from tests.kubernetes.test_engine_faults import task
from tests.kubernetes.test_engine_stop import mutate

JOBS = "jobs.batch"
OFTEN = replace(hands.HURRY, sweep=0.1)
LATER = replace(OFTEN, skew=-60.0)  # as if what there is were a minute older
DAYS = 4 * 86_400


def later(cluster, root, patience=LATER):
    """An engine that begins when what there is now is old, and sweeps often."""
    settings = Settings(kubeconfig=str(cluster.kubeconfig), image="python:3.12")
    return KubernetesEngine(root, settings, patience=patience)


async def half_made(cluster, root, step="the launcher"):
    """A task whose server was killed as it made its objects."""
    unborn = task(root)
    (unborn.work / "data.txt").write_text("some")
    at = [name for name in STEPS if name not in ("the service", "the secret")].index(step)
    killed = ServerKilledBetweenEachStepOfPlacing(cluster, at, done=True)
    async with session(hands.make(cluster, root)) as s:
        await s.engine.start(unborn)
        assert await asyncio.to_thread(killed.reached.wait, 30)
    cluster.faults.clear()
    return unborn


async def running(cluster, root):
    """A task that runs, and no server that knows of it."""
    forgotten = task(root, jobs.SLEEPS)
    async with session(hands.make(cluster, root)) as s:
        await s.engine.start(forgotten)
        await jobs.printed(forgotten.log(0), b"ready")
    return forgotten


async def gone(cluster, resource, one):
    async with asyncio.timeout(10):
        while await asyncio.to_thread(hands.objects, cluster, resource, one):
            await asyncio.sleep(0.02)


async def swept(cluster, *, times=2):
    """A whole sweep was begun and ended since."""
    lists = lambda: sum(n for (verb, _), n in cluster.requests.items() if verb == "list")  # noqa: E731
    before = lists()
    async with asyncio.timeout(10):
        while lists() < before + 2 * times:
            await asyncio.sleep(0.02)


async def leaves_what_runs(cluster, root):
    ran, unborn = await running(cluster, root), await half_made(cluster, root)
    async with session(later(cluster, root)) as s:
        await s.engine.adopt([])
        await gone(cluster, JOBS, unborn)
        await swept(cluster)
    assert hands.objects(cluster, JOBS, ran), "a job that ran was taken away"


class TestObjectsThatNeverRan:
    @pytest.mark.parametrize("step", ["the job", "the files", "the launcher"])
    async def test_those_of_no_unfinished_task_are_taken_away(self, step, cluster, tmp_path):
        unborn = await half_made(cluster, tmp_path, step)
        async with session(later(cluster, tmp_path)) as s:
            await s.engine.adopt([])
            await gone(cluster, JOBS, unborn)
            await gone(cluster, "configmaps", unborn)

    async def test_what_runs_is_left_alone(self, cluster, tmp_path):
        await leaves_what_runs(cluster, tmp_path)

    async def test_a_sweep_that_would_end_what_runs_is_caught(self, cluster, tmp_path, monkeypatch):
        """The mutant."""
        mutate(monkeypatch, sweeping, "if _label(top) not in began", "if True", sweeping)
        with pytest.raises(AssertionError, match="was taken away"):
            await leaves_what_runs(cluster, tmp_path)

    async def test_those_of_an_unfinished_task_wait_for_its_start(self, cluster, tmp_path):
        """Catches the mutant that sweeps before the dispatcher has started what it adopted."""
        unborn = await half_made(cluster, tmp_path)
        async with session(later(cluster, tmp_path)) as s:
            assert await s.engine.adopt([unborn]) == {unborn.name}
            await swept(cluster)
            await s.engine.start(unborn)
            assert (await s.ended(unborn.name)).outcome is Outcome.SUCCEEDED

    async def test_one_that_is_not_started_again_is_taken_away_at_once(self, cluster, tmp_path):
        """Its secret is gone, say: the dispatcher stops what it cannot start."""
        unborn = await half_made(cluster, tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            assert await s.engine.adopt([unborn]) == {unborn.name}
            await s.engine.stop(unborn.name)
            assert (await s.ended(unborn.name)).outcome is Outcome.STOPPED
        assert hands.objects(cluster, JOBS, unborn) == []
        assert unborn.log(0).exists() is False

    async def test_what_is_younger_than_what_is_known_stays(self, cluster, tmp_path):
        unborn = await half_made(cluster, tmp_path)
        async with session(later(cluster, tmp_path, OFTEN)) as s:
            await s.engine.adopt([])
            await swept(cluster)
        assert hands.objects(cluster, JOBS, unborn)

    async def test_another_sites_stay(self, cluster, tmp_path):
        unborn = await half_made(cluster, tmp_path)
        (tmp_path / "other").mkdir()
        async with session(later(cluster, tmp_path / "other")) as s:
            await s.engine.adopt([])
            await swept(cluster)
        assert hands.objects(cluster, JOBS, unborn)


@pytest.mark.parametrize("cluster", [{"crds": ["trainjob"]}], indirect=True)
async def test_what_ended_long_ago_is_taken_away_where_the_cluster_does_not(
    cluster, tmp_path, monkeypatch
):
    test_kinds_run.runtime(cluster)
    shape = Distributed(framework=Framework.TORCH, nodes=2)
    done, kind = task(tmp_path, distributed=shape), "trainjobs.trainer.kubeflow.org"
    async with session(later(cluster, tmp_path, OFTEN)) as s:
        await s.engine.adopt([])
        await s.engine.start(done)
        assert (await s.ended(done.name)).outcome is Outcome.SUCCEEDED
        await swept(cluster)
        assert hands.objects(cluster, kind, done)
        clock = types.SimpleNamespace(time=lambda: time.time() + DAYS)
        monkeypatch.setattr(sweeping, "time", clock)
        await gone(cluster, kind, done)
