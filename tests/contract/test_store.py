"""The store: durable, atomic, one writer, and honest when it cannot."""

import asyncio
import signal
import sqlite3
import threading
from contextlib import closing

import psycopg
import pytest
import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from submarine_ext.domain.access import Role
from submarine_ext.domain.events import EventRow
from submarine_ext.domain.jobs import Event, Job, JobSpec, JobState, Target
from submarine_ext.domain.pages import JobFilter, Search
from submarine_ext.domain.quotas import Quota
from submarine_ext.domain.subjects import Kind, Subject
from submarine_ext.domain.teams import NewTeam
from submarine_ext.errors import Invalid, NewerDatabase, StorageFull, Unavailable
from submarine_ext.store import (
    access,
    events,
    grants,
    jobs,
    metrics,
    migrate,
    postgres,
    schema,
    teams,
    users,
)
from submarine_ext.store import store as store_module
from submarine_ext.store.store import Store
from submarine_ext.store.unfinished import unfinished_jobs
from tests.contract.killed_migration import migrated
from tests.databases import KINDS, change, empty, fresh, rows, url


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    with fresh(request.param, tmp_path) as where:
        yield where


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@pytest.fixture
def store(database, jp_asyncio_loop):
    opened = jp_asyncio_loop.run_until_complete(Store.open(database))
    yield opened
    jp_asyncio_loop.run_until_complete(opened.close())


def job(number=1, **fields):
    common = {
        "id": f"j{number:011d}",
        "project": "default",
        "owner": "ana",
        "name": f"job {number}",
        "spec": JobSpec(command=["true"], tags=["nightly"] if number % 2 else []),
        "state": JobState.PENDING,
        "target": Target.RUN,
        "engine": "local",
        "created": "2026-11-22T00:00:00.000000Z",
    }
    return Job(**(common | fields))


def added(*new):
    def add(tx):
        for each in new:
            jobs.add(tx, each, actor="ana", retries=0)

    return add


def event(**fields):
    common = {"time": "t", "project": "p", "actor": "a", "action": "x", "kind": "job"}
    return EventRow(**common, object="o", data=fields)


