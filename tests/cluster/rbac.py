"""Who may do what, decided from Roles and bindings alone.

Why it exists: the engine's least-privilege Role must be proved call by call, and a refusal
must read like the API server's. Must not know: HTTP, tokens, how objects are stored.
Semantics: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and recordings/rbac.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .calls import User

Object = dict[str, Any]
#: ``(resource of the RBAC group, namespace or "")`` → the stored objects.
Objects = Callable[[str, str], Iterable[Object]]

MASTERS = "system:masters"
SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True)
class Attributes:
    """What a request asks for: a verb on a resource, or on a ``path`` that is none."""

    verb: str
    resource: str = ""
    group: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    path: str = ""

    @property
    def full(self) -> str:
        """Resource with its subresource, as rules write it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def refusal(self, user: User) -> str:
        """Say the second half of a 403's message."""
        if self.path:
            return f'User "{user.name}" cannot {self.verb} path "{self.path}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return (
            f'User "{user.name}" cannot {self.verb} resource "{self.full}" '
            f'in API group "{self.group}" {where}'
        )


@dataclass(frozen=True)
class Grant:
    """The rules that one binding gives to one subject, and the sentence that says so."""

    reason: str
    rules: list[Object]


def service_account(namespace: str, name: str, uid: str = "") -> User:
    """Return the user that a ServiceAccount is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(f"{SERVICE_ACCOUNT}{namespace}:{name}", (*groups, "system:authenticated"), uid=uid)


def decide(objects: Objects, user: User, asked: Attributes) -> tuple[bool, str]:
    """Return whether ``user`` may, and the reason the API server would give."""
    if MASTERS in user.groups:
        return True, ""
    for grant in grants(objects, user, asked.namespace):
        if any(covers(rule, asked) for rule in grant.rules):
            return True, f"RBAC: allowed by {grant.reason}"
    return False, ""


def grants(objects: Objects, user: User, namespace: str) -> Iterator[Grant]:
    """Yield what ``user`` holds in the whole cluster, then in ``namespace``."""
    for binding in objects("clusterrolebindings", ""):
        yield from _granted(objects, user, binding, "")
    if namespace:
        for binding in objects("rolebindings", namespace):
            yield from _granted(objects, user, binding, namespace)


def _granted(objects: Objects, user: User, binding: Object, namespace: str) -> Iterator[Grant]:
    subject = next((s for s in binding.get("subjects") or [] if _is(user, s, namespace)), None)
    if subject is None:
        return
    reference = binding["roleRef"]
    rules = _rules(objects, reference, namespace)
    if rules is None:
        return
    name = binding["metadata"]["name"]
    bound = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    reason = f'{bound} of {reference["kind"]} "{reference["name"]}" to {_described(subject)}'
    yield Grant(reason, rules)


def _rules(objects: Objects, reference: Object, namespace: str) -> list[Object] | None:
    cluster = reference["kind"] == "ClusterRole"
    roles = objects("clusterroles", "") if cluster else objects("roles", namespace)
    for role in roles:
        if role["metadata"]["name"] == reference["name"]:
            return role.get("rules") or []
    return None


def _is(user: User, subject: Object, namespace: str) -> bool:
    match subject["kind"]:
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case _:
            home = subject.get("namespace") or namespace
            return user.name == f"{SERVICE_ACCOUNT}{home}:{subject['name']}"


def _described(subject: Object) -> str:
    home = f"/{subject['namespace']}" if subject.get("namespace") else ""
    return f'{subject["kind"]} "{subject["name"]}{home}"'


def covers(rule: Object, asked: Attributes) -> bool:
    """Return whether one PolicyRule allows what is asked."""
    if not _in(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_path(url, asked.path) for url in rule.get("nonResourceURLs") or [])
    names = rule.get("resourceNames") or []
    return (
        _in(rule.get("apiGroups"), asked.group)
        and _resource(rule.get("resources") or [], asked)
        and (not names or asked.name in names)
    )


def _in(allowed: list[str] | None, value: str) -> bool:
    return value in (allowed or []) or "*" in (allowed or [])


def _resource(resources: list[str], asked: Attributes) -> bool:
    everything = bool(asked.subresource) and f"*/{asked.subresource}" in resources
    return asked.full in resources or "*" in resources or everything


def _path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
