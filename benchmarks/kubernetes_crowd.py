"""A thousand running jobs: what they cost the cluster, this machine, and its event loop.

The engine has a process of its own; the cluster, whose pods are hollow, is in this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import Figure
from tests.cluster.cluster import Cluster
from tests.kubernetes.crowd import OPTIONS, Crowd

JOBS, FEW = 1000, 100
#: An hour passes in a minute: renewals of watches and logs, and looks at the cluster.
FASTER = 60.0
REST = 30.0
LAG = 10.0


def measure(rounds: int) -> Iterator[Figure]:
    few, many, traced = led(FEW), led(JOBS), led(FEW, trace=True)
    name = f"{JOBS:,} running jobs"
    yield Figure(
        what=f"API requests, {name} (floor: {FEW} jobs)",
        unit="/s", ours=many["requests"], floor=few["requests"], limit=1,
    )  # fmt: skip
    yield Figure(what="… without the renewals of followed logs", unit="/s",
                 ours=many["shared"], floor=few["shared"], limit=1)  # fmt: skip
    yield Figure(what=f"server starts with {name}, to all of them known",
                 unit="ms", ours=many["seconds"] * 1000)  # fmt: skip
    yield Figure(what="… to all their logs followed", unit="ms", ours=many["followed"] * 1000)
    yield Figure(what="memory per running job, log stream included (floor: Python objects)",
                 unit="kB", ours=many["resident"] / JOBS / 1e3, floor=traced["traced"] / FEW / 1e3,
                 limit=200)  # fmt: skip
    yield Figure(what=f"processor, {name}, an hour in a minute", unit="%", ours=many["cpu"] * 100)
    yield Figure(what=f"event loop late while {JOBS:,} pods change, p50", unit="ms",
                 ours=many["p50"])  # fmt: skip
    yield Figure(what="… p99", unit="ms", ours=many["p99"], limit=50)


def led(size: int, *, trace: bool = False) -> dict[str, float]:
    """All the figures of so many jobs."""
    with (
        tempfile.TemporaryDirectory(prefix="submarine-bench-") as name,
        Cluster(**OPTIONS, bookmark_seconds=60 / FASTER) as cluster,
    ):
        crowd = Crowd(cluster, Path(name), size)
        cluster.requests.clear()
        with leading(crowd, Path(name), trace=trace) as leader:
            return figures(crowd, leader)


def figures(crowd: Crowd, leader: Leader) -> dict[str, float]:
    before = leader.told()
    begin = time.monotonic()
    found = leader.told()
    while requests(crowd, "/log") < len(crowd.tasks):
        time.sleep(0.05)
    found["followed"] = time.monotonic() - begin + found["seconds"]
    crowd.cluster.requests.clear()
    at_rest = leader.ask("rest", REST)
    hour = REST * FASTER
    found["requests"] = requests(crowd) / hour
    found["shared"] = found["requests"] - requests(crowd, "/log") / hour
    for what in ("resident", "traced"):
        found[what] = at_rest[what] - before[what]
    changing = threading.Thread(target=change, args=(crowd,))
    changing.start()
    late = leader.ask("lag", LAG)
    changing.join()
    return {**found, "cpu": at_rest["cpu"], "p50": late["p50"], "p99": late["p99"]}


def requests(crowd: Crowd, ending: str = "") -> int:
    """How many there were of paths that end so."""
    counted = crowd.cluster.call(lambda: dict(crowd.cluster.requests))
    return sum(times for (_, path), times in counted.items() if path.endswith(ending))


def change(crowd: Crowd) -> None:
    """For as long as the lag is measured."""
    end, number = time.monotonic() + LAG, 0
    while time.monotonic() < end:
        crowd.change(number := number + 1)


class Leader:
    """The engine's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def told(self) -> dict[str, float]:
        assert self._process.stdout is not None
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found

    def ask(self, what: str, seconds: float) -> dict[str, float]:
        self.send(f"{what} {seconds}")
        return self.told()

    def send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@contextmanager
def leading(crowd: Crowd, root: Path, *, trace: bool) -> Iterator[Leader]:
    """An engine that takes up the crowd, until the block ends."""
    given: dict[str, Any] = {
        "root": str(root), "settings": crowd.settings, "tasks": crowd.tasks,
        "faster": FASTER, "trace": trace,
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.kubernetes_led"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        leader = Leader(process)
        try:
            leader.send(msgspec.json.encode(given, enc_hook=str).decode())
            yield leader
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
