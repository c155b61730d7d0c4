"""What a job that waits is said to wait for, by the cluster's own scheduler and controllers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from submarine_ext.domain.jobs import Resources
from submarine_ext.engines.base import Outcome, Task, Waiting
from submarine_ext.engines.kubernetes import names
from submarine_ext.testing.session import Session, session
from tests.kubernetes.integration.bench import NOWHERE, Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import JOBS, PODS, QUOTAS, RANGES

#: Of a cluster with machines, and of one without.
NO_MACHINE = re.compile(r"None of \d+ machines? fits: .*|The cluster has no machines now\. .*")


async def said(s: Session, name: str, form: str | re.Pattern[str]) -> Waiting:
    """The first such reason of a task."""
    found: Waiting = await s.such(
        lambda o: o.name == name and isinstance(o, Waiting) and bool(re.match(form, o.reason))
    )
    return found


async def waits(
    bench: Bench, task: Task, form: str | re.Pattern[str] = NO_MACHINE, **settings: Any
) -> Waiting:
    """Why it waits; then it is stopped, and nothing is left."""
    async with bench.session(**settings) as s:
        await s.engine.start(task)
        found = await said(s, task.name, form)
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    return found


class TestTheScheduler:
    async def test_more_gpus_than_any_machine_has(self, bench: Bench) -> None:
        """1,024 of them, the most that a job may ask for."""
        task = bench.program("pass", resources=Resources(cpu="50m", gpu=1024))
        found = await waits(bench, task)
        if found.reason.startswith("None of"):
            assert "1024" in found.reason
            assert "GPUs" in found.reason
            if found.remedy is not None:  # where no other pods could make way
                assert found.remedy.resources.gpu == 512

    async def test_more_memory_than_any_machine_has(self, bench: Bench) -> None:
        task = bench.program("pass", resources=Resources(cpu="50m", memory="900Ti"))
        found = await waits(bench, task)
        assert found.reason.startswith("The cluster has no") or "900" in found.reason

    async def test_a_label_that_no_machine_has(self, bench: Bench) -> None:
        found = await waits(bench, bench.program("pass"), node_selector=NOWHERE)
        assert found.reason.startswith("The cluster has no") or "not of the kind" in found.reason
        assert found.remedy is None


class TestAdmission:
    async def test_a_full_quota(
        self, place: Place, bench: Bench, another: Callable[..., Place]
    ) -> None:
        """The Job's status says nothing of it; an event does."""
        tight = another()
        hard = {"pods": "0"}
        await tight.make(QUOTAS, {"metadata": {"name": "none"}, "spec": {"hard": hard}})

        async def counted() -> bool:
            found = await tight.found(QUOTAS, "none")
            return bool(found and (found.get("status") or {}).get("used"))

        await tight.until(counted, "the quota is counted")
        found = await waits(
            bench, bench.program("pass"), "The quota of .* has no room", namespace=tight.namespace
        )
        assert tight.namespace in found.reason

    async def test_a_limit_of_the_namespace(
        self, bench: Bench, another: Callable[..., Place]
    ) -> None:
        tight = another()
        limit = {"type": "Container", "max": {"memory": "64Mi"}}
        await tight.make(RANGES, {"metadata": {"name": "small"}, "spec": {"limits": [limit]}})
        task = bench.program("pass", resources=Resources(cpu="50m", memory="1Gi"))
        found = await waits(bench, task, ".* allows at most", namespace=tight.namespace)
        assert "64 MiB of memory" in found.reason
        assert found.remedy is not None
        assert found.remedy.resources.memory is not None


class TestARestart:
    async def test_a_job_that_waits_is_taken_over(self, place: Place, bench: Bench) -> None:
        task = bench.secretive()
        async with bench.session(node_selector=NOWHERE) as s:
            await s.engine.start(task)
            await said(s, task.name, NO_MACHINE)
        (before,) = await place.of(JOBS, task)
        async with bench.session(node_selector=NOWHERE) as s:
            assert await s.engine.adopt([task]) == set()
            await said(s, task.name, NO_MACHINE)
            (after,) = await place.of(JOBS, task)
            assert after["metadata"]["uid"] == before["metadata"]["uid"]
            await s.engine.stop(task.name)
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED
        await place.nothing_left(task)

    async def test_what_was_deleted_meanwhile_is_lost(self, place: Place, bench: Bench) -> None:
        task = bench.program("pass")
        async with bench.session(node_selector=NOWHERE) as s:
            await s.engine.start(task)
            await said(s, task.name, NO_MACHINE)
        await place.delete(JOBS, names.of(task.name))
        async with bench.session(node_selector=NOWHERE) as s:
            assert await s.engine.adopt([task]) == set()
            assert (await s.ended(task.name)).outcome is Outcome.LOST

    async def test_a_stop_is_kept_by_the_next_server(self, place: Place, bench: Bench) -> None:
        task = bench.program("pass")
        async with bench.session(node_selector=NOWHERE) as s:
            await s.engine.start(task)
            await said(s, task.name, NO_MACHINE)
            await s.engine.stop(task.name)
        async with bench.session(node_selector=NOWHERE) as s:
            await s.engine.adopt([task])
            assert (await s.ended(task.name)).outcome is Outcome.STOPPED
        await place.nothing_left(task)


@pytest.mark.parametrize("propagation", ["Background", "Foreground", "Orphan"])
async def test_a_job_that_somebody_deletes_is_lost_and_nothing_is_left(
    place: Place, bench: Bench, propagation: str
) -> None:
    """Orphaned pods too: they are nobody else's."""
    task = bench.program("pass")
    async with bench.session(node_selector=NOWHERE) as s:
        await s.engine.start(task)
        await said(s, task.name, NO_MACHINE)
        await place.delete(JOBS, names.of(task.name), propagation)
        ended = await s.ended(task.name)
    assert ended.outcome is Outcome.LOST
    assert place.namespace in str(ended.reason)
    assert await place.of(PODS, task) == []


async def test_two_servers_in_one_namespace_do_not_see_each_other(
    place: Place, bench: Bench
) -> None:
    """Two roots are two sites."""
    roots = [bench.root / name for name in ("one", "two")]
    for root in roots:
        root.mkdir()
    tasks = [bench.program("pass", root=root) for root in roots]
    engines = [bench.engine(root, node_selector=NOWHERE) for root in roots]
    patience = place.target.patience
    async with (
        session(engines[0], patience=patience) as one,
        session(engines[1], patience=patience) as two,
    ):
        for s, task in zip((one, two), tasks, strict=True):
            await s.engine.start(task)
            await said(s, task.name, NO_MACHINE)
        assert [(await s.engine.info()).queue for s in (one, two)] == [1, 1]
        await one.engine.stop(tasks[1].name)  # not its own
        await one.engine.stop(tasks[0].name)
        assert (await one.ended(tasks[0].name)).outcome is Outcome.STOPPED
        assert one.of(tasks[1].name) == two.of(tasks[0].name) == []
        assert len(await place.of(JOBS, tasks[1])) == 1
        await two.engine.stop(tasks[1].name)
        assert (await two.ended(tasks[1].name)).outcome is Outcome.STOPPED
