"""What a kubelet says of a pod: the states of its containers, and the status made of them.

Pure data and functions; source: recordings/container-states.json.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from .conditions import put
from .images import full
from .registry import stamp
from .status import Object

ORDER = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


@dataclass
class State:
    """One container: ``state`` is waiting, running or terminated, as in its status."""

    name: str
    image: str
    state: Object
    last: Object = field(default_factory=dict)
    restarts: int = 0
    id: str = ""

    @property
    def kind(self) -> str:
        return next(iter(self.state))

    @property
    def succeeded(self) -> bool:
        return self.kind == "terminated" and self.state["terminated"]["exitCode"] == 0

    def wait(self, reason: str, message: str = "") -> None:
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}

    def run(self) -> None:
        self.id = f"test://{secrets.token_hex(32)}"
        self.state = {"running": {"startedAt": stamp()}}

    def end(self, code: int, reason: str, message: str, *, started: bool = True) -> None:
        began = self.state.get("running", {}).get("startedAt", stamp())
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": reason,
                **({"message": message} if message else {}),
                "startedAt": began if started else "1970-01-01T00:00:00Z",
                "finishedAt": stamp(),
                "containerID": self.id,
            }
        }

    def restart(self) -> None:
        self.last, self.restarts = self.state, self.restarts + 1

    @property
    def status(self) -> Object:
        found = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last,
            "ready": self.kind == "running",
            "restartCount": self.restarts,
            "image": full(self.image) if self.id else self.image,
            "imageID": f"test://{full(self.image)}" if self.id else "",
            "started": self.kind == "running",
        }
        return {**found, "containerID": self.id} if self.id else found


@dataclass
class Report:
    """All that is said of a pod. ``reason``/``message``: the pod's own (DeadlineExceeded)."""

    inits: Sequence[State]
    mains: Sequence[State]
    phase: str = "Pending"
    sandbox: bool = False
    reason: str = ""
    message: str = ""

    def write(self, status: Object, began: str) -> None:
        """Put it into a status; conditions of others (PodScheduled, DisruptionTarget) stay."""
        status |= {"observedGeneration": 1, "phase": self.phase, "startTime": began}
        status |= {"hostIP": "192.0.2.1", "hostIPs": [{"ip": "192.0.2.1"}]}
        if self.sandbox or self.phase != "Pending":
            status |= {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}
        if self.reason:
            status |= {"reason": self.reason, "message": self.message}
        if self.inits:
            status["initContainerStatuses"] = [state.status for state in self.inits]
        status["containerStatuses"] = [state.status for state in self.mains]
        self._conditions(status)

    def _conditions(self, status: Object) -> None:
        put(status, ORDER[0], "True" if self.sandbox else "False")
        pending = [state.name for state in self.inits if not state.succeeded]
        ended = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(self.phase)
        if pending:
            said = f"containers with incomplete status: [{' '.join(pending)}]"
            put(status, "Initialized", "False", reason="ContainersNotInitialized", message=said)
        else:
            more = {"reason": ended} if self.phase == "Succeeded" else {}
            put(status, "Initialized", "True", **more)
        unready = [state.name for state in self.mains if state.kind != "running"]
        for kind in ORDER[2:]:
            if ended:
                put(status, kind, "False", reason=ended)
            elif unready:
                said = f"containers with unready status: [{' '.join(unready)}]"
                put(status, kind, "False", reason="ContainersNotReady", message=said)
            else:
                put(status, kind, "True")
        found = {condition["type"]: condition for condition in status["conditions"]}
        rest = [found[kind] for kind in found if kind not in ORDER]
        status["conditions"] = [*(found[kind] for kind in ORDER), *rest]
