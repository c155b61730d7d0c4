"""The process of an engine that leads many jobs; ``kubernetes_crowd`` runs it and asks.

Says one JSON object a line: once it was opened, once it leads them all, and after each
line on stdin (``rest SECONDS`` or ``lag SECONDS``) what it measured meanwhile.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import os
import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.server import resident_bytes
from submarine_ext.engines.base import Started, Task
from submarine_ext.engines.kubernetes import following, informer, watching
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.reach import Patience
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.testing.session import Session, session

TICK = 0.005


async def lead(root: Path, settings: Settings, tasks: list[Task], faster: float) -> None:
    hasten(faster)
    patience = Patience(probe=60 / faster, fresh=600 / faster)
    async with session(KubernetesEngine(root, settings, patience=patience)) as s:
        await s.healthy()
        say(**memory())
        begin = time.monotonic()
        await s.engine.adopt(tasks)
        await all_started(s, len(tasks))
        say(seconds=time.monotonic() - begin)
        while line := await asyncio.to_thread(sys.stdin.readline):
            what, seconds = line.split()
            say(**memory(), **await {"rest": rest, "lag": lag}[what](float(seconds)))


def hasten(faster: float) -> None:
    """Let what happens once in many minutes happen so many times as often."""
    following.RENEW /= faster
    window = tuple(max(1, round(seconds / faster)) for seconds in informer.Rhythm.window)
    watching.Rhythm = functools.partial(informer.Rhythm, window=window)  # type: ignore[misc]


async def all_started(s: Session, number: int) -> None:
    while sum(isinstance(o, Started) for o in s.seen) < number:
        await asyncio.sleep(0.01)


async def rest(seconds: float) -> dict[str, float]:
    """The share of one processor that is used while nothing is asked of the engine."""
    begin, used = time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    return {"cpu": (time.process_time() - used) / (time.monotonic() - begin)}


async def lag(seconds: float) -> dict[str, float]:
    """By how much a short sleep was too long: the median and the worst of a hundred, in ms."""
    late = []
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        await asyncio.sleep(TICK)
        late.append((time.monotonic() - begin - TICK) * 1000)
    return {"p50": statistics.median(late), "p99": statistics.quantiles(late, n=100)[98]}


def memory() -> dict[str, float]:
    """Bytes: resident, and of Python's objects where they are traced."""
    gc.collect()
    return {"resident": resident_bytes(os.getpid()), "traced": tracemalloc.get_traced_memory()[0]}


def say(**found: Any) -> None:
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    if given["trace"]:
        tracemalloc.start()
    asyncio.run(
        lead(
            Path(given["root"]),
            msgspec.convert(given["settings"], Settings),
            msgspec.convert(given["tasks"], list[Task], dec_hook=lambda kind, text: kind(text)),
            given["faster"],
        )
    )
