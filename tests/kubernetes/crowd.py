"""Many jobs that an earlier server of a data root began and that run on the cluster now.

Their pods are whole but hollow: no process runs, whoever has the cluster writes their logs
and ends them. Made in the cluster, not over HTTP, so that a thousand take seconds.
"""

from __future__ import annotations

from pathlib import Path

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Task, task_name
from submarine_ext.engines.kubernetes import bundle, names, objects, site
from submarine_ext.engines.kubernetes.kinds.job import Job
from submarine_ext.engines.kubernetes.placement import Memory, Placement
from submarine_ext.engines.kubernetes.settings import Settings
from tests.cluster.cluster import Cluster
from tests.cluster.hands import Hands
from tests.cluster.images import Image
from tests.cluster.nodes import Machine

NAMESPACE = "team-a"
IMAGE = "hollow"
#: What a cluster for a crowd is made with.
OPTIONS = {"images": {IMAGE: Image(hollow=True)}, "machines": (Machine(cpu="8k", memory="64Ti"),)}


class Crowd:
    """``tasks`` run on ``cluster``; what was kept of them lies below ``root``."""

    def __init__(self, cluster: Cluster, root: Path, size: int) -> None:
        self.cluster = cluster
        self.settings = Settings(kubeconfig=str(cluster.kubeconfig), image=IMAGE)
        self.tasks = [_task(root, number) for number in range(size)]
        self._hands = Hands(cluster)
        self._site = site.of(root)
        for task in self.tasks:
            self._begin(task)

    def pods(self) -> list[str]:
        """Their names."""
        found = self.cluster.call(self.cluster.inside.list, "pods", NAMESPACE)
        return [pod["metadata"]["name"] for pod in found]

    def change(self, number: int) -> None:
        """Every pod tells something new of itself."""
        patch = {"metadata": {"annotations": {"change": str(number)}}}
        inside = self.cluster.inside
        for pod in self.pods():
            self.cluster.call(inside.patch, "pods", NAMESPACE, pod, patch)

    def write(self, data: bytes) -> None:
        """Every job prints that."""
        for pod in self.pods():
            self._hands.write(NAMESPACE, pod, data)

    def end(self, pods: list[str] | None = None) -> None:
        """These pods, or all, end well."""
        for pod in self.pods() if pods is None else pods:
            self._hands.exit(NAMESPACE, pod)

    def _begin(self, task: Task) -> None:
        """What ``placing`` does, with the cluster's own hands."""
        kind, memory = Job(), Memory(task.folder)
        placed = Placement(namespace=NAMESPACE, name=names.of(task.name), kind=kind.name)
        memory.place(placed)
        cargo = bundle.cargo(task, self.settings, kind)
        draft = objects.draft(
            task, self.settings, cargo, site=self._site, namespace=NAMESPACE, queue=None
        )
        top = self._create("jobs.batch", kind.manifest(draft))
        memory.made(top["metadata"]["uid"])
        for resource, owned in objects.owned(draft, cargo, kind, top["metadata"]["uid"]):
            self._create(resource.plural, owned)
        inside = self.cluster.inside
        self.cluster.call(inside.patch, "jobs.batch", NAMESPACE, placed.name, kind.unsuspend())
        memory.begin()

    def _create(self, resource: str, manifest: dict[str, object]) -> dict[str, object]:
        made: dict[str, object] = self.cluster.call(
            self.cluster.inside.create, resource, NAMESPACE, manifest
        )
        return made


def _task(root: Path, number: int) -> Task:
    job = f"j{number:012d}"
    folder = root / job / "1"
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "train.py").write_text("print('begun')\n")
    return Task(
        name=task_name(job, 1), job=job, attempt=1, owner="ada", project="default",
        spec=JobSpec(command=["python3", "train.py"]), folder=folder,
    )  # fmt: skip
