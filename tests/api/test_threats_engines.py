"""A cluster behind the API: what its answers tell, to whom, and as whom it is asked (A, B22, C9).

A real server with the Kubernetes engine on a real (fake) API server, in people's own names.
Only alice has rights in the cluster, and only in ``team-a``.
"""

from __future__ import annotations

import json

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Prospect
from submarine_ext.engines.kubernetes import rbac
from tests.cluster.cluster import Cluster
from tests.cluster.grants import token_in

pytestmark = pytest.mark.modes("embedded", "service", "connected")

PREFLIGHT = "/projects/lab/preflight"
CHECKS = "/engines/kubernetes/checks"
SPEC = {"command": ["true"]}


@pytest.fixture
def cluster():
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def jp_server_config(jp_server_config, cluster):
    jp_server_config["SubmarineExtension"] |= {"engines": ["local", "kubernetes"]}
    jp_server_config["KubernetesEngine"] = {
        "kubeconfig": str(cluster.kubeconfig),
        "namespaces": {"project:lab": "team-a", "project:hidden": "team-b"},
        "impersonate": True,
    }
    return jp_server_config


@pytest.fixture
def lab(people, cluster, site, jp_asyncio_loop):
    """alice owns ``lab``, which an admin made; bob edits it, carol looks on."""
    may(cluster, "alice", "team-a")

    async def make():
        for name in ("alice", "bob", "carol", "eve", "root-admin"):
            await people(name)("GET", "/me")
        admin = people("root-admin")
        assert (await admin("POST", "/projects", {"name": "lab"})).status == 201
        for name, role in (("alice", "owner"), ("bob", "editor"), ("carol", "viewer")):
            granted = await admin("PUT", f"/projects/lab/grants/user:{name}", {"role": role})
            assert granted.status == 200
        await people("alice")("DELETE", "/projects/lab/grants/user:root-admin")
        engine = (await site.services()).engines._engines["kubernetes"]
        await engine._reach.api()
        while engine._cluster is None:
            await engine._reach._probe(engine._reach.connected)

    jp_asyncio_loop.run_until_complete(make())
    cluster.requests.clear()
    return people


def may(cluster: Cluster, person: str, namespace: str) -> None:
    """Everything that the shipped Role gives."""
    made = cluster.inside
    role = rbac.role(namespace, rbac.rules())
    role["rules"].append({"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]})
    bound = rbac.binding(namespace, [rbac.subject(person)])
    cluster.call(made.create, "roles.rbac.authorization.k8s.io", namespace, role)
    cluster.call(made.create, "rolebindings.rbac.authorization.k8s.io", namespace, bound)


def wanted(**more):
    return {**SPEC, "engine": "kubernetes", **more}


class TestPreflight:
    @pytest.mark.parametrize(("who", "status"), [("eve", 404), ("root-admin", 403), ("carol", 403)])
    async def test_who_may_not_submit_learns_nothing_and_the_cluster_is_not_asked(
        self, lab, cluster, who, status
    ):
        """Catches the mutant of ``Jobs.preflight`` that asks the engine before the store."""
        answer = await lab(who)("POST", PREFLIGHT, wanted())
        assert answer.status == status
        assert b"team-a" not in answer.body
        assert not [path for _, path in cluster.requests if "team-a" in path]

    async def test_a_project_that_is_hidden_answers_as_one_that_is_not_there(self, lab):
        """Though an administrator has mapped its name to a namespace."""
        hidden, absent = [
            await lab("eve")("POST", f"/projects/{name}/preflight", wanted())
            for name in ("lab", "hidden")
        ]
        assert (hidden.status, hidden.body) == (absent.status, absent.body)

    async def test_it_is_asked_as_whoever_submits(self, lab):
        """Catches the mutant that asks as the server: bob would be told that all is well."""
        assert (await lab("alice")("POST", PREFLIGHT, wanted())).json["findings"] == []
        told = (await lab("bob")("POST", PREFLIGHT, wanted())).json["findings"]
        assert [f for f in told if f["fatal"] and f["text"].startswith("bob may not do in team-a")]
        assert "team-b" not in json.dumps(told)

    async def test_who_may_do_nothing_in_the_cluster_gets_no_job_there(self, lab, cluster):
        refused = await lab("bob")("POST", "/projects/lab/jobs", wanted())
        assert refused.status == 400
        assert cluster.call(cluster.inside.list, "jobs.batch", "team-a") == []


class TestExamination:
    @pytest.mark.parametrize("who", ["alice", "bob", "carol", "eve"])
    async def test_is_for_admins_alone(self, lab, cluster, who):
        known, unknown = [
            await lab(who)("GET", path) for path in (CHECKS, "/engines/nothing/checks")
        ]
        assert known.status == 403
        assert (known.status, known.body) == (unknown.status, unknown.body)
        assert not cluster.requests

    async def test_tells_an_admin_of_namespaces_and_no_credential(self, lab, cluster):
        answer = await lab("root-admin")("GET", CHECKS)
        assert answer.status == 200
        assert b"team-b" in answer.body
        assert token_in(cluster.kubeconfig).encode() not in answer.body


class TestEngines:
    @pytest.mark.parametrize("who", ["eve", "carol", "root-admin"])
    async def test_the_list_tells_no_namespace_path_or_person(self, lab, cluster, who):
        answer = await lab(who)("GET", "/engines")
        assert answer.status == 200
        for secret in ("team-a", "team-b", "hidden", str(cluster.kubeconfig), cluster.url, "alice"):
            assert secret.encode() not in answer.body


class TestNames:
    async def test_a_name_with_a_namespace_is_not_whose_who_comes_first(self, lab):
        """Catches the mutant ``Projects`` without ``reserved``: eve would run jobs in ``team-b``,
        where whoever may run jobs can read all Secrets.
        """
        taken = await lab("eve")("POST", "/projects", {"name": "lab"})
        refused = await lab("eve")("POST", "/projects", {"name": "hidden"})
        assert (refused.status, taken.status) == (409, 409)
        assert refused.json["detail"] == taken.json["detail"].replace("lab", "hidden")
        assert (await lab("root-admin")("POST", "/projects", {"name": "hidden"})).status == 201

    async def test_a_person_whose_name_is_the_clusters_own_is_told_and_runs_nothing(
        self, lab, cluster, site
    ):
        """Catches the mutant of ``preflight`` without ``ClusterUnusable``: a 500, or for ever."""
        engine = (await site.services()).engines._engines["kubernetes"]
        for name in ("system:admin", "a\r\nImpersonate-Group: system:masters", " alice"):
            spec = JobSpec(command=["true"])
            prospect = Prospect(owner=name, project="lab", teams=(), spec=spec)
            (finding,) = await engine.preflight(prospect)
            assert finding.fatal
            assert repr(name) in finding.text
        assert not [path for _, path in cluster.requests if "team-a" in path]
