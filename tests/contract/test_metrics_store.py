"""Points, parameters and offsets in the database: together or not at all, and once."""

import math

import pytest

from submarine_ext.domain.jobs import Job, JobSpec, JobState, Progress, Target
from submarine_ext.domain.metrics import WHOLE, Span
from submarine_ext.store import jobs, metrics
from submarine_ext.store.metrics import Batch
from submarine_ext.store.store import Store
from tests.databases import KINDS, fresh


@pytest.fixture(params=KINDS)
def store(request, tmp_path, jp_asyncio_loop):
    with fresh(request.param, tmp_path) as database:
        opened = jp_asyncio_loop.run_until_complete(Store.open(database))
        yield opened
        jp_asyncio_loop.run_until_complete(opened.close())


def batch(begin=0, end=10, *, job="j1", attempt=1, rank=0, **fields):
    return Batch(job=job, attempt=attempt, rank=rank, begin=begin, end=end, **fields)


def losses(*values, first=0, key="loss"):
    return [(key, first + n, value, 100.0 + n) for n, value in enumerate(values)]


async def append(store, *batches):
    return await store.write(lambda tx: [metrics.append(tx, each) for each in batches])


async def read(store, keys=None, most=None, job="j1", attempt=1, span=WHOLE):
    return await store.read(lambda tx: metrics.read(tx, job, attempt, keys, most, span))


async def after(store, seq, limit=100):
    return await store.read(lambda tx: metrics.after(tx, "j1", 1, seq, limit))


class TestOffsets:
    async def test_reading_goes_on_where_the_last_batch_ended(self, store):
        await append(store, batch(0, 10), batch(10, 25))

        assert await store.read(lambda tx: metrics.offset(tx, "j1", 1, 0)) == 25

    async def test_ranks_attempts_and_jobs_have_their_own(self, store):
        for other in ({"rank": 1}, {"attempt": 2}, {"job": "j2"}):
            assert await append(store, batch(0, 10, **other)) == [{}]

        assert await store.read(lambda tx: metrics.offset(tx, "j1", 1, 0)) == 0

    @pytest.mark.parametrize("begin", [0, 5, 20])
    async def test_a_batch_that_begins_elsewhere_stores_nothing(self, store, begin):
        await append(store, batch(0, 10, points=losses(1.0)))

        [refused] = await append(
            store, batch(begin, 30, points=losses(2.0, first=1), params={"lr": 1})
        )

        shown = await read(store)
        assert refused is None
        assert (shown.series["loss"].value, shown.params) == ([1.0], {})

    async def test_a_failure_after_the_points_undoes_the_offset_too(self, store):
        def fails(tx):
            metrics.append(tx, batch(0, 10, points=losses(1.0)))
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await store.write(fails)

        assert await append(store, batch(0, 10, points=losses(1.0))) == [{}]


class TestSteps:
    async def test_points_without_a_step_count_on(self, store):
        stepless = [("loss", None, 1.0, 1.0), ("loss", None, 2.0, 2.0), ("acc", None, 3.0, 3.0)]

        [steps] = await append(store, batch(0, 10, points=stepless))
        await append(store, batch(10, 20, points=stepless, steps=steps))

        shown = (await read(store)).series
        assert shown["loss"].step == [0, 1, 2, 3]
        assert shown["acc"].step == [0, 1]

    async def test_after_a_restart_the_stored_points_are_asked(self, store):
        await append(store, batch(0, 10, points=losses(1.0, first=41)))

        await append(store, batch(10, 20, points=[("loss", None, 2.0, 2.0)]))

        assert (await read(store)).series["loss"].step == [41, 42]

    async def test_explicit_and_counted_steps_may_alternate(self, store):
        points = [(("loss"), step, 1.0, 1.0) for step in (None, 10, None, 5, None)]

        await append(store, batch(0, 10, points=points))

        assert (await read(store)).series["loss"].step == [0, 5, 10, 11, 12]

    async def test_each_rank_counts_for_itself(self, store):
        point = [("loss", None, 1.0, 1.0)]

        await append(store, batch(points=point), batch(rank=1, points=point))

        assert (await read(store, ["loss@1"])).series["loss@1"].step == [0]


