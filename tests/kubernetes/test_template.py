"""What the shared template and each kind's object say, where it matters."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.kubernetes import objects
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.kinds.trainjob import TrainJob
from submarine_ext.engines.kubernetes.settings import GpuType, Settings
from tests.kubernetes import drafts
from tests.kubernetes.drafts import SITE, UID, made, pods, task

every_kind = pytest.mark.parametrize("kind", drafts.KINDS)


def only_pod(spec: JobSpec, given: Settings | None = None) -> dict[str, Any]:
    (pod,) = pods(made(task(spec), given or Settings())[0])
    return pod["spec"]


def test_an_attempt_runs_at_most_once():
    top = made(task(JobSpec(command=["true"], distributed=Distributed(nodes=2))), Settings())[0]
    job = top["spec"]
    assert (job["suspend"], job["backoffLimit"], job["podReplacementPolicy"]) == (True, 0, "Failed")
    assert [rule["action"] for rule in job["podFailurePolicy"]["rules"]] == ["FailJob", "FailJob"]
    assert "successPolicy" not in job
    assert only_pod(JobSpec(command=["true"]))["restartPolicy"] == "Never"


def test_nodes_find_each_other_through_a_headless_service_as_torchrun_expects():
    shape = Distributed(framework=Framework.TORCH, nodes=3)
    top, service, *_ = made(task(JobSpec(command=["torchrun"], distributed=shape)), Settings())
    pod = pods(top)[0]["spec"]
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert (env["PET_NNODES"], env["PET_NPROC_PER_NODE"]) == ("3", "1")
    assert (env["PET_MASTER_ADDR"], env["PET_MASTER_PORT"]) == ("j0abc-1-0.j0abc-1", "29500")
    assert service["kind"] == "Service"
    assert service["metadata"]["name"] == pod["subdomain"] == "j0abc-1"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": "j0abc-1"}


def test_one_node_needs_no_service():
    assert {obj["kind"] for obj in made(task(JobSpec(command=["true"])), Settings())} == {
        "Job",
        "ConfigMap",
    }


def test_shared_memory_is_at_most_half_of_the_memory_that_it_counts_as():
    def size(memory, given):
        spec = JobSpec(command=["true"], resources=Resources(memory=memory))
        shm = next(v for v in only_pod(spec, given)["volumes"] if v["name"] == "shm")
        return shm["emptyDir"]["sizeLimit"]

    assert size(None, Settings(shared_memory="2Gi")) == "2Gi"
    assert size("16Gi", Settings(shared_memory="2Gi")) == "2Gi"
    assert size("1Gi", Settings(shared_memory="2Gi")) == "512Mi"


def test_a_type_of_gpu_is_a_resource_on_labelled_nodes():
    gpu = GpuType(labels={"gpu": "a100"}, resource="amd.com/gpu", tolerations=[{"key": "gpu"}])
    given = Settings(gpu_types={"a100": gpu}, node_selector={"pool": "batch"})
    spec = JobSpec(command=["true"], resources=Resources(gpu=2, gpu_type="a100"))
    pod = only_pod(spec, given)
    assert pod["nodeSelector"] == {"pool": "batch", "gpu": "a100"}
    assert pod["tolerations"] == [{"key": "gpu"}]
    sizes = pod["containers"][0]["resources"]
    assert sizes["limits"]["amd.com/gpu"] == sizes["requests"]["amd.com/gpu"] == "2"


def test_memory_is_asked_for_and_limited_alike_and_cpus_are_not_limited():
    spec = JobSpec(command=["true"], resources=Resources(cpu=2, memory="3Gi"))
    sizes = only_pod(spec)["containers"][0]["resources"]
    assert sizes == {"requests": {"cpu": "2000m", "memory": "3Gi"}, "limits": {"memory": "3Gi"}}


def test_a_pod_whose_launcher_hangs_is_ended_long_after_its_time():
    assert "activeDeadlineSeconds" not in only_pod(JobSpec(command=["true"]))
    given = Settings(max_timeout_seconds=100, grace_seconds=30)
    assert only_pod(JobSpec(command=["true"]), given)["activeDeadlineSeconds"] == 3730
    spec = JobSpec(command=["true"], timeout_seconds=10)
    assert only_pod(spec, given)["activeDeadlineSeconds"] == 3640


def test_secrets_travel_in_a_secret_of_the_job_and_nowhere_else():
    spec = JobSpec(command=["true"], secrets=["TOKEN"])
    top, secret, *others = made(task(spec), Settings())
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "j0abc-1")
    assert b64decode(secret["data"]["TOKEN"]) == b"value of TOKEN"
    assert "value of TOKEN" not in json.dumps([top, *others])


def test_kueues_label_stands_on_the_top_object_only():
    given = Settings(queue="team-a")
    for kind in drafts.KINDS:
        top = made(task(JobSpec(command=["true"])), given, kind)[0]
        assert top["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
        assert "kueue" not in json.dumps([pod["metadata"] for pod in pods(top)])
    assert "kueue" not in json.dumps(made(task(JobSpec(command=["true"])), Settings()))


@every_kind
def test_pods_and_owned_objects_carry_the_labels_by_which_they_are_watched(kind):
    top, *owned = made(task(JobSpec(command=["true"], secrets=["A"])), Settings(), kind)
    for labels in [obj["metadata"]["labels"] for obj in (top, *owned, *pods(top))]:
        assert labels["submarine-ext/site"] == SITE
        assert labels["submarine-ext/task"] == "j0abc-1"


@every_kind
def test_pods_look_for_the_configmaps_that_are_made(kind):
    top, *owned = made(task(JobSpec(command=["true"])), Settings(), kind)
    names = {obj["metadata"]["name"] for obj in owned if obj["kind"] == "ConfigMap"}
    assert objects.mounted(top) == names


@every_kind
def test_every_kind_is_made_suspended_and_let_go_by_one_patch(kind):
    top = made(task(JobSpec(command=["true"])), Settings(), kind)[0]
    top["metadata"]["uid"] = UID
    assert named(kind).read(top).suspended
    _merge(top, named(kind).unsuspend())
    assert not named(kind).read(top).suspended


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            _merge(into[name], value)
        else:
            into[name] = value


def test_the_change_of_a_trainjob_is_called_as_the_release_calls_it():
    spec = JobSpec(command=["true"], distributed=Distributed(nodes=2))
    old = TrainJob(frozenset({"podTemplateOverrides", "runtimeRef"}))
    new = TrainJob(frozenset({"runtimePatches", "runtimeRef"}))
    (override,) = made(task(spec), Settings(), old)[0]["spec"]["podTemplateOverrides"]
    assert override["targetJobs"] == [{"name": "node"}]
    assert override["metadata"]["labels"]["submarine-ext/task"] == "j0abc-1"
    assert [v["name"] for v in override["spec"]["volumes"]] == ["bundle", "workspace", "shm", "tmp"]
    (patch,) = made(task(spec), Settings(), new)[0]["spec"]["runtimePatches"]
    assert "/" in patch["manager"]


def test_a_trainjob_leaves_torchruns_variables_to_the_trainer():
    shape = Distributed(framework=Framework.TORCH, nodes=2)
    spec = JobSpec(command=["true"], distributed=shape, env={"A": "b"}, secrets=["S"])
    trainer = made(task(spec), Settings(), "trainjob")[0]["spec"]["trainer"]
    assert [one["name"] for one in trainer["env"]] == ["A", "S"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (2, 1)
