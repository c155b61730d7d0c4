"""An API server takes every object as it is, and every pod where Restricted is enforced."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.settings import Settings
from tests.cluster.cluster import Cluster
from tests.kubernetes import drafts

INSTALLED = {
    "job": [],
    "trainjob": ["trainjob"],
    "pytorchjob": ["pytorchjob"],
    "tfjob": ["tfjob"],
    "xgboostjob": ["xgboostjob"],
    "mpijob": ["mpijob-v2beta1"],
    "mpijob-v1": ["mpijob"],
}
SPEC = JobSpec(
    command=["true"],
    env={"X": "$(Y)"},
    secrets=["TOKEN"],
    resources=Resources(memory="1Gi", gpu=1),
    distributed=Distributed(framework=Framework.TORCH, nodes=2),
    timeout_seconds=60,
)


def post(cluster: Cluster, path: str, obj: dict[str, Any]) -> tuple[int, str]:
    """The status, and what was said of it."""
    cluster.kubeconfig_for("admin")
    headers = {"Content-Type": "application/json", "Authorization": "Bearer admin-token"}
    request = Request(f"{cluster.url}{path}", json.dumps(obj).encode(), headers, method="POST")
    try:
        with urlopen(request) as answer:
            return answer.status, " ".join(answer.headers.get_all("Warning") or [])
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("kind", drafts.KINDS)
def test_every_object_is_accepted_strictly_and_without_a_warning(kind):
    top, *owned = drafts.made(drafts.task(SPEC), Settings(), kind, claim=True)
    with Cluster(crds=INSTALLED[kind], namespaces=("team-a",)) as cluster:
        path = named(kind).resource.path("team-a")
        assert post(cluster, f"{path}?fieldValidation=Strict", top) == (201, "")
        for obj in owned:
            path = f"/api/v1/namespaces/team-a/{obj['kind'].lower()}s?fieldValidation=Strict"
            assert post(cluster, path, obj) == (201, "")


@pytest.mark.parametrize("kind", [kind for kind in drafts.KINDS if kind != "trainjob"])
def test_every_pod_is_accepted_where_restricted_is_enforced(kind):
    """A TrainJob's pod is its runtime's, and only changed by ours."""
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"metadata": {"name": "strict", "labels": enforced}}
    with Cluster() as cluster:
        assert post(cluster, "/api/v1/namespaces", namespace)[0] == 201
        for template in drafts.pods(drafts.made(drafts.task(SPEC), Settings(), kind)[0]):
            pod = {"metadata": {**template["metadata"], "name": "try"}, "spec": template["spec"]}
            status, said = post(cluster, "/api/v1/namespaces/strict/pods?dryRun=All", pod)
            assert status == 201, said
            pod["spec"] = {**pod["spec"], "hostNetwork": True}
            assert post(cluster, "/api/v1/namespaces/strict/pods?dryRun=All", pod)[0] == 403
