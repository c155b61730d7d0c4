"""What it costs that the engine is there: a server where it is named, and its first use."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.kubernetes_place import healthy, using
from benchmarks.server import REPOSITORY, server
from benchmarks.startup import STARTS, added, start
from tests.cluster.cluster import Cluster

PACKAGES = "import aiohttp, kubernetes.config"


def measure(rounds: int) -> Iterator[Figure]:
    starts = min(rounds, STARTS)
    named, local = [with_engine()], [start("submarine_ext")]
    for _ in range(starts):
        named.append(with_engine())
        local.append(start("submarine_ext"))
    what = "where the engine is named, added to one where it is not"
    yield added(f"server start, {what}", "ms", [n[0] for n in named], [n[0] for n in local], 20)
    yield added("server memory, the same", "MB", [n[1] for n in named], [n[1] for n in local], 2)
    times, memory, imports = [], [], []
    with Cluster() as cluster:
        for _ in range(max(3, starts // 2)):
            imports.append(importing())
            used = first_use(cluster)
            times.append(used[0])
            memory.append(used[1])
    yield Figure(
        what="engine's first use, to a cluster that answers (floor: importing its packages)",
        unit="ms", ours=statistics.median(times), floor=statistics.median(imports), at_most=2,
    )  # fmt: skip
    yield Figure(what="server memory after it, added", unit="MB", ours=statistics.median(memory))


def with_engine() -> tuple[float, float]:
    """Milliseconds until the server answers, and its memory in MB then."""
    with server("submarine_ext", SubmarineExtension__engines="kubernetes") as there:
        return there.seconds_to_start * 1000, there.resident_mb


def first_use(cluster: Cluster) -> tuple[float, float]:
    """Milliseconds from the first request until the cluster has answered, and MB added."""
    with using(cluster, wait=False) as there:
        before = there.resident_mb
        begin = time.perf_counter()
        healthy(there.connect())
        return (time.perf_counter() - begin) * 1000, there.resident_mb - before


def importing() -> float:
    """Milliseconds that a fresh interpreter takes longer with what speaks to clusters."""
    return run(PACKAGES) - run("pass")


def run(statement: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=REPOSITORY)
    return (time.perf_counter() - begin) * 1000
