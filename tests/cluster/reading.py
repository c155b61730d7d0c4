"""From an HTTP request to a :class:`Call`, and from its body to an object.

Paths, query parameters and media types as the real server reads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from .calls import Call, User
from .kinds import Kinds, Resource
from .listing import options_invalid
from .patches import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from .registry import Deletion
from .status import (
    Object,
    bad_request,
    failure,
    no_page,
    no_resource,
    not_allowed,
    unsupported,
)

#: The largest body, in bytes.
LARGEST = 3 * 1024 * 1024
BODIES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions",
           "delete": "DeleteOptions", "deletecollection": "DeleteOptions"}  # fmt: skip


def read_call(kinds: Kinds, method: str, path: str, query: Mapping[str, str], user: User) -> Call:
    """The call of a path below /api or /apis; plain 404 where group or resource is absent."""
    found = _resource_path(path)
    if found is None:
        return Call(method.lower(), user, path=path, query=query)
    group, version, rest = found
    if not kinds.serves(group, version):
        raise no_page()
    namespace, rest = _namespace(rest)
    resource = kinds.find(group, version, rest[0])
    if resource is None or len(rest) > 3:
        raise no_resource()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    verb = _verb(method, name, query)
    call = Call(verb, user, resource, namespace, name, subresource, path, query)
    call.field_manager = query.get("fieldManager", "")
    return call


def _resource_path(path: str) -> tuple[str, str, list[str]] | None:
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) > 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    return None


def _namespace(rest: list[str]) -> tuple[str, list[str]]:
    """Split ``namespaces/NS/jobs``; a namespace itself is a resource without one."""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        return rest[1], rest[2:]
    return "", rest


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in {"GET", "HEAD"}:
        if truthy(query.get("watch")):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return METHODS.get(method, method.lower())


def truthy(text: str | None) -> bool:
    return text is not None and text.lower() in {"1", "t", "true", ""}


def check_verb(call: Call) -> None:
    """405 where the resource does not do this, e.g. POST to one object."""
    resource = call.served
    if call.subresource:
        verbs = dict(resource.subresources).get(call.subresource)
        if verbs is None:
            raise no_resource()
        if call.verb not in verbs:
            raise not_allowed()
        return
    named = call.verb in {"get", "update", "patch", "delete"}
    if call.verb not in resource.verbs or (call.verb != "watch" and named != bool(call.name)):
        raise not_allowed()
    if resource.namespaced and not call.namespace and call.verb not in {"list", "watch"}:
        raise not_allowed()


def check_options(call: Call) -> None:
    """dryRun, fieldValidation and propagationPolicy have few values; ``dry_run`` is set here."""
    kind, query = OPTIONS.get(call.verb), call.query
    if kind is None:
        return
    dry = query.get("dryRun")
    if dry not in {None, "", "All"}:
        said = f'["{dry}"]: supported values: "All"'
        raise _unsupported_value(kind, "dryRun", said)
    call.dry_run = dry == "All"
    mode = query.get("fieldValidation", "")
    if mode not in {"", "Ignore", "Strict", "Warn"}:
        said = f'"{mode}": supported values: "", "Ignore", "Strict", "Warn"'
        raise _unsupported_value(kind, "fieldValidation", said)


def _unsupported_value(kind: str, field: str, said: str) -> Exception:
    reason = "FieldValueNotSupported"
    return options_invalid(kind, field, said, word="Unsupported value", reason=reason)


def read_deletion(call: Call, body: Object) -> Deletion:
    """DeleteOptions of query or body (the body's win)."""
    policy = body.get("propagationPolicy", call.query.get("propagationPolicy"))
    if policy not in {None, "Foreground", "Background", "Orphan"}:
        said = f'"{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        raise _unsupported_value("DeleteOptions", "propagationPolicy", said)
    grace = body.get("gracePeriodSeconds", call.query.get("gracePeriodSeconds"))
    if body.get("dryRun"):
        call.dry_run = True
    wanted = body.get("preconditions") or {}
    seconds = None if grace is None else int(grace)
    return Deletion(policy, seconds, wanted.get("uid"), wanted.get("resourceVersion"))


def read_object(raw: bytes, media: str, kind: str) -> tuple[Object, list[str]]:
    """The object of a body, and the paths of keys that it has twice."""
    media = media.split(";", maxsplit=1)[0].strip()
    if media not in {"", *BODIES[:2]}:
        raise unsupported(BODIES)
    if media == "application/yaml":
        return _yaml(raw, kind), []
    twice: list[str] = []
    try:
        found = json.loads(raw, object_pairs_hook=lambda pairs: _unique(pairs, twice))
    except ValueError as error:
        raise bad_request(_not_json(raw, kind, error)) from None
    if not isinstance(found, dict):
        raise bad_request(_not_json(raw, kind, ValueError("not an object")))
    return found, [_path_to(raw, key) for key in twice]


def _yaml(raw: bytes, kind: str) -> Object:
    try:
        found = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise bad_request(f"error converting YAML to JSON: {error}") from None
    if not isinstance(found, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
    return found


def _unique(pairs: list[tuple[str, Any]], twice: list[str]) -> Object:
    found: Object = {}
    for key, value in pairs:
        if key in found:
            twice.append(key)
        found[key] = value
    return found


def _path_to(raw: bytes, key: str) -> str:
    """Where a key stands that comes twice: the path of its first bearer."""
    return next(iter(_paths(json.loads(raw), key)), key)


def _paths(obj: Any, key: str, path: str = "") -> list[str]:
    if isinstance(obj, dict):
        here = [f"{path}.{key}".lstrip(".")] if key in obj else []
        below = [found for k, v in obj.items() for found in _paths(v, key, f"{path}.{k}")]
        return here + below
    if isinstance(obj, list):
        return [f for i, item in enumerate(obj) for f in _paths(item, key, f"{path}[{i}]")]
    return []


def _not_json(raw: bytes, kind: str, error: ValueError) -> str:
    said = "unexpected end of JSON input" if "Expecting" in str(error) else str(error)
    text = raw.decode(errors="replace")
    return (
        f"the object provided is unrecognized (must be of type {kind}): couldn't get"
        f" version/kind; json parse error: {said} ({text})"
    )


def check_type(resource: Resource, obj: Object) -> None:
    """kind and apiVersion may be left out, but not be others'."""
    kind = obj.get("kind") or resource.kind
    version = obj.get("apiVersion") or resource.api_version
    if kind == resource.kind and version == resource.api_version:
        return
    short = version.rpartition("/")[2]
    if resource.custom:
        said = f'no kind "{kind}" is registered for version "{version}" in scheme'
    else:
        said = f'no kind "{kind}" is registered for version "{version}" in scheme'
        said += ' "pkg/runtime/scheme.go:111"'
    message = f'{kind} in version "{short}" cannot be handled as a {resource.kind}: {said}'
    raise bad_request(message)


def patch_types(resource: Resource) -> tuple[str, ...]:
    if resource.custom:
        return JSON_PATCH, MERGE_PATCH, APPLY_PATCH
    return JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH


def read_patch(raw: bytes, media: str, resource: Resource) -> tuple[str, Any]:
    """The patch's media type and content."""
    media = media.split(";", maxsplit=1)[0].strip()
    if media not in {JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH}:
        raise failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    if media not in patch_types(resource):
        raise unsupported(patch_types(resource))
    try:
        return media, yaml.safe_load(raw) if media == APPLY_PATCH else json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding patch: {error}") from None


def too_large() -> Exception:
    message = f"Request entity too large: limit is {LARGEST}"
    return failure(413, "RequestEntityTooLarge", message, Connection="close")
