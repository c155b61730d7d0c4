"""jupyter-scheduler: its notebook jobs, through its own HTTP interface."""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.names import DURABLE, FIRST, LISTED
from benchmarks.peers.notebook import first_cell, write_notebook
from benchmarks.server import Connection, Server, server
from benchmarks.submit import CLIENTS

ROUNDS = 3
SUBMISSIONS = 40
JOBS = 10_000


def measure(folder: Path) -> dict[str, float]:
    data = folder / "data"
    with server("jupyter_scheduler", data=data) as there:
        output = folder / "first"
        write_notebook(there.folder / "in.ipynb", output)
        client = there.connect()
        times = [_first(client, output) for _ in range(ROUNDS)]
        rate = _rate(there)
    _fill(next(data.glob("**/*.sqlite")))
    with server("jupyter_scheduler", data=data) as there:
        client = there.connect()
        lists = [_list(client) for _ in range(50)]
    return {
        FIRST: statistics.median(times),
        DURABLE: rate,
        LISTED: statistics.median(lists),
    }


def _job() -> dict[str, Any]:
    return {
        "name": "first",
        "input_uri": "in.ipynb",
        "output_formats": ["ipynb"],
        "runtime_environment_name": Path(sys.prefix).name,
        "parameters": {},
    }


def _first(client: Connection, output: Path) -> float:
    begin = time.monotonic_ns()
    client.send("POST", "/scheduler/jobs", json.dumps(_job()).encode())
    return (first_cell(output) - begin) / 1e6


def _rate(there: Server) -> float:
    """Submissions a second; each also starts a process, as it always does."""

    def one(_: int) -> None:
        there.connect().send("POST", "/scheduler/jobs", json.dumps(_job()).encode())

    begin = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, range(SUBMISSIONS)))
    return SUBMISSIONS / (time.monotonic() - begin)


def _fill(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
        others = ", ".join(name for name in columns if name != "job_id")
        ids = [(f"copy-{n}",) for n in range(JOBS)]
        copy = f"INSERT INTO jobs (job_id, {others}) SELECT ?, {others} FROM jobs LIMIT 1"
        connection.executemany(copy, ids)


def _list(client: Connection) -> float:
    begin = time.perf_counter()
    client.send("GET", "/scheduler/jobs?max_items=50")
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
