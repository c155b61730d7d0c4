"""JSON merge patch, JSON patch and strategic merge patch, as pure functions on JSON.

Knows no kind; the merge keys of lists are those of the kinds that clients patch here.
"""

from __future__ import annotations

import copy
from typing import Any

from .status import Object, bad_request, failure

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

#: Lists that strategic merge treats as maps: field → key. Any other list is replaced.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "ownerReferences": "uid",
    "conditions": "type",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}


def apply_patch(media: str, obj: Object, patch: Any) -> Object:
    """The patched copy."""
    if media == JSON_PATCH:
        return _json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request("the patch must be a JSON object")
    if media == STRATEGIC_PATCH:
        return _strategic(copy.deepcopy(obj), patch)
    return merge(obj, patch)


def merge(obj: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    found = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merge(found.get(key), value)
    return found


def _strategic(obj: Object, patch: Object) -> Object:
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    for key, value in patch.items():
        if key.startswith(("$setElementOrder/", "$retainKeys", "$patch")):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.split("/", 1)[1]
            obj[field] = [item for item in obj.get(field, []) if item not in value]
        elif value is None:
            obj.pop(key, None)
        elif isinstance(value, dict):
            found = obj.get(key)
            obj[key] = _strategic(found if isinstance(found, dict) else {}, value)
        elif isinstance(value, list):
            obj[key] = _strategic_list(key, obj.get(key) or [], value)
        else:
            obj[key] = value
    return obj


def _strategic_list(field: str, present: list[Any], patch: list[Any]) -> list[Any]:
    if field == "finalizers":
        return [*present, *(item for item in patch if item not in present)]
    merge_key = MERGE_KEYS.get(field)
    if merge_key is None or not all(isinstance(item, dict) for item in patch):
        return patch
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    merged = {item.get(merge_key): item for item in present}
    for item in patch:
        name = item.get(merge_key)
        if item.get("$patch") == "delete":
            merged.pop(name, None)
        else:
            merged[name] = _strategic(dict(merged.get(name) or {}), item)
    return list(merged.values())


def _json_patch(obj: Object, patch: Any) -> Object:
    if not isinstance(patch, list):
        message = "json: cannot unmarshal object into Go value of type jsonpatch.Patch"
        raise bad_request(f"error decoding patch: {message}")
    found = copy.deepcopy(obj)
    for step in patch:
        found = _step(found, step)
    return found


def _step(obj: Object, step: Object) -> Object:
    operation, path = step.get("op"), _pointer(step.get("path", ""))
    if operation == "test":
        if _look(obj, path) != step.get("value"):
            raise _unmet(f"testing value {step.get('path')} failed")
    elif operation == "add":
        _add(obj, path, step.get("value"))
    elif operation == "replace":
        _remove(obj, path)
        _add(obj, path, step.get("value"))
    elif operation == "remove":
        _remove(obj, path)
    elif operation in {"move", "copy"}:
        source = _pointer(step.get("from", ""))
        value = copy.deepcopy(_look(obj, source))
        if operation == "move":
            _remove(obj, source)
        _add(obj, path, value)
    else:
        raise _unmet(f"Unexpected kind: {operation}")
    return obj


def _unmet(_why: str) -> Exception:
    """The real server does not say which step failed, nor why."""
    message = "the server rejected our request due to an error in our request"
    return failure(422, "Invalid", message, {})


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _look(obj: Any, path: list[str]) -> Any:
    for part in path:
        try:
            obj = obj[int(part)] if isinstance(obj, list) else obj[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise _unmet(f"unable to find /{'/'.join(path)}") from None
    return obj


def _add(obj: Any, path: list[str], value: Any) -> None:
    parent, last = _look(obj, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value


def _remove(obj: Any, path: list[str]) -> None:
    _look(obj, path)
    parent, last = _look(obj, path[:-1]), path[-1]
    del parent[int(last) if isinstance(parent, list) else last]
