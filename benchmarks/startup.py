"""What it costs to have the extension: server start, its memory, a kernel's import, the page."""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.server import REPOSITORY, server

STARTS = 7
BUILD = REPOSITORY / "submarine_ext" / "labextension"

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
begin = time.perf_counter()
{}
print((time.perf_counter() - begin) * 1000)
"""
OURS = "shell.run_line_magic('load_ext', 'submarine_ext')"
USED = f"{OURS}; import submarine_ext.magics.notebook, submarine_ext.widgets.job"
FLOOR = "import ipywidgets"


def measure(rounds: int) -> Iterator[Figure]:
    starts = min(rounds, STARTS)
    ours, floor = [start("submarine_ext")], [start()]
    for _ in range(starts):
        ours.append(start("submarine_ext"))
        floor.append(start())
    yield added("server start, added", "ms", [o[0] for o in ours], [f[0] for f in floor], 100)
    yield added("server memory, added", "MB", [o[1] for o in ours], [f[1] for f in floor], 20)
    yield from first_use(starts)
    yield loading("%load_ext submarine_ext (floor: import ipywidgets)", OURS, starts)
    yield loading("the same and what its first use imports", USED, starts)
    yield Figure(what="labextension, gzipped", unit="kB", ours=build_kilobytes(), limit=250)


def start(*extensions: str) -> tuple[float, float]:
    """Milliseconds until the server answers, and its memory in MB then."""
    with server(*extensions) as there:
        return there.seconds_to_start * 1000, there.resident_mb


def added(what: str, unit: str, ours: list[float], floor: list[float], limit: float) -> Figure:
    """The difference of the medians, without the first start of each, which warms caches."""
    difference = statistics.median(ours[1:]) - statistics.median(floor[1:])
    return Figure(what=what, unit=unit, ours=difference, limit=limit)


def first_use(rounds: int) -> Iterator[Figure]:
    """What the first request costs: the services, with all that they import, open then."""
    times, memory = [], []
    for _ in range(rounds):
        with server("submarine_ext") as there:
            client, before = there.connect(), there.resident_mb
            begin = time.perf_counter()
            client.json("GET", "/projects/default/jobs")
            times.append((time.perf_counter() - begin) * 1000)
            memory.append(there.resident_mb - before)
    middle = statistics.median
    yield Figure(what="the server's first request, once", unit="ms", ours=middle(times))
    yield Figure(what="server memory after it, added", unit="MB", ours=middle(memory), limit=20)


def loading(what: str, statement: str, rounds: int) -> Figure:
    """A statement in a fresh kernel's shell."""
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(_shell(statement))
        floor.append(_shell(FLOOR))
    return Figure(
        what=what,
        unit="ms",
        ours=statistics.median(ours),
        floor=statistics.median(floor),
        at_most=1.5,
    )


def _shell(statement: str) -> float:
    command = [sys.executable, "-c", LOAD.format(statement)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


def build_kilobytes() -> float:
    """What a browser loads: every script and style of the build, compressed one by one."""
    files = [path for path in BUILD.rglob("*") if path.suffix in {".js", ".css"}]
    return sum(len(gzip.compress(Path(path).read_bytes())) for path in files) / 1000
