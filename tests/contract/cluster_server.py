"""A server to be killed (see ``killed``), with the Kubernetes engine and a cluster elsewhere.

``{"root", "kubeconfig", "database", "failpoint", "jobs": [JobSpec…], "seconds"}``: it submits the
jobs and tells ``["accepted", id]``, stops those tagged ``stop-pending`` or ``stop-running`` once
they are, unless that was asked before, and tells ``["stopped", id]``, looks after everything until
all jobs have ended and exits with 0, or with 3 and without a goodbye after ``seconds``. Several on
one ``database`` (a URL; else the file in ``root``) are replicas: one of them leads.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import kubernetes.config  # noqa: F401 - loaded here, or else by each server that is forked
import msgspec

from submarine_ext import failpoints
from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.domain.pages import JobFilter
from submarine_ext.engines.kubernetes import engine as engines
from submarine_ext.engines.kubernetes.kinds.base import Resource
from submarine_ext.engines.kubernetes.nodelog import NodeLog
from submarine_ext.engines.kubernetes.placement import Memory
from submarine_ext.engines.kubernetes.removing import Removal
from submarine_ext.reconcile import lease
from tests.contract.fault_server import forget_to_adopt
from tests.contract.killed import Order, Tell, obey
from tests.kubernetes.hands import HURRY

#: As in ``replica_server``: a test need not wait long for the other server.
lease.LEASE_SECONDS = 4.0
lease.TRY_SECONDS = 0.2
ANA = Principal("ana")
UNFINISHED = [state for state in JobState if not state.terminal]
engines._cluster_module()  # this too


def write_the_uid_too_late() -> None:
    made, begin = Memory.made, Memory.begin
    late: dict[Path, str] = {}

    def keep(self: Memory, uid: str) -> str:
        """The mutant: which object it is is written down after it was let go."""
        late[self._folder] = uid
        return uid

    def write(self: Memory) -> None:
        if self._folder in late:
            made(self, late.pop(self._folder))
        begin(self)

    Memory.made, Memory.begin = keep, write


def adopt_nothing() -> None:
    async def adopt(self: engines.KubernetesEngine, tasks: object) -> set[str]:
        """The mutant: what was begun before the crash is begun anew."""
        tasks = list(tasks)
        for task in tasks:
            for file in task.folder.glob("kubernetes.*"):
                file.unlink()
        return {task.name for task in tasks}

    engines.KubernetesEngine.adopt = adopt


def mark_before_appending() -> None:
    append = NodeLog._append

    def hasty(self: NodeLog, rank: int, data: bytes) -> None:
        """The mutant: the mark says that bytes are there before they are."""
        self.mark.place = self._reading.place
        self.save()
        append(self, rank, data)

    NodeLog._append = hasty


def forget_what_is_there() -> None:
    settle = NodeLog._settle

    def forgetful(self: NodeLog) -> None:
        """The mutant: what came after the mark is written again."""
        settle(self)
        self._surplus = {}

    NodeLog._settle = forgetful


def orphan_what_it_owns() -> None:
    async def delete(self: Removal, resource: Resource, name: str, uid: str) -> bool:
        """The mutant: the object is deleted, what it owns is not."""
        options = {"propagationPolicy": "Orphan", "preconditions": {"uid": uid}}
        return await self._gone_or(resource, name, options)

    Removal.delete = delete


MUTANTS = {
    "forget-to-adopt": forget_to_adopt,
    "uid-too-late": write_the_uid_too_late,
    "adopt-nothing": adopt_nothing,
    "mark-before-append": mark_before_appending,
    "append-again": forget_what_is_there,
    "orphans": orphan_what_it_owns,
}


def settings(order: Order) -> Settings:
    chosen = engines.Settings(kubeconfig=order["kubeconfig"], image="python:3.12")
    return Settings(
        root=Path(order["root"]),
        owner=ANA.name,
        database_url=order.get("database", ""),
        engines=("kubernetes",),
        makers={"kubernetes": lambda root: engines.KubernetesEngine(root, chosen, patience=HURRY)},
    )


def _is_to_be_stopped(job: Job) -> bool:
    now = f"stop-{job.state}" in job.spec.tags or "stop-pending" in job.spec.tags
    return now and job.target is not Target.STOP


class Server:
    """One server process, from its opening to the end of all jobs."""

    def __init__(self, submarine: Submarine, tell: Tell) -> None:
        self._jobs = submarine.jobs
        self._tell = tell

    async def submit(self, spec: dict) -> None:
        job = await self._jobs.submit(ANA, "default", msgspec.convert(spec, JobSpec), None)
        self._tell(["accepted", job.id])

    async def over(self) -> bool:
        """Whether all jobs have ended; those that are to be stopped by now are."""
        page = await self._jobs.list(ANA, "default", JobFilter(state=UNFINISHED, limit=50))
        for job in page.items:
            if _is_to_be_stopped(job):
                await self._jobs.stop(ANA, job.id, grace_seconds=1)
                self._tell(["stopped", job.id])
        return not page.items


async def serve(order: Order, tell: Tell) -> int:
    submarine = await Submarine.open(settings(order))
    server = Server(submarine, tell)
    failpoints.arm(order.get("failpoint", ""))
    jobs = order["jobs"][order["index"] :: order.get("fork", 1)]
    await asyncio.gather(*[server.submit(spec) for spec in jobs])
    deadline = time.monotonic() + order["seconds"]
    while not await server.over():
        if time.monotonic() > deadline:
            os._exit(3)
        await asyncio.sleep(0.05)
    await submarine.close()
    return 0


if __name__ == "__main__":
    obey(serve, MUTANTS)
