"""The collector: everything a job's logs say is stored once, and told when it is durable."""

import asyncio
import contextlib
import os
import tracemalloc

import pytest

from submarine_ext.domain.jobs import Job, JobSpec, JobState, Progress, Target
from submarine_ext.domain.redaction import NOTHING
from submarine_ext.domain.traces import Trace
from submarine_ext.errors import StorageFull
from submarine_ext.files.jobs import JobFiles
from submarine_ext.reconcile import collect
from submarine_ext.reconcile.collect import Collector
from submarine_ext.store import jobs, metrics
from submarine_ext.store.store import Store


def nothing_hidden(tx, job):
    return NOTHING


class Feed:
    """Notes what it is told; ``wait`` returns when something satisfies the condition."""

    def __init__(self) -> None:
        self.told = []
        self._news = asyncio.Event()

    def _tell(self, *what):
        self.told.append(what)
        self._news.set()

    def progress(self, project, job, data):
        self._tell("progress", project, job, data)

    def grew(self, job):
        self._tell("grew", job)

    def points(self, job):
        self._tell("points", job)

    async def wait(self, condition):
        async with asyncio.timeout(20):
            while not any(condition(what) for what in self.told):
                self._news.clear()
                await self._news.wait()

    def about(self, kind):
        return [what for what in self.told if what[0] == kind]


