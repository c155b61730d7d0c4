"""TFJob (``kubeflow.org/v1``): all nodes are workers, and all must end well."""

from __future__ import annotations

from typing import Any

from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource, field
from submarine_ext.engines.kubernetes.kinds.operators import INDEX, Operated


class TFJob(Operated):
    """Workers only: parameter servers are not what ``distributed`` means."""

    name = "tfjob"
    resource = Resource("kubeflow.org", "v1", "tfjobs", "TFJob")
    container = "tensorflow"
    replicas = "tfReplicaSpecs"

    def env(self) -> list[Object]:
        """The operator's TF_CONFIG has one task a pod; ours has one a process."""
        return [{"name": "SUBMARINE_NODE_RANK", "valueFrom": field(INDEX)}]

    def more(self, draft: Draft) -> dict[str, Any]:
        """By default it would be over when worker 0 is."""
        return {"successPolicy": "AllWorkers"}
