"""Conditions of objects: found, and written with the time of their last change."""

from __future__ import annotations

from typing import Any

from .registry import stamp
from .status import Object


def put(status: Object, kind: str, value: str, **more: Any) -> None:
    """Set a pod's condition; its time moves only with its status."""
    found = status.setdefault("conditions", [])
    old = next((condition for condition in found if condition["type"] == kind), None)
    moved = old is None or old["status"] != value
    when = stamp() if moved else old["lastTransitionTime"]  # type: ignore[index]
    new = {"type": kind, "status": value, "lastProbeTime": None, "lastTransitionTime": when, **more}
    if old is None:
        found.append(new)
    else:
        found[found.index(old)] = new


def condition(status: Object, kind: str) -> Object | None:
    """The condition of that type, true or not."""
    return next((c for c in status.get("conditions") or () if c["type"] == kind), None)


def holds(status: Object, kind: str) -> bool:
    found = condition(status, kind)
    return found is not None and found["status"] == "True"


def with_condition(obj: Object, kind: str, value: str, reason: str, message: str) -> Object:
    """The object with a condition as custom resources have them; unchanged where it stands."""
    conditions = obj.setdefault("status", {}).setdefault("conditions", [])
    old = next((c for c in conditions if c["type"] == kind), None)
    if old is not None and old["status"] == value:
        return obj
    new = {"type": kind, "status": value, "reason": reason, "message": message}
    new["lastTransitionTime"] = stamp()
    obj["status"]["conditions"] = [*(c for c in conditions if c is not old), new]
    return obj
