"""What a cluster offers is read alike from servers old and new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.discovery import AGGREGATED, discover, fields
from submarine_ext.engines.kubernetes.kinds.base import Resource
from submarine_ext.engines.kubernetes.transport import Api, ApiError
from tests.kubernetes.recorded import exchanges
from tests.kubernetes.scripted import Server, connect, status

TRAINJOB = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob")
GROUPS = ["trainer.kubeflow.org", "kueue.x-k8s.io", "kubeflow.org", "absent.example.org"]


def cleaned(thing: Any) -> Any:
    """Without the marks of where a recording was cut."""
    if isinstance(thing, dict):
        return {k: cleaned(v) for k, v in thing.items() if "…" not in k}
    if isinstance(thing, list):
        return [cleaned(v) for v in thing if not (isinstance(v, str) and "…" in v)]
    return thing


class Replay:
    """Answers as the recorded server did; ``aggregated`` as those since 1.27 do."""

    def __init__(self, *, aggregated: bool) -> None:
        self.asked: list[str] = []
        self._aggregated = aggregated

    async def __call__(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        new = "apidiscovery" in request.headers["Accept"] and self._aggregated
        for exchange in exchanges("discovery"):
            asked, response = exchange.get("request", {}), exchange.get("response", {})
            accepted = asked.get("headers", {})
            if (
                exchange.get("as") in {"admin", "anon"}
                and asked.get("path") == request.path
                and response["status"] == 200
                and ("apidiscovery" in accepted.get("Accept", "")) == new
            ):
                return web.json_response(cleaned(response["body"]))
        return web.Response(status=404, text="404 page not found\n")


@pytest.mark.parametrize("aggregated", [True, False])
async def test_kinds_and_versions_are_found(aggregated: bool, tmp_path: Path) -> None:
    replay = Replay(aggregated=aggregated)
    async with Server(replay) as server:
        api = await connect(tmp_path, server.url)
        found = await discover(api, GROUPS)
        await api.close()
    assert found.version == "v1.36.2"
    assert found.find("trainer.kubeflow.org", "trainjobs") == TRAINJOB
    assert found.find("absent.example.org", "things") is None
    assert found.find("batch", "jobs") is None  # not asked about
    assert not any("/" in resource.plural for resource in found.resources)
    assert (len(replay.asked) == 2) == aggregated


class Scripted:
    """These answers by path; whatever else is a plain 404."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"/version": {"gitVersion": "v1.20.0"}, **answers}

    async def __call__(self, request: web.Request) -> web.Response:
        told = self.answers.get(request.path)
        if told is None:
            return web.Response(status=404, text="404 page not found\n")
        code = told.get("code", 200)
        return web.json_response(told, status=code)


async def ask(script: Scripted, folder: Path) -> Any:
    async with Server(script) as server:
        api: Api = await connect(folder, server.url)
        try:
            return await discover(api, ["kueue.x-k8s.io"]), await fields(api, TRAINJOB, "spec")
        finally:
            await api.close()


def group(*versions: str, preferred: str) -> Any:
    told = {"name": "kueue.x-k8s.io", "preferredVersion": {"version": preferred}}
    return {"groups": [{**told, "versions": [{"version": v} for v in versions]}]}


def kinds(*names: str) -> Any:
    return {"resources": [{"name": name, "kind": name.title()} for name in names]}


async def test_the_preferred_version_is_taken_unless_another_is_asked_for(tmp_path: Path) -> None:
    script = Scripted(
        **{
            "/apis": group("v1beta1", "v1beta2", preferred="v1beta2"),
            "/apis/kueue.x-k8s.io/v1beta1": kinds("workloads", "workloads/status"),
            "/apis/kueue.x-k8s.io/v1beta2": kinds("workloads", "workloads/status"),
        }
    )
    found, known = await ask(script, tmp_path)
    there = [r.version for r in found.resources]
    assert there == ["v1beta2", "v1beta1"]
    assert found.find("kueue.x-k8s.io", "workloads").version == "v1beta2"
    older = found.find("kueue.x-k8s.io", "workloads", ["v1", "v1beta1", "v1beta2"])
    assert older.version == "v1beta1"
    assert found.find("kueue.x-k8s.io", "workloads", ["v1"]) is None
    assert known == frozenset()  # this server has no schemas


async def test_an_extension_whose_server_is_away_hides_only_itself(tmp_path: Path) -> None:
    script = Scripted(
        **{
            "/apis": group("v1beta1", "v1beta2", preferred="v1beta2"),
            "/apis/kueue.x-k8s.io/v1beta2": status(503, "ServiceUnavailable", "away"),
            "/apis/kueue.x-k8s.io/v1beta1": kinds("workloads"),
        }
    )
    found, _ = await ask(script, tmp_path)
    assert [r.version for r in found.resources] == ["v1beta1"]


async def test_what_is_stale_or_has_no_kind_is_left_out(tmp_path: Path) -> None:
    workload = {"resource": "workloads", "responseKind": {"kind": "Workload"}}
    versions = [
        {"version": "v1", "freshness": "Stale", "resources": [workload]},
        {"version": "v1beta2", "resources": [workload, {"resource": "x", "responseKind": None}]},
    ]
    items = [{"metadata": {"name": "kueue.x-k8s.io"}, "versions": versions}]
    script = Scripted(**{"/apis": {"kind": "APIGroupDiscoveryList", "items": items}})
    found, _ = await ask(script, tmp_path)
    assert found.resources == (Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload"),)


async def test_a_releases_fields_come_from_its_own_schema(tmp_path: Path) -> None:
    asked: list[str] = []
    spec = {"properties": {"trainer": {}, "runtimePatches": {}}}
    schemas = {
        "org.kubeflow.trainer.v1alpha1.TrainJob": {"properties": {"spec": spec}},
        "org.kubeflow.trainer.v1alpha1.TrainJobList": {"properties": {"items": {}}},
    }
    place = "/openapi/v3/apis/trainer.kubeflow.org/v1alpha1"

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        if request.path == "/openapi/v3":
            entry = {"serverRelativeURL": f"{place}?hash=ABC"}
            paths = {"apis/trainer.kubeflow.org/v1alpha1": entry}
            return web.Response(text=json.dumps({"paths": paths}))  # as text/plain, like the real
        return web.json_response({"components": {"schemas": schemas}})

    async with Server(answer) as server:
        api = await connect(tmp_path, server.url)
        assert await fields(api, TRAINJOB, "spec") == {"trainer", "runtimePatches"}
        assert await fields(api, TRAINJOB, "status") == set()
        await api.close()
    assert asked[1] == f"{place}?hash=ABC"


async def test_a_refusal_of_discovery_is_an_error(tmp_path: Path) -> None:
    words = 'forbidden: User "system:anonymous" cannot get path "/apis"'
    with pytest.raises(ApiError, match="system:anonymous"):
        await ask(Scripted(**{"/apis": status(403, "Forbidden", words)}), tmp_path)


def test_new_forms_are_asked_for_first_and_plain_json_last() -> None:
    assert AGGREGATED.split(",")[-1] == "application/json"
