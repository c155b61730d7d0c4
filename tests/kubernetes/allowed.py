"""What a pod of ours may hold, written by hand and apart from what makes it.

A rule is a set of values, a type, a dict of rules by name, a list of one rule, or a function.
A name that is not here is refused.
"""

from __future__ import annotations

import re
from typing import Any

from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes.drafts import pods

Rule = Any  # a set of values, a type, a dict of rules by name, [rule of each], or a function
QUANTITY = r"[0-9]+(m|Ki|Mi|Gi)?"


def either(*rules: Rule) -> Any:
    return lambda value, ours: any(_inside(value, rule, ours) is None for rule in rules)


def matches(pattern: str) -> Any:
    return lambda value, ours: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def of_settings(read: Any) -> Any:
    """Exactly what the administrator wrote."""
    return lambda value, ours: value == read(ours)


def _own(pattern: str) -> Any:
    return lambda value, ours: matches(pattern.format(name=ours.name))(value, ours)


ENV = {
    "name": matches(r"[A-Za-z_][A-Za-z0-9_]*"),
    "value": str,
    "valueFrom": either(
        {"secretKeyRef": {"name": _own("{name}"), "key": matches(r"[A-Za-z_][A-Za-z0-9_]*")}},
        {"fieldRef": {"fieldPath": {
            "metadata.annotations['batch.kubernetes.io/job-completion-index']",
            "metadata.labels['training.kubeflow.org/replica-index']",
        }}},
    ),
}  # fmt: skip
AMOUNTS = {"cpu": matches(QUANTITY), "memory": matches(QUANTITY), "nvidia.com/gpu": {"1", "8"},
           "example.org/h200": {"1", "8"}, "ephemeral-storage": {"10Gi"}}  # fmt: skip
CONTAINER = {
    "name": {"main", "node", "pytorch", "tensorflow", "xgboost", "mpi", "launcher", "worker"},
    "image": str,
    "command": [str],
    "env": [ENV],
    "resources": {"requests": AMOUNTS, "limits": AMOUNTS},
    "securityContext": {"allowPrivilegeEscalation": {False}, "capabilities": {"drop": [{"ALL"}]}},
    "terminationMessagePolicy": {"FallbackToLogsOnError"},
    "volumeMounts": [{
        "name": {"bundle", "workspace", "shm", "tmp", "staged"},
        "mountPath": {"/submarine", "/workspace", "/dev/shm", "/tmp", "/workspace/staged"},
        "readOnly": {True},
        "subPath": _own("{name}"),
    }],
}  # fmt: skip
VOLUME = {
    "name": {"bundle", "workspace", "shm", "tmp", "staged"},
    "projected": {"sources": [{"configMap": {
        "name": _own("{name}-(code-[0-9]+|kit)-[0-9a-f]{{12}}"),
        "items": [{"key": str, "path": matches(r"(bundle/part-[0-9]{3}|kit/[a-z_/.]+)")}],
    }}]},
    "emptyDir": {"medium": {"Memory"}, "sizeLimit": matches(QUANTITY)},
    "persistentVolumeClaim": {"claimName": {"staging"}},
}  # fmt: skip
POD = {
    "restartPolicy": {"Never"},
    "terminationGracePeriodSeconds": of_settings(lambda ours: ours.settings.grace_seconds),
    "automountServiceAccountToken": {False},
    "enableServiceLinks": {False},
    "activeDeadlineSeconds": int,
    "subdomain": _own("{name}"),
    "serviceAccountName": {"runner"},
    "imagePullSecrets": [{"name": {"registry"}}],
    "nodeSelector": {"pool": {"batch"}, "gpu": {"a100", "h200"}},
    "tolerations": [{"key": {"gpu"}, "operator": {"Exists"}, "effect": {"NoSchedule"}}],
    "securityContext": {
        "runAsNonRoot": {True},
        "runAsUser": of_settings(lambda ours: ours.settings.run_as_user),
        "runAsGroup": of_settings(lambda ours: ours.settings.run_as_user),
        "fsGroup": of_settings(lambda ours: ours.settings.run_as_user),
        "fsGroupChangePolicy": {"OnRootMismatch"},
        "seccompProfile": {"type": {"RuntimeDefault"}},
    },
    "containers": [CONTAINER],
    "volumes": [VOLUME],
}


MUST = ("automountServiceAccountToken", "enableServiceLinks", "restartPolicy", "securityContext")
MUST_CONTAINER = ("securityContext", "terminationMessagePolicy")


class Ours:
    """What rules compare with."""

    def __init__(self, name: str, given: Settings) -> None:
        self.name, self.settings = name, given


def _inside(value: Any, rule: Rule, ours: Ours) -> str | None:
    """None where the value is inside the rule, else where it is not."""
    if isinstance(rule, dict):
        if not isinstance(value, dict):
            return f"{value!r} is no object"
        for name, inner in value.items():
            if name not in rule:
                return f".{name} may not be there"
            if problem := _inside(inner, rule[name], ours):
                return f".{name}{problem}"
        return None
    if isinstance(rule, list):
        found = (f"[{n}]{p}" for n, item in enumerate(value) if (p := _inside(item, rule[0], ours)))
        return next(found, None) if isinstance(value, list) else f"{value!r} is no list"
    if isinstance(rule, set):
        return None if value in rule else f": {value!r}"
    if isinstance(rule, type):
        return None if type(value) is rule else f": {value!r}"
    return None if rule(value, ours) else f": {value!r}"


def outside(top: dict[str, Any], given: Settings) -> list[str]:
    """Everything in the pods of a top object that nobody allowed."""
    ours = Ours(top["metadata"]["name"], given)
    found = []
    for pod in pods(top):
        spec = dict(pod["spec"])
        if _may_have_a_token(top, pod):
            assert spec.pop("serviceAccountName", None) is None
            spec["automountServiceAccountToken"] = not spec["automountServiceAccountToken"]
        found += [p] if (p := _inside(spec, POD, ours)) else []
        if top["kind"] != "TrainJob":  # which only changes a pod that its runtime has
            found += [f".{name} is missing" for name in MUST if name not in spec]
            found += [
                f".containers: {name} is missing"
                for name in MUST_CONTAINER
                if any(name not in container for container in spec["containers"])
            ]
    return found


def _may_have_a_token(top: dict[str, Any], pod: dict[str, Any]) -> bool:
    """The launcher of the old MPI operator, whose account is the operator's own."""
    v1 = (top["kind"], top["apiVersion"]) == ("MPIJob", "kubeflow.org/v1")
    return v1 and pod is top["spec"]["mpiReplicaSpecs"]["Launcher"]["template"]
