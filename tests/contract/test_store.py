"""The store: durable, atomic, one writer, and honest when it cannot."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory

from submarine_ext.domain.events import EventRow
from submarine_ext.domain.jobs import Event, Job, JobSpec, JobState, Target
from submarine_ext.domain.pages import JobFilter
from submarine_ext.errors import Invalid, NewerDatabase, StorageFull, Unavailable
from submarine_ext.store import events, jobs, migrate, schema
from submarine_ext.store import store as store_module
from submarine_ext.store.store import Store
from submarine_ext.store.unfinished import unfinished_jobs


@pytest.fixture
def store(tmp_path, jp_asyncio_loop):
    opened = jp_asyncio_loop.run_until_complete(Store.open(tmp_path / "s.sqlite"))
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

    async def test_a_newer_database_is_refused_with_what_to_do(self, tmp_path):
        path = tmp_path / "s.sqlite"
        await (await Store.open(path)).close()
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(NewerDatabase, match=r"Upgrade submarine-ext"):
            await Store.open(path)

    async def test_two_servers_that_start_at_once_migrate_once(self, tmp_path):
        both = await asyncio.gather(*[Store.open(tmp_path / "s.sqlite") for _ in range(2)])
        for each in both:
            assert await each.read(migrate.current) == migrate.HEAD
            await each.close()


class TestWrites:
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

    @pytest.mark.parametrize("verb", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
    async def test_the_events_log_cannot_be_changed(self, store, verb):
        await store.write(lambda tx: events.append(tx, event()))
        with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
            await store.write(lambda tx: tx.exec_driver_sql(verb))


class TestAForeignLock:
    async def test_it_is_waited_out(self, store, tmp_path):
        with closing(sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting = asyncio.ensure_future(store.write(lambda tx: events.append(tx, event())))
            await asyncio.sleep(0)
            assert await store.read(events.head) == 0  # readers do not wait
            other.execute("ROLLBACK")
        await waiting
        assert await store.read(events.head) == 1

    async def test_one_that_stays_is_told_as_unavailable(self, store, tmp_path, monkeypatch):
        monkeypatch.setattr(store_module, "GIVE_UP_SECONDS", 0.0)
        with closing(sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(Unavailable, match="busy"):
                await store.write(lambda tx: events.append(tx, event()))


class TestAFullDisk:
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

    async def test_a_pending_job_is_claimed_once_by_two_servers(self, store, tmp_path):
        """Fails on the mutant that reads and updates in a deferred transaction."""
        await store.write(added(*[job(n) for n in range(1, 41)]))
        other = await Store.open(tmp_path / "s.sqlite")
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

    async def test_unfinished_jobs_are_seen_without_opening_the_store(self, store, tmp_path):
        path = tmp_path / "s.sqlite"
        assert not unfinished_jobs(tmp_path / "none.sqlite")
        assert not unfinished_jobs(path)
        await store.write(added(job()))
        assert unfinished_jobs(path)