class Server:
    """A store, log files and a collector that runs on them; ``restart`` begins a new life."""

    def __init__(self, root):
        self.root = root
        self.files = JobFiles(root / "jobs")

    async def start(self):
        self.store = await Store.open(self.root / "s.sqlite")
        self.feed = Feed()
        self.collector = Collector(
            self.store, self.files, self.feed, nothing_hidden, clock=lambda: 5000.0
        )
        self.task = asyncio.create_task(self.collector.run())

    async def stop(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        await self.store.close()

    async def restart(self):
        await self.stop()
        await self.start()

    async def add(self, number=1, ranks=1, attempt=1):
        job = Job(
            id=f"j{number}", project="default", owner="ana", name="j", engine="local",
            spec=JobSpec(command=["true"]), state=JobState.RUNNING, target=Target.RUN,
            created="now", ranks=ranks, attempt=attempt,
        )  # fmt: skip
        await self.store.write(lambda tx: jobs.add(tx, job, actor="ana", retries=0))
        self.files.folder(job.id, attempt).mkdir(parents=True)
        return job

    def print(self, job, output, rank=0):
        with self.files.log(job.id, job.attempt, rank).open("ab", buffering=0) as log:
            log.write(output)

    async def read(self, job, keys=None):
        return await self.store.read(lambda tx: metrics.read(tx, job.id, job.attempt, keys))

    async def shown(self, job):
        return (await self.store.read(lambda tx: jobs.get(tx, job.id))).job

    async def offset(self, job, rank=0):
        return await self.store.read(lambda tx: metrics.offset(tx, job.id, job.attempt, rank))


@pytest.fixture
def server(tmp_path, jp_asyncio_loop):
    made = Server(tmp_path)
    jp_asyncio_loop.run_until_complete(made.start())
    yield made
    jp_asyncio_loop.run_until_complete(made.stop())


def loss(step, value=0.5):
    return b'\x1e{"m":{"loss":%r},"s":%d,"t":%d}\n' % (value, step, 1000 + step)


class TestFollowing:
    async def test_points_and_parameters_are_stored_while_the_job_runs(self, server):
        job = await server.add()
        server.collector.follow(job)

        server.print(job, b"hello\n" + loss(0) + b'\x1e{"p":{"lr":0.1}}\n')
        await server.feed.wait(lambda what: what == ("points", "j1"))

        shown = await server.read(job)
        assert (shown.series["loss"].step, shown.params) == ([0], {"lr": 0.1})
        assert server.feed.told[0] == ("grew", "j1")

    async def test_a_record_that_comes_in_two_writes_is_one_point(self, server):
        job = await server.add()
        server.collector.follow(job)

        server.print(job, b"hello" + loss(0)[:12])
        await server.feed.wait(lambda what: what[0] == "grew")
        server.print(job, loss(0)[12:])
        await server.feed.wait(lambda what: what[0] == "points")

        assert (await server.read(job)).series["loss"].value == [0.5]

    async def test_the_newest_values_and_progress_are_shown_with_the_job(self, server):
        job = await server.add()
        server.collector.follow(job)

        server.print(job, loss(0) + loss(1, 0.25) + b'\x1e{"g":0.5,"n":"half","t":1}\n')
        await server.collector.drain("j1", 1)

        shown = await server.shown(job)
        assert (shown.latest, shown.progress) == ({"loss": 0.25}, Progress(0.5, "half"))
        assert server.feed.about("progress")[-1][3] == {
            "latest": {"loss": 0.25},
            "artifacts": 0,
            "progress": {"fraction": 0.5, "message": "half", "eta_seconds": None},
            "trace": {"metric": "loss", "values": [0.5, 0.25], "every": 1},
        }
        assert shown.trace == Trace("loss", [0.5, 0.25])

    async def test_progress_is_also_read_from_ordinary_output(self, server):
        job = await server.add()
        server.collector.follow(job)

        server.print(job, "\r 37%|███▋      | 37/100 [00:05<00:08,  7.40it/s]".encode())
        await server.feed.wait(lambda what: what[0] == "progress")

        assert (await server.shown(job)).progress.fraction == 0.37

    async def test_updates_of_what_a_job_shows_are_paced_and_the_last_one_comes(
        self, server, monkeypatch
    ):
        monkeypatch.setattr(collect, "PACE", 3600.0)
        job = await server.add()
        server.collector.follow(job)

        for step in range(5):
            server.print(job, loss(step, float(step)))
            await server.feed.wait(lambda what, n=step + 1: len(server.feed.about("points")) >= n)
        await server.collector.drain("j1", 1)

        values = [what[3]["latest"]["loss"] for what in server.feed.about("progress")]
        assert values == [0.0, 4.0]

    async def test_ranks_have_logs_and_points_of_their_own(self, server):
        job = await server.add(ranks=3)
        server.collector.follow(job)

        for rank in range(3):
            server.print(job, loss(0, float(rank)) + loss(1, float(rank)), rank)
        await server.collector.drain("j1", 1)

        shown = await server.read(job, ["loss", "loss@2"])
        assert shown.series["loss"].value == [0.0, 0.0]
        assert shown.series["loss@2"].value == [2.0, 2.0]
        assert (await server.shown(job)).latest == {"loss": 0.0}

    async def test_the_time_of_reading_stands_where_a_record_has_none(self, server):
        job = await server.add()
        server.collector.follow(job)

        server.print(job, b'\x1e{"m":{"loss":"NaN"}}\n\x1e{"m":{"loss":"Infinity"}}\n')
        await server.collector.drain("j1", 1)

        series = (await server.read(job)).series["loss"]
        assert (series.step, series.value) == ([0, 1], ["NaN", "Infinity"])
        assert series.time == [5000.0, 5000.0]

    async def test_a_job_that_prints_without_end_does_not_delay_another(self, server):
        storm, quiet = await server.add(1), await server.add(2)
        server.print(storm, b"x" * 64_000_000)
        server.collector.follow(storm)
        server.collector.follow(quiet)

        server.print(quiet, loss(0))
        await server.collector.drain("j2", 1)

        assert await server.offset(storm) < 64_000_000
        assert (await server.read(quiet)).series["loss"].value == [0.5]


class TestDraining:
    async def test_everything_is_stored_when_it_returns(self, server):
        job = await server.add()
        output = b"".join(loss(step) for step in range(50_000))
        server.print(job, output)

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert (await server.read(job)).series["loss"].step == list(range(50_000))
        assert await server.offset(job) == len(output)

    async def test_a_record_that_was_cut_off_is_no_obstacle(self, server):
        job = await server.add()
        server.print(job, loss(0) + loss(1)[:-1])

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert await server.offset(job) == 2 * len(loss(0)) - 1

    async def test_an_attempt_without_output_is_drained(self, server):
        server.collector.follow(await server.add())

        await server.collector.drain("j1", 1)

        assert server.feed.told == []

    async def test_it_may_be_asked_twice_or_about_what_is_not_followed(self, server):
        server.collector.follow(await server.add())

        await asyncio.gather(*(server.collector.drain("j1", 1) for _ in range(2)))
        await server.collector.drain("j1", 1)
        await server.collector.drain("unknown", 1)

    async def test_a_further_attempt_begins_with_nothing(self, server):
        first = await server.add()
        server.print(first, loss(0))
        server.collector.follow(first)
        await server.collector.drain("j1", 1)
        server.files.folder("j1", 2).mkdir()
        second = Job(
            **{name: getattr(first, name) for name in first.__struct_fields__} | {"attempt": 2}
        )

        server.print(second, b'\x1e{"m":{"loss":7}}\n')
        server.collector.follow(second)
        await server.collector.drain("j1", 2)

        assert (await server.read(second)).series["loss"].step == [0]


class TestRestarts:
    async def test_reading_goes_on_from_the_stored_offset(self, server):
        job = await server.add()
        server.collector.follow(job)
        server.print(job, loss(0) + b'\x1e{"m":{"loss":1}}\n')
        await server.feed.wait(lambda what: what[0] == "points")

        await server.restart()
        server.print(job, b'\x1e{"m":{"loss":2}}\n')
        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert (await server.read(job)).series["loss"].step == [0, 1, 2]

    async def test_a_stale_collector_and_a_new_one_together_store_each_point_once(self, server):
        assert await two_collectors(server) == list(range(2000))

    async def test_without_the_guard_they_would_not(self, server, monkeypatch):
        def unguarded(tx, batch):
            """The mutant: the offset is set whatever is stored."""
            return True

        monkeypatch.setattr(metrics, "_move", unguarded)

        assert await two_collectors(server) != list(range(2000))


async def two_collectors(server):
    job = await server.add()
    stale = Collector(server.store, server.files, Feed(), nothing_hidden)
    task = asyncio.create_task(stale.run())
    for collector in (stale, server.collector):
        collector.follow(job)
    for step in range(2000):
        server.print(job, loss(step))
        if step % 50 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(stale.drain("j1", 1), server.collector.drain("j1", 1))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return (await server.read(job)).series["loss"].step


class StoreThatFails(Store):
    """Refuses the first writes, as a full disk does."""

    failures = 0

    async def write(self, change):
        if StoreThatFails.failures:
            StoreThatFails.failures -= 1
            raise StorageFull("The disk is full.")
        return await super().write(change)


class TestFaults:
    async def test_a_full_disk_loses_and_doubles_nothing(self, server, monkeypatch, caplog):
        monkeypatch.setattr(collect, "PAUSE", 0.01)
        monkeypatch.setattr(server.store, "__class__", StoreThatFails)
        job = await server.add()
        StoreThatFails.failures = 3
        server.print(job, b"".join(loss(step) for step in range(100)))

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert (await server.read(job)).series["loss"].step == list(range(100))
        assert "The disk is full." in caplog.text

    @pytest.mark.parametrize("keep", [0, 5])
    async def test_a_log_that_shrinks_is_told_and_nothing_is_counted_twice(
        self, server, caplog, keep
    ):
        job = await server.add()
        server.collector.follow(job)
        server.print(job, loss(0) + loss(1))
        await server.feed.wait(lambda what: what[0] == "points")

        os.truncate(server.files.log("j1", 1, 0), keep * len(b"x"))
        while "was truncated" not in caplog.text:
            await asyncio.sleep(0.01)
        server.print(job, loss(2))
        await server.collector.drain("j1", 1)

        assert (await server.read(job)).series["loss"].step == [0, 1, 2]

    async def test_a_log_that_vanishes_is_told(self, server, caplog):
        job = await server.add()
        server.collector.follow(job)
        server.print(job, loss(0))
        await server.feed.wait(lambda what: what[0] == "points")

        server.files.log("j1", 1, 0).unlink()
        await server.collector.drain("j1", 1)

        assert "rank-0.log of j1 was truncated or removed" in caplog.text

    async def test_a_log_that_cannot_be_read_is_told_and_ends(self, server, caplog):
        job = await server.add()
        folder = server.files.folder("j1", 1)
        folder.rmdir()
        folder.write_text("a file where the folder should be")

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert "can't be read" in caplog.text

    async def test_lines_of_300_kb_and_garbage_are_passed_over(self, server):
        job = await server.add()
        garbage = b"x" * 300_000 + b"\n" + bytes(range(256)) * 500 + b"\x1e" * 1000

        server.print(job, garbage + loss(0) + garbage + loss(1))
        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        assert (await server.read(job)).series["loss"].step == [0, 1]

    @pytest.mark.parametrize(
        ("output", "megabytes"), [(b"a line of the storm\n", 200), (b"\x1e", 20), (b"no end ", 40)]
    )
    async def test_a_log_storm_needs_no_memory(self, server, output, megabytes):
        job = await server.add()
        block = output * (1_000_000 // len(output))
        for _ in range(megabytes):
            server.print(job, block)
        server.print(job, b"\n" + loss(0))
        tracemalloc.start()

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (await server.read(job)).series["loss"].step == [0]
        assert peak < 16_000_000

    async def test_a_storm_of_records_needs_little_memory(self, server):
        job = await server.add()
        record = b'\x1e{"m":{%s}}\n' % b",".join(b'"k%d":1' % n for n in range(1500))
        server.print(job, record * 200)
        tracemalloc.start()

        server.collector.follow(job)
        await server.collector.drain("j1", 1)

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (await server.read(job, ["k7"])).series["k7"].step == list(range(200))
        assert len((await server.shown(job)).latest) == 200
        assert peak < 64_000_000
