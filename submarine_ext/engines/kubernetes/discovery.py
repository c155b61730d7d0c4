"""What a cluster offers: kinds, their versions, and which fields its release knows.

One aggregated request, or one per group on servers that have no such answer. Must not know
which kind is better than which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource

if TYPE_CHECKING:  # it brings aiohttp, which nobody needs to name these
    from submarine_ext.engines.kubernetes.transport import Api

AGGREGATED = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)


class Catalogue(Struct, frozen=True):
    """``resources`` in the server's order: the preferred version of a group is the first."""

    version: str  # of the server: v1.36.2
    resources: tuple[Resource, ...]

    def find(self, group: str, plural: str, versions: Iterable[str] = ()) -> Resource | None:
        """The kind in the first of ``versions`` that the cluster has, else (none given) in
        the version it prefers.
        """
        there = [one for one in self.resources if (one.group, one.plural) == (group, plural)]
        wanted = list(versions)
        if not wanted:
            return there[0] if there else None
        return next((one for name in wanted for one in there if one.version == name), None)


async def discover(api: Api, groups: Iterable[str]) -> Catalogue:
    """What the cluster has of these groups.

    :raises ApiError: it refused (403 without any credentials), or is away.
    """
    version = await api.request("GET", "/version")
    listed = await api.request("GET", "/apis", accept=AGGREGATED)
    wanted = set(groups)
    if listed.get("kind") == "APIGroupDiscoveryList":
        found = [r for item in listed.get("items") or [] for r in _aggregated(item, wanted)]
    else:
        found = [
            resource
            for item in listed.get("groups") or []
            if item.get("name") in wanted
            for resource in await _one_by_one(api, item)
        ]
    return Catalogue(str(version.get("gitVersion", "")), tuple(found))


async def fields(api: Api, resource: Resource, part: str) -> frozenset[str]:
    """The names of a custom kind's fields under ``part`` ("spec"), from the server's own
    schema; empty where it has none. The document may be a megabyte: ask once.
    """
    try:
        index = await api.request("GET", "/openapi/v3")
    except ApiError as error:
        if error.status == 404:  # before Kubernetes 1.24
            return frozenset()
        raise
    entry = (index.get("paths") or {}).get(f"apis/{resource.api_version}")
    if not entry:
        return frozenset()
    place = urlsplit(entry["serverRelativeURL"])
    document = await api.request("GET", place.path, params=dict(parse_qsl(place.query)))
    schemas: dict[str, Any] = (document.get("components") or {}).get("schemas") or {}
    return frozenset(_properties(schemas, resource, part))


def _aggregated(item: Object, wanted: set[str]) -> list[Resource]:
    group = (item.get("metadata") or {}).get("name", "")
    if group not in wanted:
        return []
    return [
        Resource(group, version["version"], one["resource"], one["responseKind"]["kind"])
        for version in item.get("versions") or []
        if version.get("freshness") != "Stale"
        for one in version.get("resources") or []
        if one.get("responseKind")  # null where an object of that name is never answered
    ]


async def _one_by_one(api: Api, group: Object) -> list[Resource]:
    preferred = (group.get("preferredVersion") or {}).get("version")
    versions = sorted(
        (one["version"] for one in group.get("versions") or []), key=lambda v: v != preferred
    )
    found = []
    for version in versions:
        found += await _listed(api, group["name"], version)
    return found


async def _listed(api: Api, group: str, version: str) -> list[Resource]:
    try:
        answer = await api.request("GET", f"/apis/{group}/{version}")
    except ApiError as error:
        if error.status in {404, 503}:  # an extension's server that is away or just removed
            return []
        raise
    return [
        Resource(group, version, one["name"], one["kind"])
        for one in answer.get("resources") or []
        if "/" not in one["name"]
    ]


def _properties(schemas: dict[str, Any], resource: Resource, part: str) -> list[str]:
    """Schemas of custom kinds are named by group backwards, version and kind."""
    name = ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
    properties = (schemas.get(name) or {}).get("properties") or {}
    return list((properties.get(part) or {}).get("properties") or {})
