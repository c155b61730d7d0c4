"""What befalls the cluster and the way to it: nothing is told to have failed, nothing is lost."""

import asyncio
import subprocess
import sys
import uuid

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, Health, Outcome, Started, Waiting
from submarine_ext.engines.kubernetes import names
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import session
from tests.cluster.status import forbidden
from tests.contract.test_local_engine import marked
from tests.kubernetes import hands

AWAY = "The cluster is not reachable since "


def task(root, source="print('begun')", *args, **fields):
    return maker().program(root, source, *args, **fields)


def maker():
    promise = Promise()
    promise.python = "python3"
    return promise


def unhealthy(observation):
    return isinstance(observation, Health) and not observation.info.healthy


def healthy(observation):
    return isinstance(observation, Health) and observation.info.healthy


async def after_trouble(s):
    """The engine is healthy again, after it was not."""
    await s.such(lambda o: healthy(o) and any(map(unhealthy, s.seen[: s.seen.index(o)])))


async def waiting_for_the_cluster(s, name):
    said = lambda o: isinstance(o, Waiting) and o.name == name and o.reason.startswith(AWAY)  # noqa: E731
    return await s.such(said)


class TestAPIServerAwayWhileStarting:
    async def test_a_server_starts_without_its_cluster_and_says_so(self, cluster, tmp_path):
        cluster.down()
        async with session(hands.make(cluster, tmp_path)) as s:
            health = await s.such(lambda o: unhealthy(o) and o.info.reason.startswith(AWAY))
            assert health.info.since is not None

    async def test_a_task_waits_for_it_and_runs_once(self, cluster, tmp_path):
        cluster.down()
        wanted = task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(wanted)
            await waiting_for_the_cluster(s, wanted.name)
            cluster.up()
            assert (await s.ended(wanted.name)).outcome is Outcome.SUCCEEDED
        assert wanted.log(0).read_text() == "begun\n"

    async def test_a_task_stopped_meanwhile_never_runs(self, cluster, tmp_path):
        cluster.down()
        unwanted = task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(unwanted)
            await waiting_for_the_cluster(s, unwanted.name)
            await s.engine.stop(unwanted.name)
            cluster.up()
            assert (await s.ended(unwanted.name)).outcome is Outcome.STOPPED
        assert hands.objects(cluster, "jobs.batch", unwanted) == []

    async def test_the_same_words_are_said_once(self, cluster, tmp_path):
        cluster.down()
        wanted = task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(wanted)
            await waiting_for_the_cluster(s, wanted.name)
            cluster.up()
            await s.ended(wanted.name)
        said = [(o.reason, o.position) for o in s.of(wanted.name) if isinstance(o, Waiting)]
        assert len(said) == len(set(said))


class TestAPIServerAwayWhileRunning:
    async def test_nothing_is_told_to_have_ended_and_it_catches_up(self, cluster, tmp_path):
        running = task(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await s.started(running.name)
            cluster.down()
            await s.such(lambda o: unhealthy(o) and o.info.reason.startswith(AWAY))
            hands.go_on(cluster, running)
            await hands.settled(cluster, running)
            assert not any(isinstance(o, Ended) for o in s.seen)
            cluster.up()
            ended = await s.ended(running.name)
            await after_trouble(s)
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, 7)
        assert running.log(0).read_text() == "bye\n"


class TestAPIServerAwayWhileStopping:
    async def test_the_stop_is_kept_and_takes_effect(self, cluster, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        running = task(tmp_path, jobs.SLEEPS, mark)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await jobs.printed(running.log(0), b"ready")
            cluster.down()
            await s.engine.stop(running.name, grace_seconds=1)
            cluster.up()
            assert (await s.ended(running.name)).outcome is Outcome.STOPPED
        assert marked(mark) == []

    async def test_it_is_kept_by_the_next_server_too(self, cluster, tmp_path):
        running = task(tmp_path, jobs.SLEEPS)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await s.started(running.name)
            cluster.down()
            await s.engine.stop(running.name)
        cluster.up()
        async with session(hands.make(cluster, tmp_path)) as s:
            assert await s.engine.adopt([running]) == set()
            assert (await s.ended(running.name)).outcome is Outcome.STOPPED


@pytest.mark.parametrize("propagation", ["Background", "Foreground", "Orphan"])
class TestForeignDelete:
    async def test_it_is_told_and_nothing_is_left(self, propagation, cluster, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        running = task(tmp_path, jobs.SLEEPS, mark)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await jobs.printed(running.log(0), b"ready")
            await asyncio.to_thread(hands.delete_job, cluster, running, propagation)
            ended = await s.ended(running.name)
        assert ended.outcome in (Outcome.LOST, Outcome.FAILED)
        assert ended.reason
        assert marked(mark) == []


class TestNamespaceGone:
    async def test_its_tasks_are_lost(self, cluster, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        running = task(tmp_path, jobs.SLEEPS, mark)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await jobs.printed(running.log(0), b"ready")
            await cluster.acall(cluster.inside.delete, "namespaces", "", hands.NAMESPACE)
            ended = await s.ended(running.name)
        assert ended.outcome in (Outcome.LOST, Outcome.FAILED)
        assert marked(mark) == []

    async def test_a_task_that_would_go_there_is_refused_in_words(self, cluster, tmp_path):
        async with session(hands.make(cluster, tmp_path, namespace="no-such-team")) as s:
            wanted = task(tmp_path)
            await s.engine.start(wanted)
            ended = await s.ended(wanted.name)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "no-such-team" in ended.reason


class TestNameTaken:
    """Catches the mutant that takes any object of the name for its own."""

    async def test_a_foreign_job_is_neither_taken_nor_touched(self, cluster, tmp_path):
        wanted = task(tmp_path)
        theirs = {
            "metadata": {"name": names.of(wanted.name)},
            "spec": {
                "suspend": True,
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "theirs", "image": "python:3.12"}],
                    }
                },
            },
        }
        await cluster.acall(cluster.inside.create, "jobs.batch", hands.NAMESPACE, theirs)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(wanted)
            ended = await s.ended(wanted.name)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "did not make" in ended.reason
        found = await asyncio.to_thread(hands.job, cluster, wanted)
        assert found["spec"]["suspend"]


