"""Ten thousand jobs without running them: rows in the store, as an earlier server left them."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec

from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import Job, JobState
from submarine_ext.domain.times import at
from submarine_ext.domain.traces import Trace
from submarine_ext.store import jobs
from submarine_ext.store.store import Store, Transaction

STATES = (JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


def fill(database: Path, job: Job, count: int) -> None:
    """Add so many ended jobs like this one, of four owners and each with a curve."""
    with ThreadPoolExecutor(1) as thread:  # the caller may be on a running event loop
        thread.submit(lambda: asyncio.run(_fill(database, job, count))).result()


async def _fill(database: Path, job: Job, count: int) -> None:
    def add(tx: Transaction) -> None:
        for number in range(count):
            one = _like(job, number)
            jobs.add(tx, one, actor=one.owner, retries=0)

    store = await Store.open(database)
    await store.write(add)
    await store.close()


def _like(job: Job, number: int) -> Job:
    state = STATES[number % len(STATES)]
    curve = [math.exp(-step / (4 + number % 7)) for step in range(24)]
    return msgspec.structs.replace(
        job,
        id=new_job_id(),
        created=at(datetime.fromisoformat(job.created).timestamp() + (number + 1) / 1000),
        owner=f"person-{number % 4}" if number % 4 else job.owner,
        name=f"sweep {number:05}",
        state=state,
        reason=None if state is JobState.SUCCEEDED else "Exited with code 3.",
        latest={"loss": curve[-1]},
        trace=Trace("loss", [float(f"{value:.5g}") for value in curve]),
    )
