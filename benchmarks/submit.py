"""How soon a submitted job runs, and how many submissions a second become durable.

Both sides answer in the same server process, in turns, to the same kept-alive client.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.names import DURABLE, FIRST
from benchmarks.server import Connection, Server, server

CLIENTS = 8
SECONDS = 4.0


def measure(rounds: int) -> Iterator[Figure]:
    with server("submarine_ext", "benchmarks.floor") as there:
        payload = program(there.folder)
        client = there.connect()
        ours, floor = first_instructions(there, client, payload, rounds)
        yield Figure(what=FIRST, unit="ms", ours=ours, floor=floor, at_most=3)
        fill_engine(there, client)
        ours, floor = submissions(there, payload)
        yield Figure(what=DURABLE, unit="/s", ours=ours, floor=floor, at_least=0.5)


def program(folder: Path) -> list[str]:
    """The payload: in C where there is a compiler, else a bare Python."""
    compiler = shutil.which("cc")
    if compiler is None:
        return [sys.executable, "-S", "-E", "-c", "import time; print(time.monotonic_ns())"]
    binary = folder / "first"
    subprocess.run([compiler, "-O2", "-o", binary, Path(__file__).with_name("first.c")], check=True)
    return [str(binary)]


def first_instructions(
    there: Server, client: Connection, payload: list[str], rounds: int
) -> tuple[float, float]:
    """Medians in ms, ours and the floor's."""
    ours, floor = [], []
    for n in range(rounds):
        ours.append(_ours_first(there, client, payload))
        floor.append(_floor_first(there, client, payload, n))
    return statistics.median(ours), statistics.median(floor)


def _ours_first(there: Server, client: Connection, payload: list[str]) -> float:
    begin = time.monotonic_ns()
    job = client.json("POST", "/projects/default/jobs", {"command": payload})
    log = there.data / "submarine" / "jobs" / job["id"] / "1" / "rank-0.log"
    first = _first_line(log)
    finished(client, job["id"])
    return (first - begin) / 1e6


def _floor_first(there: Server, client: Connection, payload: list[str], n: int) -> float:
    output = there.folder / f"floor-{n}.log"
    spec = json.dumps({"command": payload, "output": str(output)}).encode()
    begin = time.monotonic_ns()
    client.send("POST", "/floor/run", spec)
    return (_first_line(output) - begin) / 1e6


def _first_line(path: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.001)
    raise TimeoutError(f"nothing was written to {path}")


def finished(client: Connection, job: str, seconds: float = 120) -> dict[str, Any]:
    """Wait until the job has ended; the job."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.json("GET", f"/jobs/{job}")
        if found["finished"]:
            return found
        time.sleep(0.01)
    raise TimeoutError(f"{job} does not end: {found}")


def fill_engine(there: Server, client: Connection) -> None:
    """Start one job that takes all CPUs, so that what is submitted from now on only waits.

    It ends by itself with the server's folder: stopping it would start all that waits.
    """
    flag = there.folder / "busy"
    flag.touch()
    (engine,) = client.json("GET", "/engines")["items"]
    command = ["sh", "-c", f"while [ -e {flag} ]; do sleep 0.1; done"]
    spec = {"command": command, "resources": {"cpu": engine["capacity"]["cpu"]}}
    job = client.json("POST", "/projects/default/jobs", spec)["id"]
    while client.json("GET", f"/jobs/{job}")["state"] != "running":
        time.sleep(0.01)


def submissions(there: Server, payload: list[str]) -> tuple[float, float]:
    """Durable submissions a second, ours and the floor's."""
    body = json.dumps({"command": payload}).encode()
    sample = there.connect().send("POST", "/submarine/api/projects/default/jobs", body)
    there.connect().send("PUT", "/floor/bytes", sample)
    floor = _rate(there, "/floor/row", body)
    return _rate(there, "/submarine/api/projects/default/jobs", body), floor


def _rate(there: Server, path: str, body: bytes) -> float:
    def client(_: int) -> int:
        connection, done = there.connect(), 0
        while time.monotonic() < end:
            connection.send("POST", path, body)
            done += 1
        return done

    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(client, range(CLIENTS))) / SECONDS
