"""What a container's process gets: its command, arguments and variables, as a kubelet makes them.

Pure functions of objects. What a local process cannot have (mounts, DNS names, the pod's
own ports) is put right afterwards, as text, by ``places``; nothing of that is known here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
#: kind ("ConfigMap", "Secret") and name → the object, or None where there is none.
Find = Callable[[str, str], Object | None]

REFERENCE = re.compile(r"\$(\$|\(([^()$]*)\))")
ANNOTATION = re.compile(r"metadata\.(annotations|labels)\['([^']+)'\]$")
NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


class MissingReference(Exception):
    """A Secret, ConfigMap or key of a variable is not there: CreateContainerConfigError."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """``$(NAME)`` of a known name; ``$$`` is a ``$``; everything else stays as it stands."""

    def found(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return known.get(match[2], match[0])

    return REFERENCE.sub(found, text)


def decoded(kind: str, obj: Object) -> dict[str, bytes]:
    """The keys of a ConfigMap or Secret as bytes."""
    plain = {} if kind == "Secret" else {k: v.encode() for k, v in (obj.get("data") or {}).items()}
    coded = obj.get("data" if kind == "Secret" else "binaryData") or {}
    return plain | {key: base64.b64decode(value) for key, value in coded.items()}


def variables(pod: Object, container: Object, find: Find, services: Sequence[Object]) -> Object:
    """The variables of a container, service links first, ``env`` last and in order.

    Raises MissingReference with the kubelet's text.
    """
    namespace = pod["metadata"]["namespace"]
    known: dict[str, str] = _links(services, enabled=pod["spec"].get("enableServiceLinks", True))
    for source in container.get("envFrom") or ():
        known |= _all_of(source, find)
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            value = _value_from(variable["valueFrom"], pod, container, namespace, find)
        else:
            value = expand(variable.get("value") or "", known)
        if value is not None:
            known[variable["name"]] = value
    return known


def command(container: Object, entrypoint: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """What is executed: the image's entry point where the container names no command."""
    program = container.get("command") or list(entrypoint)
    return [expand(part, known) for part in [*program, *(container.get("args") or ())]]


def field_value(pod: Object, path: str) -> str:
    """What the downward API says of a pod."""
    match = ANNOTATION.match(path)
    if match is not None:
        return str((pod["metadata"].get(match[1]) or {}).get(match[2], ""))
    address = pod.get("status", {}).get("podIP", "")
    special = {"status.podIP": address, "status.podIPs": address}
    if path in special:
        return special[path]
    value: Any = pod
    for part in path.split("."):
        value = (value or {}).get(part, "")
    return str(value)


def _all_of(source: Object, find: Find) -> dict[str, str]:
    kind, reference = _reference(source, "configMapRef", "secretRef")
    obj = find(kind, reference["name"])
    if obj is None:
        if reference.get("optional"):
            return {}
        raise MissingReference(f'{kind.lower()} "{reference["name"]}" not found')
    prefix = source.get("prefix") or ""
    values = {prefix + key: value.decode() for key, value in decoded(kind, obj).items()}
    return {key: value for key, value in values.items() if NAME.fullmatch(key)}


def _value_from(
    source: Object, pod: Object, container: Object, namespace: str, find: Find
) -> str | None:
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        side, _, resource = source["resourceFieldRef"]["resource"].partition(".")
        return str((container.get("resources", {}).get(side) or {}).get(resource, "0"))
    kind, reference = _reference(source, "configMapKeyRef", "secretKeyRef")
    obj = find(kind, reference["name"])
    if obj is not None and reference["key"] in (values := decoded(kind, obj)):
        return values[reference["key"]].decode()
    if reference.get("optional"):
        return None
    if obj is None:
        raise MissingReference(f'{kind.lower()} "{reference["name"]}" not found')
    where = f"{kind} {namespace}/{reference['name']}"
    raise MissingReference(f"couldn't find key {reference['key']} in {where}")


def _reference(source: Object, config: str, secret: str) -> tuple[str, Object]:
    return ("ConfigMap", source[config]) if config in source else ("Secret", source[secret])


def _links(services: Sequence[Object], *, enabled: bool) -> dict[str, str]:
    """Variables of the Services that have an address; headless ones have none."""
    found = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    for service in services if enabled else ():
        address, ports = service["spec"].get("clusterIP"), service["spec"].get("ports") or ()
        if address and address != "None" and ports:
            prefix = service["metadata"]["name"].upper().replace("-", "_")
            found[f"{prefix}_SERVICE_HOST"] = address
            found[f"{prefix}_SERVICE_PORT"] = str(ports[0]["port"])
    return found
