"""What a test does to the machines: break them, evict from them, look at what runs there.

Every function may be called from the test's own thread.
"""

from __future__ import annotations

from typing import Any

from .cluster import Cluster
from .disruptions import Disruptions
from .images import Image
from .kubelet import Kubelet
from .nodes import Machine


class Hands:
    """``Hands(cluster).lose("node-0")``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def kubelet(self) -> Kubelet:
        found: Kubelet = self._cluster.server.settings.more["kubelet"]
        return found

    @property
    def _disruptions(self) -> Disruptions:
        found: Disruptions = self._cluster.server.settings.more["disruptions"]
        return found

    def lose(self, node: str) -> None:
        """A machine loses its power; what follows takes the controllers' time."""
        self._cluster.call(self._disruptions.lose, node)

    def restore(self, node: str) -> None:
        self._cluster.call(self._disruptions.restore, node)

    def add(self, machine: Machine) -> None:
        self._cluster.call(self.kubelet.add, machine)

    def image(self, name: str, image: Image) -> None:
        """From now on the registry has this under the name."""
        self._cluster.call(self.kubelet.image, name, image)

    def write(self, namespace: str, pod: str, data: bytes, stream: str = "stdout") -> None:
        """Output of a hollow container."""
        self._cluster.call(lambda: self.kubelet.hollow(namespace, pod).write(data, stream))

    def exit(self, namespace: str, pod: str, code: int = 0, *, oom: bool = False) -> None:
        """End of a hollow container."""
        self._cluster.call(lambda: self.kubelet.hollow(namespace, pod).exit(code, oom=oom))

    def rotate(self, namespace: str, pod: str) -> None:
        """Rotate the log of a pod's first container now."""

        def rotate() -> Any:
            next(iter(self.kubelet.of(namespace, pod).logs.values()))[-1].rotate()

        self._cluster.call(rotate)

    def running(self, namespace: str, pod: str) -> list[int]:
        """The process ids of the first processes of a pod's containers."""
        return list(self._cluster.call(self._pids, namespace, pod))

    def _pids(self, namespace: str, pod: str) -> list[int]:
        run = self.kubelet.of(namespace, pod)
        return [getattr(container, "pid", 0) for container in run.running.values()]
