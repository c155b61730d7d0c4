"""Gives an account rights through the API, as an administrator would with YAML.

Why it exists: the engine is to be tested with exactly the Role that it ships, so tests need an
account that has this Role and no more. Speaks HTTP only: it works on a real cluster as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import yaml

Object = dict[str, Any]
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


async def grant(
    admin: Path, account: str, namespace: str, rules: list[Object], role: str = ""
) -> Path:
    """Make a ServiceAccount with these ``rules``; returns a kubeconfig with its token.

    ``admin`` is the kubeconfig of who may do so. The new one is written beside it. Raises
    aiohttp.ClientResponseError for what is refused.
    """
    config = yaml.safe_load(admin.read_text("utf-8"))
    server = config["clusters"][0]["cluster"]["server"]
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
    role = role or account
    async with aiohttp.ClientSession(server, headers=headers, raise_for_status=True) as session:
        await _post(session, f"/api/v1/namespaces/{namespace}/serviceaccounts", _named(account))
        roles = f"{_RBAC}/namespaces/{namespace}"
        await _post(session, f"{roles}/roles", {**_named(role), "rules": rules})
        await _post(session, f"{roles}/rolebindings", binding(role, account, namespace))
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = await _post(session, path, {"spec": {"expirationSeconds": 3600}})
    config["users"][0]["user"] = {"token": answer["status"]["token"]}
    config["contexts"][0]["context"]["namespace"] = namespace
    written = admin.with_name(f"{namespace}-{account}.kubeconfig")
    written.touch(mode=0o600)
    written.write_text(yaml.safe_dump(config), "utf-8")
    return written


def binding(role: str, account: str, namespace: str) -> Object:
    """Return a RoleBinding of the role's name."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return {**_named(role), "roleRef": reference, "subjects": [subject]}


def token_in(kubeconfig: Path) -> str:
    """Return the token of a kubeconfig."""
    config = yaml.safe_load(kubeconfig.read_text("utf-8"))
    return str(config["users"][0]["user"]["token"])


def _named(name: str) -> Object:
    return {"metadata": {"name": name}}


async def _post(session: aiohttp.ClientSession, path: str, body: Object) -> Object:
    async with session.post(path, json=body) as answer:
        found: Object = await answer.json()
        return found
