"""LimitRange: the defaults it writes into pods, and what it refuses.

Why it exists: a LimitRange changes pods after the engine made their Job, and its refusals are
what the engine explains. Must not know: where LimitRanges are stored.
Source: recordings/quota-limits-podsecurity.json; the API server's limitranger plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .quantities import Amounts, Quantity, amounts, greatest, total, written

Object = dict[str, Any]
ANNOTATION = "kubernetes.io/limit-ranger"


def complete(item: Object) -> None:
    """Fill a Container item as the API server does when a LimitRange is stored."""
    if item["type"] != "Container":
        return
    default = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
    for key, value in (("default", default), ("defaultRequest", request)):
        if value:
            item[key] = value


def fill(pod: Object, ranges: list[Object]) -> None:
    """Write the defaults into a pod, and the annotation that says which."""
    said: list[str] = []
    for item in _items(ranges, "Container"):
        for kind, noun in (("containers", "container"), ("initContainers", "init container")):
            for container in pod["spec"].get(kind) or []:
                said += _fill(container, item, noun)
    if said:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(said)


def _fill(container: Object, item: Object, noun: str) -> list[str]:
    said = []
    resources = container.setdefault("resources", {})
    for word, key, source in (
        ("request", "requests", "defaultRequest"),
        ("limit", "limits", "default"),
    ):
        missing = set(item.get(source) or {}) - set(resources.get(key) or {})
        if missing:
            added = {name: item[source][name] for name in sorted(missing)}
            resources[key] = {**(resources.get(key) or {}), **added}
            said.append(f"{', '.join(sorted(missing))} {word} for {noun} {container['name']}")
    return said


def refusals(pod: Object, ranges: list[Object]) -> str:
    """Say what of a pod is out of range; several faults stand in brackets."""
    found: list[str] = []
    for item in _items(ranges, "Container"):
        for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]:
            found += _checked(item, *_resources(container))
    for item in _items(ranges, "Pod"):
        found += _checked(item, pod_amounts(pod, "requests"), pod_amounts(pod, "limits"))
    found = list(dict.fromkeys(found))
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]" if found else ""


def pod_amounts(pod: Object, kind: str) -> Amounts:
    """Sum up a pod's ``requests`` or ``limits``: its containers, or its greatest init container."""
    spec = pod["spec"]
    each = [_amounts(container, kind) for container in spec.get("containers") or []]
    init = [_amounts(container, kind) for container in spec.get("initContainers") or []]
    return greatest(total(*each), *init)


def _amounts(container: Object, kind: str) -> Amounts:
    return amounts((container.get("resources") or {}).get(kind))


def _resources(container: Object) -> tuple[Amounts, Amounts]:
    return _amounts(container, "requests"), _amounts(container, "limits")


def _items(ranges: list[Object], kind: str) -> Iterator[Object]:
    for one in ranges:
        yield from (item for item in one["spec"].get("limits") or [] if item["type"] == kind)


def _checked(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = item["type"]
    for name, least in sorted(amounts(item.get("min")).items()):
        yield from _minimum(f"minimum {name} usage per {kind} is {least}", name, least, requests)
        if name in requests and name in limits and limits[name] < least:
            yield f"minimum {name} usage per {kind} is {least}, but limit is {limits[name]}"
    for name, most in sorted(amounts(item.get("max")).items()):
        yield from _maximum(f"maximum {name} usage per {kind} is {most}", name, most, limits)
        if name in limits and not most < limits[name] and most < requests.get(name, Quantity()):
            yield f"maximum {name} usage per {kind} is {most}, but request is {requests[name]}"
    for name, ratio in sorted(amounts(item.get("maxLimitRequestRatio")).items()):
        said = f"{name} max limit to request ratio per {kind} is {ratio}, but"
        yield from _ratio(said, ratio, requests.get(name), limits.get(name))


def _minimum(said: str, name: str, least: Quantity, requests: Amounts) -> Iterator[str]:
    if name not in requests:
        yield f"{said}.  No request is specified"
    elif requests[name] < least:
        yield f"{said}, but request is {requests[name]}"


def _maximum(said: str, name: str, most: Quantity, limits: Amounts) -> Iterator[str]:
    if name not in limits:
        yield f"{said}.  No limit is specified"
    elif most < limits[name]:
        yield f"{said}, but limit is {limits[name]}"


def _ratio(
    said: str, most: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if request is None or not request.value:
        yield f"{said} no request is specified or request is 0"
    elif limit is None or not limit.value:
        yield f"{said} no limit is specified or limit is 0"
    elif limit.value / request.value > most.value:
        yield f"{said} provided ratio is {float(limit.value / request.value):.6f}"


def canonical(resources: Object) -> None:
    """Write a container's resources as they are stored, requests defaulting to limits."""
    limits = amounts(resources.get("limits"))
    requests = {**limits, **amounts(resources.get("requests"))}
    for key, value in (("limits", limits), ("requests", requests)):
        if value:
            resources[key] = written(value)
