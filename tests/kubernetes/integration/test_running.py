"""Jobs of one machine that really run here: what they print, how they end, what they are given."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.engines.base import Ended, Outcome, Started, Waiting
from submarine_ext.engines.kubernetes import names, rbac
from submarine_ext.testing import jobs
from tests.kubernetes.integration.accounts import account
from tests.kubernetes.integration.bench import SMALL, Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import JOBS, PODS

pytestmark = pytest.mark.usefixtures("runs")


class TestWhatItPrints:
    async def test_every_byte_is_kept_as_it_is(self, bench: Bench) -> None:
        """All values, on both streams, and an end without a newline."""
        task = bench.program(jobs.PRINTS_ALL_BYTES)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert task.log(0).read_bytes() == jobs.ALL_BYTES

    async def test_records_stand_where_they_were_written(self, bench: Bench) -> None:
        task = bench.program(jobs.WRITES_A_RECORD)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert task.log(0).read_bytes() == b'before\x1e{"g":0.5}\nafter\n'

    async def test_nothing_is_an_empty_log(self, bench: Bench) -> None:
        task = bench.program("pass")
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert task.log(0).read_bytes() == b""


class TestHowItEnds:
    @pytest.mark.parametrize("end", sorted(jobs.ENDS))
    async def test_the_exit_code_and_the_last_error_are_told(self, bench: Bench, end: str) -> None:
        source, code, words = jobs.ENDS[end]
        ended = await bench.run(bench.program(source))
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, code)
        assert words in str(ended.reason)

    async def test_a_success_tells_when_it_ran(self, bench: Bench) -> None:
        ended = await bench.run(bench.program("print('x')"))
        assert (ended.outcome, ended.exit_code, ended.reason) == (Outcome.SUCCEEDED, 0, None)
        assert ended.started is not None
        assert ended.finished is not None
        assert ended.started <= ended.finished

    async def test_an_end_tells_what_was_used(self, bench: Bench) -> None:
        ended = await bench.run(
            bench.program("held = bytearray(50_000_000); sum(range(3_000_000))")
        )
        assert ended.usage is not None
        assert (ended.usage.memory_peak_bytes or 0) > 50_000_000
        assert (ended.usage.cpu_seconds or 0) > 0

    async def test_a_command_that_does_not_exist_is_not_tried_again(self, bench: Bench) -> None:
        ended = await bench.run(bench.task(JobSpec(command=["no-such-command"], resources=SMALL)))
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "no-such-command" in str(ended.reason)

    async def test_its_time_is_its_own_and_ends_it(self, bench: Bench) -> None:
        ended = await bench.run(bench.program(jobs.SLEEPS, timeout_seconds=2))
        assert ended.outcome is Outcome.FAILED
        assert "2 s" in str(ended.reason)

    async def test_a_stop_lets_it_say_goodbye_and_leaves_nothing(
        self, place: Place, bench: Bench
    ) -> None:
        task = bench.program(jobs.SAYS_GOODBYE)
        async with bench.session() as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"ready", place.target.patience)
            await s.engine.stop(task.name, grace_seconds=10)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED
            assert await place.of(PODS, task) == []
        assert task.log(0).read_text() == "ready\ngoodbye\n"
        await place.nothing_left(task)

    async def test_a_retry_is_an_object_of_its_own(self, place: Place, bench: Bench) -> None:
        first = bench.program("import sys; sys.exit(3)")
        assert (await bench.run(first)).retryable
        second = bench.again(first)
        assert (await bench.run(second)).exit_code == 3
        found = [await place.of(JOBS, task) for task in (first, second)]
        assert [len(one) for one in found] == [1, 1]
        assert [len(await place.of(PODS, task)) for task in (first, second)] == [1, 1]
        assert found[0][0]["metadata"]["name"] != found[1][0]["metadata"]["name"]

    async def test_more_memory_than_it_has_is_told_with_a_remedy(self, bench: Bench) -> None:
        source = "hoard = bytearray(300 << 20)\nfor i in range(0, len(hoard), 4096): hoard[i] = 1"
        task = bench.program(source, resources=Resources(cpu="50m", memory="96Mi"))
        ended = await bench.run(task)
        if ended.outcome is Outcome.SUCCEEDED:
            bench.unlike("machines of this cluster do not enforce memory limits")
        assert "memory" in str(ended.reason)
        assert ended.remedy is not None
        assert ended.remedy.resources.memory is not None

    async def test_an_image_that_does_not_exist_is_waited_for_in_words(self, bench: Bench) -> None:
        image = "registry.invalid/no-such-image:1"
        task = bench.task(JobSpec(command=["true"], environment=image, resources=SMALL))
        async with bench.session() as s:
            await s.engine.start(task)
            found = await s.such(
                lambda o: (
                    isinstance(o, Ended | Started) or (isinstance(o, Waiting) and image in o.reason)
                )
            )
            if not isinstance(found, Waiting):
                bench.unlike("machines of this cluster do not fetch images")
            await s.engine.stop(task.name)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED


class TestWhatItIsGiven:
    async def test_variables_arrive_letter_by_letter(self, bench: Bench) -> None:
        """Kubernetes expands $(NAME); mutant: values as they are in the manifest."""
        env = {"A": "$(HOME)", "B": "$$(HOME) $HOME ${HOME} $", "C": "é\n\t'\"\\ ", "D": ""}
        source = "import json, os; print(json.dumps({k: os.environ[k] for k in 'ABCD'}))"
        task = bench.program(source, env=env)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert json.loads(task.log(0).read_text()) == env

    async def test_arguments_arrive_letter_by_letter(self, bench: Bench) -> None:
        arguments = ["$(HOME)", "$HOME", "a b", "", "'\"\\", "é\n"]
        source = "import json, sys; print(json.dumps(sys.argv[1:]))"
        task = bench.program(source, *arguments)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert json.loads(task.log(0).read_text()) == arguments

    async def test_secrets_reach_its_environment_and_go_with_it(
        self, place: Place, bench: Bench
    ) -> None:
        canary = f"$(HOME){uuid.uuid4().hex}\n"
        digest = hashlib.sha256(canary.encode()).hexdigest()
        task = bench.program(jobs.KNOWS_WHAT_IT_IS_GIVEN, "TOKEN", digest, secrets=["TOKEN"])
        task = replace(task, secrets={"TOKEN": canary})
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert canary.encode() not in b"".join(
            path.read_bytes() for path in bench.root.rglob("*") if path.is_file()
        )
        await place.delete(JOBS, names.of(task.name))
        await place.nothing_left(task)

    async def test_its_files_come_along_and_what_it_makes_comes_back(self, bench: Bench) -> None:
        source = """
