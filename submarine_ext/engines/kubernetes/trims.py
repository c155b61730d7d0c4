"""What is kept of the objects that watches bring: what is read later, and no more.

A thousand pods stay small this way: a whole one is 15 KiB, nearly half of it
``managedFields``. Only the diagnosis and the kinds read what is left.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.engines.kubernetes.kinds.base import Object

_METADATA = ("name", "namespace", "uid", "labels", "annotations", "creationTimestamp",
             "deletionTimestamp", "resourceVersion", "ownerReferences")  # fmt: skip
_POD = ("nodeName", "terminationGracePeriodSeconds", "schedulerName", "schedulingGates",
        "priorityClassName", "resourceClaims")  # fmt: skip
_CONTAINER = ("name", "image", "resources")
_EVENT = ("involvedObject", "reason", "message", "type", "count", "series", "firstTimestamp",
          "lastTimestamp", "eventTime")  # fmt: skip


def top(found: Object) -> Object:
    """A job of any kind: of its spec what is no pod template."""
    spec = {key: value for key, value in found.get("spec", {}).items() if _small(key, value)}
    return {**_head(found), "spec": spec, "status": found.get("status", {})}


def pod(found: Object) -> Object:
    """A pod: where it is, what its containers ask for, and its whole status."""
    whole = found.get("spec", {})
    spec = {key: whole[key] for key in _POD if key in whole}
    for group in ("initContainers", "containers"):
        spec[group] = [_only(container, _CONTAINER) for container in whole.get(group) or []]
    return {**_head(found), "spec": spec, "status": found.get("status", {})}


def event(found: Object) -> Object:
    """An event: about what, and what it says."""
    return {**_head(found), **_only(found, _EVENT)}


def workload(found: Object) -> Object:
    """Kueue's view of a job: its queue, its state, and what it was given."""
    spec = {key: value for key, value in found.get("spec", {}).items() if key != "podSets"}
    return {**_head(found), "spec": spec, "status": found.get("status", {})}


def _head(found: Object) -> Object:
    return {
        **_only(found, ("apiVersion", "kind")),
        "metadata": _only(found.get("metadata", {}), _METADATA),
    }


def _small(key: str, value: Any) -> bool:
    return key == "runPolicy" or not isinstance(value, dict | list)


def _only(whole: Object, keys: tuple[str, ...]) -> Object:
    return {key: whole[key] for key in keys if key in whole}
