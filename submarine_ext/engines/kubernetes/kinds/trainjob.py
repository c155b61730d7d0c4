"""TrainJob (``trainer.kubeflow.org/v1alpha1``): a runtime that an administrator made, and
what this job changes of it.

The field for changes has another name in each release; which one the cluster serves, its
schema says (``fields``), as an unknown one would be dropped in silence; 2.0 could not label
pods, so it is not used. A change cannot set
everything: the token, the grace period before 2.2, the backstop and ``restartPolicy`` are the
runtime's (``docs/howto/kubernetes.md`` says what it must have). The job's own deadline field
is not used: it counts waiting as well, and takes pods and logs away.
"""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.engines.kubernetes.kinds import pods
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource, Top

RESOURCE = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob")
_STEP = "node"
_INDEX = "batch.kubernetes.io/job-completion-index"
_REPLICA = "jobset.sigs.k8s.io/replicatedjob-name"
_MANAGER = "submarine-ext/engine"
#: What a change of a pod may hold, by the name of the field that the release has for it.
_POD = {
    "runtimePatches": (
        "imagePullSecrets",
        "nodeSelector",
        "securityContext",
        "serviceAccountName",
        "terminationGracePeriodSeconds",
        "tolerations",
        "volumes",
    ),
    "podTemplateOverrides": ("imagePullSecrets", "nodeSelector", "serviceAccountName",
                             "tolerations", "volumes"),
}  # fmt: skip
NEWEST = "runtimePatches"
#: The schema's own limit, less what this module adds.
MAX_ENV = 120


def usable(fields: frozenset[str]) -> bool:
    """Whether this release can be told enough; none known: it is taken for a new one."""
    return not fields or not fields.isdisjoint(_POD)


class TrainJob:
    """The kind, as the release that serves ``fields`` of its ``spec`` has it."""

    name = "trainjob"
    resource = RESOURCE

    def __init__(self, fields: frozenset[str] = frozenset()) -> None:
        self._field = next((name for name in _POD if name in fields), NEWEST)

    def manifest(self, draft: Draft) -> Object:
        """The suspended TrainJob. Its commands, sizes and variables are the trainer's."""
        (main,) = draft.template["spec"]["containers"]
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": pods.metadata(draft),
            "spec": {
                "suspend": True,
                "runtimeRef": {"name": draft.runtime},
                "trainer": {
                    "image": main["image"],
                    "command": main["command"],
                    "env": main["env"],
                    "numNodes": draft.spec.distributed.nodes,
                    "numProcPerNode": draft.spec.distributed.processes_per_node,
                    "resourcesPerNode": main["resources"],
                },
                self._field: [self._change(draft, main)],
            },
        }

    def read(self, top: Object) -> Top:
        """Failed may come and go while it is reconciled; steps wait for the pods' ends."""
        good, bad = pods.condition(top, "Complete"), pods.condition(top, "Failed")
        reason, message = pods.why(bad or good)
        return Top(
            uid=top["metadata"]["uid"],
            suspended=bool(top["spec"].get("suspend")),
            verdict=pods.verdict(good=good, bad=bad),
            settled=bool(good or bad) and not _active(top),
            reason=reason,
            message=message,
            deleting=pods.deleting(top),
        )

    def node(self, pod: Object) -> int | None:
        """The completion index within the step ``node``."""
        metadata = pod["metadata"]
        if (metadata.get("labels") or {}).get(_REPLICA, _STEP) != _STEP:
            return None
        found = (metadata.get("annotations") or {}).get(_INDEX)
        return int(found if found is not None else (metadata.get("labels") or {})[_INDEX])

    def unsuspend(self) -> Object:
        """The merge patch that lets it run."""
        return {"spec": {"suspend": False}}

    def hosts(self, name: str, nodes: int) -> list[str]:
        """As JobSet calls pods, in the network of its own Service."""
        return [f"{name}-{_STEP}-0-{node}.{name}" for node in range(nodes)]

    def service(self, draft: Draft) -> Object | None:
        """None: JobSet makes it."""
        return None

    def _change(self, draft: Draft, main: Object) -> Object:
        pod = {name: draft.template["spec"][name] for name in _POD[self._field]
               if name in draft.template["spec"]}  # fmt: skip
        container = {"name": _STEP, "volumeMounts": main["volumeMounts"]}
        if self._field == NEWEST:
            container["securityContext"] = main["securityContext"]
        pod["containers"] = [container]
        metadata = {k: draft.template["metadata"][k] for k in ("labels", "annotations")}
        return _SHAPES[self._field](metadata, pod)


def _patch(metadata: Object, pod: Object) -> Object:
    job = {"name": _STEP, "template": {"spec": {"template": {"metadata": metadata, "spec": pod}}}}
    spec = {"template": {"spec": {"replicatedJobs": [job]}}}
    return {"manager": _MANAGER, "trainingRuntimeSpec": spec}


def _override(metadata: Object, pod: Object) -> Object:
    return {"targetJobs": [{"name": _STEP}], "metadata": metadata, "spec": pod}


_SHAPES: dict[str, Callable[[Object, Object], Object]] = {
    "runtimePatches": _patch,
    "podTemplateOverrides": _override,
}


def _active(top: Object) -> bool:
    steps = (top.get("status") or {}).get("jobsStatus") or []
    return any(step.get("active") for step in steps)
