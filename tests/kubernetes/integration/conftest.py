"""One suite of the engine for the fake and for any real cluster: see ``target``.

``place`` is a namespace of the run's own, ``bench`` makes engines and tasks in it, ``another``
makes further namespaces; ``runs`` is asked for by tests whose jobs must really run, and skips
them where the cluster has no machine that runs a trivial one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from submarine_ext.engines.base import Ended, Outcome, Started, Waiting
from submarine_ext.testing.session import Session, session
from tests.cluster.cluster import Cluster
from tests.kubernetes.integration.bench import Bench
from tests.kubernetes.integration.place import Place, leave, settle
from tests.kubernetes.integration.target import PYTHON, Admin, Target, chosen

HERE = Path(__file__).parent
CRDS = ("kueue", "trainjob", "pytorchjob", "tfjob", "xgboostjob", "mpijob-v2beta1")
PROBE = 120.0  # seconds for a trivial job, its image included
BROKEN = "a trivial job started and did not succeed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real cluster takes its time."""
    if chosen() is not None:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """The cluster that was named, else the fake."""
    named = chosen()
    if named is not None:
        yield named
        return
    with Cluster(crds=CRDS) as cluster:
        yield Target(cluster.kubeconfig, PYTHON, own=True)


@pytest.fixture(scope="session")
def place(target: Target) -> Iterator[Place]:
    """The run's own namespace."""
    with contextlib.closing(Admin(target)) as admin:
        place = settle(target, admin)
        yield place
        leave(place)


@pytest.fixture
def another(place: Place) -> Iterator[Callable[..., Place]]:
    """Makes namespaces for what changes a whole namespace: ``another({label: value})``."""
    made: list[Place] = []

    def make(labels: dict[str, str] | None = None) -> Place:
        labels = {"submarine-ext/test": "yes", **(labels or {})}
        made.append(settle(place.target, place.admin, labels.items()))
        return made[-1]

    yield make
    for one in made:
        leave(one)


@pytest.fixture
def bench(place: Place, tmp_path: Path) -> Iterator[Bench]:
    """Engines and tasks of one test."""
    bench = Bench(place, tmp_path)
    yield bench
    bench.clear()


@pytest.fixture(scope="session")
def _why_nothing_runs(place: Place, tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """Why a trivial job does not run here; None: it ran."""
    bench = Bench(place, tmp_path_factory.mktemp("probe"))
    try:
        return asyncio.run(_probe(bench))
    finally:
        bench.clear()


@pytest.fixture
def runs(_why_nothing_runs: str | None, target: Target) -> None:
    """The test needs machines that run what they are given."""
    if _why_nothing_runs is None:
        return
    if target.own or _why_nothing_runs.startswith(BROKEN):
        pytest.fail(_why_nothing_runs)
    pytest.skip(_why_nothing_runs)


async def _probe(bench: Bench) -> str | None:
    task = bench.program("print('probe')")
    async with session(bench.engine(), patience=PROBE) as s:
        await s.engine.start(task)
        try:
            await s.such(lambda o: o.name == task.name and isinstance(o, Started | Ended))
            ended = await s.ended(task.name)
        except TimeoutError:
            return f"no job starts on this cluster within {PROBE:.0f} s: {_last_words(s)}"
    if ended.outcome is Outcome.SUCCEEDED:
        return None
    log = task.log(0).read_text(errors="replace")[-300:] if task.log(0).exists() else ""
    if "/submarine/kit" in log:  # containers that are no containers
        return f"machines of this cluster have no volumes: {log}"
    return f"{BROKEN}: {ended.reason} {log}"


def _last_words(s: Session) -> str:
    said = [o.reason for o in s.seen if isinstance(o, Waiting)]
    return said[-1] if said else "nothing was said of it"
