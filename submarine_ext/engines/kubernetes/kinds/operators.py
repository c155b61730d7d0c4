"""What the kinds of ``kubeflow.org`` have in common: replicas by role, conditions, labels.

No pod is restarted (``restartPolicy: Never``), the others are ended when the job is over
(``cleanPodPolicy: Running``) and the ended ones stay for their logs. Two things are theirs
and not ours: some call a job done when its master is, and a pod that somebody deletes is
made again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from submarine_ext.engines.kubernetes.kinds import pods
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource, Top

_TYPE = "training.kubeflow.org/replica-type"
_INDEX = "training.kubeflow.org/replica-index"


class Operated:
    """A kind of the training operator. Subclasses say what they call things."""

    name: ClassVar[str]
    resource: ClassVar[Resource]
    container: ClassVar[str]
    replicas: ClassVar[str]  # the field of spec
    first: ClassVar[str | None] = None  # the role of node 0, where it has one of its own

    def manifest(self, draft: Draft) -> Object:
        """The suspended object."""
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": pods.metadata(draft),
            "spec": {
                "runPolicy": {
                    "backoffLimit": 0,
                    "cleanPodPolicy": "Running",
                    "suspend": True,
                    "ttlSecondsAfterFinished": draft.ttl_seconds,
                },
                self.replicas: self.roles(draft),
                **self.more(draft),
            },
        }

    def roles(self, draft: Draft) -> Object:
        """The replicas by role: all alike, and the first one apart where that is the custom."""
        nodes = draft.spec.distributed.nodes
        template = pods.template(draft, container=self.container, env=self.env())
        if self.first is None:
            return {"Worker": replica(nodes, template)}
        workers = {"Worker": replica(nodes - 1, template)} if nodes > 1 else {}
        return {self.first: replica(1, template), **workers}

    def env(self) -> list[Object]:
        """Variables of every pod besides those that the operator sets."""
        return []

    def more(self, draft: Draft) -> dict[str, Any]:
        """Further fields of ``spec``."""
        return {}

    def read(self, top: Object) -> Top:
        """A verdict is final at once; pods that still run are being deleted then."""
        good, bad = pods.condition(top, "Succeeded"), pods.condition(top, "Failed")
        reason, message = pods.why(bad or good)
        policy = top["spec"].get("runPolicy") or {}
        return Top(
            uid=top["metadata"]["uid"],
            suspended=bool(policy.get("suspend")),
            verdict=pods.verdict(good=good, bad=bad),
            settled=bool(good or bad),
            reason=reason,
            message=message,
            deleting=pods.deleting(top),
        )

    def node(self, pod: Object) -> int | None:
        """The role's number; workers come after the first where there is one."""
        labels = pod["metadata"].get("labels") or {}
        index = int(labels.get(_INDEX, 0))
        alone = self.first is None or labels.get(_TYPE, "").lower() == self.first.lower()
        return index if alone else index + 1

    def unsuspend(self) -> Object:
        """The merge patch that lets it run."""
        return {"spec": {"runPolicy": {"suspend": False}}}

    def hosts(self, name: str, nodes: int) -> list[str]:
        """The Services that the operator makes, one a pod."""
        workers = [f"{name}-worker-{number}" for number in range(nodes)]
        return workers if self.first is None else [f"{name}-{self.first.lower()}-0", *workers[:-1]]

    def service(self, draft: Draft) -> Object | None:
        """None: the operator makes them."""
        return None


def replica(count: int, template: Object) -> Object:
    """So many pods that are never restarted."""
    return {"replicas": count, "restartPolicy": "Never", "template": template}


#: Where all replicas are workers, their number is the node's.
INDEX = f"metadata.labels['{_INDEX}']"
