"""One page of 50 of 10,000 jobs, beside the same bytes from a bare handler."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.figures import Figure
from benchmarks.names import LISTED
from benchmarks.server import Connection, server
from benchmarks.submit import finished
from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import Job
from submarine_ext.store import jobs
from submarine_ext.store.store import Store, Transaction

SLOW = "the same, 95th percentile"
JOBS = 10_000
PATH = "/submarine/api/projects/default/jobs?limit=50"


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        data = Path(name)
        with server("submarine_ext", data=data) as there:
            client = there.connect()
            made = client.json("POST", "/projects/default/jobs", {"command": ["true"]})
            job = msgspec.convert(finished(client, made["id"]), Job)
        asyncio.run(fill(data / "submarine" / "submarine.sqlite", job))
        with server("submarine_ext", "benchmarks.floor", data=data) as there:
            client = there.connect()
            client.send("PUT", "/floor/bytes", client.send("GET", PATH))
            ours, floor = in_turns(client, rounds * 10)
    middle = statistics.median(floor)
    yield Figure(what=LISTED, unit="ms", ours=statistics.median(ours), floor=middle, at_most=5)
    yield Figure(what=SLOW, unit="ms", ours=p95(ours), floor=p95(floor), limit=5)


async def fill(database: Path, job: Job) -> None:
    """Add copies of an ended job until there are 10,000."""

    def add(tx: Transaction) -> None:
        for _ in range(JOBS - 1):
            copy = msgspec.structs.replace(job, id=new_job_id())
            jobs.add(tx, copy, actor=job.owner, retries=0)

    store = await Store.open(database)
    await store.write(add)
    await store.close()


def in_turns(client: Connection, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each answer, ours and the floor's."""
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(_answer(client, PATH))
        floor.append(_answer(client, "/floor/bytes"))
    return ours, floor


def _answer(client: Connection, path: str) -> float:
    begin = time.perf_counter()
    client.send("GET", path)
    return (time.perf_counter() - begin) * 1000


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]
