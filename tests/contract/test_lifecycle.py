"""A job's one way through services, reconcile and the local engine, as people see it."""

import asyncio
import hashlib
import io
import json
import sys
import tarfile

import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import JobSpec, JobState, Resources, Target
from submarine_ext.domain.pages import JobFilter
from submarine_ext.errors import Conflict, Invalid, KeyReused, NotFound

ANA, BOB = Principal("ana"), Principal("bob")
FAR = 10**9


class Lab:
    """A server's inside, and waiting for what it records."""

    def __init__(self, submarine):
        self.inside = submarine
        self._changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        submarine._store.on_commit(lambda: loop.call_soon_threadsafe(self._changed.set))

    async def submit(self, **spec):
        return await self.again(JobSpec(**spec))

    async def again(self, spec):
        return await self.inside.jobs.submit(ANA, "default", spec, None)

    async def until(self, job, *states):
        return await self.such(
            job, lambda now: now.state in states or (not states and now.state.terminal)
        )

    async def such(self, job, true):
        while True:
            self._changed.clear()
            now = await self.inside.jobs.get(ANA, job.id)
            if true(now):
                return now
            await self._changed.wait()

    async def text(self, job):
        return (await self.inside.results.log(ANA, job.id, 0, None, 0, 1 << 20)).text.decode()

    async def says_something(self, job):
        while not await self.text(job):
            await asyncio.sleep(0.01)

    async def history(self, job):
        rows = await self.inside.streams.events_after(ANA, "default", 0, 100, job.id)
        return [row.action for row in rows]

    async def upload(self, **files):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(name.replace("_py", ".py").replace("_ipynb", ".ipynb"))
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
        sha256 = hashlib.sha256(out.getvalue()).hexdigest()
        with await self.inside.bundles.receive(ANA, sha256) as writer:
            writer.write(out.getvalue())
            writer.commit()
        return sha256


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path / "data", owner="ana", cpu=2.0, memory=2 << 30, gpu=0)


@pytest.fixture
def lab(settings, jp_asyncio_loop):
    async def begin():
        return Lab(await Submarine.open(settings))

    opened = jp_asyncio_loop.run_until_complete(begin())
    yield opened
    jp_asyncio_loop.run_until_complete(opened.inside.close())


