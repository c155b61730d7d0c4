"""Strict validation as an API server does it: types, and no field that a kind does not have.

Built-in kinds by the schemas of Kubernetes 1.36 (package kubernetes-validate), the others by
their CustomResourceDefinitions (``tests/cluster/crds``). What the schemas cannot say (names,
CEL) is not looked at here.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import kubernetes_validate

CRDS = Path(__file__).parents[1] / "cluster" / "crds"
_BUILT_IN = (
    Path(kubernetes_validate.__file__).parent
    / "kubernetes-json-schema"
    / "v1.36.0-local-strict"
    / "_definitions.json"
)
_NAMES = {
    ("batch/v1", "Job"): "io.k8s.api.batch.v1.Job",
    ("v1", "Pod"): "io.k8s.api.core.v1.Pod",
    ("v1", "ConfigMap"): "io.k8s.api.core.v1.ConfigMap",
    ("v1", "Secret"): "io.k8s.api.core.v1.Secret",
    ("v1", "Service"): "io.k8s.api.core.v1.Service",
    ("v1", "ServiceAccount"): "io.k8s.api.core.v1.ServiceAccount",
    ("v1", "PersistentVolumeClaim"): "io.k8s.api.core.v1.PersistentVolumeClaim",
    ("apps/v1", "Deployment"): "io.k8s.api.apps.v1.Deployment",
    ("policy/v1", "PodDisruptionBudget"): "io.k8s.api.policy.v1.PodDisruptionBudget",
    ("networking.k8s.io/v1", "NetworkPolicy"): "io.k8s.api.networking.v1.NetworkPolicy",
    ("rbac.authorization.k8s.io/v1", "Role"): "io.k8s.api.rbac.v1.Role",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "io.k8s.api.rbac.v1.RoleBinding",
}


def problems(obj: dict[str, Any]) -> list[str]:
    """What an API server would refuse, each with its path."""
    validator = _validator(obj["apiVersion"], obj["kind"])
    return [f"{list(e.instance_path)}: {e.message[:300]}" for e in validator.iter_errors(obj)]


@cache
def _validator(version: str, kind: str) -> Any:
    if (version, kind) in _NAMES:
        definitions = json.loads(_BUILT_IN.read_text())["$defs"]
        name = _NAMES[version, kind]
        return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})
    return jsonschema_rs.Draft202012Validator(_custom(version, kind))


def _custom(version: str, kind: str) -> dict[str, Any]:
    for file in CRDS.glob("*.json"):
        spec = json.loads(file.read_text())["spec"]
        for one in spec["versions"]:
            if (f"{spec['group']}/{one['name']}", spec["names"]["kind"]) == (version, kind):
                schema = _strict(one["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                return schema
    raise LookupError(f"no schema of {version} {kind}")


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural schema as JSON Schema: fields that it does not name are refused."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"], **_only(schema, "pattern")}
    out = _only(schema, "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum",
                "minItems", "maxItems", "required")  # fmt: skip
    if "properties" in schema:
        out["properties"] = {name: _strict(sub) for name, sub in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = _strict(schema["additionalProperties"])
    if "items" in schema:
        out["items"] = _strict(schema["items"])
    return out


def _only(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: schema[name] for name in names if name in schema}
