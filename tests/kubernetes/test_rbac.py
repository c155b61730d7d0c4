"""The rights that are shipped are enough, no more, and what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from submarine_ext.engines.kubernetes import rbac
from submarine_ext.engines.kubernetes.kinds.choose import _ALL
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api, ApiError
from tests.cluster.cluster import Cluster
from tests.cluster.grants import grant

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "kubernetes.md"
EVERYTHING = rbac.rules([kind.resource for kind in _ALL], queues=True)
SERVER = {"kind": "ServiceAccount", "namespace": "hub", "name": "jupyter"}


def shown(mark: str) -> str:
    """The block of YAML on the page that follows a heading or a word."""
    found = re.search(rf"{mark}.*?```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


class TestThePage:
    def test_shows_the_role_for_everything(self) -> None:
        """Made by ``rbac.yaml``; see the test for how."""
        assert shown("## Rights") == rbac.yaml(
            rbac.role("team-a", EVERYTHING), rbac.binding("team-a", [SERVER])
        )

    def test_shows_the_right_to_act_as_people(self) -> None:
        assert shown("## Acting as people") == rbac.yaml(
            rbac.impersonator(["alice@example.org"], ["team-a"]), rbac.cluster_binding([SERVER])
        )


class TestYaml:
    def test_is_read_back_as_what_was_meant(self) -> None:
        role = rbac.role("true", EVERYTHING)
        hostile = [rbac.subject('x", admin: "y'), rbac.subject("a: b #"), rbac.group("no")]
        binding = rbac.binding("team-a", hostile)
        assert list(yaml.safe_load_all(rbac.yaml(role, binding))) == [role, binding]

    def test_a_service_account_is_bound_as_one(self) -> None:
        assert rbac.subject("system:serviceaccount:hub:jupyter") == SERVER


class TestLeastRights:
    def test_no_secret_is_read_and_nothing_is_executed(self) -> None:
        held = {need for rule in EVERYTHING for need in rule.needs}
        assert {verb for _, resource, verb in held if resource == "secrets"} == {"create"}
        assert not any("exec" in resource or "*" in resource for _, resource, _ in held)
        assert not any(verb in ("*", "deletecollection", "impersonate") for *_, verb in held)

    def test_kinds_that_are_not_there_bring_no_rights(self) -> None:
        groups = {rule.group for rule in rbac.rules()}
        assert groups == {"", "batch"}


@pytest.mark.parametrize(
    "cluster", [{"without": ("kubelet", "podlog", "disruptions")}], indirect=True
)
async def test_the_role_allows_what_it_names_and_refuses_the_rest(cluster: Cluster) -> None:
    rules = rbac.role("team-a", rbac.rules())["rules"]
    api = await Api.open(
        Settings(kubeconfig=str(await grant(cluster.kubeconfig, "sub", "team-a", rules)))
    )
    try:
        pods = "/api/v1/namespaces/team-a/pods"
        assert await api.request("GET", pods)
        for method, path, body in (
            ("GET", "/api/v1/namespaces/team-a/secrets", None),
            ("POST", pods, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}),
            ("GET", "/api/v1/namespaces/team-b/pods", None),
            ("GET", "/api/v1/nodes", None),
        ):
            with pytest.raises(ApiError) as refused:
                await api.request(method, path, body=body)
            assert refused.value.status == 403
    finally:
        await api.close()
