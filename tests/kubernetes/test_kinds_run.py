"""A job runs as each kind that the cluster has, and its files travel through a staging area."""

from __future__ import annotations

import json
import os
import uuid

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec
from submarine_ext.engines.base import Outcome, Task, task_name
from submarine_ext.engines.kubernetes import bundle, objects, site
from submarine_ext.engines.kubernetes.kinds import choose
from submarine_ext.testing.session import scenario, session
from tests.kubernetes import hands, signing

MEETS = """
import json, os, socket, time
print(json.dumps(dict(os.environ)), flush=True)
where = (os.environ.get("MASTER_ADDR"), int(os.environ.get("MASTER_PORT", 0)))
if where[0] and os.environ["RANK"] == "0":
    socket.create_server(where).accept()  # some operators end everybody with this rank
while where[0] and os.environ["RANK"] != "0":
    try:
        socket.create_connection(where)
        break
    except ConnectionRefusedError:
        time.sleep(0.01)
"""


def task(root, *command, **fields):
    job = f"j{uuid.uuid4().hex[:11]}"
    folder = root / job / "1"
    (folder / "work").mkdir(parents=True)
    spec = JobSpec(command=list(command), **fields)
    return Task(name=task_name(job, 1), job=job, attempt=1, owner="ada", project="p",
                spec=spec, folder=folder)  # fmt: skip


async def ended(cluster, root, attempt, **settings):
    async with session(hands.make(cluster, root, **settings)) as s:
        await s.engine.start(attempt)
        return await s.ended(attempt.name)


KINDS = [
    ({"crds": ["trainjob"]}, "torch", "trainjobs.trainer.kubeflow.org"),
    ({"crds": ["pytorchjob"]}, "torch", "pytorchjobs.kubeflow.org"),
    ({"crds": ["tfjob"]}, "tensorflow", "tfjobs.kubeflow.org"),
    ({"crds": ["xgboostjob"]}, "xgboost", "xgboostjobs.kubeflow.org"),
    ({"crds": []}, "torch", "jobs.batch"),
]


class TestKindsRun:
    """On the fake cluster, with the operators that it has."""

    @pytest.fixture(autouse=True)
    def on_the_fake(self, cluster):
        self.cluster = cluster

    @pytest.mark.parametrize(
        ("cluster", "framework", "resource"), KINDS, indirect=["cluster"], ids=[k[2] for k in KINDS]
    )
    @scenario
    async def test_ranks_find_each_other_whatever_kind_it_is(self, framework, resource, tmp_path):
        if resource.startswith("trainjobs"):
            runtime(self.cluster)
        shape = Distributed(framework=Framework(framework), nodes=2)
        attempt = task(tmp_path, "python3", "-c", MEETS, distributed=shape)
        end = await ended(self.cluster, tmp_path, attempt)
        assert end.outcome is Outcome.SUCCEEDED, end.reason
        assert len(hands.objects(self.cluster, resource, attempt)) == 1
        found = [json.loads(attempt.log(rank).read_text()) for rank in range(2)]
        assert [env["SUBMARINE_RANK"] for env in found] == ["0", "1"]
        if framework == "tensorflow":
            told = [json.loads(env["TF_CONFIG"]) for env in found]
            assert [one["task"]["index"] for one in told] == [0, 1]
            assert told[0]["cluster"] == told[1]["cluster"]
        else:
            assert [env["RANK"] for env in found] == ["0", "1"]
            assert {env["WORLD_SIZE"] for env in found} == {"2"}
            assert len({(env["MASTER_ADDR"], env["MASTER_PORT"]) for env in found}) == 1


async def test_a_job_that_another_release_began_to_send_is_refused_not_left_waiting(
    cluster, tmp_path, monkeypatch
):
    """Its pods would look for ConfigMaps that nobody makes any more. Catches a mutant that
    goes on with the object that it finds.
    """
    attempt = task(tmp_path, "true")
    engine = hands.make(cluster, tmp_path)
    kind = choose.named("job")
    cargo = bundle.cargo(attempt, engine.settings, kind)
    draft = objects.draft(
        attempt, engine.settings, replace(cargo, kit={**cargo.kit, "track.py": b"of old"}),
        site=site.of(tmp_path),
        namespace=hands.NAMESPACE, queue=None,
    )  # fmt: skip
    cluster.call(cluster.inside.create, "jobs.batch", hands.NAMESPACE, kind.manifest(draft))
    end = await ended(cluster, tmp_path, attempt)
    assert end.outcome is Outcome.FAILED
    assert end.reason == (
        "The server was updated while it sent this job to the cluster. Run it again."
    )
    assert hands.job(cluster, attempt) is None


def runtime(cluster):
    """What an administrator of Kubeflow's trainer has made."""
    container = {"name": "node", "image": "python:3.12"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    step = {
        "name": "node",
        "template": {
            "metadata": {"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}},
            "spec": {"backoffLimit": 0, "template": {"spec": pod}},
        },
    }
    made = {
        "metadata": {"name": "torch-distributed"},
        "spec": {
            "mlPolicy": {"numNodes": 1, "torch": {}},
            "template": {"spec": {"replicatedJobs": [step]}},
        },
    }
    create = cluster.inside.create
    cluster.call(create, "clustertrainingruntimes.trainer.kubeflow.org", "", made)


COPIES = "import shutil; shutil.copy('data/noise', 'out.bin')"


class TestStaging:
    """Files that are too large for the cluster's objects, both ways, through a whole job."""

    @pytest.fixture(autouse=True)
    def on_the_fake(self, cluster, monkeypatch):
        self.cluster = cluster
        monkeypatch.setattr(bundle, "CHUNKS", 0)

    def with_noise(self, root):
        attempt = task(root, "python3", "-c", COPIES, outputs=["out.bin"])
        (attempt.work / "data").mkdir()
        (attempt.work / "data/noise").write_bytes(os.urandom(3_000_000))
        return attempt

    @scenario
    async def test_through_an_object_store(self, tmp_path):
        (tmp_path / "store").mkdir()
        with signing.store(tmp_path / "store") as options:
            attempt = self.with_noise(tmp_path)
            end = await ended(
                self.cluster, tmp_path, attempt, max_framed_bytes=1000,
                staging_url="signing://bucket/jobs", staging_options=options,
            )  # fmt: skip
        assert (end.outcome, end.reason) == (Outcome.SUCCEEDED, None)
        noise = (attempt.work / "data/noise").read_bytes()
        assert (attempt.artifacts / "out.bin").read_bytes() == noise
        assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []

    @scenario
    async def test_through_a_volume(self, tmp_path):
        volume = self.cluster.folder / "claims" / hands.NAMESPACE / "scratch"
        claim = {
            "metadata": {"name": "scratch"},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }
        create = self.cluster.inside.create
        claim = self.cluster.call(create, "persistentvolumeclaims", hands.NAMESPACE, claim)
        bound = {**claim, "status": {"phase": "Bound"}}
        update = self.cluster.inside.update
        self.cluster.call(update, "persistentvolumeclaims", bound, "status")
        volume.mkdir(parents=True, exist_ok=True)
        attempt = self.with_noise(tmp_path)
        end = await ended(
            self.cluster, tmp_path, attempt, max_framed_bytes=1000,
            staging_claim="scratch", staging_path=str(volume),
        )  # fmt: skip
        assert (end.outcome, end.reason) == (Outcome.SUCCEEDED, None)
        noise = (attempt.work / "data/noise").read_bytes()
        assert (attempt.artifacts / "out.bin").read_bytes() == noise
        assert list(volume.iterdir()) == []
