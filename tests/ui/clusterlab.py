"""A JupyterLab whose jobs can run on a cluster, and that cluster: the fake, over real HTTP."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import Lab

from tests.cluster.cluster import Cluster
from tests.cluster.nodes import Machine

NAMESPACE = "team-a"
EXAMPLES = Path(__file__).parents[2] / "examples"
MACHINES = (Machine("cpu-1"), Machine("cpu-2"))
IMAGE = "python:3.12"
#: Two of them fill the queue.
QUEUE_CPUS = "2"


class ClusterLab(Lab):
    """``lab.cluster`` is the cluster; jobs run on this machine unless they say otherwise."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder)
        self.cluster = cluster
        config = folder / "config" / "jupyter_server_config.json"
        config.parent.mkdir()
        config.write_text(json.dumps({
            "SubmarineExtension": {"engines": ["local", "kubernetes"]},
            "KubernetesEngine": {
                "kubeconfig": str(cluster.kubeconfig),
                "image": IMAGE,
                "images": ["python:*", "registry.example/*"],
                "gpu_types": {"a100": {"labels": {"gpu": "a100"}}},
            },
        }))  # fmt: skip

    def objects(self, resource: str, job: str) -> list[dict[str, Any]]:
        """The cluster's objects of one job."""
        labels = f"submarine-ext/job-id={job}"
        found: list[dict[str, Any]] = self.cluster.call(
            self.cluster.inside.list, resource, NAMESPACE, labels
        )
        return found

    def job(self, name: str) -> dict[str, Any]:
        """The newest job of that name, as the API has it."""
        jobs = self.api("GET", "/projects/default/jobs")["items"]
        return next(job for job in jobs if job["name"] == name)

    def submit(self, name: str, **spec: Any) -> None:
        """A job for the cluster."""
        body = {"name": name, "engine": "kubernetes", "command": ["true"], **spec}
        self.api("POST", "/projects/default/jobs", body)

    def say_of_pod(self, name: str, message: str) -> None:
        """The scheduler says something else of the only pod of a job."""
        (pod,) = self.objects("pods", self.job(name)["id"])

        def said(found: dict[str, Any]) -> dict[str, Any]:
            (condition,) = (c for c in found["status"]["conditions"] if c["type"] == "PodScheduled")
            condition["message"] = message
            return found

        self.cluster.call(
            self.cluster.inside.change, "pods", NAMESPACE, pod["metadata"]["name"], said, "status"
        )

    def work_folder(self, name: str) -> Path:
        """Where the only pod of a job runs."""
        (pod,) = self.objects("pods", self.job(name)["id"])
        folder = self.cluster.folder / "pods" / pod["metadata"]["uid"]
        return folder / "main" / "workspace" / "work"


@contextmanager
def cluster_lab(folder: Path) -> Iterator[ClusterLab]:
    """Both, with the training's script in the lab's folder and a small queue on the cluster."""
    with Cluster(crds=["kueue"], machines=MACHINES) as cluster:
        furnish(cluster)
        fresh = ClusterLab(folder, cluster)
        shutil.copy(EXAMPLES / "train_digits.py", fresh.root)
        with fresh.running():
            crowd(fresh)
            yield fresh


def crowd(lab: ClusterLab) -> None:
    """Others are there: one who fills the queue, one behind it, one who asks for too much."""
    lab.submit("night-run", command=["sleep", "600"], queue="training", resources={"cpu": "2"})
    while lab.job("night-run")["state"] != "running":
        time.sleep(0.05)  # the first request of a server that connects
    lab.submit("sweep-17", queue="training")
    lab.submit("wide-net", resources={"cpu": "100"})


def furnish(cluster: Cluster) -> None:
    """A Kueue LocalQueue ``training`` with ``QUEUE_CPUS``, and a quota of two GPUs."""
    group = "kueue.x-k8s.io"
    room = [{"name": "cpu", "nominalQuota": QUEUE_CPUS}]
    flavors = [{"name": "default", "resources": room}]
    shared = {
        "metadata": {"name": "all"},
        "spec": {
            "namespaceSelector": {},
            "resourceGroups": [{"coveredResources": ["cpu"], "flavors": flavors}],
        },
    }
    local = {"metadata": {"name": "training"}, "spec": {"clusterQueue": "all"}}
    cluster.call(cluster.inside.create, f"clusterqueues.{group}", "", shared)
    cluster.call(cluster.inside.create, f"localqueues.{group}", NAMESPACE, local)
    quota = {"metadata": {"name": "seeing"}, "spec": {"hard": {"requests.nvidia.com/gpu": "2"}}}
    cluster.call(cluster.inside.create, "resourcequotas", NAMESPACE, quota)
