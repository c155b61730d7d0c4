"""What tests do on the fake cluster behind the engine's back, and an engine in a hurry."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.reach import Patience
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.testing.session import PATIENCE
from tests.cluster.cluster import Cluster
from tests.contract.test_local_engine import marked

NAMESPACE = "team-a"
HURRY = Patience(
    first=0.05, longest=0.5, refused=0.3, probe=0.5, fresh=600, linger=0.2, positions=0.1
)


def make(cluster: Cluster, root: Path, **settings: Any) -> KubernetesEngine:
    """An unopened engine of that cluster."""
    settings = {"kubeconfig": str(cluster.kubeconfig), "image": "python:3.12", **settings}
    return KubernetesEngine(root, Settings(**settings), patience=HURRY)


def objects(cluster: Cluster, resource: str, task: Task) -> list[dict[str, Any]]:
    """The cluster's objects of that task."""
    selector = f"{names.TASK}={names.label(task.name)}"
    found: list[dict[str, Any]] = cluster.call(cluster.inside.list, resource, NAMESPACE, selector)
    return found


def job(cluster: Cluster, task: Task) -> dict[str, Any] | None:
    """The task's Job."""
    return cluster.call(cluster.inside.get, "jobs.batch", NAMESPACE, names.of(task.name))


def delete_job(cluster: Cluster, task: Task, propagation: str = "Background") -> None:
    """Somebody deletes the task's Job."""
    cluster.call(
        lambda: cluster.inside.delete(
            "jobs.batch", NAMESPACE, names.of(task.name), propagation=propagation
        )
    )


def work_folders(cluster: Cluster, task: Task) -> list[Path]:
    """Where the task's pods run."""
    pods = objects(cluster, "pods", task)
    return [cluster.folder / "pods" / pod["metadata"]["uid"] / "main" / "workspace" / "work"
            for pod in pods]  # fmt: skip


def go_on(cluster: Cluster, task: Task) -> None:
    """Make the file that the task's program waits for."""
    for folder in work_folders(cluster, task):
        folder.mkdir(exist_ok=True)  # the launcher may not have come so far
        (folder / "go on").touch()


async def settled(cluster: Cluster, task: Task) -> None:
    """Wait until the cluster itself says that the job is over."""
    async with asyncio.timeout(PATIENCE):
        while not _over(await asyncio.to_thread(job, cluster, task)):
            await asyncio.sleep(0.02)


def _over(found: dict[str, Any] | None) -> bool:
    conditions = (found or {}).get("status", {}).get("conditions") or []
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)


def kill(mark: str) -> None:
    """End every process that has the mark."""
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)
