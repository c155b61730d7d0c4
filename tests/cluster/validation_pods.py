"""What the API server refuses in a pod or a pod's template."""

from __future__ import annotations

from typing import Any

from .status import Cause, Object

RESTARTS = ("Always", "OnFailure", "Never")


def of_spec(spec: Object, path: str) -> list[Cause]:
    found: list[Cause] = []
    containers = spec.get("containers") or []
    if not containers:
        found.append(_required(f"{path}.containers"))
    names: set[str] = set()
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind) or []):
            found += _container(container, f"{path}.{kind}[{index}]", names, volumes)
    if spec.get("restartPolicy") not in RESTARTS:
        supported = ", ".join(f'"{name}"' for name in RESTARTS)
        said = f'Unsupported value: "{spec.get("restartPolicy")}": supported values: {supported}'
        found.append(Cause(f"{path}.restartPolicy", "FieldValueNotSupported", said))
    return found


def _container(
    container: Object, path: str, names: set[str], volumes: set[str | None]
) -> list[Cause]:
    found = []
    name = container.get("name")
    if not name:
        found.append(_required(f"{path}.name"))
    elif name in names:
        found.append(Cause(f"{path}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
    names.add(str(name))
    if not container.get("image"):
        found.append(_required(f"{path}.image"))
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            where = f"{path}.volumeMounts[{index}].name"
            found.append(Cause(where, "FieldValueNotFound", f'Not found: "{mount.get("name")}"'))
    return [*found, *_resources(container.get("resources") or {}, f"{path}.resources")]


def _resources(resources: Object, path: str) -> list[Cause]:
    found = []
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if "/" in name and limit != asked:
            said = f'Invalid value: "{asked}": must be equal to {name} limit of {limit or 0}'
            found.append(Cause(f"{path}.requests", "FieldValueInvalid", said))
        elif limit is not None and _amount(asked) > _amount(limit):
            said = (
                f'Invalid value: "{asked}": must be less than or equal to {name} limit of {limit}'
            )
            found.append(Cause(f"{path}.requests", "FieldValueInvalid", said))
    return found


def _amount(quantity: Any) -> float:
    text = str(quantity)
    for suffix, factor in UNITS:
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


UNITS = (
    *((f"{letter}i", 1024.0**power) for power, letter in enumerate("KMGTPE", 1)),
    *((letter, 1000.0**power) for power, letter in enumerate("kMGTPE", 1)),
    ("m", 0.001),
)


def _required(path: str, said: str = "") -> Cause:
    return Cause(path, "FieldValueRequired", f"Required value{said}")


def of_change(obj: Object, was: Object) -> list[Cause]:
    """Of a pod's spec little may change: images, deadlines, tolerations."""
    if _frozen(obj["spec"]) == _frozen(was["spec"]):
        return []
    said = (
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only"
        " additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be"
        " set to 1 if it was previously negative)"
    )
    return [Cause("spec", "FieldValueForbidden", said)]


def _frozen(spec: Object) -> Object:
    free = {"activeDeadlineSeconds", "tolerations", "nodeName", "schedulingGates", "nodeSelector"}
    found = {key: value for key, value in spec.items() if key not in free}
    for kind in ("containers", "initContainers"):
        found[kind] = [{**c, "image": ""} for c in spec.get(kind) or []]
    return found


def warnings(spec: Object, path: str) -> list[str]:
    """An environment variable that hides another."""
    found = []
    for index, container in enumerate(spec.get("containers") or []):
        seen: set[str] = set()
        for place, variable in enumerate(container.get("env") or []):
            name = variable.get("name", "")
            if name in seen:
                where = f"{path}.containers[{index}].env[{place}]"
                said = (
                    f'hides previous definition of "{name}", which may be dropped when using apply'
                )
                found.append(f"{where}: {said}")
            seen.add(name)
    return found
