"""A job's one way as people see it, on a cluster: what it is locally, and what is new there."""

import base64
import json

import pytest
from msgspec.structs import replace

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal, Role
from submarine_ext.domain.jobs import WITHHELD, JobState, Resources
from submarine_ext.engines.kubernetes import names
from tests.cluster.cluster import Cluster
from tests.cluster.nodes import Machine
from tests.contract import test_lifecycle as local
from tests.contract import test_secrets as secrets
from tests.kubernetes import hands

ANA, EVE = Principal("ana"), Principal("eve")
lab = local.lab
TRAINS = """
import os, time
from submarine_ext import track
for step in range(3):
    track.log_metric('loss', 1 / (step + 1), step)
while not os.path.exists('go on'):
    time.sleep(0.01)
os.mkdir('out')
with open('out/model.bin', 'wb') as file:
    file.write(bytes(range(256)) * 40)
"""
IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def cluster():
    with Cluster(machines=[Machine(cpu="8", memory="16Gi", gpus=2)]) as cluster:
        yield cluster


@pytest.fixture
def settings(tmp_path, cluster):
    return Settings(
        root=tmp_path / "data",
        owner="ana",
        engines=("kubernetes",),
        makers={"kubernetes": lambda root: hands.make(cluster, root)},
    )


class TestAJob(local.TestAJob):
    """As on one machine."""


class TestRetries(local.TestRetries):
    """As on one machine."""

    async def test_each_attempt_has_an_object_of_its_own(self, lab, cluster):
        done = await lab.until(await lab.submit(command=["false"], retries=1))
        assert (done.state, done.attempt) == (JobState.FAILED, 2)
        found = of(cluster, "jobs.batch", done)
        assert [top["metadata"]["name"] for top in found] == [f"{done.id}-1", f"{done.id}-2"]


class TestDelete(local.TestDelete):
    """As on one machine."""


class TestTheServerGoes(local.TestTheServerGoes):
    """As on one machine."""


class TestIdempotency(local.TestIdempotency):
    """As on one machine."""


class TestATraining:
    async def test_it_shows_its_curve_while_it_runs_and_leaves_its_model(self, lab, cluster):
        bundle = await lab.upload(train_py=TRAINS)
        spec = {"script": "train.py", "bundle": bundle, "outputs": ["out/*.bin"]}
        job = await lab.until(await lab.submit(**spec), JobState.RUNNING)
        running = await lab.such(job, lambda job: job.latest == {"loss": 1 / 3})
        assert running.state is JobState.RUNNING
        [pod] = of(cluster, "pods", job)
        work = cluster.folder / "pods" / pod["metadata"]["uid"] / "main" / "workspace" / "work"
        (work / "go on").touch()
        done = await lab.until(job)
        assert (done.state, done.reason) == (JobState.SUCCEEDED, None)
        points = await lab.inside.results.metrics(ANA, job.id, None, 100)
        assert points.series["loss"].value == [1, 1 / 2, 1 / 3]
        [left] = await lab.inside.results.artifacts(ANA, job.id)
        model = await lab.inside.results.artifact(ANA, job.id, "out/model.bin")
        assert (left.path, model.read_bytes()) == ("out/model.bin", bytes(range(256)) * 40)


class TestStop:
    async def test_one_that_does_not_listen_is_ended_after_its_grace_and_nothing_is_left(
        self, lab, cluster
    ):
        job = await lab.submit(command=["python3", "-c", IGNORES_SIGTERM])
        await lab.says_something(await lab.until(job, JobState.RUNNING))
        await lab.inside.jobs.stop(ANA, job.id, grace_seconds=1)
        done = await lab.until(job)
        assert (done.state, done.reason) == (JobState.CANCELLED, "Stopped by ana.")
        for resource in ("jobs.batch", "pods"):
            assert of(cluster, resource, job) == []


class TestWhatCannotRunYet:
    async def test_it_says_why_and_what_would_and_remembers_it(self, lab):
        job = await lab.submit(command=["true"], resources=Resources(gpu=4))
        waiting = await lab.such(job, lambda job: job.remedy is not None)
        assert waiting.state is JobState.QUEUED
        assert "GPU" in waiting.reason
        assert waiting.remedy == replace(waiting.spec, resources=Resources(gpu=2))
        await lab.inside.jobs.stop(ANA, job.id)
        stopped = await lab.until(job)
        assert (stopped.state, stopped.remedy) == (JobState.CANCELLED, waiting.remedy)
        assert (await lab.until(await lab.again(waiting.remedy))).state is JobState.SUCCEEDED

    async def test_a_viewer_sees_that_it_waits_and_neither_its_spec_nor_the_remedy(self, lab):
        await lab.inside.sharing.grant(ANA, "default", "user:eve", Role.VIEWER)
        job = await lab.submit(command=["true"], resources=Resources(gpu=4))
        waiting = await lab.such(job, lambda job: job.remedy is not None)
        seen = await lab.inside.jobs.get(EVE, job.id)
        assert (seen.spec, seen.remedy) == (WITHHELD, None)
        assert seen.reason == waiting.reason
        await lab.inside.jobs.stop(ANA, job.id)
        await lab.until(job)


class TestSecrets:
    """What holds of them on one machine holds here, too; the cluster has one copy, a Secret."""

    class Lab(secrets.Lab):
        """How it ended, in its own words, is kept beside its log, for a server that was killed."""

        own = frozenset({"rank-0.log", "kubernetes.end"})

    @pytest.fixture
    def lab(self, settings, jp_asyncio_loop):
        async def begin():
            return self.Lab(await Submarine.open(settings), settings)

        opened = jp_asyncio_loop.run_until_complete(begin())
        yield opened
        jp_asyncio_loop.run_until_complete(opened.inside.close())

    test_what_is_said_is_redacted = (
        secrets.TestWhatAJobSaysOfThem.test_is_redacted_wherever_people_read_it
    )
    test_notebooks_are_redacted = (
        secrets.TestWhatAJobSaysOfThem.test_is_redacted_in_the_executed_notebook
    )
    test_nothing_is_written_down = (
        secrets.TestAJobGetsItsSecrets.test_as_a_command_and_nothing_of_them_is_written_down
    )
    test_all_ranks_get_them = secrets.TestAJobGetsItsSecrets.test_in_all_its_ranks

    async def test_they_are_in_no_object_but_one_secret(self, lab, cluster):
        await lab.put()
        job = await lab.run(command=["python3", "-c", secrets.QUIET])
        assert job.state is JobState.SUCCEEDED
        for resource in ("jobs.batch", "pods", "configmaps", "services"):
            for one in of(cluster, resource, job):
                assert secrets.CANARY not in json.dumps(one, ensure_ascii=False)
                assert json.dumps(secrets.CANARY)[1:-1] not in json.dumps(one)
        [secret] = of(cluster, "secrets", job)
        assert base64.b64decode(secret["data"]["TOKEN"]).decode() == secrets.CANARY
        assert secret["metadata"]["ownerReferences"][0]["name"] == names.of(f"{job.id}-1")


def of(cluster, resource, job):
    """The cluster's objects of that job."""
    return cluster.call(cluster.inside.list, resource, hands.NAMESPACE, f"{names.JOB}={job.id}")
