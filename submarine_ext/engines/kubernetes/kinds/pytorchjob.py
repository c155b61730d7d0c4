"""PyTorchJob (``kubeflow.org/v1``): the operator tells each pod its node's number."""

from __future__ import annotations

from typing import Any

from submarine_ext.engines.kubernetes.kinds.base import Draft, Resource
from submarine_ext.engines.kubernetes.kinds.operators import Operated


class PyTorchJob(Operated):
    """A master, which is node 0, and workers."""

    name = "pytorchjob"
    resource = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
    container = "pytorch"
    replicas = "pytorchReplicaSpecs"
    first = "Master"

    def more(self, draft: Draft) -> dict[str, Any]:
        """From which the operator reckons the world's size."""
        return {"nprocPerNode": str(draft.spec.distributed.processes_per_node)}
