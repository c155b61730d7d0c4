"""What the fake's Kueue, Trainer and operators do, as far as the engine sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.work import Timing

Object = dict[str, Any]
SPACE = "team-a"
JOBS, WORKLOADS = "jobs.batch", "workloads.kueue.x-k8s.io"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    crds = ("kueue", "trainjob", "v1")
    with Cluster(crds=crds, timing=Timing(own=0.02)) as found:
        queue(found)
        yield found


def create(cluster: Cluster, resource: str, namespace: str, obj: Object) -> Object:
    made: Object = cluster.call(cluster.inside.create, resource, namespace, obj)
    return made


def queue(cluster: Cluster, cpu: str = "4", **spec: Any) -> None:
    quota = {"name": "default", "resources": [{"name": "cpu", "nominalQuota": cpu}]}
    groups = [{"coveredResources": ["cpu"], "flavors": [quota]}]
    preemption = {"withinClusterQueue": "LowerPriority"}
    body = {"resourceGroups": groups, "namespaceSelector": {}, "preemption": preemption, **spec}
    create(cluster, "clusterqueues.kueue.x-k8s.io", "", {"metadata": {"name": "all"}, "spec": body})
    local = {"metadata": {"name": "team"}, "spec": {"clusterQueue": "all"}}
    create(cluster, "localqueues.kueue.x-k8s.io", SPACE, local)


def job(name: str, cpu: str, script: str = "sleep 60", *, priority: str | None = None) -> Object:
    labels = {"kueue.x-k8s.io/queue-name": "team"}
    if priority:
        labels["kueue.x-k8s.io/priority-class"] = priority
    container = {"name": "main", "image": "python:3.12", "command": ["sh", "-c", script]}
    container["resources"] = {"requests": {"cpu": cpu}}  # type: ignore[assignment]
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"template": {"spec": pod}}}


def says(kind: str, value: str = "True") -> Any:
    def check(obj: Object, _: str) -> bool:
        found = obj.get("status", {}).get("conditions", [])
        return any((c["type"], c["status"]) == (kind, value) for c in found)

    return check


class TestAQueue:
    def test_starts_what_fits_and_holds_the_rest_with_its_reason(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        create(cluster, JOBS, SPACE, job("first", "3"))
        seen.until("pods", "first", lambda pod, _: pod["status"]["phase"] == "Running")
        create(cluster, JOBS, SPACE, job("second", "2"))
        waits = seen.until(WORKLOADS, "job-second", says("QuotaReserved", "False"))
        (pending,) = waits["status"]["conditions"]
        assert pending["message"] == (
            "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor"
            " default, 1 more needed"
        )
        places = seen.get(f"/apis/visibility.kueue.x-k8s.io/v1beta2/namespaces/{SPACE}"
                          "/localqueues/team/pendingworkloads")  # fmt: skip
        assert [item["positionInLocalQueue"] for item in places["items"]] == [0]
        cluster.call(cluster.inside.delete, JOBS, SPACE, "first")
        seen.until("pods", "second", lambda pod, _: pod["status"]["phase"] == "Running")

    def test_says_what_it_can_never_hold(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        create(cluster, JOBS, SPACE, job("huge", "9"))
        waits = seen.until(WORKLOADS, "job-huge", says("QuotaReserved", "False"))
        assert waits["status"]["conditions"][0]["message"].endswith("> maximum capacity (4)")

    def test_pauses_a_job_for_one_of_higher_priority(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        top = {"metadata": {"name": "top"}, "value": 10}
        create(cluster, "workloadpriorityclasses.kueue.x-k8s.io", "", top)
        create(cluster, JOBS, SPACE, job("low", "3"))
        seen.until("pods", "low", lambda pod, _: pod["status"]["phase"] == "Running")
        create(cluster, JOBS, SPACE, job("high", "3", priority="top"))
        seen.until("pods", "high", lambda pod, _: pod["status"]["phase"] == "Running")
        low = seen.until(JOBS, "low", says("Suspended"))
        assert low["spec"]["suspend"] is True
        assert says("Preempted")(seen.until(WORKLOADS, "job-low", says("Evicted")), "")


RUNTIME = {
    "metadata": {"name": "torch-distributed"},
    "spec": {
        "mlPolicy": {"numNodes": 1, "torch": {}},
        "template": {"spec": {"replicatedJobs": [{"name": "node", "template": {"spec": {
            "backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "node", "image": "python:3.12"}]}}}}}]}},
    },
}  # fmt: skip


class TestATrainJob:
    def test_becomes_pods_that_know_their_rank(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        create(cluster, "clustertrainingruntimes.trainer.kubeflow.org", "", RUNTIME)
        command = ["sh", "-c", 'echo "$PET_NODE_RANK of $PET_NNODES at $PET_MASTER_ADDR"']
        patch = {"metadata": {"labels": {"mine": "yes"}}, "spec": {}}
        step = {"name": "node", "template": {"spec": {"template": patch}}}
        spec = {"template": {"spec": {"replicatedJobs": [step]}}}
        create(cluster, "trainjobs.trainer.kubeflow.org", SPACE, {
            "metadata": {"name": "train"},
            "spec": {
                "runtimeRef": {"name": "torch-distributed"},
                "trainer": {"numNodes": 2, "command": command, "image": "python:3.12"},
                "runtimePatches": [{"manager": "test/ours", "trainingRuntimeSpec": spec}],
            },
        })  # fmt: skip
        over = seen.until("trainjobs.trainer.kubeflow.org", "train", says("Complete"))
        assert over["status"]["jobsStatus"][0]["succeeded"] == 1
        pods = cluster.call(cluster.inside.list, "pods", SPACE, "mine=yes")
        assert len(pods) == 2
        log = f"/api/v1/namespaces/{SPACE}/pods/{pods[1]['metadata']['name']}/log"
        assert seen.text(log) == "1 of 2 at 127.0.0.1\n"


class TestAPyTorchJob:
    def test_runs_a_master_and_workers_and_ends_with_the_master(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        script = 'echo "$RANK/$WORLD_SIZE"; [ $RANK = 0 ] || sleep 60'
        container = {"name": "pytorch", "image": "python:3.12", "command": ["sh", "-c", script]}
        pod = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        replica = {"replicas": 1, "restartPolicy": "Never", "template": {"spec": pod}}
        create(cluster, "pytorchjobs.kubeflow.org", SPACE, {
            "metadata": {"name": "pt"},
            "spec": {
                "runPolicy": {"cleanPodPolicy": "Running"},
                "pytorchReplicaSpecs": {"Master": replica, "Worker": replica},
            },
        })  # fmt: skip
        seen.until("pytorchjobs.kubeflow.org", "pt", says("Succeeded"))
        seen.gone("pods", "pt-worker-0")
        assert seen.text(f"/api/v1/namespaces/{SPACE}/pods/pt-master-0/log") == "0/2\n"
