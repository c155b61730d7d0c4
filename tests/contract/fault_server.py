"""A server to be killed (see ``killed``), with the local engine.

``{"root", "failpoint", "jobs": [JobSpec…], "seconds"}``: it submits the jobs, tells the ids
of those that were accepted, looks after everything until all jobs have ended (or ``seconds``
passed) and exits with 0 (or 3).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from submarine_ext import failpoints
from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import Job, JobSpec, JobState
from submarine_ext.domain.pages import JobFilter
from submarine_ext.reconcile.dispatch import Dispatcher
from submarine_ext.store.store import Store
from tests.contract.killed import Order, Tell, obey

UNFINISHED = [state for state in JobState if not state.terminal]


def forget_to_adopt() -> None:
    async def adopt(self: Dispatcher) -> None:
        """The mutant: what was claimed before the crash is nobody's."""

    Dispatcher.adopt = adopt


def answer_before_the_commit() -> None:
    write = Store.write

    async def hasty(self, change):
        """The mutant: a submission is answered before it is on disk."""
        if change.__name__ != "accept":
            return await write(self, change)
        closure = [cell.cell_contents for cell in change.__closure__]
        asyncio.get_running_loop().call_later(
            0.05, lambda: asyncio.ensure_future(write(self, change))
        )
        return next(value for value in closure if isinstance(value, Job))

    Store.write = hasty


MUTANTS = {"forget-to-adopt": forget_to_adopt, "answer-before-commit": answer_before_the_commit}


async def serve(order: Order, tell: Tell) -> int:
    settings = Settings(root=Path(order["root"]), owner="ana", cpu=8.0, gpu=4)
    submarine = await Submarine.open(settings)
    ana = Principal("ana")
    failpoints.arm(order.get("failpoint", ""))

    async def submit(spec: dict) -> None:
        job = await submarine.jobs.submit(ana, "default", msgspec.convert(spec, JobSpec), None)
        tell(job.id)

    await asyncio.gather(*[submit(spec) for spec in order["jobs"]])
    deadline = time.monotonic() + order["seconds"]
    while time.monotonic() < deadline:
        page = await submarine.jobs.list(ana, "default", JobFilter(state=UNFINISHED, limit=1))
        if not page.items:
            await submarine.close()
            return 0
        await asyncio.sleep(0.02)
    await submarine.close()
    return 3


if __name__ == "__main__":
    obey(serve, MUTANTS)
