"""Service accounts with chosen rights, and kubeconfigs with their tokens."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
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
    await _may_be_made(place.make(ACCOUNTS, {"metadata": {"name": name}}))
    subject = {"kind": "ServiceAccount", "name": name, "namespace": place.namespace}
    await allow(place, name, rules, subject)
    path = ACCOUNTS.path(place.namespace, name)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600}}  # fmt: skip
    answer = await place.admin.ask("POST", f"{path}/token", body=body)
    return kubeconfig(place, folder / f"{name}.kubeconfig", answer["status"]["token"])


async def allow(place: Place, name: str, rules: list[Object], subject: Object) -> None:
    """A Role of that name in the place, and who has it, as soon as that counts."""
    await _may_be_made(place.make(ROLES, {"metadata": {"name": name}, "rules": rules}))
    ref = {"apiGroup": RBAC, "kind": "Role", "name": name}
    await place.make(BINDINGS, {"metadata": {"name": name}, "roleRef": ref, "subjects": [subject]})
    if rules:
        first = rules[0]
        asked = {"namespace": place.namespace, "group": first["apiGroups"][0],
                 "resource": first["resources"][0], "verb": first["verbs"][0]}  # fmt: skip
        await counts(place, user(subject), asked)


def user(subject: Object) -> str:
    """As whom the cluster knows a subject."""
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return str(subject["name"])


async def counts(place: Place, user: str, asked: Object) -> None:
    """Wait until a right that was given is one: authorizers learn of it a moment later."""
    local = "namespace" in asked
    body = {"apiVersion": "authorization.k8s.io/v1",
            "kind": "LocalSubjectAccessReview" if local else "SubjectAccessReview",
            "metadata": {"namespace": place.namespace} if local else {},
            "spec": {"user": user, "resourceAttributes": asked}}  # fmt: skip
    below = f"namespaces/{place.namespace}/local" if local else ""

    async def allowed() -> bool:
        path = f"/apis/authorization.k8s.io/v1/{below}subjectaccessreviews"
        answer = await place.admin.ask("POST", path, body=body)
        return bool(answer["status"].get("allowed"))

    await place.until(allowed, f"{user} may {asked['verb']} {asked['resource']}")


async def _may_be_made(making: Awaitable[Object]) -> None:
    try:
        await making
    except ApiError as error:
        if error.status != 403:
            raise
        pytest.skip("service accounts and roles may not be made here")


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
