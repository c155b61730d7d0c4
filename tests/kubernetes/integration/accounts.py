"""Service accounts with chosen rights, and kubeconfigs with their tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import ACCOUNTS, BINDINGS, RBAC, ROLES

FILES = ("certificate-authority",)
PLURALS = {"Role": "roles", "RoleBinding": "rolebindings", "ClusterRole": "clusterroles",
           "ClusterRoleBinding": "clusterrolebindings"}  # fmt: skip


async def account(place: Place, folder: Path, name: str, rules: list[Object]) -> Path:
    """A kubeconfig of a new account that has these rules in the place, and no others."""
    await place.make(ACCOUNTS, {"metadata": {"name": name}})
    await allow(place, name, rules, [{"kind": "ServiceAccount", "name": name,
                                      "namespace": place.namespace}])  # fmt: skip
    path = ACCOUNTS.path(place.namespace, name)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600}}  # fmt: skip
    answer = await place.admin.ask("POST", f"{path}/token", body=body)
    return kubeconfig(place, folder / f"{name}.kubeconfig", answer["status"]["token"])


async def allow(place: Place, name: str, rules: list[Object], subjects: list[Object]) -> None:
    """A Role of that name in the place, and who has it."""
    await place.make(ROLES, {"metadata": {"name": name}, "rules": rules})
    ref = {"apiGroup": RBAC, "kind": "Role", "name": name}
    await place.make(BINDINGS, {"metadata": {"name": name}, "roleRef": ref, "subjects": subjects})


def kubeconfig(place: Place, path: Path, token: str) -> Path:
    """The suite's kubeconfig with nobody in it but this token."""
    source = place.target.kubeconfig
    known = yaml.safe_load(source.read_text("utf-8"))
    current = known.get("current-context") or known["contexts"][0]["name"]
    context = next(c["context"] for c in known["contexts"] if c["name"] == current)
    cluster = next(c["cluster"] for c in known["clusters"] if c["name"] == context["cluster"])
    for name in FILES:
        if name in cluster:
            cluster[name] = str(source.parent / cluster[name])
    written = {
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {
            "cluster": "test", "user": "test", "namespace": place.namespace}}],
    }  # fmt: skip
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(written), "utf-8")
    return path


async def apply(place: Place, documents: str | None) -> None:
    """What ``kubectl apply`` does of the YAML that the doctor prints: make or replace."""
    for thing in yaml.safe_load_all(documents or ""):
        await _apply(place, thing)


async def _apply(place: Place, thing: dict[str, Any]) -> None:
    namespace = thing["metadata"].get("namespace")
    root = f"/apis/{RBAC}/v1" + (f"/namespaces/{namespace}" if namespace else "")
    path = f"{root}/{PLURALS[thing['kind']]}"
    try:
        await place.admin.ask("POST", path, body=thing)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        await place.admin.ask("PUT", f"{path}/{thing['metadata']['name']}", body=thing)
