"""Kubeflow Trainer in its least form: a TrainJob becomes one Job, named and labelled as by JobSet.

The JobSet between them is left out: the engine does not see it.
"""

from __future__ import annotations

import copy

from . import jobs
from .conditions import condition, holds, with_condition
from .inside import Inside
from .job_controller import owned_by
from .status import Object, Refused
from .storage import Key

JOBS = "jobs.batch"
TRAINJOBS = "trainjobs.trainer.kubeflow.org"
PORT = 29500


class Trainer:
    """``trainer.kubeflow.org``: the runtime's template with the TrainJob's trainer in it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def sync(self, key: Key) -> None:
        found = self._inside.get(TRAINJOBS, *key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        child = self._inside.get(JOBS, key[0], f"{key[1]}-node-0")
        if child is None:
            child = self._begin(key, found)
            if child is None:
                return
        suspended = bool(found["spec"].get("suspend"))
        if bool(child["spec"].get("suspend")) != suspended and not jobs.finished(child):
            patch = {"spec": {"suspend": suspended}}
            self._inside.patch(JOBS, key[0], child["metadata"]["name"], patch)
        self._say(key, found, child)

    def _begin(self, key: Key, found: Object) -> Object | None:
        runtime = self._runtime(key[0], found["spec"]["runtimeRef"])
        if runtime is None:
            self._condition(key, "Failed", "True", "TrainingRuntimeNotSupported", "no such runtime")
            return None
        try:
            self._inside.create("services", key[0], _headless(found))
        except Refused as refused:
            if refused.code != 409:
                raise
        try:
            return self._inside.create(JOBS, key[0], child_job(found, runtime))
        except Refused as refused:
            said = f"Failed to create resources: {refused.message}"
            self._inside.event(found, "TrainJobResourcesCreationFailed", said, "Warning")
            return None

    def _runtime(self, namespace: str, reference: Object) -> Object | None:
        name, group = reference["name"], "trainer.kubeflow.org"
        if reference.get("kind", "ClusterTrainingRuntime") == "ClusterTrainingRuntime":
            return self._inside.get(f"clustertrainingruntimes.{group}", "", name)
        return self._inside.get(f"trainingruntimes.{group}", namespace, name)

    def _say(self, key: Key, found: Object, child: Object) -> None:
        status = child.get("status") or {}
        step = {"name": "node", "suspended": 1 if child["spec"].get("suspend") else 0}
        done, failed = holds(status, "Complete"), holds(status, "Failed")
        step |= {"ready": int(status.get("ready", 0) > 0), "active": int(not done and not failed)}
        step |= {"succeeded": int(done), "failed": int(failed)}

        def said(obj: Object) -> Object:
            obj.setdefault("status", {})["jobsStatus"] = [step]
            return obj

        self._inside.change(TRAINJOBS, *key, said, "status")
        if found["spec"].get("suspend"):
            self._condition(key, "Suspended", "True", "Suspended", "TrainJob is suspended")
        elif condition(found.get("status") or {}, "Suspended"):
            self._condition(key, "Suspended", "False", "Resumed", "TrainJob is resumed")
        if done:
            text = "jobset completed successfully"
            self._condition(key, "Complete", "True", "AllJobsCompleted", text)
        if failed:
            text = (
                f"jobset failed due to one or more job failures (first failed job: {key[1]}-node-0)"
            )
            self._condition(key, "Failed", "True", "FailedJobs", text)

    def _condition(self, key: Key, *said: str) -> None:
        self._inside.change(TRAINJOBS, *key, lambda o: with_condition(o, *said), "status")


def child_job(found: Object, runtime: Object) -> Object:
    """The Job of step ``node``, named and labelled as JobSet does."""
    spec, name = found["spec"], found["metadata"]["name"]
    steps = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    step = copy.deepcopy(next(s for s in steps if s["name"] == "node"))
    job: Object = step["template"]["spec"]
    template, trainer = job["template"], spec.get("trainer") or {}
    policy = runtime["spec"].get("mlPolicy") or {}
    nodes = trainer.get("numNodes") or policy.get("numNodes", 1)
    container = next(c for c in template["spec"]["containers"] if c["name"] == "node")
    _train(container, trainer)
    for patch in _patches(spec):
        _merge_pod(template, patch)
    if "torch" in policy:
        container.setdefault("env", []).extend(_torch(name, nodes, trainer))
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels |= {
        "jobset.sigs.k8s.io/jobset-name": name,
        "jobset.sigs.k8s.io/replicatedjob-name": "node",
        "jobset.sigs.k8s.io/job-index": "0",
        "jobset.sigs.k8s.io/restart-attempt": "0",
    }
    template["spec"]["subdomain"] = name
    job |= {"completionMode": "Indexed", "completions": nodes, "parallelism": nodes}
    job["suspend"] = bool(spec.get("suspend"))
    job.setdefault("backoffLimit", 0)
    metadata = {
        "name": f"{name}-node-0",
        "labels": dict(labels),
        "ownerReferences": [owned_by(found)],
    }
    return {"metadata": metadata, "spec": job}


def _train(container: Object, trainer: Object) -> None:
    for field in ("image", "command", "args"):
        if field in trainer:
            container[field] = trainer[field]
    container.setdefault("env", []).extend(trainer.get("env") or [])
    if "resourcesPerNode" in trainer:
        container["resources"] = trainer["resourcesPerNode"]


def _patches(spec: Object) -> list[Object]:
    """Pod templates that the TrainJob lays over the runtime's, of either release."""
    patched = [p.get("trainingRuntimeSpec") or {} for p in spec.get("runtimePatches") or ()]
    steps = [s for p in patched for s in p["template"]["spec"].get("replicatedJobs") or ()]
    newer = [s["template"]["spec"]["template"] for s in steps if s["name"] == "node"]
    overrides = spec.get("podTemplateOverrides") or ()
    older = [o for o in overrides if any(t["name"] == "node" for t in o["targetJobs"])]
    return [*newer, *({k: o[k] for k in ("metadata", "spec") if k in o} for o in older)]