import hashlib, os
data = open('deep/data.bin', 'rb').read()
assert os.access('run.sh', os.X_OK)
open('model.bin', 'wb').write(data[::-1])
open('other.log', 'w').write('not asked for')
print(hashlib.sha256(data[::-1]).hexdigest())
"""
        task = bench.program(source, outputs=["*.bin"])
        data = bytes(range(256)) * 4000
        (task.work / "deep").mkdir()
        (task.work / "deep/data.bin").write_bytes(data)
        (task.work / "run.sh").write_text("#!/bin/sh\n")
        (task.work / "run.sh").chmod(0o755)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        kept = {str(p.relative_to(task.artifacts)): p.read_bytes()
                for p in task.artifacts.rglob("*") if p.is_file()}  # fmt: skip
        assert kept == {"model.bin": data[::-1]}
        told = task.log(0).read_text().strip()
        assert hashlib.sha256(kept["model.bin"]).hexdigest() == told

    async def test_it_finds_no_right_to_the_cluster(self, bench: Bench) -> None:
        source = "import os; print(os.path.exists('/var/run/secrets/kubernetes.io'))"
        task = bench.program(source)
        assert (await bench.run(task)).outcome is Outcome.SUCCEEDED
        assert task.log(0).read_text() == "False\n"


COUNTS = """
import sys, time
for number in range(400):
    sys.stdout.write(f'{number} ' + 'x' * (number % 90) + ('\\n' if number % 7 else ''))
    sys.stdout.flush()
    time.sleep(0.01)
