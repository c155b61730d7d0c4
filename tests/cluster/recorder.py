"""Events as the controllers write them: counted when repeated, merged when too many.

Two shapes: of client-go's old recorder (Job controller, kubelet) and of events.k8s.io (the
scheduler: only ``eventTime``). Source: scheduling.json, quota-limits-podsecurity.json.
"""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

from .inside import Inside
from .registry import stamp
from .status import Object, Refused

#: From this many different texts of one reason on, they are merged into one.
ALIKE = 10


class Recorder:
    """Writes one component's events."""

    def __init__(self, inside: Inside, component: str, *, host: str | None = None) -> None:
        self._inside, self._component, self._host = inside, component, host
        self._written: dict[tuple[str, str, str, str], str] = {}
        self._texts: dict[tuple[str, str, str], set[str]] = {}

    def __call__(
        self, about: Object, kind: str, reason: str, message: str, *, part: str = ""
    ) -> None:
        """``part``: the container, as a field path."""
        uid = about["metadata"]["uid"]
        similar = self._texts.setdefault((uid, part, reason), set())
        similar.add(message)
        merged = len(similar) >= ALIKE
        key = (uid, part, reason, "" if merged else message)
        text = f"(combined from similar events): {message}" if merged else message
        if key not in self._written or not self._again(about, self._written[key], text):
            self._written[key] = self._new(about, kind, reason, text, part)

    def _again(self, about: Object, name: str, message: str) -> bool:
        def counted(event: Object) -> Object:
            count = event.get("count", 1) + 1
            return {**event, "count": count, "lastTimestamp": stamp(), "message": message}

        try:
            self._inside.change("events", _space(about), name, counted)
        except Refused:  # it expired
            return False
        return True

    def _new(self, about: Object, kind: str, reason: str, message: str, part: str) -> str:
        involved = reference(about)
        if part:
            involved["fieldPath"] = part
        source = {"component": self._component}
        if self._host:
            source["host"] = self._host
        return _create(self._inside, about, {
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": stamp(),
            "lastTimestamp": stamp(),
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host or "",
        })  # fmt: skip


def scheduled(
    inside: Inside, about: Object, kind: str, reason: str, text: str, action: str
) -> None:
    """An event in the new shape, as the scheduler writes them."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    _create(inside, about, {
        "involvedObject": reference(about),
        "reason": reason,
        "message": text,
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": kind,
        "eventTime": now,
        "action": action,
        "reportingComponent": "default-scheduler",
        "reportingInstance": "default-scheduler-cp-0",
    })  # fmt: skip


def reference(about: Object) -> Object:
    metadata = about["metadata"]
    return {
        "kind": about["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    }


def _space(about: Object) -> str:
    return str(about["metadata"].get("namespace") or "default")


def _create(inside: Inside, about: Object, event: Object) -> str:
    name = f"{about['metadata']['name']}.{time.time_ns():x}"
    metadata = {"name": name, "namespace": _space(about)}
    with contextlib.suppress(Refused):  # its namespace is going: nobody will look
        inside.create("events", _space(about), {"metadata": metadata, **event})
    return name
