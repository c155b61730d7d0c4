"""From ``engine.start`` to the first instruction of the user's process, beside a bare spawn.

Prints medians in milliseconds. The payload is a tiny C program where there is a compiler,
else a bare Python interpreter (whose own start then dominates both columns).

    python benchmarks/start.py [ROUNDS]
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, Task
from submarine_ext.engines.local.engine import LocalEngine

SOURCE = """
#include <stdio.h>
#include <time.h>
int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%ld.%09ld", (long)now.tv_sec, now.tv_nsec);
    return 0;
}
"""
PYTHON = [sys.executable, "-ISc", "import time; print(time.monotonic())"]


def payload(folder):
    compiler = shutil.which("cc")
    if compiler is None:
        return PYTHON
    program = folder / "now"
    subprocess.run(
        [compiler, "-O1", "-x", "c", "-o", program, "-"], input=SOURCE.encode(), check=True
    )
    return [str(program)]


def bare(command, rounds):
    def once():
        begun = time.monotonic()
        out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        return float(out) - begun

    return [once() for _ in range(rounds)]


async def through_engine(command, root, rounds):
    engine = LocalEngine(root)
    await engine.open()
    ends = aiter(engine.observe())
    first, last = [], []
    for number in range(-5, rounds):
        folder = root / str(number)
        (folder / "work").mkdir(parents=True)
        task = Task(
            name=f"{number}-1",
            job=str(number),
            attempt=1,
            owner="me",
            project="default",
            spec=JobSpec(command=command),
            folder=folder,
        )
        begun = time.monotonic()
        await engine.start(task)
        while not isinstance(await anext(ends), Ended):
            pass
        if number >= 0:
            last.append(time.monotonic() - begun)
            first.append(float(task.log(0).read_text()) - begun)
        await asyncio.sleep(0.05)
    await engine.close()
    return first, last


def main(rounds=100):
    with tempfile.TemporaryDirectory(dir=".") as name:
        root = Path(name).absolute()
        command = payload(root)
        floor = statistics.median(bare(command, rounds))
        first, last = asyncio.run(through_engine(command, root, rounds))
    rows = [
        ("bare spawn → first instruction", floor),
        ("engine.start → first instruction", statistics.median(first)),
        ("engine.start → Ended", statistics.median(last)),
    ]
    for title, seconds in rows:
        print(f"{title:36} {seconds * 1000:7.2f} ms   {seconds / floor:5.1f} ×")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
