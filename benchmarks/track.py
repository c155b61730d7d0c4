"""One call of ``track.log_metric`` in a training loop, beside ``print`` of a JSON line."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import submarine_ext
from benchmarks.figures import Figure
from benchmarks.names import LOGGED

BUFFERED = "the same (floor: f-string to a buffered file)"
OUTSIDE = "the same outside a job (floor: an empty function)"
CALLS = 20_000


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        folder = Path(name)
        track, idle = loaded(folder / "rank-0.log"), loaded(None)
        # a job's stdout: a file, unbuffered through PYTHONUNBUFFERED=1
        stdout = (folder / "stdout").open("w")
        stdout.reconfigure(write_through=True)
        buffered = (folder / "buffered").open("w")
        with stdout, buffered:
            found = in_turns(
                rounds,
                lambda i: track.log_metric("loss", 0.5 * i, i),
                lambda i: print(json.dumps(record(i)), file=stdout),
                lambda i: buffered.write(
                    f'{{"m":{{"loss":{0.5 * i}}},"s":{i},"t":{time.time()}}}\n'
                ),
                lambda i: idle.log_metric("loss", 0.5 * i, i),
                lambda _: None,
            )
    ours, printed, written, outside, nothing = found
    yield Figure(what=LOGGED, unit="µs", ours=ours, floor=printed, at_most=2)
    yield Figure(what=BUFFERED, unit="µs", ours=ours, floor=written)
    yield Figure(what=OUTSIDE, unit="µs", ours=outside, floor=nothing, limit=1)


def record(i: int) -> dict[str, object]:
    return {"m": {"loss": 0.5 * i}, "s": i, "t": time.time()}


def loaded(stream: Path | None) -> ModuleType:
    """A copy of track as a job (or, without a stream, anybody else) imports it."""
    path = Path(submarine_ext.__file__).with_name("track.py")
    spec = importlib.util.spec_from_file_location("track", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if stream is not None:
        os.environ["SUBMARINE_STREAM"] = str(stream)
    spec.loader.exec_module(module)
    os.environ.pop("SUBMARINE_STREAM", None)
    return module


def in_turns(rounds: int, *calls: Callable[[int], object]) -> list[float]:
    """The median microseconds of one call of each."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, seconds in zip(calls, times, strict=True):
            begin = time.perf_counter()
            for i in range(CALLS):
                call(i)
            seconds.append((time.perf_counter() - begin) / CALLS * 1e6)
    return [statistics.median(seconds) for seconds in times]
