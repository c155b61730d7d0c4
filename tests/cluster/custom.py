"""CustomResourceDefinitions: those chosen at the start, and those posted later.

A CRD that is stored is served at once: its versions become resources, its schemas rules.
"""

from __future__ import annotations

import json
from pathlib import Path

from .kinds import Resource
from .schemas import Schema
from .server import Server
from .status import Object
from .storage import Change

CRD = "customresourcedefinitions.apiextensions.k8s.io"
FOLDER = Path(__file__).parent / "crds"
#: The order of discovery for custom resources.
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
KUEUE = ("kueue-localqueue", "kueue-clusterqueue", "kueue-resourceflavor", "kueue-workload",
         "kueue-workloadpriorityclass")  # fmt: skip
#: Names for ``Cluster(crds=…)``: what one project installs. Any file of ``crds/`` works too.
SETS: dict[str, tuple[str, ...]] = {
    "kueue": KUEUE,
    "trainjob": ("trainjob", "trainingruntime", "clustertrainingruntime", "jobset"),
    "v1": ("pytorchjob", "tfjob", "xgboostjob", "mpijob"),
    "katib": ("katib-experiment",),
}


def install(server: Server) -> None:
    """Serve the CRDs that the settings name, and every one that comes later."""
    server.storage.listeners.append(lambda resource, change: _changed(server, resource, change))
    api = server.inside("crd")
    for name in server.settings.crds:
        for file in SETS.get(name, (name,)):
            api.create(CRD, "", read(file))


def read(file: str) -> Object:
    """The CRD of a file in ``crds/``."""
    found: Object = json.loads((FOLDER / f"{file}.json").read_text())
    return found


def _changed(server: Server, resource: str, change: Change) -> None:
    if resource != CRD:
        return
    spec = change.record.object["spec"]
    server.kinds.remove(f"{spec['names']['plural']}.{spec['group']}")
    if change.type == "DELETED":
        return
    # The version that sorts last is added last, and so is the preferred one.
    for version in sorted(spec["versions"], key=lambda version: _rank(version["name"])):
        if version.get("served", True):
            _serve(server, spec, version)


def _rank(version: str) -> tuple[int, int, int]:
    """Kubernetes' order of versions: v2 > v1 > v1beta2 > v1beta1 > v1alpha1."""
    for level, word in enumerate(("alpha", "beta")):
        if word in version:
            major, _, minor = version.removeprefix("v").partition(word)
            return level, int(major), int(minor or 0)
    return 2, int(version.removeprefix("v")), 0


def _serve(server: Server, spec: Object, version: Object) -> None:
    names, parts = spec["names"], version.get("subresources") or {}
    resource = Resource(
        spec["group"],
        version["name"],
        names["plural"],
        names["kind"],
        spec["scope"] == "Namespaced",
        VERBS,
        short=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple((part, ("get", "patch", "update")) for part in parts),
        custom=True,
        deprecated=_deprecation(version),
    )
    schema: Schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    server.registry.schemas.add(resource.group, resource.version, resource.kind, schema)
    server.kinds.add(resource)
    _ = server.storage.tables[resource.id]


def _deprecation(version: Object) -> str:
    if not version.get("deprecated"):
        return ""
    return str(version.get("deprecationWarning") or "This version is deprecated.")
