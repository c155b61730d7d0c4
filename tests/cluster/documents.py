"""Paths that are no resource: discovery, OpenAPI, version and health.

Everything is made from the resources served now; ETags and hashes are hashes of content.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from .calls import Call
from .kinds import Kinds, Resource
from .schemas import Schemas, definitions
from .server import Server
from .status import Object, no_page

VERSION = {
    "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
    "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406", "gitTreeState": "clean",
    "buildDate": "2026-11-22T11:38:35Z", "goVersion": "go1.26.6", "compiler": "gc",
    "platform": "linux/amd64",
}  # fmt: skip
NO_CACHE = {"Cache-Control": "no-cache, private"}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#: Built-in groups come in this order, custom ones after them by name.
ORDER = ("", "authentication.k8s.io", "authorization.k8s.io", "batch",
         "rbac.authorization.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io")  # fmt: skip


def answer(server: Server, call: Call, request: web.Request) -> web.Response:
    """The document of this path; plain 404 where there is none."""
    path = call.path.rstrip("/")
    if path in {"/healthz", "/livez", "/readyz"}:
        return web.Response(text="ok", headers=NO_CACHE)
    if request.method not in {"GET", "HEAD"}:
        raise no_page()
    if path == "/version":
        return _json(VERSION)
    if path in {"/api", "/apis"} and "as=APIGroupDiscoveryList" in _accept(request):
        return _cached(request, _aggregated(server.kinds, core=path == "/api"))
    if path.startswith("/openapi/v3"):
        return _openapi(server, path.removeprefix("/openapi/v3").strip("/"))
    return _json(_plain(server, path, request))


def _accept(request: web.Request) -> str:
    return request.headers.get("Accept", "")


def _json(document: Object, headers: dict[str, str] | None = None) -> web.Response:
    found = {"Content-Type": "application/json", **(headers or NO_CACHE)}
    return web.Response(body=msgspec.json.encode(document), headers=found)


def _hash(document: Any) -> str:
    return hashlib.sha512(msgspec.json.encode(document)).hexdigest().upper()


def _cached(request: web.Request, document: Object) -> web.Response:
    """With an ETag; 304 for who has it already."""
    tag = f'"{_hash(document)}"'
    headers = {"Cache-Control": "public", "Vary": "Accept", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return _json(document, {**headers, "Content-Type": AGGREGATED})


def _plain(server: Server, path: str, request: web.Request) -> Object:
    parts = path.strip("/").split("/")
    if parts == ["api"]:
        address = {"clientCIDR": "0.0.0.0/0", "serverAddress": request.host}
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
    if parts == ["apis"]:
        groups = [_group(server.kinds, name) for name in _groups(server.kinds) if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if len(parts) == 2 and parts[0] == "apis" and parts[1] in _groups(server.kinds):
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(server.kinds, parts[1])}
    group, version = ("", parts[-1]) if parts[0] == "api" else (parts[-2], parts[-1])
    wanted = 2 if parts[0] == "api" else 3
    if len(parts) != wanted or parts[0] not in {"api", "apis"}:
        raise no_page()
    return _resources(server.kinds, group, version)


def _groups(kinds: Kinds) -> list[str]:
    found = {resource.group for resource in kinds}
    custom = sorted(found - set(ORDER))
    return [name for name in ORDER if name in found] + custom


def _versions(kinds: Kinds, group: str) -> list[str]:
    """The preferred one first."""
    found: dict[str, None] = {r.version: None for r in kinds if r.group == group}
    return sorted(found, key=_rank, reverse=True)


def _rank(version: str) -> tuple[int, str]:
    level = 0 if "alpha" in version else 1 if "beta" in version else 2
    return level, version


def _group(kinds: Kinds, name: str) -> Object:
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in _versions(kinds, name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(kinds: Kinds, group: str, version: str) -> Object:
    found = [r for r in kinds if (r.group, r.version) == (group, version)]
    if not found:
        raise no_page()
    listed = [entry for resource in found for entry in _entries(resource)]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name,
            "resources": listed}  # fmt: skip


def _entries(resource: Resource) -> list[Object]:
    main: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        main["shortNames"] = list(resource.short)
    if resource.categories:
        main["categories"] = list(resource.categories)
    if "list" in resource.verbs:
        main["storageVersionHash"] = _stored_as(resource)
    return [main, *(_part(resource, *part) for part in resource.subresources)]


def _stored_as(resource: Resource) -> str:
    """How clients notice that the stored version changed."""
    name = f"{resource.group}/{resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(name.encode()).digest()[:8]).decode()


def _part(resource: Resource, name: str, verbs: tuple[str, ...]) -> Object:
    return {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(verbs),
    }


def _aggregated(kinds: Kinds, *, core: bool) -> Object:
    groups = [name for name in _groups(kinds) if (name == "") == core]
    items = [_discovered(kinds, name) for name in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": items}  # fmt: skip


def _discovered(kinds: Kinds, group: str) -> Object:
    versions = [
        {
            "version": version,
            "resources": [
                _discovered_resource(r)
                for r in sorted(kinds, key=lambda r: r.plural)
                if (r.group, r.version) == (group, version) and r.verbs
            ],
            "freshness": "Current",
        }
        for version in _versions(kinds, group)
    ]
    return {"metadata": {"name": group} if group else {}, "versions": versions}


def _discovered_resource(resource: Resource) -> Object:
    kind = _kind(resource)
    found: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
        "shortNames": list(resource.short),
        "categories": list(resource.categories),
        "subresources": [
            {"subresource": name, "responseKind": kind, "verbs": list(verbs)}
            for name, verbs in resource.subresources
        ],
    }
    return {key: value for key, value in found.items() if value}


def _kind(resource: Resource) -> Object:
    """Built-in kinds leave group and version to be told from where they stand."""
    if not resource.custom:
        return {"group": "", "version": "", "kind": resource.kind}
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _openapi(server: Server, wanted: str) -> web.Response:
    names = {resource.base.strip("/"): resource for resource in server.kinds}
    if not wanted:
        paths = {
            name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={_hash(_schemas(server, r))}"}
            for name, r in names.items()
        }
        return _text_json({"paths": paths})
    if wanted not in names:
        raise no_page()
    document = _schemas(server, names[wanted])
    tag = f'"{_hash(document)}"'
    headers = {"Cache-Control": "public, immutable", "Vary": "Accept", "ETag": tag}
    return _json(document, headers)


def _text_json(document: Object) -> web.Response:
    headers = {**NO_CACHE, "Content-Type": "text/plain; charset=utf-8"}
    return web.Response(body=msgspec.json.encode(document), headers=headers)


def _schemas(server: Server, of: Resource) -> Object:
    """The OpenAPI document of a group version: schemas by their long names."""
    found: Object = {}
    for resource in server.kinds:
        if (resource.group, resource.version) == (of.group, of.version):
            found.update(_schema(server.registry.schemas, resource))
    return {"openapi": "3.0.0", "components": {"schemas": dict(sorted(found.items()))}}


def _schema(schemas: Schemas, resource: Resource) -> Object:
    own = schemas.custom(resource)
    prefix = ".".join(reversed(resource.group.split("."))) + f".{resource.version}"
    if own is None:
        return _built_in(resource)
    listed = {
        "type": "object",
        "required": ["items"],
        "properties": {"apiVersion": {}, "items": {"type": "array"}, "kind": {}, "metadata": {}},
    }
    name = f"{prefix}.{resource.kind}"
    return {name: own, f"{name}List": listed}


def _built_in(resource: Resource) -> Object:
    ends = f".{resource.version}.{resource.kind}"
    group = resource.group.split(".")[0] or "core"
    wanted: Callable[[str], bool] = lambda name: name.endswith(ends) and f".{group}." in name  # noqa: E731
    return {name: schema for name, schema in definitions().items() if wanted(name)}
