"""What a kind may change of the template that all share: the container's name, variables, host.

Always on a copy; nothing else of a pod is a kind's business.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.jobs import Framework, JobSpec
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Verdict

#: Where ranks meet. Each job has host names of its own, so one number serves all.
PORT = 29500


def template(
    draft: Draft, *, container: str = "main", env: list[Object] | None = None, **pod: Any
) -> Object:
    """The shared template with more variables, another container name, more of the pod."""
    metadata, spec = draft.template["metadata"], draft.template["spec"]
    (main,) = spec["containers"]
    main = {**main, "name": container, "env": [*main["env"], *(env or [])]}
    annotations = {**metadata["annotations"], "kubectl.kubernetes.io/default-container": container}
    return {
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**spec, **pod, "containers": [main]},
    }


def rendezvous(spec: JobSpec, master: str, node: Object) -> list[Object]:
    """Variables by which nodes find each other. Each rank's come from the launcher; these
    are the pod's, as Kubeflow's trainer has them.

    ``node`` is the ``valueFrom`` of the node's number.
    """
    rank = {"name": "SUBMARINE_NODE_RANK", "valueFrom": node}
    if spec.distributed.framework is not Framework.TORCH:
        return [rank]
    return [
        rank,
        variable("PET_NNODES", spec.distributed.nodes),
        variable("PET_NPROC_PER_NODE", spec.distributed.processes_per_node),
        {"name": "PET_NODE_RANK", "valueFrom": node},
        variable("PET_MASTER_ADDR", master),
        variable("PET_MASTER_PORT", PORT),
    ]


def variable(name: str, value: str | int) -> Object:
    """One entry of ``env``."""
    return {"name": name, "value": str(value)}


def metadata(draft: Draft) -> Object:
    """Of the top object. Kueue's label stands here and never on pods, which it would take
    for jobs of their own.
    """
    queue = {"kueue.x-k8s.io/queue-name": draft.queue} if draft.queue is not None else {}
    return {
        "name": draft.name,
        "namespace": draft.namespace,
        "labels": {**draft.labels, **queue},
        "annotations": dict(draft.annotations),
    }


def condition(top: Object, *types: str) -> Object | None:
    """The first of these conditions that is True."""
    found = {c["type"]: c for c in (top.get("status") or {}).get("conditions") or []
             if c.get("status") == "True"}  # fmt: skip
    return next((found[kind] for kind in types if kind in found), None)


def deleting(top: Object) -> bool:
    """Whether somebody has deleted it, and it waits for finalizers."""
    return "deletionTimestamp" in top["metadata"]


def why(condition: Object | None) -> tuple[str | None, str | None]:
    """The controller's reason and message."""
    found = condition or {}
    return found.get("reason") or None, found.get("message") or None


def verdict(*, good: Object | None, bad: Object | None) -> Verdict | None:
    """Failure outweighs success, which a controller may have announced too early."""
    if bad is not None:
        return Verdict.FAILED
    return Verdict.SUCCEEDED if good is not None else None