def _merge_pod(template: Object, patch: Object) -> None:
    for field in ("labels", "annotations"):
        new = (patch.get("metadata") or {}).get(field) or {}
        template.setdefault("metadata", {}).setdefault(field, {}).update(new)
    spec = dict(patch.get("spec") or {})
    for change in spec.pop("containers", ()):
        mine = next(c for c in template["spec"]["containers"] if c["name"] == change["name"])
        mine.setdefault("volumeMounts", []).extend(change.get("volumeMounts") or [])
        mine |= {k: v for k, v in change.items() if k not in {"name", "volumeMounts"}}
    template["spec"].setdefault("volumes", []).extend(spec.pop("volumes", ()))
    template["spec"].update(spec)


def _torch(name: str, nodes: int, trainer: Object) -> list[Object]:
    rank = {"fieldRef": {"fieldPath": f"metadata.annotations['{jobs.INDEX}']"}}
    return [
        {"name": "PET_NNODES", "value": str(nodes)},
        {"name": "PET_NPROC_PER_NODE", "value": str(trainer.get("numProcPerNode", 1))},
        {"name": "PET_NODE_RANK", "valueFrom": rank},
        {"name": "PET_MASTER_ADDR", "value": f"{name}-node-0-0.{name}"},
        {"name": "PET_MASTER_PORT", "value": str(PORT)},
    ]


def _headless(owner: Object) -> Object:
    name = owner["metadata"]["name"]
    spec = {"clusterIP": "None", "selector": {"jobset.sigs.k8s.io/jobset-name": name}}
    spec["publishNotReadyAddresses"] = True  # type: ignore[assignment]
    return {"metadata": {"name": name, "ownerReferences": [owned_by(owner)]}, "spec": spec}
