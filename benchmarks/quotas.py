"""What sharing adds to a submission and to reading a log: quotas and redaction."""

from __future__ import annotations

import asyncio
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.domain.redaction import NOTHING, Hidden
from submarine_ext.domain.times import now
from submarine_ext.files import logs
from submarine_ext.store import jobs, quotas
from submarine_ext.store.store import Store, Transaction

RESERVED = "submission with quotas, 5,000 jobs under way (floor: without)"
REDACTED = "reading a log with 5 secrets (floor: without)"
UNDER_WAY = 5000
MEGABYTES = 64
PIECE = 512 * 1024


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield asyncio.run(_submissions(Path(folder), rounds))
        yield _reading(Path(folder), max(3, rounds // 5))


async def _submissions(folder: Path, rounds: int) -> Figure:
    """Milliseconds that the writing thread needs for one job, without its commit."""
    store = await Store.open(folder / "s.sqlite")
    await store.write(_people)
    await store.write(lambda tx: [_submit(tx, reserve=True) for _ in range(UNDER_WAY)])
    with_quotas, without = [], []
    for _ in range(rounds):
        with_quotas.append(await store.write(lambda tx: _milliseconds(tx, reserve=True)))
        without.append(await store.write(lambda tx: _milliseconds(tx, reserve=False)))
    await store.close()
    return Figure(
        what=RESERVED,
        unit="ms",
        ours=statistics.median(with_quotas),
        floor=statistics.median(without),
        limit=5,
    )


def _people(tx: Transaction) -> None:
    limits = '{"jobs": 100000, "cpu": 100000, "memory": "1Ei", "gpu": 10, "gpu_hours": 100}'
    tx.exec_driver_sql(f"INSERT INTO users VALUES ('ana', 0, 0, '{limits}', NULL)")
    tx.exec_driver_sql(f"INSERT INTO teams VALUES ('lab', 'Lab', '{limits}', '')")
    tx.exec_driver_sql("INSERT INTO memberships VALUES ('lab', 'ana', 'member')")
    tx.exec_driver_sql("INSERT INTO grants VALUES ('default', 'team', 'lab', 'editor', '', '')")


def _submit(tx: Transaction, *, reserve: bool) -> None:
    job = Job(
        id=f"j{secrets.token_hex(8)}", project="default", owner="ana", name="j", engine="local",
        created=now(), spec=JobSpec(command=["true"]), state=JobState.PENDING, target=Target.RUN,
    )  # fmt: skip
    if reserve:
        quotas.reserve(tx, job, job.created)
    jobs.add(tx, job, actor="ana", retries=0)


def _milliseconds(tx: Transaction, *, reserve: bool) -> float:
    begin = time.perf_counter()
    _submit(tx, reserve=reserve)
    return (time.perf_counter() - begin) * 1000


def _reading(folder: Path, rounds: int) -> Figure:
    """MB a second through ``files.logs``, a piece of 512 KiB at a time."""
    log = folder / "rank-0.log"
    log.write_bytes((b"x" * 99 + b"\n") * (MEGABYTES * 10_000))
    hidden = Hidden([secrets.token_hex(20) for _ in range(5)])
    with_secrets = [_rate(lambda: _read(log, hidden)) for _ in range(rounds)]
    without = [_rate(lambda: _read(log, NOTHING)) for _ in range(rounds)]
    return Figure(
        what=REDACTED,
        unit="MB/s",
        ours=statistics.median(with_secrets),
        floor=statistics.median(without),
    )


def _rate(read: Callable[[], None]) -> float:
    begin = time.perf_counter()
    read()
    return MEGABYTES / (time.perf_counter() - begin)


def _read(log: Path, hidden: Hidden) -> None:
    offset, size = 0, log.stat().st_size
    while offset < size:
        offset = logs.read(log, offset, PIECE, hidden=hidden).offset
