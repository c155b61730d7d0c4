"""The commands of ``docs/howto/backup.md``, as written, while people save and jobs run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec, JobState
from submarine_ext.domain.pages import JobFilter
from submarine_ext.store import events, metrics
from tests.databases import KINDS, absent, fresh, name_of
from tests.databases import server as postgres

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "backup.md"
ANA = Principal("ana")
SPEC = JobSpec(
    command=["sh", "-c", """printf '\\036{"m":{"loss":0.5},"s":0}\\n'; echo "$TOKEN" | wc -c"""],
    secrets=["TOKEN"],
)


def commands(kind: str) -> tuple[str, str]:
    """How to back up and how to restore."""
    heading = {"sqlite": "## On SQLite", "postgres": "## On PostgreSQL"}[kind]
    part = PAGE.read_text().split(heading)[1].split("\n## ")[0]
    backup, restore = re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
    return backup, restore


class World:
    """A data folder with its database, and the environment in which to run the commands."""

    def __init__(self, kind: str, data: Path, database: Path | str) -> None:
        self.kind, self.data = kind, data
        self.url = database if isinstance(database, str) else ""

    async def open(self) -> Submarine:
        settings = Settings(root=self.data, owner="ana", cpu=2.0, database_url=self.url)
        return await Submarine.open(settings)

    async def run(self, script: str, backup: Path) -> None:
        environment = {**os.environ, "DATA": str(self.data), "BACKUP": str(backup)}
        if self.url:
            environment |= {"PGHOST": self.url.split("host=")[1], "PGUSER": "postgres"}
            environment["PGDATABASE"] = name_of(self.url)
            environment["PATH"] = f"{postgres().bin_path}:{environment['PATH']}"
        run = await asyncio.create_subprocess_exec(
            "bash",
            "-euc",
            script,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await run.communicate()
        assert run.returncode == 0, said.decode()


@pytest.fixture
def worlds(request, tmp_path):
    """One to be backed up, and where it is to be restored."""
    kind = request.param
    for name in ("data", "restored", "backup"):
        (tmp_path / name).mkdir()
    with fresh(kind, tmp_path / "data") as old, absent(kind, tmp_path / "restored") as new:
        yield World(kind, tmp_path / "data", old), World(kind, tmp_path / "restored", new)


async def work(server: Submarine, stop: asyncio.Event) -> int:
    """Save and submit, until told to stop; how many jobs."""
    number = 0
    while not stop.is_set():
        number += 1
        for name in ("notes.txt", f"{number}.txt"):
            await server.documents.save(ANA, "default", name, f"save {number}".encode())
        await server.jobs.submit(ANA, "default", SPEC, None)
        await asyncio.sleep(0.05)
    return number


async def ended(server: Submarine) -> list:
    while True:
        jobs = (await server.jobs.list(ANA, "default", JobFilter(limit=100))).items
        if all(job.state.terminal for job in jobs):
            return jobs
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("worlds", KINDS, indirect=True)
async def test_what_was_there_is_there_again(worlds, tmp_path):
    old, new = worlds
    backup, restore = commands(old.kind)
    server = await old.open()
    await server.secrets.write(ANA, "default", "TOKEN", "hush-hush")
    stop = asyncio.Event()
    working = asyncio.create_task(work(server, stop))
    while not (await server.jobs.list(ANA, "default", JobFilter())).items:
        await asyncio.sleep(0.02)
    before = await server._store.read(events.head)
    await old.run(backup, tmp_path / "backup")
    stop.set()
    await working
    await ended(server)
    await server.close()

    await new.run(restore, tmp_path / "backup")
    server = await new.open()
    try:
        jobs = await ended(server)
        restored = await server._store.read(events.head)
        assert jobs
        assert restored >= before
        for job in jobs:
            await complete(server, job)
        for version in await server.documents.history(ANA, "default", "notes.txt"):
            body = await server.documents.read(ANA, "default", "notes.txt", version=version.id)
            assert body.body.startswith(b"save ")
        later = await server.jobs.submit(ANA, "default", SPEC, None)
        assert (await ended(server))[0].id == later.id
    finally:
        await server.close()


async def complete(server: Submarine, job) -> None:
    """A job that had ended has its points and its log; one that was under way says so."""
    if job.state is not JobState.SUCCEEDED:
        assert job.reason, job
        return
    shown = await server._store.read(lambda tx: metrics.read(tx, job.id, job.attempt))
    assert shown.series["loss"].value == [0.5]
    assert b"10" in server.results._files.log(job.id, job.attempt, 0).read_bytes()
