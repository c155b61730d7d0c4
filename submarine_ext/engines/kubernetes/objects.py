"""All objects of one attempt: the draft of the top object, and what it owns.

Order of creation: the suspended top object; then, with its uid, everything of :func:`owned`
(an unknown uid would let the garbage collector take them within seconds); then it is let
go. Content decides names, so doing it twice makes nothing twice. No I/O here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import names, template
from submarine_ext.engines.kubernetes.cargo import Cargo
from submarine_ext.engines.kubernetes.kinds.base import Draft, Kind, Object, Resource
from submarine_ext.engines.kubernetes.kinds.pods import PORT
from submarine_ext.engines.kubernetes.pod.plan import key
from submarine_ext.engines.kubernetes.settings import Settings

CONFIGMAP = Resource("", "v1", "configmaps", "ConfigMap")
SECRET = Resource("", "v1", "secrets", "Secret")
SERVICE = Resource("", "v1", "services", "Service")


def draft(
    task: Task, settings: Settings, cargo: Cargo, *, site: str, namespace: str, queue: str | None
) -> Draft:
    """What any kind makes its manifest of. ``queue`` where Kueue is to admit the job."""
    labels, annotations = names.labels(task, site), names.remarks(task)
    return Draft(
        name=names.of(task.name),
        namespace=namespace,
        labels=labels,
        annotations=annotations,
        spec=task.spec,
        template=template.pod(task.spec, settings, cargo, labels, annotations),
        queue=queue,
        ttl_seconds=settings.ttl_seconds,
        runtime=settings.runtime,
    )


def owned(draft: Draft, cargo: Cargo, kind: Kind, uid: str) -> Iterator[tuple[Resource, Object]]:
    """What the top object of this ``uid`` owns, to be created in this order."""
    owner = {
        "apiVersion": kind.resource.api_version,
        "kind": kind.resource.kind,
        "name": draft.name,
        "uid": uid,
        "controller": False,
        "blockOwnerDeletion": False,  # else some clusters want rights on finalizers
    }
    if (selector := kind.service(draft)) is not None:
        yield SERVICE, {**_meta(SERVICE, draft, draft.name, owner), "spec": _service(selector)}
    if cargo.secrets:
        yield SECRET, _secret(_meta(SECRET, draft, cargo.name, owner), cargo.secrets)
    for name, part in zip(cargo.part_names, cargo.parts, strict=True):
        meta = _meta(CONFIGMAP, draft, name, owner)
        yield CONFIGMAP, {**meta, "immutable": True, "binaryData": {"part": _b64(part)}}
    kit = {key(path): content.decode() for path, content in cargo.kit.items()}
    meta = _meta(CONFIGMAP, draft, cargo.kit_name, owner)
    yield CONFIGMAP, {**meta, "immutable": True, "data": kit}  # which people can read


def mounted(top: Object) -> set[str]:
    """The ConfigMaps that a top object's pods will look for, whatever its kind.

    One that another release of this server made may look for others than :func:`owned` makes.
    """
    return set(_configmaps(top["spec"]))


def _configmaps(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for source in part.get("sources") or ():
            if "configMap" in source:
                yield source["configMap"]["name"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _configmaps(inner)


def _meta(resource: Resource, draft: Draft, name: str, owner: Object) -> Object:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": name,
            "namespace": draft.namespace,
            "labels": dict(draft.labels),
            "annotations": dict(draft.annotations),
            "ownerReferences": [owner],
        },
    }


def _secret(meta: Object, content: Mapping[str, str]) -> Object:
    data = {name: _b64(value.encode()) for name, value in content.items()}
    return {**meta, "immutable": True, "type": "Opaque", "data": data}


def _service(selector: Object) -> Object:
    return {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,  # ranks meet before they are ready
        "selector": selector,
        "ports": [{"name": "rendezvous", "port": PORT}],
    }


def _b64(content: bytes) -> str:
    return b64encode(content).decode()
