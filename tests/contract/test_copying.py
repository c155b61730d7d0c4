"""From SQLite to PostgreSQL by one command: everything, compared, or nothing."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys

import pytest

from submarine_ext.app.wiring import DATABASE, LOCK, Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec, JobState
from submarine_ext.domain.pages import JobFilter
from submarine_ext.domain.projects import NewProject
from submarine_ext.errors import SubmarineError
from submarine_ext.reconcile.lease import FileLease
from submarine_ext.store import copying, metrics
from submarine_ext.store.metrics import Batch
from submarine_ext.store.schema import metadata
from tests.databases import change, empty, rows

ANA = Principal("ana")
COMMAND = """
import sys
from submarine_ext.app.command import main
main(sys.argv[1:])
"""
#: The same, killed while the named table is written.
KILLED = (
    """
import os, signal, sys
from submarine_ext.store import copying
write = copying._write

def dies(table, conn, rows):
    write(table, conn, rows)
    if table.name == "events":
        os.kill(os.getpid(), signal.SIGKILL)

copying._write = dies
"""
    + COMMAND
)


@pytest.fixture
def target(tmp_path):
    with empty("postgres", tmp_path) as where:
        yield where


@pytest.fixture
def filled(tmp_path, jp_asyncio_loop):
    """A data folder with some of everything: people, files, jobs that ran, points."""
    jp_asyncio_loop.run_until_complete(fill(tmp_path))
    return tmp_path


async def fill(root):
    server = await Submarine.open(Settings(root=root, owner="ana", cpu=2.0))
    await server.projects.create(ANA, NewProject(name="vision", title="Sehen – \u00e4\u00df"))
    words = """printf '\\036{"m":{"loss":0.1,"nan":"NaN"},"s":1}\\n'"""
    spec = JobSpec(command=["sh", "-c", words])
    job = await server.jobs.submit(ANA, "vision", spec, "key-1")
    while not (await server.jobs.get(ANA, job.id)).state.terminal:
        await asyncio.sleep(0.02)
    assert (await server.jobs.get(ANA, job.id)).state is JobState.SUCCEEDED
    gone = await server.jobs.submit(ANA, "vision", spec, None)
    while not (await server.jobs.get(ANA, gone.id)).state.terminal:
        await asyncio.sleep(0.02)
    await server.jobs.delete(ANA, gone.id)
    odd = Batch(
        job=job.id, attempt=9, rank=1, begin=0, end=5,
        points=[("a\0b", 2**53, 1e-300, 1e9 / 3), ("inf", 0, float("inf"), 0.1)],
        params={"lr": 0.1},
    )  # fmt: skip
    await server._store.write(lambda tx: metrics.append(tx, odd))
    await server.close()


def run(root, target, *arguments, script=COMMAND):
    environment = {**os.environ, "SUBMARINE_DATABASE_URL": target}
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        script,
        "database",
        "copy",
        f"--data-dir={root}",
    ]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def is_empty(target):
    return rows(target, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


class TestTheCommand:
    async def test_copies_everything_and_a_server_goes_on_from_there(self, filled, target):
        done = run(filled, target)
        assert (done.returncode, done.stderr) == (0, "")
        told = {name: int(n) for n, name in re.findall(r"(\d+)  (\w+) .* equal", done.stdout)}
        assert set(told) == set(metadata.tables)
        for table in metadata.tables:
            count = f'SELECT count(*) FROM "{table}"'
            assert rows(target, count) == rows(filled / DATABASE, count) == [(told[table],)]
        assert told["points"] == 4
        server = await Submarine.open(Settings(root=filled, owner="ana", database_url=target))
        try:
            [job] = (await server.jobs.list(ANA, "vision", JobFilter())).items
            shown = await server._store.read(lambda tx: metrics.read(tx, job.id, 1))
            assert shown.series["loss"].value == [0.1]
            again = await server.jobs.submit(ANA, "vision", job.spec, "key-1")
            assert again.id == job.id
        finally:
            await server.close()

    def test_gives_no_number_twice(self, filled, target):
        last = rows(filled / DATABASE, "SELECT name, seq FROM sqlite_sequence")
        assert run(filled, target).returncode == 0
        for table, seq in last:
            key = metadata.tables[table].autoincrement_column.name
            following = f"SELECT nextval(pg_get_serial_sequence('{table}', '{key}'))"
            assert rows(target, following) == [(seq + 1,)], table

    def test_refuses_a_database_that_is_not_empty_and_leaves_it_alone(self, filled, target):
        change(target, "CREATE TABLE theirs (x text)")
        done = run(filled, target)
        assert done.returncode == 1
        assert "not empty" in done.stderr
        tables = rows(target, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert tables == [("theirs",)]

    def test_refuses_while_a_server_runs(self, filled, target):
        server = FileLease(filled / LOCK)
        assert server.attempt()
        done = run(filled, target)
        server._file.close()
        assert done.returncode == 1
        assert "stop it" in done.stderr
        assert is_empty(target)

    def test_that_is_killed_leaves_nothing_behind(self, filled, target):
        before = rows(filled / DATABASE, "SELECT count(*) FROM events")
        assert run(filled, target, script=KILLED).returncode == -signal.SIGKILL
        assert is_empty(target)
        assert rows(filled / DATABASE, "SELECT count(*) FROM events") == before
        assert run(filled, target).returncode == 0

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("", "SUBMARINE_DATABASE_URL"),
            ("mysql://a:hush-hush@b/c", "postgresql://user@host"),
            ("postgresql://a:hush-hush@127.0.0.1:1/c", "does not answer"),
        ],
    )
    def test_says_what_is_wrong_and_not_the_password(self, filled, where, said):
        done = run(filled, where)
        assert done.returncode != 0
        assert said in done.stderr
        assert "hush-hush" not in done.stderr + done.stdout


class TestTheComparison:
    @pytest.mark.parametrize("mutant", ["drops", "alters"])
    def test_finds_a_row_that_came_out_different(self, filled, target, monkeypatch, mutant):
        write = copying._write

        def loses(table, conn, rows):
            everything = list(rows)
            if table.name == "points":
                everything = (
                    everything[1:]
                    if mutant == "drops"
                    else [(*row[:-1], row[-1] + 1e-6) for row in everything]
                )
            write(table, conn, everything)

        monkeypatch.setattr(copying, "_write", loses)
        with pytest.raises(SubmarineError, match="points came out different"):
            copying.copy(filled / DATABASE, target, lambda _: None)
        assert is_empty(target)