class TestReading:
    async def test_values_that_are_not_finite_come_back(self, store):
        await append(store, batch(points=losses(None, math.inf, -math.inf, 0.5)))

        assert (await read(store)).series["loss"].value == ["NaN", "Infinity", "-Infinity", 0.5]

    async def test_all_keys_or_those_that_were_asked_for(self, store):
        points = losses(1.0) + losses(2.0, key="acc") + losses(3.0, key="lr")
        await append(store, batch(points=points))

        assert list((await read(store)).series) == ["acc", "loss", "lr"]
        assert list((await read(store, ["lr", "none"])).series) == ["lr"]

    async def test_the_lowest_rank_stands_unless_a_rank_is_asked_for(self, store):
        await append(store, batch(points=losses(1.0)), batch(rank=2, points=losses(2.0, 3.0)))

        assert (await read(store)).series["loss"].value == [1.0, 3.0]
        assert (await read(store, ["loss@2"])).series["loss@2"].value == [2.0, 3.0]

    async def test_a_key_that_looks_like_a_rank_is_itself_first(self, store):
        await append(store, batch(points=losses(1.0, key="precision@5")))

        assert (await read(store, ["precision@5"])).series["precision@5"].value == [1.0]

    async def test_other_attempts_and_jobs_are_not_mixed_in(self, store):
        await append(
            store,
            batch(points=losses(1.0)),
            batch(attempt=2, points=losses(2.0)),
            batch(job="j2", points=losses(3.0)),
        )

        assert (await read(store, attempt=2)).series["loss"].value == [2.0]

    async def test_of_very_many_keys_the_first_are_read(self, store, monkeypatch):
        monkeypatch.setattr(metrics, "MOST_KEYS", 3)
        points = [point for n in range(9) for point in losses(1.0, key=f"k{n}")]
        await append(store, batch(points=points))

        assert list((await read(store)).series) == ["k0", "k1", "k2"]
        assert list((await read(store, ["k7"])).series) == ["k7"]

    async def test_long_series_are_downsampled(self, store):
        await append(store, batch(points=losses(*map(float, range(25_000)))))

        assert len((await read(store, most=100)).series["loss"].step) == 100

    async def test_a_part_of_a_series_by_steps_or_by_time_both_ends_included(self, store):
        await append(store, batch(points=losses(*map(float, range(50)))))

        async def steps(**span):
            return (await read(store, span=Span(**span))).series["loss"].step

        assert await steps(begin=10, end=12) == [10, 11, 12]
        assert await steps(by="time", begin=147.0) == [47, 48, 49]
        assert (await read(store, span=Span(begin=50))).series == {}

    async def test_a_part_that_is_short_enough_is_not_thinned(self, store):
        await append(store, batch(points=losses(*map(float, range(25_000)))))

        shown = await read(store, most=100, span=Span(begin=20_000, end=20_099))

        assert shown.series["loss"].step == list(range(20_000, 20_100))

    async def test_the_last_value_of_a_parameter_counts(self, store):
        await append(store, batch(params={"lr": 0.1, "layers": [1, 2]}))
        await append(store, batch(10, 20, params={"lr": 0.2}))

        assert (await read(store)).params == {"lr": 0.2, "layers": [1, 2]}


class TestCursors:
    async def test_following_from_what_was_read_misses_and_repeats_nothing(self, store):
        await append(store, batch(points=losses(1.0, 2.0)))
        seq = (await read(store)).seq
        await append(store, batch(10, 20, points=losses(3.0, first=2)))

        new = await after(store, seq)

        assert (new.series["loss"].step, new.more) == ([2], False)
        assert (await after(store, new.seq)).series == {}

    async def test_slices_are_bounded_and_join(self, store):
        await append(store, batch(points=losses(*map(float, range(25)))))

        seq, steps = 0, []
        while True:
            part = await after(store, seq, limit=10)
            steps += part.series["loss"].step
            seq = part.seq
            if not part.more:
                break

        assert steps == list(range(25))

    async def test_points_of_other_jobs_move_the_cursor_on(self, store, monkeypatch):
        monkeypatch.setattr(metrics, "WINDOW", 10)
        await append(store, batch(job="j2", points=losses(*[1.0] * 35)))
        await append(store, batch(points=losses(5.0)))

        slices = [await after(store, 0)]
        while slices[-1].more:
            slices.append(await after(store, slices[-1].seq))

        assert [list(part.series) for part in slices] == [[], [], [], ["loss"]]

    async def test_a_higher_rank_is_silent_where_a_lower_one_spoke(self, store):
        await append(store, batch(points=losses(1.0)), batch(rank=1, points=losses(2.0, 3.0)))

        assert (await after(store, 0)).series["loss"].value == [1.0, 3.0]

    async def test_a_cursor_beyond_the_head_is_kept(self, store):
        assert (await after(store, 99)).seq == 99


class TestWhatAJobShows:
    async def test_newest_values_and_progress_without_a_revision(self, store):
        job = Job(
            id="j1", project="default", owner="ana", name="j", spec=JobSpec(command=["true"]),
            state=JobState.RUNNING, target=Target.RUN, engine="local", created="now",
        )  # fmt: skip
        await store.write(lambda tx: jobs.add(tx, job, actor="ana", retries=0))

        await store.write(lambda tx: metrics.show(tx, "j1", 1, {"loss": "NaN"}, Progress(0.5)))
        await store.write(lambda tx: metrics.show(tx, "j1", 2, {"loss": 7.0}, None))

        shown = (await store.read(lambda tx: jobs.get(tx, "j1"))).job
        assert (shown.latest, shown.progress) == ({"loss": "NaN"}, Progress(0.5))
        assert shown.revision == job.revision
