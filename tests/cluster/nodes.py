"""The machines of the cluster: what a test says of them, and the Node objects they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .registry import stamp
from .status import Object

READY = ("KubeletReady", "kubelet is posting ready status")
PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


@dataclass(frozen=True)
class Machine:
    """One node. ``gpus`` are of ``gpu_resource``; ``taints`` as in a Node's spec."""

    name: str = "node-0"
    cpu: str = "64"
    memory: str = "256Gi"
    gpus: int = 0
    gpu_resource: str = "nvidia.com/gpu"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    disk: str = "100Gi"
    pods: int = 5000

    @property
    def object(self) -> Object:
        """The Node without its status."""
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": "amd64",
            **self.labels,
        }
        spec = {"taints": [dict(taint) for taint in self.taints]} if self.taints else {}
        return {"metadata": {"name": self.name, "labels": labels}, "spec": spec}

    @property
    def status(self) -> Object:
        """What its kubelet posts."""
        amounts = {"cpu": self.cpu, "memory": self.memory, "ephemeral-storage": self.disk}
        amounts["pods"] = str(self.pods)
        if self.gpus:
            amounts[self.gpu_resource] = str(self.gpus)
        healthy = [_condition(kind, "False", *texts) for kind, *texts in PRESSURES]
        return {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [*healthy, _condition("Ready", "True", *READY)],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}],
        }


def _condition(kind: str, status: str, reason: str, message: str) -> Object:
    now = stamp()
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
