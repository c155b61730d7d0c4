"""What can be known of a job before it is submitted, asked of a whole (fake) API server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Finding, Prospect
from submarine_ext.engines.kubernetes import rbac
from submarine_ext.engines.kubernetes.preflight import Preflight
from tests.cluster.cluster import Cluster
from tests.cluster.grants import grant
from tests.kubernetes.opened import opened
from tests.kubernetes.views import spec

LIGHT = {"without": ("kubelet", "podlog", "scheduler", "job_controller", "disruptions")}
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
with_kueue = pytest.mark.parametrize("cluster", [{"crds": ["kueue"]}], indirect=True)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Without anything that would run jobs."""
    with Cluster(**LIGHT, **getattr(request, "param", {})) as cluster:
        yield cluster


async def look(cluster: Cluster, job: JobSpec | None = None, **settings: Any) -> list[Finding]:
    return await look_as(cluster.kubeconfig, job, **settings)


async def look_as(kubeconfig: Path, job: JobSpec | None = None, **settings: Any) -> list[Finding]:
    async with opened(kubeconfig, **settings) as there:
        return await Preflight(there).findings(prospect(job))


def prospect(job: JobSpec | None = None) -> Prospect:
    return Prospect(owner="alice", project="vision", teams=("seeing",), spec=job or spec())


async def quota(cluster: Cluster, **hard: str) -> None:
    made = {"metadata": {"name": "team"}, "spec": {"hard": hard}}
    await cluster.acall(cluster.inside.create, "resourcequotas", "team-a", made)


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


class TestRights:
    async def test_the_shipped_role_is_enough(self, cluster: Cluster) -> None:
        rules = rbac.role("team-a", rbac.rules())["rules"]
        assert await look_as(await grant(cluster.kubeconfig, "sub", "team-a", rules)) == []

    async def test_what_is_missing_is_named(self, cluster: Cluster) -> None:
        rules = rbac.role("team-a", rbac.rules()[1:])["rules"]
        found = only(await look_as(await grant(cluster.kubeconfig, "sub", "team-a", rules)))
        assert found.fatal
        assert "create, get, list, watch, patch, delete jobs.batch" in found.text
        assert "`submarine doctor kubernetes`" in found.text

    async def test_answers_are_believed_for_a_minute(self, cluster: Cluster) -> None:
        """Mutant: asking for every submission."""
        async with opened(cluster.kubeconfig) as there:
            await Preflight(there).findings(prospect())
            before = sum(n for (_, path), n in cluster.requests.items() if path == REVIEWS)
            await Preflight(there).findings(prospect())
            after = sum(n for (_, path), n in cluster.requests.items() if path == REVIEWS)
        assert before == after > 0


class TestRoom:
    async def test_more_than_the_quota_holds_is_fatal(self, cluster: Cluster) -> None:
        await quota(cluster, **{"requests.nvidia.com/gpu": "2"})
        found = (await look(cluster, spec(gpu=2, nodes=2)))[0]
        assert found == Finding(
            text="The quota of team-a holds 2 GPUs in all; this asks for 4. Ask for fewer GPUs.",
            field="resources.gpu",
        )

    async def test_a_full_quota_is_told_and_waited_for(self, cluster: Cluster) -> None:
        await quota(cluster, **{"count/configmaps": "1"})  # the cluster's own one is there
        found = await look(cluster)
        assert [f.fatal for f in found] == [False]
        assert "1 of 1 are in use" in found[0].text

    async def test_memory_that_must_be_said_is_asked_for(self, cluster: Cluster) -> None:
        await quota(cluster, **{"limits.memory": "8Gi"})
        found = await look(cluster)
        assert found
        assert {f.field for f in found if f.fatal} == {"resources.memory"}

    async def test_limits_of_the_namespace_are_named(self, cluster: Cluster) -> None:
        limit = {"type": "Container", "max": {"memory": "2Gi"}}
        made = {"metadata": {"name": "lr"}, "spec": {"limits": [limit]}}
        await cluster.acall(cluster.inside.create, "limitranges", "team-a", made)
        found = only(await look(cluster, spec(memory="4Gi")))
        assert (found.field, found.fatal) == ("resources.memory", True)
        assert "at most 2 GiB of memory" in found.text
        assert "asks for 4 GiB" in found.text


class TestTheNamespace:
    async def test_one_that_does_not_exist_is_named(self, cluster: Cluster) -> None:
        found = only(await look(cluster, namespaces={"team:seeing": "nowhere"}))
        assert found.fatal
        assert found.text.startswith("The namespace nowhere does not exist.")

    async def test_our_pods_are_within_the_strictest_policy(self, cluster: Cluster) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        patch = {"metadata": {"labels": labels}}
        await cluster.acall(cluster.inside.patch, "namespaces", "", "team-a", patch)
        assert await look(cluster) == []


@with_kueue
class TestQueues:
    async def test_one_that_does_not_exist_is_named_with_those_that_do(
        self, cluster: Cluster
    ) -> None:
        made = {
            "apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "LocalQueue",
            "metadata": {"name": "night"}, "spec": {"clusterQueue": "all"},
        }  # fmt: skip
        resource = "localqueues.kueue.x-k8s.io"
        await cluster.acall(cluster.inside.create, resource, "team-a", made)
        job = JobSpec(command=["true"], queue="day")
        found = only(await look(cluster, job))
        assert (found.field, found.fatal) == ("queue", True)
        assert found.text == (
            "There is no queue 'day' in team-a; there is night. Choose one of them."
        )
        assert await look(cluster, JobSpec(command=["true"], queue="night")) == []


async def test_nothing_is_left_behind(cluster: Cluster) -> None:
    await look(cluster, spec(gpu=1))
    for resource in ("jobs.batch", "pods"):
        assert await cluster.acall(cluster.inside.list, resource, "team-a") == []


async def test_a_cluster_that_is_away_knows_nothing(cluster: Cluster) -> None:
    await quota(cluster, **{"requests.nvidia.com/gpu": "0"})
    async with opened(cluster.kubeconfig) as there:
        await there.offer()
        await asyncio.to_thread(cluster.down)
        assert await Preflight(there).findings(prospect(spec(gpu=4))) == []
        await asyncio.to_thread(cluster.up)