"""
COUNTED = "".join(f"{n} " + "x" * (n % 90) + ("\n" if n % 7 else "") for n in range(400))


class TestARestart:
    async def test_the_log_has_no_gap_and_no_repetition(self, place: Place, bench: Bench) -> None:
        """The server is closed twice in the middle of it."""
        task = bench.program(COUNTS)
        async with bench.session() as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"20 x", place.target.patience)
        async with bench.session() as s:
            assert await s.engine.adopt([task]) == set()
            await jobs.printed(task.log(0), b"120 x", place.target.patience)
        async with bench.session() as s:
            assert await s.engine.adopt([task]) == set()
            assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
        assert task.log(0).read_text() == COUNTED

    async def test_what_ended_meanwhile_is_told_with_its_log(
        self, place: Place, bench: Bench
    ) -> None:
        task = bench.program("import sys; print('bye', flush=True); sys.exit(7)")
        async with bench.session() as s:
            await s.engine.start(task)
            await place.until(lambda: place.of(PODS, task), "its pod is there")

        async def over() -> bool:
            phases = [pod["status"].get("phase") for pod in await place.of(PODS, task)]
            return "Failed" in phases

        await place.until(over, "its pod has ended")
        async with bench.session() as s:
            if await s.engine.adopt([task]):  # not written down yet that it had begun
                await s.engine.start(task)
            assert (await s.ended(task.name)).exit_code == 7
        assert task.log(0).read_text() == "bye\n"


async def test_a_whole_job_runs_with_exactly_the_shipped_role(place: Place, bench: Bench) -> None:
    rules = rbac.role(place.namespace, rbac.rules(queues=True))["rules"]
    name = f"whole-{uuid.uuid4().hex[:6]}"
    kubeconfig = await account(place, bench.root, name, rules)
    task = bench.secretive(outputs=["data.txt"])
    assert (await bench.run(task, kubeconfig=kubeconfig)).outcome is Outcome.SUCCEEDED
    assert (task.artifacts / "data.txt").read_text() == "data"


class TestNotebooks:
    """Of images that have what runs notebooks."""

    async def test_the_executed_notebook_comes_back(self, bench: Bench) -> None:
        await has(bench, "nbclient, ipykernel", "notebooks")
        cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None,
                "outputs": [], "source": "print(x + 1)"}  # fmt: skip
        tag = {"tags": ["parameters"]}
        given = {**cell, "id": "p", "source": "x = 1", "metadata": tag}
        notebook = {"cells": [given, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        task = bench.task(JobSpec(notebook="n.ipynb", parameters={"x": 41}, resources=SMALL))
        (task.work / "n.ipynb").write_text(json.dumps(notebook))
        ended = await bench.run(task)
        assert ended.outcome is Outcome.SUCCEEDED, ended.reason
        (found,) = task.artifacts.rglob("*.ipynb")
        assert "42" in found.read_text()

    async def test_a_cells_code_runs(self, bench: Bench) -> None:
        await has(bench, "IPython", "cells")
        task = bench.task(JobSpec(code="print(6 * 7)", resources=SMALL))
        ended = await bench.run(task)
        assert ended.outcome is Outcome.SUCCEEDED, ended.reason
        assert "42" in task.log(0).read_text()


async def has(bench: Bench, modules: str, what: str) -> None:
    """Skip where the image lacks what runs these."""
    probe = bench.task(JobSpec(command=["python3", "-c", f"import {modules}"], resources=SMALL))
    if (await bench.run(probe)).outcome is not Outcome.SUCCEEDED:
        bench.unlike(f"the image has not what {what} need ({modules})")
