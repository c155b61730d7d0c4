"""What of a pod's state matters to whoever reads its log."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from submarine_ext.engines.kubernetes.kinds.base import Object


class Phase(Enum):
    """Of the container that is read."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


class Pod(Struct, frozen=True, kw_only=True):
    """What of a pod's state matters here. ``gone``: it was deleted."""

    uid: str
    path: str
    created: str
    container: str
    instance: int
    phase: Phase
    gone: bool

    @property
    def over(self) -> bool:
        """Whether nothing more will be printed."""
        return self.gone or self.phase is Phase.ENDED


def state(pod: Object, container: str, *, deleted: bool) -> Pod:
    """Read it from the object."""
    meta, status = pod["metadata"], pod.get("status") or {}
    named = [s for s in status.get("containerStatuses") or [] if s.get("name") == container]
    told = named[0] if named else {}
    now = told.get("state") or {}
    phase = Phase.WAITING
    if "terminated" in now or status.get("phase") in ("Succeeded", "Failed"):
        phase = Phase.ENDED
    elif "running" in now:
        phase = Phase.RUNNING
    return Pod(
        uid=meta["uid"],
        path=f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log",
        created=meta.get("creationTimestamp") or "",
        container=container,
        instance=told.get("restartCount") or 0,
        phase=phase,
        gone=deleted,
    )
