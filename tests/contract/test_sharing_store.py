"""From a database of one person to one of many: nothing is lost, and half is never seen."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import msgspec
import pytest
from alembic import command
from alembic.config import Config

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.domain.pages import JobFilter
from submarine_ext.store import migrate
from submarine_ext.store.sqlite import engine as sqlite
from submarine_ext.store.store import Store
from tests.contract.killed_migration import migrated

ANN = Principal("ann")
SPEC = JobSpec(command=["true"], resources=Resources(cpu="500m", memory="1Gi", gpu=1))


@pytest.fixture
def old(tmp_path):
    """A database as the last version left it: ann's project, two jobs, three events."""
    path = tmp_path / "submarine.sqlite"
    engine = sqlite(path, begin="BEGIN IMMEDIATE", size=1)
    with engine.begin() as conn:
        config = Config()
        folder = migrate.__file__.replace("migrate.py", "migrations")
        config.set_main_option("script_location", folder)
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "INSERT INTO projects (name, title, owner, created) "
            "VALUES ('default', 'Mine', 'ann', '2026-01-01T00:00:00.000000Z')"
        )
        for number, state in ((1, "succeeded"), (2, "running")):
            _insert_job(conn, f"j{number}", state)
            _insert_event(conn, f"j{number}")
        _insert_event(conn, "j2")
    return path


def _insert_job(conn, name, state):
    row = {
        "id": name,
        "project": "default",
        "owner": "ann",
        "name": name,
        "engine": "local",
        "spec": msgspec.json.encode(SPEC).decode(),
        "state": state,
        "target": "run",
        "attempt": 1,
        "retries_left": 0,
        "generation": 1,
        "grace_seconds": 10.0,
        "created": "2026-01-01T00:00:00.000000Z",
        "latest": "{}",
        "ranks": 1,
        "revision": 1,
    }
    _insert(conn, "jobs", row)


def _insert_event(conn, job):
    row = {"time": "t", "project": "default", "actor": "ann", "action": "job.submitted"}
    _insert(conn, "events", {**row, "kind": "job", "object": job, "data": "{}"})


def _insert(conn, table, row):
    marks = ", ".join("?" for _ in row)
    conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def tables(path):
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row[0] for row in rows}


def values(path, query):
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(query).fetchall()


class TestAnOldDatabase:
    async def test_keeps_its_project_jobs_and_events(self, old):
        store = await Store.open(old)
        await store.close()
        assert values(old, "SELECT name, title, person, state FROM projects") == [
            ("default", "Mine", "ann", "active")
        ]
        assert values(old, 'SELECT project, kind, subject, role, "by" FROM grants') == [
            ("default", "user", "ann", "owner", "ann")
        ]
        assert values(old, "SELECT id, state FROM jobs ORDER BY seq") == [
            ("j1", "succeeded"),
            ("j2", "running"),
        ]
        assert values(old, "SELECT seq, object FROM events") == [(1, "j1"), (2, "j2"), (3, "j2")]

    async def test_counts_what_runs_already_for_the_quotas(self, old):
        await (await Store.open(old)).close()
        assert values(old, "SELECT job, account FROM charges") == [("j2", "user:ann")]
        assert values(old, "SELECT cpu, memory, gpu FROM jobs WHERE id = 'j2'") == [
            (500, 1 << 30, 1)
        ]

    async def test_is_its_owners_default_project_at_the_next_start(self, old):
        with closing(sqlite3.connect(old)) as conn, conn:
            conn.execute("UPDATE jobs SET state = 'succeeded'")
        server = await Submarine.open(Settings(root=old.parent, owner="ann"))
        try:
            await server.people.arrive(ANN)
            assert (await server.people.me(ANN)).personal_project == "default"
            listed = await server.jobs.list(ANN, "default", JobFilter())
            assert {job.id for job in listed.items} == {"j1", "j2"}
            assert [project.name for project in await server.projects.list(ANN)] == ["default"]
        finally:
            await server.close()

    async def test_of_somebody_else_stays_theirs_when_the_server_changes_its_owner(self, old):
        with closing(sqlite3.connect(old)) as conn, conn:
            conn.execute("UPDATE jobs SET state = 'succeeded'")
        server = await Submarine.open(Settings(root=old.parent, owner="ben"))
        try:
            ben = Principal("ben")
            assert (await server.people.me(ben)).personal_project == "default-2"
            assert [project.name for project in await server.projects.list(ben)] == ["default-2"]
        finally:
            await server.close()


class TestAKillInTheMiddle:
    def test_leaves_the_old_or_the_new_and_loses_nothing(self, old, tmp_path):
        """Every tenth statement of the migration, then once to its end. Catches the mutant
        that migrates without one transaction around it (see the test below)."""
        before = tables(old)
        outcomes = []
        for number in range(0, 400, 10):
            code = migrated(old, number)
            outcomes.append(code)
            assert values(old, "SELECT count(*) FROM jobs") == [(2,)]
            assert values(old, "SELECT count(*) FROM events") == [(3,)]
            if code == 0:
                break
            assert code == -signal.SIGKILL
            assert tables(old) == before
            assert values(old, "SELECT owner FROM projects") == [("ann",)]
        assert outcomes[-1] == 0
        assert len(outcomes) > 5
        assert values(old, "SELECT person FROM projects") == [("ann",)]

    def test_would_show_a_migration_without_a_transaction(self, old):
        """The mutant: each statement is committed by itself."""
        before = tables(old)
        assert any(
            migrated(old, number, begin="SELECT 1") != 0 and tables(old) != before
            for number in range(20, 60, 10)
        )