class TestMigrations:
    async def test_they_make_the_tables_that_the_schema_declares(self, store):
        def difference(tx):
            from alembic.autogenerate import compare_metadata
            from alembic.migration import MigrationContext

            return compare_metadata(MigrationContext.configure(tx), schema.metadata)

        assert await store.read(difference) == []

    def test_the_known_head_is_the_newest_migration(self):
        config = Config()
        folder = migrate.__file__.replace("migrate.py", "migrations")
        config.set_main_option("script_location", folder)
        assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD

    async def test_a_newer_database_is_refused_with_what_to_do(self, database):
        await (await Store.open(database)).close()
        change(database, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(NewerDatabase, match=r"Upgrade submarine-ext"):
            await Store.open(database)

    @pytest.mark.parametrize("kind", KINDS)
    async def test_two_servers_that_start_at_once_migrate_once(self, kind, tmp_path):
        with empty(kind, tmp_path) as where:
            both = await asyncio.gather(*[Store.open(where) for _ in range(2)])
            for each in both:
                assert await each.read(migrate.current) == migrate.HEAD
                await each.close()

    def test_a_kill_in_the_middle_leaves_nothing_or_everything(self, tmp_path):
        """On PostgreSQL; tests/contract/test_sharing_store.py does it on SQLite."""
        with empty("postgres", tmp_path) as where:
            codes = [self._migrated(where, number) for number in (5, 30, 60, 1000)]
            assert codes == [-signal.SIGKILL] * 3 + [0]
            assert rows(where, "SELECT version_num FROM alembic_version") == [(migrate.HEAD,)]

    def _migrated(self, where, number):
        code = migrated(where, number)
        if code:
            assert rows(where, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
        return code


class TestWrites:
    @on_sqlite
    async def test_it_runs_with_a_write_ahead_log_and_full_synchronisation(self, store):
        def pragmas(tx):
            return [
                tx.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")
            ]

        assert await store.write(lambda tx: None) is None
        assert await store.read(pragmas) == ["wal", 2]

    async def test_many_at_once_are_all_kept_in_one_order(self, store):
        await asyncio.gather(
            *[store.write(lambda tx, n=n: events.append(tx, event(n=n))) for n in range(300)]
        )
        rows = await store.read(lambda tx: events.after(tx, 0, 1000))
        assert sorted(row.data["n"] for row in rows) == list(range(300))
        assert [row.seq for row in rows] == list(range(1, 301))

    async def test_one_that_fails_undoes_itself_and_no_other_of_its_batch(self, store):
        def half(tx):
            events.append(tx, event(n="half"))
            raise ValueError("on purpose")

        good = [store.write(lambda tx: events.append(tx, event(n="good"))) for _ in range(20)]
        results = await asyncio.gather(*good, store.write(half), return_exceptions=True)
        assert isinstance(results[-1], ValueError)
        rows = await store.read(lambda tx: events.after(tx, 0, 100))
        assert [row.data["n"] for row in rows] == ["good"] * 20

    @on_postgres
    async def test_what_is_answered_is_on_disk_whatever_the_database_prefers(self, database):
        name = make_url(database).database
        change(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
        store = await Store.open(database)
        try:
            asked = await store.write(
                lambda tx: tx.exec_driver_sql("SHOW synchronous_commit").scalar()
            )
        finally:
            await store.close()
        assert asked == "on"

    @pytest.mark.parametrize("verb", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
    async def test_the_events_log_cannot_be_changed(self, store, verb):
        await store.write(lambda tx: events.append(tx, event()))
        with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
            await store.write(lambda tx: tx.exec_driver_sql(verb))


class TestAForeignLock:
    @on_sqlite
    async def test_it_is_waited_out(self, store, database):
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting = asyncio.ensure_future(store.write(lambda tx: events.append(tx, event())))
            await asyncio.sleep(0)
            assert await store.read(events.head) == 0  # readers do not wait
            other.execute("ROLLBACK")
        await waiting
        assert await store.read(events.head) == 1

    @on_sqlite
    async def test_one_that_stays_is_told_as_unavailable(self, store, database, monkeypatch):
        monkeypatch.setattr(store_module, "GIVE_UP_SECONDS", 0.0)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(Unavailable, match="busy"):
                await store.write(lambda tx: events.append(tx, event()))


class AnotherServer:
    """Holds the right to write, as a server in the middle of a transaction does."""

    def __init__(self, database):
        self.conn = psycopg.connect(database)
        self.conn.execute("SELECT pg_advisory_xact_lock(%s)", [postgres.WRITER])

    def waiting(self):
        """How many wait for it."""
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return self.conn.execute(query).fetchone()[0]


@on_postgres
class TestAnotherServerThatWrites:
    async def test_is_waited_for_by_writers_and_not_by_readers(self, store, database):
        other = AnotherServer(database)
        with closing(other.conn):
            waiting = asyncio.ensure_future(store.write(lambda tx: events.append(tx, event())))
            while not other.waiting():
                await asyncio.sleep(0.01)
            assert await store.read(events.head) == 0
        await waiting
        assert await store.read(events.head) == 1

    async def test_for_too_long_is_told_as_unavailable(self, database, monkeypatch):
        monkeypatch.setattr(postgres, "_SESSION", ("SET lock_timeout = '100ms'",))
        monkeypatch.setattr(store_module, "GIVE_UP_SECONDS", 0.0)
        store = await Store.open(database)
        try:
            with closing(AnotherServer(database).conn), pytest.raises(Unavailable, match="busy"):
                await store.write(lambda tx: events.append(tx, event()))
            await store.write(lambda tx: events.append(tx, event()))
        finally:
            await store.close()

    async def test_and_freezes_loses_the_right_to_write(self, store, database):
        other = AnotherServer(database)
        with closing(other.conn):
            other.conn.execute("SET idle_in_transaction_session_timeout = '100ms'")
            await store.write(lambda tx: events.append(tx, event()))

        [asked] = await store.write(
            lambda tx: tx.exec_driver_sql("SHOW idle_in_transaction_session_timeout").one()
        )
        assert asked == "10s"  # every server of ours has it


@on_postgres
class TestTheOrderOfEvents:
    """Numbers are handed out before commits: a reader who resumes must miss none."""

    async def test_is_that_of_commits_for_whoever_resumes_from_a_number(self, database):
        assert await self.resumed(database) == [1, 2]

    async def test_would_not_be_without_the_lock(self, database, monkeypatch):
        """The mutant: servers write side by side."""
        monkeypatch.setattr(postgres.Postgres, "writer", side_by_side)
        assert await self.resumed(database) == [2]

    @staticmethod
    async def resumed(database):
        """What a reader sees who looks while the first of two servers is about to commit."""
        first, second = await Store.open(database), await Store.open(database)
        appended, commit = threading.Event(), threading.Event()

        def slow(tx):
            events.append(tx, event(n=1))
            appended.set()
            commit.wait(30)

        slowly = asyncio.ensure_future(first.write(slow))
        await asyncio.to_thread(appended.wait, 30)
        quickly = asyncio.ensure_future(second.write(lambda tx: events.append(tx, event(n=2))))
        with closing(psycopg.connect(database, autocommit=True)) as looking:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not quickly.done() and not looking.execute(query).fetchone()[0]:
                await asyncio.sleep(0.01)
        seen = await first.read(lambda tx: events.after(tx, 0, 10))
        commit.set()
        await asyncio.gather(slowly, quickly)
        seq = seen[-1].seq if seen else 0
        seen += await first.read(lambda tx: events.after(tx, seq, 10))
        await first.close()
        await second.close()
        return [row.data["n"] for row in seen]


def side_by_side(self):
    return self._engine(1, isolation_level="READ COMMITTED")


@on_postgres
class TestAConnectionThatIsCut:
    CUT = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def test_between_two_questions_is_not_noticed(self, store, database):
        await store.write(lambda tx: events.append(tx, event()))
        await store.read(events.head)
        change(database, self.CUT)
        assert await store.read(events.head) == 1
        await store.write(lambda tx: events.append(tx, event()))
        change(database, self.CUT)
        await store.write(lambda tx: events.append(tx, event()))
        assert await store.read(events.head) == 3

    async def test_in_a_transaction_is_told_and_nothing_is_done_twice(self, store, database):
        ran = []

        def cut(tx):
            ran.append(1)
            change(database, self.CUT)
            events.append(tx, event())

        others = [store.write(lambda tx: ran.append(2)) for _ in range(3)]
        results = await asyncio.gather(store.write(cut), *others, return_exceptions=True)
        assert any(isinstance(result, Unavailable) for result in results)
        assert ran.count(1) == 1
        assert await store.read(events.head) == 0


class TestTheUrl:
    async def test_of_a_database_that_is_away_is_told_nobody(self, caplog):
        where = url("nowhere", password="hush-hush")
        with pytest.raises(Unavailable) as told:
            await Store.open(where)
        said = f"{told.value} {told.value.__cause__} {caplog.text}"
        assert "does not answer" in told.value.detail
        assert "nowhere" not in told.value.detail
        assert "hush-hush" not in said

    @pytest.mark.parametrize(
        "wrong", ["mysql://a:hush-hush@b/c", "hush-hush", "postgresql://a:hush-hush@b:c/d"]
    )
    async def test_that_is_none_is_not_quoted(self, wrong):
        with pytest.raises(Invalid) as told:
            await Store.open(wrong)
        assert told.value.field == "database_url"
        assert "hush-hush" not in f"{told.value} {told.value.__cause__}"


@on_postgres
class TestWhatOtherServersCommit:
    async def test_is_heard_at_once_and_again_after_the_connection_was_cut(self, store, database):
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        other = await Store.open(database)
        store.on_commit(lambda: loop.call_soon_threadsafe(heard.set))
        await heard.wait()  # it listens
        for _ in range(2):
            heard.clear()
            await other.write(lambda tx: events.append(tx, event()))
            await heard.wait()
            heard.clear()
            change(database, TestAConnectionThatIsCut.CUT)
            await heard.wait()  # it listens anew, and what was told meanwhile is told
        await other.close()


class TestAFullDisk:
    @on_sqlite
    async def test_writes_are_refused_reads_go_on_and_it_heals(self, store):
        await store.write(lambda tx: events.append(tx, event(kept=True)))
        await store.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 1"))

        def large(tx):
            events.append(tx, event(text="x" * 200_000))

        with pytest.raises(StorageFull, match="free some room"):
            await asyncio.gather(*[store.write(large) for _ in range(3)])
        assert await store.read(events.head) == 1
        await store.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 1000000"))
        await store.write(large)
        assert await store.read(events.head) == 2


class TestJobs:
    async def test_one_comes_back_as_it_was_given(self, store):
        await store.write(added(job()))
        record = await store.read(lambda tx: jobs.get(tx, job().id))
        assert record.job == job()

    async def test_pages_show_every_job_once_newest_first(self, store):
        await store.write(added(*[job(n) for n in range(1, 26)]))
        seen, cursor = [], None
        while True:
            wanted = JobFilter(limit=10, cursor=cursor)
            page = await store.read(lambda tx, w=wanted: jobs.page(tx, "default", w))
            seen += [each.id for each in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert seen == [job(n).id for n in range(25, 0, -1)]

    @pytest.mark.parametrize(
        ("wanted", "count"),
        [
            (JobFilter(text="job 1"), 2),
            (JobFilter(text="%"), 0),
            (JobFilter(text="_ob"), 0),
            (JobFilter(tag="nightly"), 5),
            (JobFilter(tag="night"), 0),
            (JobFilter(tag="Nightly"), 0),
            (JobFilter(text="JOB 1"), 2),
            (JobFilter(owner="bob"), 0),
            (JobFilter(state=[JobState.RUNNING]), 0),
            (JobFilter(state=[JobState.PENDING, JobState.LOST]), 10),
        ],
    )
    async def test_a_filter_shows_what_matches_and_nothing_else(self, store, wanted, count):
        await store.write(added(*[job(n) for n in range(1, 11)]))
        page = await store.read(lambda tx: jobs.page(tx, "default", wanted))
        assert len(page.items) == count

    async def test_a_cursor_that_no_list_gave_is_refused(self, store):
        with pytest.raises(Invalid):
            await store.read(lambda tx: jobs.page(tx, "default", JobFilter(cursor="1 OR 1=1")))

    async def test_a_pending_job_is_claimed_once_by_two_servers(self, store, database):
        """Fails on the mutant that reads and updates in a deferred transaction."""
        await store.write(added(*[job(n) for n in range(1, 41)]))
        other = await Store.open(database)
        claims = await asyncio.gather(
            *[s.write(lambda tx: jobs.claim(tx, 3)) for s in (store, other) * 15]
        )
        await other.close()
        taken = [record.job.id for claim in claims for record in claim]
        assert sorted(taken) == [job(n).id for n in range(1, 41)]

    async def test_a_change_decided_on_an_older_reading_does_nothing(self, store):
        await store.write(added(job()))
        stale = await store.read(lambda tx: jobs.get(tx, job().id))
        await store.write(lambda tx: jobs.claim(tx, 1))
        late = await store.write(
            lambda tx: jobs.transition(tx, stale, Event.FAILED, actor="submarine")
        )
        assert late is None
        now = await store.read(lambda tx: jobs.get(tx, job().id))
        assert now.job.state is JobState.QUEUED

    async def test_every_change_is_in_the_log_and_gives_the_job_when_replayed(self, store):
        await store.write(added(job()))
        [claimed] = await store.write(lambda tx: jobs.claim(tx, 1))
        await store.write(
            lambda tx: jobs.transition(tx, claimed, Event.FAILED, actor="submarine", reason="No.")
        )
        rows = await store.read(lambda tx: events.after(tx, 0, 10, "default", job().id))
        replayed = {}
        for row in rows:
            replayed |= row.data
        current = await store.read(lambda tx: jobs.get(tx, job().id))
        assert replayed["state"] == current.job.state == "failed"
        assert replayed["revision"] == current.job.revision == 3
        assert [row.action for row in rows] == ["job.submitted", "job.claimed", "job.failed"]

    async def test_a_deleted_job_leaves_only_its_history(self, store):
        await store.write(added(job()))
        await store.write(lambda tx: jobs.remove(tx, job(), actor="ana"))
        assert await store.read(lambda tx: jobs.get(tx, job().id)) is None
        rows = await store.read(lambda tx: events.after(tx, 0, 10))
        assert rows[-1].kind == "deleted"

    @on_sqlite
    async def test_unfinished_jobs_are_seen_without_opening_the_store(
        self, store, database, tmp_path
    ):
        assert not unfinished_jobs(tmp_path / "none.sqlite")
        assert not unfinished_jobs(database)
        await store.write(added(job()))
        assert unfinished_jobs(database)


class TestNames:
    """Two names are two on either database, and stand in one order."""

    TWINS = (
        "ana", "Ana", "ANA", "ana ", "an\u00e1", "ana\u0301", "\u00e4na", "aena",
        "\u0131na", "ina", "Ina", "\u0130na", "stra\u00dfe", "strasse", "\uff41na", "z", "_",
    )  # fmt: skip

    async def test_that_look_alike_are_different_people(self, store):
        for number, name in enumerate(self.TWINS):
            await store.write(lambda tx, n=name: users.ensure(tx, n))
            await store.write(lambda tx, n=name, q=number: users.change(tx, n, quota=Quota(jobs=q)))
        quotas = [
            (await store.read(lambda tx, n=name: users.get(tx, n))).quota.jobs
            for name in self.TWINS
        ]
        assert quotas == list(range(len(self.TWINS)))

    async def test_are_listed_in_the_order_of_their_bytes(self, store):
        for name in self.TWINS:
            await store.write(lambda tx, n=name: users.ensure(tx, n))
        seen, cursor = [], None
        while True:
            wanted = Search(limit=3, cursor=cursor)
            page = await store.read(lambda tx, w=wanted: users.page(tx, w, mentioned=True))
            seen += [each.name for each in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == sorted(self.TWINS, key=str.encode)

    async def test_are_searched_with_their_case(self, store):
        for name in self.TWINS:
            await store.write(lambda tx, n=name: users.ensure(tx, n))
        found = await store.read(lambda tx: users.page(tx, Search(text="An"), mentioned=True))
        assert [each.name for each in found.items] == ["Ana"]

    async def test_a_team_may_be_called_like_a_person(self, store):
        def both(tx):
            users.ensure(tx, "ana")
            teams.add(tx, NewTeam(name="ana"))
            grants.put(tx, "vision", Subject(Kind.TEAM, "ana"), Role.EDITOR, "bob")
            return access.standing(tx, "ana", "vision", "now"), grants.reach(tx, "ana")

        standing, reach = await store.write(both)
        assert standing.relation is None
        assert reach == []

    @on_postgres
    async def test_a_nul_from_a_jobs_output_does_not_stick(self, store):
        """PostgreSQL's text has none; SQLite keeps it."""
        batch = metrics.Batch(
            job="j", attempt=1, rank=0, begin=0, end=9,
            points=[("lo\0ss", 0, 1.0, 1.0)], params={"l\0r": "a\0b"},
        )  # fmt: skip
        assert await store.write(lambda tx: metrics.append(tx, batch)) == {}
        shown = await store.read(lambda tx: metrics.read(tx, "j", 1))
        assert list(shown.series) == ["lo\ufffdss"]
        assert shown.params == {"l\ufffdr": "a\0b"}
