"""A fake cluster in this process, a Jupyter server that uses it in another, and what is written.

Times of both sides are of this process: when the cluster stored something is known exactly.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks.server import Connection, Server, server
from benchmarks.submit import finished
from tests.cluster.cluster import Cluster
from tests.cluster.hands import Hands
from tests.cluster.logs import Rules
from tests.cluster.storage import Change
from tests.kubernetes.crowd import IMAGE, NAMESPACE, OPTIONS

Object = dict[str, Any]
PATIENCE = 60.0


class Written(NamedTuple):
    """One write, with its time (CLOCK_MONOTONIC, ns)."""

    time: int
    resource: str
    type: str
    object: Object


class Place:
    """``client`` submits jobs that run hollow pods on ``cluster``."""

    def __init__(self, cluster: Cluster, there: Server) -> None:
        self.cluster, self.there, self.client = cluster, there, there.connect()
        self.hands = Hands(cluster)
        self._writes: queue.SimpleQueue[Written] = queue.SimpleQueue()
        cluster.server.storage.listeners.append(self._note)

    def submit(self) -> str:
        """A new job's id."""
        self.forget()
        spec = {"command": ["python3", "train.py"]}
        job: str = self.client.json("POST", "/projects/default/jobs", spec)["id"]
        return job

    def running(self) -> tuple[str, str]:
        """A new job's id, and its pod's name once its container runs."""
        job = self.submit()
        pod: str = self.written("pods", is_running).object["metadata"]["name"]
        while self.client.json("GET", f"/jobs/{job}")["state"] != "running":
            time.sleep(0.005)
        return job, pod

    def end(self, job: str, pod: str) -> None:
        """Let it end well."""
        self.hands.exit(NAMESPACE, pod)
        finished(self.client, job)

    def forget(self) -> None:
        """What was written so far is of no interest."""
        while not self._writes.empty():
            self._writes.get()

    def written(self, resource: str, fits: Callable[[Object], bool]) -> Written:
        """The next such write."""
        while True:
            one = self._writes.get(timeout=PATIENCE)
            if one.resource == resource and fits(one.object):
                return one

    def _note(self, resource: str, change: Change) -> None:
        now = time.monotonic_ns()
        self._writes.put(Written(now, resource, change.type, change.record.object))


def is_running(pod: Object) -> bool:
    """Whether its container runs."""
    found = pod.get("status", {}).get("containerStatuses") or [{}]
    return "running" in found[0].get("state", {})


@contextmanager
def place() -> Iterator[Place]:
    """Both, until the block ends."""
    with Cluster(**OPTIONS, logs=Rules(rotate_at=1 << 40)) as cluster, using(cluster) as there:
        found = Place(cluster, there)
        found.end(*found.running())  # the cluster compiles its schemas
        yield found


@contextmanager
def using(cluster: Cluster, *, wait: bool = True) -> Iterator[Server]:
    """A server whose jobs run on that cluster, which it has reached already where ``wait``."""
    config = str(cluster.kubeconfig)
    traits = {"KubernetesEngine__kubeconfig": config, "KubernetesEngine__image": IMAGE}
    with server("submarine_ext", SubmarineExtension__engines="kubernetes", **traits) as there:
        if wait:
            healthy(there.connect())
        yield there


def healthy(client: Connection) -> None:
    """Wait until the engine can be used."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        (engine,) = client.json("GET", "/engines")["items"]
        if engine["healthy"]:
            return
        time.sleep(0.005)
    raise TimeoutError(engine["reason"])
