"""From ``engine.start`` to the first instruction of the user's process, beside a bare spawn."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.submit import program
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, Task
from submarine_ext.engines.local.engine import LocalEngine

WARM = 5


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        folder = Path(name)
        command = program(folder)
        floor = statistics.median(bare(command) for _ in range(rounds))
        first, last = asyncio.run(through_engine(command, folder / "jobs", rounds))
    middle = statistics.median
    yield Figure(
        what="engine.start to the first instruction (floor: a bare spawn)",
        unit="ms",
        ours=middle(first),
        floor=floor,
    )
    yield Figure(
        what="engine.start to the end's report (the same floor)",
        unit="ms",
        ours=middle(last),
        floor=floor,
    )


def bare(command: list[str]) -> float:
    begin = time.monotonic_ns()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return (int(done.stdout) - begin) / 1e6


async def through_engine(
    command: list[str], root: Path, rounds: int
) -> tuple[list[float], list[float]]:
    """Milliseconds to the first instruction, and to the observation that the task ended."""
    engine = LocalEngine(root)
    await engine.open()
    ends = aiter(engine.observe())
    first, last = [], []
    for number in range(rounds + WARM):
        task = a_task(command, root, number)
        begin = time.monotonic_ns()
        await engine.start(task)
        while not isinstance(await anext(ends), Ended):
            pass
        last.append((time.monotonic_ns() - begin) / 1e6)
        first.append((int(task.log(0).read_text()) - begin) / 1e6)
        await asyncio.sleep(0.01)
    await engine.close()
    return first[WARM:], last[WARM:]


def a_task(command: list[str], root: Path, number: int) -> Task:
    folder = root / str(number)
    (folder / "work").mkdir(parents=True)
    return Task(
        name=f"{number}-1",
        job=str(number),
        attempt=1,
        owner="me",
        project="default",
        spec=JobSpec(command=command),
        folder=folder,
    )
