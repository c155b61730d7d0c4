"""``batch/v1`` Job: what every cluster has. Indexed, so that each pod knows its node.

An attempt runs its program at most once: no pod is replaced, a lost machine ends the
attempt, and another attempt is another Job. It succeeds when all nodes have ended well,
as on one machine, so there is no ``successPolicy``.
"""

from __future__ import annotations

from submarine_ext.engines.kubernetes.kinds import pods
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource, Top, field
from submarine_ext.engines.kubernetes.template import HOPELESS, MAIN

_INDEX = "batch.kubernetes.io/job-completion-index"
_NODE = f"metadata.annotations['{_INDEX}']"


class Job:
    """The kind (see :class:`~submarine_ext.engines.kubernetes.kinds.base.Kind`)."""

    name = "job"
    resource = Resource("batch", "v1", "jobs", "Job")

    def manifest(self, draft: Draft) -> Object:
        """The suspended Job."""
        nodes = draft.spec.distributed.nodes
        host = {"subdomain": draft.name} if nodes > 1 else {}
        env = pods.rendezvous(draft.spec, self.hosts(draft.name, nodes)[0], field(_NODE))
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": pods.metadata(draft),
            "spec": {
                "completionMode": "Indexed",
                "completions": nodes,
                "parallelism": nodes,
                "suspend": True,
                "backoffLimit": 0,
                "ttlSecondsAfterFinished": draft.ttl_seconds,
                "podReplacementPolicy": "Failed",
                "podFailurePolicy": {"rules": _rules()},
                "template": pods.template(draft, env=env, **host),
            },
        }

    def read(self, top: Object) -> Top:
        """A verdict comes twice: announced, then again when every pod has ended."""
        good = pods.condition(top, "Complete", "SuccessCriteriaMet")
        bad = pods.condition(top, "Failed", "FailureTarget")
        reason, message = pods.why(bad or good)
        return Top(
            uid=top["metadata"]["uid"],
            suspended=bool(top["spec"].get("suspend")),
            verdict=pods.verdict(good=good, bad=bad),
            settled=pods.condition(top, "Complete", "Failed") is not None,
            reason=reason,
            message=message,
            deleting=pods.deleting(top),
        )

    def node(self, pod: Object) -> int:
        """The completion index."""
        metadata = pod["metadata"]
        found = (metadata.get("annotations") or {}).get(_INDEX)
        return int(found if found is not None else (metadata.get("labels") or {})[_INDEX])

    def unsuspend(self) -> Object:
        """The merge patch that lets it run."""
        return {"spec": {"suspend": False}}

    def hosts(self, name: str, nodes: int) -> list[str]:
        """Through the headless Service, which only several nodes need."""
        if nodes == 1:
            return ["localhost"]
        return [f"{name}-{node}.{name}" for node in range(nodes)]

    def service(self, draft: Draft) -> Object | None:
        """The selector of the headless Service that gives pods their host names."""
        if draft.spec.distributed.nodes == 1:
            return None
        return {"batch.kubernetes.io/job-name": draft.name}


def _rules() -> list[Object]:
    """A disruption, and an end after which no retry helps, fail the attempt at once."""
    codes = {"containerName": MAIN, "operator": "In", "values": [HOPELESS]}
    return [
        {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": codes},
    ]
