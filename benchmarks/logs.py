"""A job that prints as fast as it can, read live by one reader; beside ``tail -f``."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.server import Connection, Server, server
from benchmarks.socket_reader import SocketReader
from benchmarks.submit import finished

THROUGHPUT = "log from the job to one reader (floor: tail -f)"
SLOWED = "job that computes and prints, with a reader (floor: without)"
MEMORY = "server memory meanwhile, added"
BLOCK = 64_000
BLOCKS = 5_000
MEGABYTES = BLOCK * BLOCKS / 1e6

#: Prints blocks of lines of 100 bytes, nothing else.
WRITER = f"""
import os
block = (b"x" * 99 + b"\\n") * {BLOCK // 100}
for _ in range({BLOCKS}):
    os.write(1, block)
"""

#: Computes and prints a line now and then; leaves its own seconds in the file it is given.
WORKER = """
import sys, time
begin = time.monotonic()
for step in range(10_000):
    total = sum(range(10_000))
    print(f"step {step}: total {total}", flush=True)
open(sys.argv[1], "w").write(str(time.monotonic() - begin))
"""


def measure(rounds: int) -> Iterator[Figure]:
    middle = statistics.median
    with server("submarine_ext") as there:
        client = there.connect()
        rates, floors, memory = [], [], []
        for n in range(max(3, rounds // 5)):
            floors.append(tail_rate(there.folder, n))
            peak = Peak(there)
            rates.append(socket_rate(there, client))
            memory.append(peak.stop())
        read, alone = [], []
        for _ in range(max(3, rounds // 5)):
            alone.append(worker_seconds(there, client, read=False))
            read.append(worker_seconds(there, client, read=True))
    yield Figure(
        what=THROUGHPUT, unit="MB/s", ours=middle(rates), floor=middle(floors), at_least=0.5
    )
    yield Figure(what=SLOWED, unit="s", ours=middle(read), floor=middle(alone), at_most=1.3)
    yield Figure(what=MEMORY, unit="MB", ours=max(memory), limit=50)


def tail_rate(folder: Path, n: int) -> float:
    """MB a second from a writing process through ``tail -f``."""
    log = folder / f"tail-{n}.log"
    log.touch()
    tail = subprocess.Popen(["tail", "-c", "+1", "-f", log], stdout=subprocess.PIPE)
    begin = time.monotonic()
    with log.open("ab") as output:
        writer = subprocess.Popen([sys.executable, "-c", WRITER], stdout=output)
    left = BLOCK * BLOCKS
    assert tail.stdout is not None
    while left:
        left -= len(tail.stdout.read1(1 << 20))
    seconds = time.monotonic() - begin
    writer.wait()
    tail.terminate()
    tail.wait()
    tail.stdout.close()
    log.unlink()
    return MEGABYTES / seconds


def socket_rate(there: Server, client: Connection) -> float:
    """MB a second from the running job to a socket's reader."""
    reader = SocketReader(there)
    begin = time.monotonic()
    job = submit(client, WRITER)
    read_all(reader, f"jobs/{job}/logs")
    seconds = time.monotonic() - begin
    reader.close()
    finished(client, job)
    return MEGABYTES / seconds


def worker_seconds(there: Server, client: Connection, *, read: bool) -> float:
    """The working job's own seconds, with its log read live or by nobody."""
    own = there.folder / "own"
    job = submit(client, WORKER, str(own))
    if read:
        reader = SocketReader(there)
        read_all(reader, f"jobs/{job}/logs")
        reader.close()
    finished(client, job)
    return float(own.read_text())


def read_all(reader: SocketReader, topic: str) -> None:
    """Read a log to its end, going on after each gap from where it was cut."""
    reader.subscribe(topic, since=0)
    for payload in reader.payloads():
        if len(payload) > 500:
            continue
        frame = json.loads(payload)
        if frame["type"] == "complete":
            return
        if frame["type"] == "gap":
            reader.subscribe(topic, since=frame["since"])
        if frame["type"] in {"error", "closed"}:
            raise RuntimeError(frame)
    raise RuntimeError("the socket was closed")


def submit(client: Connection, script: str, *args: str) -> str:
    spec = {"command": [sys.executable, "-c", script, *args]}
    job: str = client.json("POST", "/projects/default/jobs", spec)["id"]
    return job


class Peak:
    """The most memory that a server took above what it had when this was made, in MB."""

    def __init__(self, there: Server) -> None:
        self._there = there
        self._before = self._most = there.resident_mb
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._most - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._most = max(self._most, self._there.resident_mb)
