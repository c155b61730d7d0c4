"""What differs between kinds when objects are written: derived fields, grace, finalizers.

Pure functions of objects. Validation and defaulting proper live in ``validation`` and
``defaults``; admission (quota, policies) does not belong here.
"""

from __future__ import annotations

from .kinds import Resource
from .status import Object

#: Built-in kinds whose metadata carries a generation.
GENERATIONS = {"jobs.batch", "cronjobs.batch", "pods"}
TERMINAL = {"Succeeded", "Failed"}
PROPAGATION_FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}


def has_generation(resource: Resource) -> bool:
    return resource.custom or resource.id in GENERATIONS


def prepare_create(resource: Resource, obj: Object) -> None:
    if resource.id == "jobs.batch":
        _label_job(obj)
    elif resource.id == "pods":
        obj["status"] = {"phase": "Pending", "qosClass": quality(obj["spec"])}
    elif resource.id == "services":
        obj["status"] = {"loadBalancer": {}}
    elif resource.id == "namespaces":
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"][
            "name"
        ]
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    if resource.has_status and not resource.custom:
        obj.setdefault("status", {})


def finish(resource: Resource, obj: Object) -> None:
    """A Job without labels of its own shows those of its template."""
    metadata = obj["metadata"]
    if resource.id == "jobs.batch" and not metadata.get("labels"):
        metadata["labels"] = dict(obj["spec"]["template"]["metadata"].get("labels") or {})


def _label_job(obj: Object) -> None:
    """The labels and the selector by which a Job knows its pods."""
    spec, metadata = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return
    uid, name = metadata["uid"], metadata["name"]
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    spec.setdefault("manualSelector", False)


def quality(spec: Object) -> str:
    """The pod's quality of service class."""
    containers = [*spec.get("containers", []), *spec.get("initContainers", [])]
    found = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in found):
        return "BestEffort"
    guaranteed = all(_guaranteed(r) for r in found)
    return "Guaranteed" if guaranteed else "Burstable"


def _guaranteed(resources: Object) -> bool:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    return all(limits.get(r) and requests.get(r, limits[r]) == limits[r] for r in ("cpu", "memory"))


def grace_of(resource: Resource, obj: Object, asked: int | None) -> int:
    """Seconds that a deleted object stays: pods on a node only."""
    spec = obj.get("spec") or {}
    phase = (obj.get("status") or {}).get("phase")
    if resource.id != "pods" or not spec.get("nodeName") or phase in TERMINAL:
        return 0
    return int(spec.get("terminationGracePeriodSeconds", 30)) if asked is None else asked


def finalizers_of(resource: Resource, obj: Object, propagation: str | None) -> list[str]:
    """The finalizers of a deleted object: its own, and the propagation policy's."""
    found = list(obj["metadata"].get("finalizers") or [])
    if propagation is None and set(found) & set(PROPAGATION_FINALIZERS.values()):
        return found
    if propagation is None and resource.id == "jobs.batch":
        propagation = "Orphan"
    kept = [name for name in found if name not in PROPAGATION_FINALIZERS.values()]
    added = PROPAGATION_FINALIZERS.get(propagation or "")
    return [*kept, added] if added else kept


def holds_content(resource: Resource, obj: Object) -> bool:
    """Whether it waits for what is inside it: a namespace that is not emptied yet."""
    return resource.id == "namespaces" and bool(obj["spec"].get("finalizers"))


def prepare_delete(resource: Resource, obj: Object) -> None:
    if resource.id == "namespaces":
        obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
