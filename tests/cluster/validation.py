"""What the API server refuses in built-in kinds, as far as the recordings show it.

Pure functions: an object (and the one of before) to causes, in the real server's words and
order. Rules of Jobs stand in ``validation_jobs``, of pods' templates in ``validation_pods``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from . import validation_jobs, validation_pods
from .kinds import Resource
from .status import Cause, Object

#: Bytes of all annotations, and of a ConfigMap's or Secret's decoded data.
ANNOTATIONS, DATA = 262_144, 1_048_576
SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
INVALID = "FieldValueInvalid"
#: Names that RBAC takes: any path segment.
FREE_NAMES = {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}


def of_metadata(resource: Resource, obj: Object) -> list[Cause]:
    metadata = obj["metadata"]
    return [
        *_name(resource, str(metadata.get("name") or "")),
        *_labels(metadata.get("labels") or {}),
        *_annotations(metadata.get("annotations") or {}),
        *_owners(metadata.get("ownerReferences") or []),
    ]


def of_new(resource: Resource, obj: Object) -> list[Cause]:
    if resource.id == "jobs.batch":
        return validation_jobs.of_new(obj)
    if resource.id == "pods":
        return validation_pods.of_spec(obj["spec"], "spec")
    if resource.id in {"configmaps", "secrets"}:
        return _size(obj)
    return []


def of_other_uid(resource: Resource, obj: Object, uid: str) -> list[Cause]:
    """A change that names another uid."""
    said = f'Invalid value: "{uid}": field is immutable'
    found = [Cause("metadata.uid", INVALID, said)]
    if resource.id == "jobs.batch":
        found += [*validation_jobs.of_other_uid(obj, uid), *found]
    return found


def of_change(resource: Resource, obj: Object, was: Object) -> list[Cause]:
    if resource.id == "jobs.batch":
        return validation_jobs.of_change(obj, was)
    if resource.id in {"configmaps", "secrets"}:
        return [*_immutable(obj, was), *_size(obj)]
    if resource.id == "pods":
        return validation_pods.of_change(obj, was)
    return []


def warnings(resource: Resource, obj: Object) -> list[str]:
    """Texts of ``Warning`` headers of a new object."""
    if resource.id == "jobs.batch":
        spec = obj["spec"]["template"]["spec"]
        found = validation_pods.warnings(spec, "spec.template.spec")
        return [*validation_jobs.warnings(obj), *found]
    if resource.id == "pods":
        return validation_pods.warnings(obj["spec"], "spec")
    return []


def _name(resource: Resource, name: str) -> list[Cause]:
    path = "metadata.name"
    if not name:
        said = "Required value: name or generateName is required"
        return [Cause(path, "FieldValueRequired", said)]
    if resource.plural in FREE_NAMES or (resource.custom and resource.group == ""):
        return []
    if resource.id == "services":
        return _matches(path, name, LABEL_1035, "a DNS-1035 label", 63)
    if resource.id == "namespaces":
        return _matches(path, name, LABEL, "a lowercase RFC 1123 label", 63)
    return _matches(path, name, SUBDOMAIN, "a lowercase RFC 1123 subdomain", 253)


def _matches(path: str, text: str, pattern: str, what: str, most: int) -> list[Cause]:
    found = []
    if len(text) > most:
        said = f'Invalid value: "{text}": must be no more than {most} bytes'
        found.append(Cause(path, INVALID, said))
    if not re.fullmatch(pattern, text):
        said = f"Invalid value: \"{text}\": {what} {HELP[pattern]} '{pattern}')"
        found.append(Cause(path, INVALID, said))
    return found


HELP = {
    SUBDOMAIN: (
        "must consist of lower case alphanumeric characters, '-' or '.', and must start and end"
        " with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    ),
    LABEL: (
        "must consist of lower case alphanumeric characters or '-', and must start and end with an"
        " alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    ),
    LABEL_1035: (
        "must consist of lower case alphanumeric characters or '-', start with an alphabetic"
        " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex"
        " used for validation is"
    ),
}


def _labels(labels: Object) -> list[Cause]:
    found = []
    for _, value in sorted(labels.items()):
        if len(str(value)) > 63:
            said = f'Invalid value: "{value}": must be no more than 63 bytes'
            found.append(Cause("metadata.labels", INVALID, said))
        elif not re.fullmatch(VALUE, str(value)):
            said = (
                f'Invalid value: "{value}": a valid label must be an empty string or consist of'
                " alphanumeric characters, '-', '_' or '.', and must start and end with an"
                " alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used"
                f" for validation is '{VALUE}')"
            )
            found.append(Cause("metadata.labels", INVALID, said))
    return found


def _annotations(annotations: Object) -> list[Cause]:
    if sum(len(k) + len(str(v)) for k, v in annotations.items()) <= ANNOTATIONS:
        return []
    said = f"Too long: may not be more than {ANNOTATIONS} bytes"
    return [Cause("metadata.annotations", "FieldValueTooLong", said)]


def _owners(owners: list[Object]) -> list[Cause]:
    said = 'Invalid value: "": must not be empty'
    found = [
        Cause(f"metadata.ownerReferences.{field}", INVALID, said)
        for owner in owners
        for field in ("kind", "name", "uid")
        if not owner.get(field)
    ]
    controllers = [
        f"{owner['kind']}/{owner['name']}" for owner in owners if owner.get("controller")
    ]
    if len(controllers) > 1:
        text = json.dumps(owners, separators=(",", ":"))
        said = f"Invalid value: {text}: Only one reference can have Controller set to true. Found"
        said += f' "true" in references for {controllers[0]} and {controllers[1]}'
        found.append(Cause("metadata.ownerReferences", INVALID, said))
    return found


def _size(obj: Object) -> list[Cause]:
    total = sum(_decoded(value) for value in (obj.get("binaryData") or {}).values())
    if obj.get("type") is None:
        total += sum(len(str(value).encode()) for value in (obj.get("data") or {}).values())
    else:
        total += sum(_decoded(value) for value in (obj.get("data") or {}).values())
    if total <= DATA:
        return []
    path = "[]" if obj.get("type") is None else "data"
    said = f"Too long: may not be more than {DATA} bytes"
    return [Cause(path, "FieldValueTooLong", said)]


def _decoded(text: str) -> int:
    try:
        return len(base64.b64decode(text))
    except (binascii.Error, ValueError):
        return len(text)


def _immutable(obj: Object, was: Object) -> list[Cause]:
    if not was.get("immutable"):
        return []
    said = "Forbidden: field is immutable when `immutable` is set"
    fields = ("immutable", "data", "binaryData")
    return [
        Cause(field, "FieldValueForbidden", said)
        for field in fields
        if obj.get(field) != was.get(field)
    ]
