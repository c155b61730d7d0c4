"""Custom resources against their CRD: defaults, validation, and the CEL rules used here.

A CEL rule is evaluated where Python knows it: ``self == oldSelf`` in general, others by their
text in ``RULES`` (those the recordings show). A rule not known here is not checked.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .schemas import Schema
from .status import Cause, Object

#: Kinds of JSON values as the schema names them.
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float),
}  # fmt: skip
UNCHECKED = Cause(
    "<nil>",
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid;"
    " correct the existing errors to complete validation",
)
INVALID = "FieldValueInvalid"
Rule = Callable[[Any], bool]


def fill(schema: Schema, value: Any) -> None:
    """Set the schema's defaults, in place."""
    if isinstance(value, dict):
        for key, part in (schema.get("properties") or {}).items():
            if key not in value and "default" in part:
                value[key] = copy.deepcopy(part["default"])
            if key in value:
                fill(part, value[key])
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for item in value.values():
                fill(others, item)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            fill(schema["items"], item)


def faults(schema: Schema, new: Object, old: Object | None) -> list[Cause]:
    """What is wrong with the object; rules only where its shape is right."""
    found = [cause for key in sorted(schema.get("properties", {}))
             for cause in _shape(schema, new, key)]  # fmt: skip
    found += [_required(name) for name in schema.get("required", ()) if name not in new]
    if found:
        return [*found, UNCHECKED]
    return list(_rules(schema, new, old, ""))


def _shape(schema: Schema, obj: Object, key: str) -> Iterator[Cause]:
    if key in obj and key not in {"metadata", "kind", "apiVersion"}:
        yield from _check(schema["properties"][key], obj[key], key)


def _check(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    wrong = _wrong_type(schema, value, path)
    if wrong:
        yield wrong
        return
    yield from _limits(schema, value, path)
    if isinstance(value, dict):
        yield from _check_object(schema, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(schema.get("items") or {}, item, f"{path}[{index}]")


def _check_object(schema: Schema, value: Object, path: str) -> Iterator[Cause]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if name not in value:
            yield _required(f"{path}.{name}")
    for key, item in value.items():
        part = properties.get(key, others)
        if isinstance(part, dict):
            yield from _check(part, item, f"{path}.{key}")


def _wrong_type(schema: Schema, value: Any, path: str) -> Cause | None:
    wanted = schema.get("type")
    if schema.get("x-kubernetes-int-or-string") or wanted is None:
        return None
    right = isinstance(value, TYPES[wanted]) and (wanted == "boolean" or value is not True)
    if right and not (isinstance(value, bool) and wanted != "boolean"):
        return None
    given = next((name for name, types in TYPES.items() if isinstance(value, types)), "null")
    said = f'Invalid value: "{given}": {path} in body must be of type {wanted}: "{given}"'
    return Cause(path, "FieldValueTypeInvalid", said)


def _limits(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(json.dumps(item) for item in schema["enum"])
        said = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        yield Cause(path, "FieldValueNotSupported", said)
    if isinstance(value, str):
        yield from _text(schema, value, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            least = schema["minimum"]
            said = f"{path} in body should be greater than or equal to {least}"
            yield Cause(path, INVALID, f"Invalid value: {value}: {said}")
        if "maximum" in schema and value > schema["maximum"]:
            said = f"{path} in body should be less than or equal to {schema['maximum']}"
            yield Cause(path, INVALID, f"Invalid value: {value}: {said}")
    if isinstance(value, list):
        yield from _length(schema, value, path)


def _text(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    if len(value) > schema.get("maxLength", len(value)):
        most = schema["maxLength"]
        yield Cause(path, "FieldValueTooLong", f"Too long: may not be more than {most} bytes")
    if len(value) < schema.get("minLength", 0):
        said = f"{path} in body should be at least {schema['minLength']} chars long"
        yield Cause(path, INVALID, f'Invalid value: "{value}": {said}')
    if "pattern" in schema and not re.search(schema["pattern"], value):
        said = f"{path} in body should match '{schema['pattern']}'"
        yield Cause(path, INVALID, f'Invalid value: "{value}": {said}')


def _length(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    if len(value) > schema.get("maxItems", len(value)):
        said = f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        yield Cause(path, "FieldValueTooMany", said)
    if len(value) < schema.get("minItems", 0):
        said = f"{path} in body should have at least {schema['minItems']} items"
        yield Cause(path, INVALID, f"Invalid value: {len(value)}: {said}")


def _required(path: str) -> Cause:
    return Cause(path, "FieldValueRequired", "Required value")


def _rules(schema: Schema, new: Any, old: Any, path: str) -> Iterator[Cause]:
    """Broken CEL rules, from the outside in. ``old`` is None where there was nothing."""
    for rule in schema.get("x-kubernetes-validations") or ():
        if not _holds(rule["rule"], new, old):
            yield _broken(rule, new, path)
    if isinstance(new, dict):
        was = old if isinstance(old, dict) else {}
        others = schema.get("additionalProperties")
        for key, item in new.items():
            part = (schema.get("properties") or {}).get(key, others)
            if isinstance(part, dict):
                yield from _rules(part, item, was.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(new, list):
        for index, item in enumerate(new):
            yield from _rules(schema.get("items") or {}, item, None, f"{path}[{index}]")


def _broken(rule: Object, value: Any, path: str) -> Cause:
    said = rule.get("message", f"failed rule: {rule['rule']}")
    shown = "" if isinstance(value, dict | list) else f"{json.dumps(value)}: "
    return Cause(path or "<nil>", INVALID, f"Invalid value: {shown}{said}")


def _holds(rule: str, new: Any, old: Any) -> bool:
    text = " ".join(rule.split())
    if text == "self == oldSelf":
        return old is None or new == old
    known = RULES.get(text)
    return known is None or known(new)


def _one_policy(policy: Object) -> bool:
    return sum(name in policy for name in ("torch", "mpi", "jax", "xgboost", "flux")) <= 1


def _exclusive(spec: Object) -> bool:
    in_order = (spec.get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder"
    return not (in_order and any("dependsOn" in job for job in spec.get("replicatedJobs", [])))


def _same_number(group: Object) -> bool:
    covered = len(group.get("coveredResources", []))
    return all(len(flavor.get("resources", [])) == covered for flavor in group.get("flavors", []))


def _name_is_label(obj: Object) -> bool:
    return re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", obj["metadata"]["name"]) is not None


#: The rule's text (blanks made one) → what it says.
RULES: dict[str, Rule] = {
    "self in ['trainer.kubeflow.org/trainjob-controller', 'kueue.x-k8s.io/multikueue']": (
        lambda value: (
            value in {"trainer.kubeflow.org/trainjob-controller", "kueue.x-k8s.io/multikueue"}
        )
    ),
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')": _name_is_label,
    "size(self.metadata.name) <= 63": lambda obj: len(obj["metadata"]["name"]) <= 63,
    "[has(self.torch), has(self.mpi), has(self.jax), has(self.xgboost),has(self.flux)]"
    ".filter(x, x).size() <= 1": _one_policy,
    "!(has(self.startupPolicy) && self.startupPolicy.startupPolicyOrder == 'InOrder' &&"
    " self.replicatedJobs.exists(x, has(x.dependsOn)))": _exclusive,
    "self.flavors.all(x, size(x.resources) == size(self.coveredResources))": _same_number,
    "!has(self.priorityClassRef) || has(self.priority)": (
        lambda spec: "priorityClassRef" not in spec or "priority" in spec
    ),
}