class TestAJob:
    async def test_it_runs_and_its_way_is_in_the_history(self, lab):
        job = await lab.submit(command=["echo", "hello"])
        assert job.state is JobState.PENDING
        done = await lab.until(job)
        assert (done.state, done.exit_code, done.reason) == (JobState.SUCCEEDED, 0, None)
        assert await lab.text(job) == "hello\n"
        assert done.created <= done.queued <= done.started <= done.finished
        history = [action for action in await lab.history(job) if action != "job.waits"]
        assert history == ["job.submitted", "job.claimed", "job.started", "job.succeeded"]

    async def test_one_that_fails_says_why_in_a_sentence(self, lab):
        job = await lab.submit(command=[sys.executable, "-c", "raise ValueError('no data')"])
        done = await lab.until(job)
        assert (done.state, done.exit_code) == (JobState.FAILED, 1)
        assert "no data" in done.reason

    async def test_a_command_that_does_not_exist_says_what_was_meant(self, lab):
        done = await lab.until(await lab.submit(command=["ehco", "x"], retries=3))
        assert (done.state, done.attempt) == (JobState.FAILED, 1)
        assert "echo" in done.reason

    async def test_a_script_runs_with_its_files_and_its_track(self, lab):
        bundle = await lab.upload(
            train_py="import model\nfrom submarine_ext import track\n"
            "for i in range(5): track.log_metric('loss', model.loss(i), i)",
            model_py="def loss(i): return 1 / (i + 1)",
        )
        done = await lab.until(await lab.submit(script="train.py", bundle=bundle))
        assert done.state is JobState.SUCCEEDED, await lab.text(done)
        found = await lab.inside.results.metrics(ANA, done.id, None, 100)
        assert found.series["loss"].value == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
        assert done.latest == {"loss": 0.2}
        assert await lab.text(done) == ""

    async def test_a_notebook_runs_with_its_parameters_and_comes_back(self, lab):
        cells = [
            {"source": "lr = 1", "metadata": {"tags": ["parameters"]}},
            {"source": "print('lr is', lr)", "metadata": {}},
        ]
        common = {"cell_type": "code", "outputs": [], "execution_count": None}
        notebook = {
            "cells": [{**common, **cell, "id": f"c{n}"} for n, cell in enumerate(cells)],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        bundle = await lab.upload(n_ipynb=json.dumps(notebook))
        spec = {"notebook": "n.ipynb", "bundle": bundle, "parameters": {"lr": 0.5}}
        done = await lab.until(await lab.submit(**spec))
        assert done.state is JobState.SUCCEEDED, done.reason
        assert "lr is 0.5" in await lab.text(done)
        assert done.progress.fraction == 1
        [left] = await lab.inside.results.artifacts(ANA, done.id)
        assert left.path.endswith(".ipynb")
        with pytest.raises(Invalid) as caught:
            await lab.submit(**(spec | {"parameters": {"lrr": 1}}))
        assert caught.value.field == "parameters.lrr"

    async def test_it_ends_at_its_time_limit(self, lab):
        done = await lab.until(await lab.submit(command=["sleep", "60"], timeout_seconds=1))
        assert done.state is JobState.FAILED
        assert "1 s" in done.reason


class TestBadInput:
    @pytest.mark.parametrize(
        ("spec", "field"),
        [
            ({"command": ["x"], "engine": "moon"}, "engine"),
            ({"command": ["x"], "resources": Resources(gpu=8)}, "resources.gpu"),
            ({"command": ["x"], "resources": Resources(cpu=64)}, "resources.cpu"),
            ({"command": ["x"], "queue": "fast"}, "queue"),
            ({"command": ["x"], "secrets": ["key"]}, "secrets[0]"),
            ({"command": ["x"], "environment": "torch"}, "environment"),
            ({"script": "a.py", "bundle": "0" * 64}, "bundle"),
        ],
    )
    async def test_it_is_refused_by_name_and_nothing_is_half_created(self, lab, spec, field):
        with pytest.raises(Invalid) as caught:
            await lab.submit(**spec)
        assert caught.value.field == field
        assert (await lab.inside.jobs.list(ANA, "default", JobFilter())).items == []

    async def test_a_missing_script_says_which_one_was_meant(self, lab):
        bundle = await lab.upload(train_py="")
        with pytest.raises(Invalid, match=r"train\.py") as caught:
            await lab.submit(script="trian.py", bundle=bundle)
        assert caught.value.field == "script"

    async def test_an_unreadable_notebook_is_refused(self, lab):
        bundle = await lab.upload(n_ipynb="{")
        with pytest.raises(Invalid) as caught:
            await lab.submit(notebook="n.ipynb", bundle=bundle)
        assert caught.value.field == "notebook"


class TestStop:
    async def test_a_running_job_is_cancelled_and_says_by_whom(self, lab):
        job = await lab.until(await lab.submit(command=["sleep", "60"]), JobState.RUNNING)
        asked = await lab.inside.jobs.stop(ANA, job.id)
        assert asked.target is Target.STOP
        done = await lab.until(job)
        assert (done.state, done.reason) == (JobState.CANCELLED, "Stopped by ana.")

    async def test_a_waiting_job_says_what_it_waits_for_and_can_be_stopped(self, lab):
        first = await lab.submit(command=["sleep", "60"], resources=Resources(cpu=2))
        await lab.until(first, JobState.RUNNING)  # starts are prepared side by side
        second = await lab.submit(command=["sleep", "60"])
        waiting = await lab.until(second, JobState.QUEUED)
        while not waiting.reason:
            await lab._changed.wait()
            waiting = await lab.until(second, JobState.QUEUED)
        assert waiting.reason.startswith("Waits for 1 CPU")
        for job in (second, first):
            await lab.inside.jobs.stop(ANA, job.id)
            assert (await lab.until(job)).state is JobState.CANCELLED

    async def test_stopping_what_has_ended_changes_nothing(self, lab):
        done = await lab.until(await lab.submit(command=["true"]))
        assert await lab.inside.jobs.stop(ANA, done.id) == done


class TestRetries:
    async def test_a_failing_job_is_tried_as_often_as_asked(self, lab):
        done = await lab.until(await lab.submit(command=["false"], retries=2))
        assert (done.state, done.attempt) == (JobState.FAILED, 3)
        assert (await lab.history(done)).count("job.retried") == 2

    async def test_one_that_succeeds_the_second_time_has_succeeded(self, lab):
        job = await lab.submit(command=["sh", "-c", "[ $SUBMARINE_ATTEMPT = 2 ]"], retries=5)
        done = await lab.until(job)
        assert (done.state, done.attempt) == (JobState.SUCCEEDED, 2)

    async def test_an_ended_job_is_retried_on_request_and_a_running_one_is_not(self, lab):
        sleeps = ["sh", "-c", "echo ready; exec sleep 60"]
        job = await lab.until(await lab.submit(command=sleeps), JobState.RUNNING)
        await lab.says_something(job)
        with pytest.raises(Conflict):
            await lab.inside.jobs.retry(ANA, job.id)
        await lab.inside.jobs.stop(ANA, job.id)
        await lab.until(job)
        again = await lab.inside.jobs.retry(ANA, job.id)
        assert (again.attempt, again.state, again.target) == (2, JobState.PENDING, Target.RUN)
        await lab.until(again, JobState.RUNNING)
        await lab.says_something(again)
        await lab.inside.jobs.stop(ANA, job.id)
        await lab.until(job)


class TestAccess:
    async def test_a_stranger_sees_nothing_in_every_way_to_look(self, lab):
        job = await lab.until(await lab.submit(command=["true"]))
        inside = lab.inside
        for ask in (
            inside.jobs.get(BOB, job.id),
            inside.jobs.list(BOB, "default", JobFilter()),
            inside.jobs.stop(BOB, job.id),
            inside.jobs.retry(BOB, job.id),
            inside.jobs.delete(BOB, job.id),
            inside.jobs.submit(BOB, "default", JobSpec(command=["true"]), None),
            inside.streams.events_after(BOB, "default", 0, 10),
            inside.streams.sight(BOB, "default", Capability.JOB_LIST),
            inside.results.log(BOB, job.id, 0, None, 0, 10),
            inside.results.metrics(BOB, job.id, None, 10),
            inside.results.points_after(BOB, job.id, 0, 10),
            inside.results.artifacts(BOB, job.id),
            inside.results.artifact(BOB, job.id, "x"),
        ):
            with pytest.raises(NotFound) as caught:
                await ask
            assert caught.value.detail == NotFound().detail


class TestIdempotency:
    async def test_the_same_key_gives_the_same_job(self, lab):
        spec = JobSpec(command=["true"])
        both = [lab.inside.jobs.submit(ANA, "default", spec, "k") for _ in range(10)]
        assert len({job.id for job in await asyncio.gather(*both)}) == 1
        with pytest.raises(KeyReused):
            await lab.inside.jobs.submit(ANA, "default", JobSpec(command=["false"]), "k")
        await lab.until((await lab.inside.jobs.list(ANA, "default", JobFilter())).items[0])


class TestDelete:
    async def test_an_ended_job_goes_with_its_files(self, lab, settings):
        done = await lab.until(await lab.submit(command=["true"]))
        assert (settings.root / "jobs" / done.id).exists()
        await lab.inside.jobs.delete(ANA, done.id)
        assert not (settings.root / "jobs" / done.id).exists()
        with pytest.raises(NotFound):
            await lab.inside.jobs.get(ANA, done.id)


class TestTheServerGoes:
    async def test_jobs_go_on_and_the_next_server_records_how_they_ended(self, settings):
        first = Lab(await Submarine.open(settings))
        job = await first.submit(command=["sh", "-c", "echo a; sleep 1; echo b; exit 3"])
        await first.until(job, JobState.RUNNING)
        await first.inside.close()
        second = Lab(await Submarine.open(settings))
        done = await second.until(job)
        assert (done.state, done.exit_code) == (JobState.FAILED, 3)
        assert await second.text(done) == "a\nb\n"
        await second.inside.close()

    async def test_of_two_servers_one_dispatches_and_the_other_takes_over(self, settings):
        first = Lab(await Submarine.open(settings))
        second = Lab(await Submarine.open(settings))
        job = await first.submit(command=["sleep", "1"])
        await first.until(job, JobState.RUNNING)
        await first.inside.close()
        done = await second.until(job)
        assert done.state is JobState.SUCCEEDED
        await second.inside.close()
