"""The cluster is away for five minutes, seen from the panel: nothing fails, all is caught up.

Invariant C8 through the whole product: a real server, a fake cluster over real HTTP. Only
the clock by which the server asks is another: a minute of it takes a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from submarine_ext.engines.kubernetes import engine, transport
from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.reach import Patience
from tests.cluster.cluster import Cluster
from tests.cluster.hands import Hands
from tests.kubernetes import crowd

FASTER = 60
AWAY = "The cluster is not reachable since "
MINUTES = 5
BEFORE_IT_IS_KNOWN = 2  # requests that may begin at once when the connections break


class Hurried(Pace):
    """Notes when each request begins, by its own clock."""

    def __init__(self) -> None:
        super().__init__(self.now, self.nap)
        self.turns: list[float] = []
        self.news = asyncio.Event()

    def now(self) -> float:
        return time.monotonic() * FASTER

    async def nap(self, seconds: float) -> None:
        await asyncio.sleep(seconds / FASTER)

    async def turn(self) -> None:
        await super().turn()
        self.turns.append(self.now())
        self.news.set()

    async def passed(self, moment: float) -> None:
        """Until a request began after that moment."""
        while not self.turns or self.turns[-1] < moment:
            self.news.clear()
            await self.news.wait()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(**crowd.OPTIONS) as cluster:
        yield cluster


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> list[Pace]:
    """The server's way of asking, once it has begun to."""
    made: list[Pace] = []

    def make() -> Pace:
        made.append(Hurried())
        return made[-1]

    monkeypatch.setattr(transport, "Pace", make)
    monkeypatch.setattr(engine, "Patience", lambda: Patience(probe=60 / FASTER))
    return made


@pytest.fixture
def jp_server_config(jp_server_config: Any, cluster: Cluster, pace: list[Pace]) -> Any:
    jp_server_config["SubmarineExtension"] = {"engines": ["kubernetes"]}
    jp_server_config["KubernetesEngine"] = {
        "kubeconfig": str(cluster.kubeconfig),
        "image": crowd.IMAGE,
    }
    return jp_server_config


class Panel:
    """What is shown of the jobs of the project, from frames alone."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.shown: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[str, str]] = []

    async def until(self, job: str, **fields: str) -> None:
        """Until the job is shown so."""

        def is_so(_: Any = None) -> bool:
            known = self.shown.get(job, {})
            return all(str(known.get(name)).startswith(fields[name]) for name in fields)

        while not is_so():
            frame = await self._reader.next()
            if frame["type"] == "job":
                self.shown.setdefault(frame["data"]["id"], {}).update(frame["data"])
                if "state" in frame["data"]:
                    self.history.append((frame["data"]["id"], frame["data"]["state"]))


async def test_five_minutes_without_the_cluster_fail_no_job_and_are_caught_up(
    cluster: Cluster, pace: list[Hurried], call: Any, follow: Any
) -> None:
    """Catches the mutant whose ``pace.AWAY`` is a fifth of a second."""
    hands = Hands(cluster)
    me = await follow({"op": "subscribe", "topic": "me"})
    panel = Panel(await follow({"op": "subscribe", "topic": "projects/default"}))

    async def submit(**spec: str) -> str:
        answer = await call("POST", "/projects/default/jobs", {"command": ["x"], **spec})
        assert answer.status == 201, answer.body
        job: str = answer.json["id"]
        return job

    async def exits(job: str, code: int) -> None:
        (pod,) = [name for name in await asyncio.to_thread(pods, cluster) if name.startswith(job)]
        await asyncio.to_thread(hands.exit, crowd.NAMESPACE, pod, code)

    async def told(*, healthy: bool) -> str | None:
        """Why, once the page was told that it is."""
        while True:
            await me.until(lambda frame: frame["type"] == "engines")
            (shown,) = (await call("GET", "/engines")).json["items"]
            if shown["healthy"] is healthy:
                return shown["reason"]

    goes_on, ends, fails, stopped = [await submit() for _ in range(4)]
    waits = await submit(environment="no-such-image")
    for job in (goes_on, ends, fails, stopped):
        await panel.until(job, state="running")
    await panel.until(waits, state="queued", reason="The image")

    await asyncio.to_thread(cluster.down)
    (asked,) = pace
    gone = asked.now()
    assert (await told(healthy=False) or "").startswith(AWAY)
    await exits(ends, 0)
    await exits(fails, 3)
    assert (await call("POST", f"/jobs/{stopped}/stop", {"grace_seconds": 1})).status < 300
    late = await submit()
    await panel.until(late, state="queued", reason=AWAY)
    await asked.passed(gone + MINUTES * 60)
    meanwhile = [turn for turn in asked.turns if gone < turn <= gone + MINUTES * 60]
    between = [later - turn for turn, later in pairwise(meanwhile[BEFORE_IT_IS_KNOWN:])]
    assert min(between) > 0.9, "once a second, all requests together"
    over = {"succeeded", "failed", "lost", "cancelled"}
    assert not [job for job, state in panel.history if state in over]

    await asyncio.to_thread(cluster.up)
    assert await told(healthy=True) is None
    await panel.until(ends, state="succeeded")
    await panel.until(fails, state="failed", exit_code="3")
    await panel.until(stopped, state="cancelled")
    await panel.until(late, state="running")
    for job in (goes_on, late):
        assert (await call("GET", f"/jobs/{job}")).json["state"] == "running"
        await exits(job, 0)
        await panel.until(job, state="succeeded")
    await call("POST", f"/jobs/{waits}/stop", {"grace_seconds": 1})
    await panel.until(waits, state="cancelled")
    assert len(await asyncio.to_thread(pods, cluster)) == 4, "one each, of those not stopped"


def pods(cluster: Cluster) -> list[str]:
    """All that there are."""
    found = cluster.call(cluster.inside.list, "pods", crowd.NAMESPACE)
    return [pod["metadata"]["name"] for pod in found]
