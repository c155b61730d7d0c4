"""From records in a log to durable points, and back as a curve; beside bare SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.names import READ, STORED
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.domain.redaction import NOTHING
from submarine_ext.files.jobs import JobFiles
from submarine_ext.reconcile.collect import Collector
from submarine_ext.store import jobs, metrics
from submarine_ext.store.store import Store

POINTS = 100_000
SHOWN = 1000
READS = 3
TABLE = """
CREATE TABLE points (id INTEGER PRIMARY KEY, job TEXT NOT NULL, attempt INTEGER NOT NULL,
rank INTEGER NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL, value FLOAT, time FLOAT NOT NULL)
"""
INDEX = "CREATE INDEX points_by_job ON points (job, attempt, key)"
INSERT = "INSERT INTO points VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
SELECT = "SELECT step, value, time FROM points WHERE job = ? AND attempt = 1 AND key = 'loss'"


class Nobody:
    """Listens to the collector and does nothing."""

    def progress(self, project: str, job: str, data: dict[str, Any]) -> None: ...
    def grew(self, job: str) -> None: ...
    def points(self, job: str) -> None: ...


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        yield from asyncio.run(both(Path(name), max(3, rounds // 2)))


async def both(folder: Path, rounds: int) -> list[Figure]:
    stored, bare, read, fetched = [], [], [], []
    store = await Store.open(folder / "submarine.sqlite")
    with contextlib.closing(plain_database(folder / "plain.sqlite")) as plain:
        for n in range(rounds):
            job = a_job(n)
            stored.append(POINTS / await collect(store, folder, job))
            bare.append(POINTS / insert(plain, job.id))
            for _ in range(READS):
                read.append(await curve(store, job.id) * 1000)
                fetched.append(fetch(plain, job.id) * 1000)
    await store.close()
    middle = statistics.median
    return [
        Figure(what=STORED, unit="a second", ours=middle(stored), floor=middle(bare), at_least=0.3),
        Figure(what=READ, unit="ms", ours=middle(read), floor=middle(fetched), at_most=2),
    ]


def a_job(n: int) -> Job:
    return Job(
        id=f"jbenchmark{n:08d}", project="default", owner="ana", name="bench", engine="local",
        spec=JobSpec(command=["true"]), state=JobState.RUNNING, target=Target.RUN, created="now",
    )  # fmt: skip


def a_value(step: int) -> float:
    return 1 / (1 + step / 1000) + (step * 7919 % 100) / 1000


async def collect(store: Store, folder: Path, job: Job) -> float:
    """Seconds from a full log file to all its points on disk."""
    files = JobFiles(folder / "jobs")
    log = files.log(job.id, 1, 0)
    log.parent.mkdir(parents=True)
    with log.open("w") as output:
        for step in range(POINTS):
            output.write(f'\x1e{{"m":{{"loss":{a_value(step)}}},"s":{step},"t":1790000000.123}}\n')
    await store.write(lambda tx: jobs.add(tx, job, actor="ana", retries=0))
    collector = Collector(store, files, Nobody(), lambda tx, job: NOTHING)
    task = asyncio.create_task(collector.run())
    begin = time.perf_counter()
    collector.follow(job)
    await collector.drain(job.id, 1)
    seconds = time.perf_counter() - begin
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return seconds


async def curve(store: Store, job: str) -> float:
    """Seconds of reading the series as a browser asks for it."""
    begin = time.perf_counter()
    found = await store.read(lambda tx: metrics.read(tx, job, 1, ["loss"], SHOWN))
    seconds = time.perf_counter() - begin
    assert 0.99 * SHOWN < len(found.series["loss"].step) <= SHOWN
    return seconds


def plain_database(path: Path) -> sqlite3.Connection:
    plain = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE, INDEX):
        plain.execute(statement)
    return plain


def insert(plain: sqlite3.Connection, job: str) -> float:
    """Seconds of inserting the same rows, ready made, in transactions of 10,000."""
    rows = [(job, 1, 0, "loss", step, a_value(step), 1790000000.123) for step in range(POINTS)]
    begin = time.perf_counter()
    for first in range(0, POINTS, 10_000):
        plain.execute("BEGIN IMMEDIATE")
        plain.executemany(INSERT, rows[first : first + 10_000])
        plain.execute("COMMIT")
    return time.perf_counter() - begin


def fetch(plain: sqlite3.Connection, job: str) -> float:
    begin = time.perf_counter()
    rows = plain.execute(SELECT, (job,)).fetchall()
    seconds = time.perf_counter() - begin
    assert len(rows) == POINTS
    return seconds