class TestRightsWithdrawn:
    async def test_nothing_fails_and_all_is_told_once_they_are_back(self, cluster, tmp_path):
        running = task(tmp_path, jobs.WAITS_THEN_EXITS_WITH_7)
        kept = cluster.server.authorize
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await s.started(running.name)
            cluster.server.authorize = refuse
            cluster.cut_all()
            health = await s.such(lambda o: unhealthy(o) and "forbidden" in o.info.reason)
            assert not health.info.reason.startswith(AWAY)
            hands.go_on(cluster, running)
            await hands.settled(cluster, running)
            assert not any(isinstance(o, Ended) for o in s.seen)
            cluster.server.authorize = kept
            assert (await s.ended(running.name)).exit_code == 7


def refuse(call):
    """As a server does for whom the Role was taken away."""
    if call.resource is not None:
        raise forbidden(call.resource.group, call.resource.plural, "", "User cannot do this")


class TestNothingIsHeldOpen:
    async def test_close_leaves_no_task_and_lets_the_job_go_on(self, cluster, tmp_path):
        running = task(tmp_path, jobs.SLEEPS)
        before = asyncio.all_tasks()
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(running)
            await s.started(running.name)
        assert asyncio.all_tasks() == before
        (pod,) = hands.objects(cluster, "pods", running)
        assert pod["status"]["phase"] == "Running"

    async def test_a_namespace_without_tasks_is_not_watched(self, cluster, tmp_path):
        wanted = task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.healthy()
            assert not any(verb == "watch" for verb, _ in cluster.requests)
            await s.engine.start(wanted)
            await s.ended(wanted.name)
            async with asyncio.timeout(10):
                while watch_tasks():
                    await asyncio.gather(*watch_tasks(), return_exceptions=True)


def watch_tasks():
    return [found for found in asyncio.all_tasks() if found.get_name().startswith("watch ")]


class TestWithoutTheExtra:
    """A server that has not the packages starts, and says what to install."""

    SERVER = """
import asyncio, sys
sys.modules["aiohttp"] = sys.modules["kubernetes"] = None
from pathlib import Path
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.settings import Settings

async def main():
    engine = KubernetesEngine(Path(sys.argv[1]), Settings())
    await engine.open()
    async for observation in engine.observe():
        print(observation.info.healthy, observation.info.reason)
        break
    await engine.close()

asyncio.run(main())
"""

    def test_it_says_what_to_install(self, tmp_path):
        said = python(self.SERVER, str(tmp_path))
        assert said.startswith("False ")
        assert "pip install 'submarine-ext[kubernetes]'" in said

    def test_importing_the_engine_imports_nothing_that_speaks_to_clusters(self):
        said = python(
            "import sys, submarine_ext.engines.kubernetes.engine\n"
            "print(sorted({'aiohttp', 'kubernetes', 'fsspec'} & sys.modules.keys()))"
        )
        assert said == "[]"


def python(source, *args):
    command = [sys.executable, "-c", source, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class TestNoKubeconfig:
    async def test_it_is_said_in_words_and_tasks_wait(self, tmp_path, cluster):
        engine = hands.make(cluster, tmp_path, kubeconfig=str(tmp_path / "none"))
        wanted = task(tmp_path)
        async with session(engine) as s:
            await s.engine.start(wanted)
            await s.such(lambda o: unhealthy(o) and "none" in o.info.reason)
            await s.such(lambda o: isinstance(o, Waiting) and "none" in o.reason)
            await s.engine.stop(wanted.name)
            assert (await s.ended(wanted.name)).outcome is Outcome.STOPPED


class TestOneWatchForAll:
    async def test_requests_do_not_grow_with_the_number_of_running_jobs(self, cluster, tmp_path):
        running = [task(tmp_path, jobs.SLEEPS) for _ in range(6)]
        async with session(hands.make(cluster, tmp_path)) as s:
            for one in running:
                await s.engine.start(one)
            for one in running:
                await s.started(one.name)
            watches = [key for key in cluster.requests.elements() if key[0] == "watch"]
            assert len(watches) == 3, "jobs, pods and events"
            assert [o for o in s.seen if isinstance(o, Started)]
            for one in running:
                await s.engine.stop(one.name, grace_seconds=1)
            for one in running:
                await s.ended(one.name)


class TestPreparedBadly:
    async def test_files_too_large_for_the_cluster_are_refused_before_anything_is_made(
        self, cluster, tmp_path
    ):
        import os

        wanted = maker().make_task(tmp_path, JobSpec(command=["true"]))
        (wanted.work / "model.bin").write_bytes(os.urandom(9 * 1024 * 1024))
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(wanted)
            ended = await s.ended(wanted.name)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "model.bin" in ended.reason
        assert hands.objects(cluster, "jobs.batch", wanted) == []
