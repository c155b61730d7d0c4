"""From a pod's change in the cluster to the panel's frame, beside a bare watcher's line."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import statistics
import threading
import time
from collections.abc import Iterator

from benchmarks.events import percentile
from benchmarks.figures import Figure
from benchmarks.kubernetes_place import Place, is_running, place
from benchmarks.socket_reader import SocketReader
from tests.kubernetes.crowd import NAMESPACE

WATCH = f"/api/v1/namespaces/{NAMESPACE}/pods?watch=1"


def measure(rounds: int) -> Iterator[Figure]:
    with place() as here:
        panel, bare = Panel(here), Bare(here)
        ours, floor = [], []
        for _ in range(max(rounds, 20)):
            job = here.submit()
            begun = here.written("pods", is_running)
            pod = begun.object["metadata"]["name"]
            ours.append((panel.running(job) - begun.time) / 1e6)
            floor.append((bare.running(pod) - begun.time) / 1e6)
            here.end(job, pod)
    what = "pod begins to run, to the panel's frame (floor: a bare watch)"
    middle = statistics.median
    yield Figure(what=f"{what}, p50", unit="ms", ours=middle(ours), floor=middle(floor), limit=50)
    yield Figure(
        what=f"{what}, p95", unit="ms", ours=percentile(ours, 95), floor=percentile(floor, 95)
    )


class Panel:
    """A browser's socket that shows the jobs of a project."""

    def __init__(self, here: Place) -> None:
        self._reader = SocketReader(here.there)
        self._reader.subscribe("projects/default")
        self._seen: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def running(self, job: str) -> int:
        """When it was shown to run (CLOCK_MONOTONIC, ns)."""
        while True:
            moment, shown = self._seen.get(timeout=60)
            if shown == job:
                return moment

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the server goes
            for payload in self._reader.payloads():
                now = time.monotonic_ns()
                frame = json.loads(payload)
                if frame["type"] == "job" and frame["data"].get("state") == "running":
                    self._seen.put((now, frame["data"]["id"]))


class Bare:
    """The least that could be told: each line of a watch."""

    def __init__(self, here: Place) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", here.cluster.port)
        self._connection.request("GET", WATCH, headers={"Authorization": "Bearer admin-token"})
        self._answer = self._connection.getresponse()
        self._seen: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def running(self, pod: str) -> int:
        """When it was told to run (CLOCK_MONOTONIC, ns)."""
        while True:
            moment, name = self._seen.get(timeout=60)
            if name == pod:
                return moment

    def _read(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # the cluster goes
            while line := self._answer.readline():
                now = time.monotonic_ns()
                found = json.loads(line)["object"]
                if is_running(found):
                    self._seen.put((now, found["metadata"]["name"]))
