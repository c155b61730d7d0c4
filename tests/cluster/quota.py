"""ResourceQuota: what an object costs, and whether a quota has room for it.

Why it exists: "exceeded quota" is the commonest reason why a Job never gets a pod, and the
engine reads the numbers out of the text. Must not know: how objects are stored or watched.
Source: recordings/quota-limits-podsecurity.json; the API server's resourcequota plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .limits import pod_amounts
from .quantities import Amounts, Quantity, amounts, total, written

Object = dict[str, Any]
_ONE = Quantity.of(1)
_MUST = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_COUNTED = frozenset(
    [
        "pods",
        "services",
        "configmaps",
        "secrets",
        "persistentvolumeclaims",
        "resourcequotas",
        "replicationcontrollers",
    ]
)
_PLAIN = frozenset(("cpu", "memory", "ephemeral-storage"))


def cost(resource: str, group: str, thing: Object) -> Amounts:
    """Return what one object of ``resource`` uses, in the names of quotas."""
    used: Amounts = {f"count/{resource}.{group}" if group else f"count/{resource}": _ONE}
    if group:
        return used
    if resource == "pods":
        return {**used, **_pod(thing)}
    if resource in _COUNTED:
        used[resource] = _ONE
    if resource == "persistentvolumeclaims":
        asked = ((thing.get("spec") or {}).get("resources") or {}).get("requests")
        used["requests.storage"] = amounts(asked).get("storage", Quantity())
    return used


def _pod(pod: Object) -> Amounts:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return {}
    used: Amounts = {"pods": _ONE}
    for name, quantity in pod_amounts(pod, "requests").items():
        used[f"requests.{name}"] = quantity
        if name in _PLAIN:
            used[name] = quantity
    for name, quantity in pod_amounts(pod, "limits").items():
        used[f"limits.{name}"] = quantity
    return used


def usage(quota: Object, things: Iterator[tuple[str, str, Object]]) -> Object:
    """Return a quota's ``status``: its hard limits, and what ``things`` use of them."""
    hard = amounts(quota["spec"].get("hard"))
    used = total(dict.fromkeys(hard, Quantity()))
    for resource, group, thing in things:
        if matches(quota, resource, group, thing):
            used = total(used, _within(cost(resource, group, thing), hard))
    return {"hard": written(hard), "used": written(used)}


def refusal(quota: Object, resource: str, group: str, thing: Object) -> str:
    """Say why ``quota`` refuses a new object; empty when it has room."""
    if not matches(quota, resource, group, thing):
        return ""
    name, hard = quota["metadata"]["name"], amounts(quota["spec"].get("hard"))
    missing = _unspecified(hard, thing) if (resource, group) == ("pods", "") else ""
    if missing:
        return f"failed quota: {name}: {missing}"
    requested = _within(cost(resource, group, thing), hard)
    used = amounts((quota.get("status") or {}).get("used"))
    unknown = sorted(set(requested) - set(used))
    if unknown:
        return f"status unknown for quota: {name}, resources: {','.join(unknown)}"
    over = {
        key: asked
        for key, asked in requested.items()
        if asked.value > 0 and hard[key] < used[key] + asked
    }
    if not over:
        return ""
    parts = (_pretty(over), _pretty(_within(used, over)), _pretty(_within(hard, over)))
    return "exceeded quota: {}, requested: {}, used: {}, limited: {}".format(name, *parts)


def charged(quota: Object, resource: str, group: str, thing: Object) -> Object:
    """Return the quota's status with a new object counted in."""
    status: Object = quota["status"]
    used = amounts(status["used"])
    if matches(quota, resource, group, thing):
        used = total(used, _within(cost(resource, group, thing), used))
    return {**status, "used": written(used)}


def matches(quota: Object, resource: str, group: str, thing: Object) -> bool:
    """Return whether a quota counts this object: its scopes select pods only."""
    scopes = quota["spec"].get("scopes") or []
    if not scopes:
        return True
    return (resource, group) == ("pods", "") and all(_in_scope(scope, thing) for scope in scopes)


def _in_scope(scope: str, pod: Object) -> bool:
    terminating = pod["spec"].get("activeDeadlineSeconds") is not None
    best_effort = not pod_amounts(pod, "requests") and not pod_amounts(pod, "limits")
    return {
        "Terminating": terminating,
        "NotTerminating": not terminating,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
    }.get(scope, False)


def _within(all_: Amounts, names: Amounts) -> Amounts:
    return {name: quantity for name, quantity in all_.items() if name in names}


def _pretty(of: Amounts) -> str:
    return ",".join(f"{name}={quantity}" for name, quantity in sorted(of.items()))


def _unspecified(hard: Amounts, pod: Object) -> str:
    parts = []
    for name in sorted(set(hard) & set(_MUST)):
        kind, _, key = name.rpartition(".")
        names = sorted(
            container["name"]
            for container in pod["spec"]["containers"]
            if key not in ((container.get("resources") or {}).get(kind or "requests") or {})
        )
        if names:
            parts.append(f"must specify {name} for: {','.join(names)}")
    return "; ".join(parts)
