"""Two hundred running jobs cost the cluster no more requests than ten, and leave nothing."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.engines.base import Ended, Outcome, Started
from submarine_ext.engines.kubernetes import cluster as module
from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.attempt import Attempt
from submarine_ext.engines.kubernetes.course import Course
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.following import Follower
from submarine_ext.engines.kubernetes.placement import Identity
from submarine_ext.engines.kubernetes.watching import Watch, Watches
from submarine_ext.testing.session import PATIENCE, Session, session
from tests.cluster.cluster import Cluster
from tests.kubernetes import crowd
from tests.kubernetes.crowd import Crowd
from tests.kubernetes.hands import HURRY

FEW, MANY = 3, 200

pytestmark = pytest.mark.parametrize("cluster", [crowd.OPTIONS], indirect=True)


@asynccontextmanager
async def adopted(cluster: Cluster, root: Path, size: int) -> AsyncIterator[tuple[Crowd, Session]]:
    """A server that comes back to so many running jobs, once it follows all their logs."""
    root.mkdir()
    many = await asyncio.to_thread(Crowd, cluster, root, size)
    cluster.requests.clear()
    async with session(KubernetesEngine(root, many.settings, patience=HURRY)) as s:
        assert await s.engine.adopt(many.tasks) == set()
        for task in many.tasks:
            await s.started(task.name)
        await until(lambda: logs(cluster) >= size)
        yield many, s


async def until(reached: Callable[[], bool]) -> None:
    """Wait for what the cluster or the disk shows."""
    async with asyncio.timeout(PATIENCE):
        while not reached():
            await asyncio.sleep(0.05)


def logs(cluster: Cluster) -> int:
    return sum(times for (_, path), times in asked(cluster).items() if path.endswith("/log"))


def asked(cluster: Cluster) -> Counter[tuple[str, str]]:
    """All requests but the looks at whether the cluster is there, which time alone makes."""
    probe = ("get", "/version")
    return Counter({key: times for key, times in cluster.requests.items() if key != probe})


def shared(cluster: Cluster) -> dict[tuple[str, str], int]:
    """The requests that are not about one pod's log."""
    return {key: times for key, times in asked(cluster).items() if not key[1].endswith("/log")}


class OneWatchEach(Watches):
    """Watches the namespace anew for each attempt."""

    def enter(self, key: Any, api: Any) -> Watch:
        alone = Identity(groups=(str(len(self._watches)),))
        return super().enter((key[0], alone), api)


async def shared_requests(cluster: Cluster, root: Path, size: int) -> dict[tuple[str, str], int]:
    async with adopted(cluster, root, size) as (many, s):
        found = shared(cluster)
        many.end()
        for task in many.tasks:
            await s.ended(task.name)
    for task in many.tasks:
        cluster.call(cluster.inside.delete, "jobs.batch", crowd.NAMESPACE, names.of(task.name))
    return found


async def test_many_running_jobs_are_watched_with_the_requests_of_one(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches the mutant ``OneWatchEach``."""
    one = await shared_requests(cluster, tmp_path / "one", 1)
    assert sorted(verb for verb, _ in one) == ["get", "list", "list", "list", *["watch"] * 3]
    assert await shared_requests(cluster, tmp_path / "many", MANY) == one
    monkeypatch.setattr(module, "Watches", OneWatchEach)
    assert await shared_requests(cluster, tmp_path / "mutant", FEW) != one


async def test_while_they_run_nothing_is_asked_whatever_they_print_or_change(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Catches a course that asks for its object or its pods at each change."""
    async with adopted(cluster, tmp_path / "root", MANY) as (many, s):
        cluster.requests.clear()
        many.write(b"printed\n")
        many.change(1)
        await until(lambda: all(read(task.log(0)) == b"printed\n" for task in many.tasks))
        many.end(many.pods()[:1])  # its end comes after the changes in the same watch
        ended = await s.such(lambda o: isinstance(o, Ended))
        assert ended.outcome is Outcome.SUCCEEDED
        (asked_for_pods,) = shared(cluster).items()
        assert (asked_for_pods[0][0], asked_for_pods[1]) == ("list", 1), "for the one that ended"
        assert logs(cluster) == 1


async def test_an_engine_keeps_nothing_of_jobs_that_ended(cluster: Cluster, tmp_path: Path) -> None:
    """Catches followers, courses or attempts that something still refers to."""
    async with adopted(cluster, tmp_path / "root", FEW) as (many, s):
        assert held(Attempt) == held(Course) == held(Follower) == FEW
        many.end()
        for task in many.tasks:
            assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
        await until(lambda: held(Attempt) == held(Course) == held(Follower) == 0)
        assert sum(isinstance(o, Started) for o in s.seen) == FEW
        assert (await s.engine.info()).running == 0


def held(kind: type[Any]) -> int:
    gc.collect()
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
