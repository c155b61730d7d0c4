"""Where Kueue lets jobs run, the engine waits for it, says the place, and never goes before."""

import asyncio

import pytest

from submarine_ext.domain.jobs import Resources
from submarine_ext.engines.base import Outcome, Started, Waiting
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.kubernetes import hands
from tests.kubernetes.test_engine_faults import maker

PAUSED = (
    b"--- submarine: Paused for work of higher priority; it begins anew when there is room. ---"
)


@pytest.fixture
def cluster(cluster):
    give_room(cluster)
    return cluster


def give_room(cluster):
    """A queue with two CPUs."""
    quota = {"name": "default", "resources": [{"name": "cpu", "nominalQuota": "2"}]}
    groups = [{"coveredResources": ["cpu"], "flavors": [quota]}]
    spec = {"resourceGroups": groups, "namespaceSelector": {}}
    make(cluster, "clusterqueues", "", {"metadata": {"name": "all"}, "spec": spec})
    local = {"metadata": {"name": "gold"}, "spec": {"clusterQueue": "all"}}
    make(cluster, "localqueues", hands.NAMESPACE, local)


def make(cluster, plural, namespace, obj):
    cluster.call(cluster.inside.create, f"{plural}.kueue.x-k8s.io", namespace, obj)


def evict(cluster, one):
    """Kueue needs its room for work of higher priority, until :func:`let_on`."""
    hold(cluster, "Hold")
    top = hands.job(cluster, one)
    workloads = cluster.call(cluster.inside.list, "workloads.kueue.x-k8s.io", hands.NAMESPACE)
    (mine,) = [w for w in workloads
               if w["metadata"]["ownerReferences"][0]["uid"] == top["metadata"]["uid"]]  # fmt: skip
    queues = cluster.server.settings.more["queues"]
    cluster.call(queues.evict, mine, "Preempted", "Preempted to accommodate a workload")


def let_on(cluster):
    hold(cluster, "None")


def hold(cluster, policy):
    patch = {"spec": {"stopPolicy": policy}}
    cluster.call(cluster.inside.patch, "clusterqueues.kueue.x-k8s.io", "", "all", patch)


def queued(root, source=jobs.SLEEPS, cpu=2):
    return maker().program(root, source, queue="gold", resources=Resources(cpu=cpu))


@pytest.mark.parametrize("cluster", [{"crds": ["kueue"]}], indirect=True)
class TestQueuedJobs:
    async def test_one_runs_the_others_wait_with_their_places(self, cluster, tmp_path):
        """Catches the mutant that lets a queue's jobs go itself."""
        async with session(hands.make(cluster, tmp_path)) as s:
            first, *rest = (queued(tmp_path) for _ in range(3))
            await s.engine.start(first)
            await s.started(first.name)
            for place, waiter in enumerate(rest, 1):
                await s.engine.start(waiter)
                said = await s.such(
                    lambda o, n=waiter.name, p=place: (
                        isinstance(o, Waiting) and o.name == n and o.position == p
                    )
                )
                assert said.reason
            for waiter in rest:
                found = await asyncio.to_thread(hands.job, cluster, waiter)
                assert found["spec"]["suspend"]
                assert hands.objects(cluster, "pods", waiter) == []
            assert not any(verb == "patch" for verb, _ in cluster.requests)
            assert (await s.engine.info()).queue == 2
            for one in (first, *rest):
                await s.engine.stop(one.name, grace_seconds=1)
                assert (await s.ended(one.name)).outcome is Outcome.STOPPED

    async def test_a_place_that_gets_better_is_told(self, cluster, tmp_path):
        async with session(hands.make(cluster, tmp_path)) as s:
            first, second, third = (queued(tmp_path) for _ in range(3))
            for one in (first, second, third):
                await s.engine.start(one)
                await s.such(lambda o, n=one.name: (o.name == n and not isinstance(o, Waiting))
                             or (getattr(o, "position", None) and o.name == n))  # fmt: skip
            await s.engine.stop(second.name, grace_seconds=1)
            await s.such(lambda o: o.name == third.name and getattr(o, "position", 0) == 1)
            for one in (first, third):
                await s.engine.stop(one.name, grace_seconds=1)
                await s.ended(one.name)

    async def test_the_next_runs_when_there_is_room(self, cluster, tmp_path):
        async with session(hands.make(cluster, tmp_path)) as s:
            first = queued(tmp_path)
            second = queued(tmp_path, "print('begun')")
            await s.engine.start(first)
            await s.started(first.name)
            await s.engine.start(second)
            await s.first(second.name, Waiting)
            await s.engine.stop(first.name, grace_seconds=1)
            assert (await s.ended(second.name)).outcome is Outcome.SUCCEEDED
        assert second.log(0).read_text() == "begun\n"


@pytest.mark.parametrize("cluster", [{"crds": ["kueue"]}], indirect=True)
class TestPausedJobs:
    async def test_people_see_that_it_is_paused_and_that_it_begins_anew(self, cluster, tmp_path):
        async with session(hands.make(cluster, tmp_path)) as s:
            one = queued(tmp_path)
            await s.engine.start(one)
            await s.started(one.name)
            await jobs.printed(one.log(0), b"ready")
            await asyncio.to_thread(evict, cluster, one)
            said = await s.such(lambda o: isinstance(o, Waiting) and o.paused)
            assert said.reason.startswith("Paused for work of higher priority.")
            await jobs.printed(one.log(0), PAUSED)
            await asyncio.to_thread(let_on, cluster)
            await s.such(lambda _: sum(isinstance(o, Started) for o in s.seen) == 2)
            await jobs.printed(one.log(0), b"the new run. ---\nready")
            await s.engine.stop(one.name, grace_seconds=1)
            assert (await s.ended(one.name)).outcome is Outcome.STOPPED
        assert one.log(0).read_bytes().count(PAUSED) == 1
