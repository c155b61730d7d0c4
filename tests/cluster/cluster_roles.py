"""The ClusterRoles and bindings that every cluster is born with.

Why it exists: what any account may do without a Role of its own (discovery, ``/version``,
asking for its rights) must hold here too. Data only.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
_VERSION = "rbac.authorization.k8s.io/v1"
_PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_WELL_KNOWN = "/.well-known/openid-configuration"
_REVIEWS = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]


def _get(*paths: str) -> Object:
    return {"verbs": ["get"], "nonResourceURLs": list(paths)}


def _create(group: str, *resources: str) -> Object:
    return {"verbs": ["create"], "apiGroups": [group], "resources": list(resources)}


#: name → (rules, groups it is bound to)
_ROLES: dict[str, tuple[list[Object], list[str]]] = {
    "cluster-admin": (
        [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ],
        ["system:masters"],
    ),
    "system:basic-user": (
        [
            _create("authorization.k8s.io", *_REVIEWS),
            _create("authentication.k8s.io", "selfsubjectreviews"),
        ],
        ["system:authenticated"],
    ),
    "system:discovery": (
        [
            _get(
                "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                "/openapi/*", "/readyz", "/version", "/version/",
            )
        ],
        ["system:authenticated"],
    ),
    "system:public-info-viewer": (
        [_get(*_PUBLIC)],
        ["system:authenticated", "system:unauthenticated"],
    ),
    "system:service-account-issuer-discovery": (
        [_get(_WELL_KNOWN, f"{_WELL_KNOWN}/", "/openid/v1/jwks", "/openid/v1/jwks/")],
        ["system:serviceaccounts"],
    ),
}  # fmt: skip


def built_in() -> list[tuple[str, Object]]:
    """Return (resource, object) of each."""
    found: list[tuple[str, Object]] = []
    for name, (rules, groups) in _ROLES.items():
        labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
        metadata = {"name": name, "labels": labels}
        role = {"apiVersion": _VERSION, "kind": "ClusterRole", "metadata": metadata, "rules": rules}
        binding = {
            "apiVersion": _VERSION,
            "kind": "ClusterRoleBinding",
            "metadata": dict(metadata),
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": name,
            },
            "subjects": [
                {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group}
                for group in groups
            ],
        }
        found.append(("clusterroles.rbac.authorization.k8s.io", role))
        found.append(("clusterrolebindings.rbac.authorization.k8s.io", binding))
    return found
