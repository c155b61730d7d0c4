"""The least rights that the engine needs in a namespace, as data.

From here come the rules that ``docs/howto/kubernetes.md`` shows, the reviews that preflight
and the doctor make, and the YAML that the doctor prints. Only what the engine asks for is
here: no exec, no reading of secrets, no making of pods, nothing outside the namespace.

Whoever may make Jobs may mount any Secret of the namespace and use any of its service
accounts: the namespace is the boundary between teams, these rules are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct

from submarine_ext.engines.kubernetes.kinds.base import Object, Resource

ROLE = "submarine-ext-runner"
IMPERSONATOR = "submarine-ext-impersonator"
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_KIND_VERBS = ("create", "get", "list", "watch", "patch", "delete")


class Rule(Struct, frozen=True):
    """Some verbs on some resources of a group; ``why`` is for people."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str
    #: Where it is missing, jobs run all the same; the sentence says what does not.
    without: str | None = None

    @property
    def needs(self) -> Iterator[tuple[str, str, str]]:
        """(group, resource, verb), each to be reviewed by itself."""
        for resource in self.resources:
            for verb in self.verbs:
                yield self.group, resource, verb


#: What every job needs, whatever it becomes.
CORE = (
    Rule("batch", ("jobs",), _KIND_VERBS, "the job itself"),
    Rule("", ("configmaps", "services"), ("create", "get"), "its files, and how its machines meet"),
    Rule("", ("secrets",), ("create",), "its secrets, which nobody reads back"),
    Rule("", ("pods",), ("list", "watch", "delete"), "how it is, and a quick stop"),
    Rule("", ("pods/log",), ("get",), "what it prints"),
    Rule("", ("events",), ("list", "watch"), "why it waits"),
    Rule("", ("resourcequotas", "limitranges"), ("list",), "what there is room for",
         "Jobs that exceed a quota are told so only after they were submitted."),
)  # fmt: skip
QUEUES = (
    Rule("kueue.x-k8s.io", ("localqueues",), ("get", "list"), "which queues there are"),
    Rule("kueue.x-k8s.io", ("workloads",), ("list", "watch"), "what a job waits for in its queue"),
    Rule("visibility.kueue.x-k8s.io", ("localqueues/pendingworkloads",), ("get",),
         "its place in the queue", "Jobs that wait in a queue do not show their place."),
)  # fmt: skip


def rules(resources: Iterable[Resource] = (), *, queues: bool = False) -> tuple[Rule, ...]:
    """The rules for the kinds that jobs may become (Job apart), and for queues."""
    by_group: dict[str, list[str]] = {}
    for resource in resources:
        if (resource.group, resource.plural) != ("batch", "jobs"):
            by_group.setdefault(resource.group, []).append(resource.plural)
    kinds = tuple(
        Rule(group, tuple(sorted(set(plurals))), _KIND_VERBS, "jobs of several machines")
        for group, plurals in sorted(by_group.items())
    )
    return (*CORE, *kinds, *(QUEUES if queues else ()))


def role(namespace: str, wanted: Iterable[Rule]) -> Object:
    """The Role for whoever submits: this server, or each person and group that it acts as."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": ROLE, "namespace": namespace},
        "rules": [_rule(rule) for rule in wanted],
    }


def binding(namespace: str, subjects: list[Object]) -> Object:
    """Who has that Role."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ROLE, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ROLE},
        "subjects": subjects,
    }


def subject(user: str) -> Object:
    """A user as a binding names it; service accounts have names of their own form."""
    parts = user.split(":")
    if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]:
        return {"kind": "ServiceAccount", "namespace": parts[2], "name": parts[3]}
    return {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}


def group(name: str) -> Object:
    """A group as a binding names it."""
    return {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def impersonator(users: Iterable[str], groups: Iterable[str]) -> Object:
    """The ClusterRole of a server that acts as people: those people and groups, by name."""
    named = (("users", sorted(users)), ("groups", sorted(groups)))
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": IMPERSONATOR},
        "rules": [
            {"apiGroups": [""], "resources": [what], "resourceNames": names,
             "verbs": ["impersonate"]}
            for what, names in named
            if names
        ],
    }  # fmt: skip


def cluster_binding(subjects: list[Object]) -> Object:
    """Who may act as them: this server alone."""
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": IMPERSONATOR}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": IMPERSONATOR},
        "roleRef": ref,
        "subjects": subjects,
    }


def yaml(*objects: Object) -> str:
    """For ``kubectl apply -f -``."""
    return "---\n".join(_document(thing) for thing in objects)


def _rule(rule: Rule) -> Object:
    return {
        "apiGroups": [rule.group],
        "resources": list(rule.resources),
        "verbs": list(rule.verbs),
    }


def _document(thing: Object) -> str:
    """YAML by hand: these objects are flat, and one rule a line is what people compare."""
    lines = [f"apiVersion: {thing['apiVersion']}", f"kind: {thing['kind']}"]
    lines.append(f"metadata: {_flow(thing['metadata'])}")
    if "roleRef" in thing:
        lines.append(f"roleRef: {_flow(thing['roleRef'])}")
    for part in ("rules", "subjects"):
        if part in thing:
            lines += [f"{part}:", *(f"- {_flow(item)}" for item in thing[part])]
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    """Plain where that can mean nothing else, else in JSON's quotes, which YAML reads."""
    word = text.replace("-", "").replace("/", "").replace(".", "")
    plain = word.isalpha() and word.isascii() and text.lower() not in _WORDS
    return text if plain and text[0].isalpha() else json.dumps(text)
