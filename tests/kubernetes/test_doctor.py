"""What the doctor finds, and that what it prints repairs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from submarine_ext.engines.base import Check
from submarine_ext.engines.kubernetes import rbac
from submarine_ext.engines.kubernetes.doctor import Doctor
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.settings import Settings
from tests.cluster.cluster import Cluster
from tests.cluster.grants import grant
from tests.kubernetes.opened import opened

WHO = {"impersonate": True, "namespaces": {"team:seeing": "team-a"}}
LIGHT = {"without": ("kubelet", "podlog", "scheduler", "job_controller", "disruptions")}


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Without anything that would run jobs."""
    with Cluster(**LIGHT, **getattr(request, "param", {})) as cluster:
        yield cluster


async def examine(
    kubeconfig: Path, people: tuple[str, ...] = (), **settings: Any
) -> dict[str, Check]:
    async with opened(kubeconfig, **settings) as there:
        return {check.title: check for check in await Doctor(there, people).examine()}


async def apply(cluster: Cluster, fix: str | None) -> None:
    """What `kubectl apply` does of it: made, or replaced."""
    plurals = {
        "Role": "roles.rbac.authorization.k8s.io",
        "RoleBinding": "rolebindings.rbac.authorization.k8s.io",
        "ClusterRole": "clusterroles.rbac.authorization.k8s.io",
        "ClusterRoleBinding": "clusterrolebindings.rbac.authorization.k8s.io",
        "Namespace": "namespaces",
    }
    for thing in yaml.safe_load_all(fix or ""):
        resource = plurals[thing["kind"]]
        namespace = thing["metadata"].get("namespace", "")
        await cluster.acall(cluster.inside.create, resource, namespace, thing)


class TestRights:
    async def test_what_is_missing_is_named_and_its_yaml_repairs_it(self, cluster: Cluster) -> None:
        kubeconfig = await grant(cluster.kubeconfig, "sub", "team-a", [])
        before = await examine(kubeconfig)
        wrong = before["Namespace team-a"]
        assert not wrong.ok
        assert "system:serviceaccount:team-a:sub may not: create, get, list, watch" in wrong.detail
        await apply(cluster, wrong.fix)
        after = await examine(kubeconfig)
        assert [check.detail for check in after.values() if not check.ok] == []

    async def test_a_right_that_jobs_do_without_is_a_remark(self, cluster: Cluster) -> None:
        needed = [rule for rule in rbac.rules() if rule.without is None]
        rules = rbac.role("team-a", needed)["rules"]
        found = await examine(await grant(cluster.kubeconfig, "sub", "team-a", rules))
        check = found["Namespace team-a"]
        assert check.ok
        assert "only after they were submitted" in check.detail
        assert check.fix is not None

    async def test_every_namespace_of_a_team_is_looked_at(self, cluster: Cluster) -> None:
        rules = rbac.role("team-a", rbac.rules())["rules"]
        kubeconfig = await grant(cluster.kubeconfig, "sub", "team-a", rules)
        found = await examine(kubeconfig, namespaces={"team:seeing": "team-b"})
        assert (found["Namespace team-a"].ok, found["Namespace team-b"].ok) == (True, False)


class TestTheCluster:
    async def test_release_user_and_kinds_are_named(self, cluster: Cluster) -> None:
        found = await examine(cluster.kubeconfig)
        assert "Kubernetes v1." in found["Connection"].detail
        assert "knows this server as" in found["Connection"].detail
        assert found["Kinds"].detail.startswith("Jobs can become Job; the cluster has no queues")

    async def test_a_namespace_that_is_not_there_comes_with_its_yaml(
        self, cluster: Cluster
    ) -> None:
        settings = {"namespaces": {"team:seeing": "seeing"}}
        wrong = (await examine(cluster.kubeconfig, **settings))["Namespace seeing"]
        assert (wrong.ok, wrong.detail) == (False, "It does not exist.")
        await apply(cluster, wrong.fix)
        assert (await examine(cluster.kubeconfig, **settings))["Namespace seeing"].ok

    async def test_a_queue_without_kueue_is_a_mistake(self, cluster: Cluster) -> None:
        kinds = (await examine(cluster.kubeconfig, queue="night"))["Kinds"]
        assert not kinds.ok
        assert "KubernetesEngine.queue" in kinds.detail

    async def test_nothing_is_left_behind(self, cluster: Cluster) -> None:
        await examine(cluster.kubeconfig)
        found = await cluster.acall(cluster.inside.list, "configmaps", "team-a")
        assert [thing["metadata"]["name"] for thing in found] == ["kube-root-ca.crt"]

    async def test_without_credentials_it_says_what_is_missing(self, tmp_path: Path) -> None:
        engine = KubernetesEngine(tmp_path, Settings(kubeconfig=str(tmp_path / "none")))
        await engine.open()
        try:
            assert [check.ok for check in await engine.examine()] == [False]
        finally:
            await engine.close()


class TestActingAsPeople:
    async def test_the_right_is_given_for_named_people_only(self, cluster: Cluster) -> None:
        kubeconfig = await grant(cluster.kubeconfig, "sub", "team-a", [])
        wrong = (await examine(kubeconfig, ("alice",), **WHO))["Impersonation"]
        assert not wrong.ok
        assert "may not act as alice, seeing" in wrong.detail
        await apply(cluster, wrong.fix)
        found = await examine(kubeconfig, ("alice",), **WHO)
        assert found["Impersonation"].ok
        people = found["Namespace team-a"]
        assert not people.ok
        assert people.detail.startswith("alice may not")
        await apply(cluster, people.fix)
        assert (await examine(kubeconfig, ("alice",), **WHO))["Namespace team-a"].ok

    async def test_to_act_as_anybody_is_too_much(self, cluster: Cluster) -> None:
        """Mutant: a rule without resourceNames passes."""
        found = (await examine(cluster.kubeconfig, ("alice",), **WHO))["Impersonation"]
        assert not found.ok
        assert "may act as anybody" in found.detail
