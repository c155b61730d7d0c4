"""Which fields objects may have: schemas of built-in kinds, and of CRDs.

Built-in schemas are those of the package kubernetes-validate; a custom resource's come from
its CRD. Answers what is unknown (and drops it) and, for built-in kinds, what has the wrong
type, in the words of Go's decoder. ``structural`` validates and defaults custom resources.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .kinds import Resource
from .status import Object

RELEASE = "v1.36.0-local-strict"
OPEN = "x-kubernetes-preserve-unknown-fields"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
Schema = dict[str, Any]
GO_NAMES = {"core": "", "rbac.authorization.k8s.io": "rbac", "scheduling.k8s.io": "scheduling",
            "authorization.k8s.io": "authorization", "authentication.k8s.io": "authentication",
            "apiextensions.k8s.io": "apiextensions"}  # fmt: skip


@cache
def definitions() -> dict[str, Schema]:
    """Every built-in schema by its name, e.g. ``io.k8s.api.batch.v1.JobSpec``."""
    import kubernetes_validate

    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / RELEASE
    found: dict[str, Schema] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return found


@dataclass
class Findings:
    """What a look at an object brought: paths of unknown fields, and the first wrong type."""

    unknown: list[str] = field(default_factory=list)
    wrong_type: str = ""


class Schemas:
    """The schema of every resource that has one."""

    def __init__(self) -> None:
        self._custom: dict[tuple[str, str, str], Schema] = {}

    def add(self, group: str, version: str, kind: str, schema: Schema) -> None:
        self._custom[group, version, kind] = schema

    def custom(self, resource: Resource) -> Schema | None:
        return self._custom.get((resource.group, resource.version, resource.kind))

    def clean(self, resource: Resource, obj: Object) -> Findings:
        """Drop unknown fields from the object, in place."""
        findings = Findings()
        if resource.custom:
            self._clean_custom(resource, obj, findings)
            return findings
        name = _name(resource)
        if name in definitions():
            _clean(definitions()[name], obj, "", findings, name)
        return findings

    def _clean_custom(self, resource: Resource, obj: Object, findings: Findings) -> None:
        schema = self.custom(resource) or {OPEN: True}
        known = {key: obj.pop(key) for key in ("apiVersion", "kind", "metadata") if key in obj}
        if isinstance(known.get("metadata"), dict):
            _clean(definitions()[META], known["metadata"], "metadata", findings, META)
        _clean(schema, obj, "", findings, "")
        obj.update(known)


def _name(resource: Resource) -> str:
    if resource.id == "customresourcedefinitions.apiextensions.k8s.io":
        return ""  # decoded as it is: its own schemas have free parts
    group = GO_NAMES.get(resource.group, resource.group) or "core"
    return f"io.k8s.api.{group}.{resource.version}.{resource.kind}"


def _resolved(schema: Schema, struct: str) -> tuple[Schema, str]:
    reference = schema.get("$ref")
    if reference is None:
        return schema, struct
    name = str(reference).rpartition("/")[2]
    return definitions()[name], name


def _clean(schema: Schema, value: Any, path: str, findings: Findings, struct: str) -> None:
    schema, struct = _resolved(schema, struct)
    if not _fits(schema, value, path, findings, struct):
        return
    if isinstance(value, dict):
        _clean_object(schema, value, path, findings, struct)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            _clean(schema["items"], item, f"{path}[{index}]", findings, struct)


def _clean_object(
    schema: Schema, value: Object, path: str, findings: Findings, struct: str
) -> None:
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    keeps_all = schema.get(OPEN) or (not properties and others is None and not schema.get("type"))
    for key in list(value):
        below = f"{path}.{key}" if path else key
        if key in properties:
            _clean(properties[key], value[key], below, findings, struct)
        elif isinstance(others, dict):
            _clean(others, value[key], below, findings, struct)
        elif not keeps_all and not others and not _free(struct):
            findings.unknown.append(below)
            del value[key]


def _free(struct: str) -> bool:
    """Types that hold anything."""
    return struct.endswith((".FieldsV1", ".RawExtension", ".JSON", ".JSONSchemaProps"))


def _fits(schema: Schema, value: Any, path: str, findings: Findings, struct: str) -> bool:
    """Whether the value has the Go type; only built-in kinds have a struct."""
    wanted = schema.get("type")
    kinds = [wanted] if isinstance(wanted, str) else list(wanted or [])
    if not struct or value is None or not kinds or _go_kind(value) in {_go(k) for k in kinds}:
        return True
    if not findings.wrong_type:
        kind = next(k for k in kinds if k != "null")
        typed = schema.get("format", kind) if kind in {"integer", "number"} else kind
        typed = {"boolean": "bool", "integer": "int64", "array": "slice"}.get(typed, typed)
        owner = struct.rpartition(".")[2]
        findings.wrong_type = (
            f"json: cannot unmarshal {_go_kind(value)} into Go struct field {owner}.{path}"
            f" of type {typed}"
        )
    return False


def _go(kind: str) -> str:
    return {"integer": "number", "boolean": "bool"}.get(kind, kind)


def _go_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]
