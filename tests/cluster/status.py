"""The answers that refuse: Kubernetes ``Status`` objects, and the few that are plain text.

Every refusal of the fake is raised as :class:`Refused` and turned into HTTP in one place
(``serving``). Knows nothing of storage or HTTP libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


@dataclass
class Refused(Exception):
    """A request that is not done: its HTTP status, and a ``Status`` body or plain text."""

    code: int
    body: Object | None = None
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {self.reason}: {self.message}"

    @property
    def reason(self) -> str:
        return str((self.body or {}).get("reason", ""))

    @property
    def message(self) -> str:
        return str((self.body or {}).get("message", self.text))


@dataclass(frozen=True)
class Cause:
    """One fault of an invalid object: ``details.causes`` and a part of the message."""

    field: str
    reason: str
    message: str

    @property
    def text(self) -> str:
        return f"{self.field}: {self.message}"

    @property
    def body(self) -> Object:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def failure(
    code: int, reason: str, message: str, details: Object | None = None, **headers: str
) -> Refused:
    """A ``Status`` of failure; header names come with ``_`` for ``-``."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body["message"] = message
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return Refused(code, body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def about(group: str, kind: str, name: str = "", **more: Any) -> Object:
    """``details`` in the order of the real server, without what is empty."""
    found = {"name": name, "group": group, "kind": kind, **more}
    return {key: value for key, value in found.items() if value}


def qualified(group: str, plural: str) -> str:
    """``jobs.batch``; ``pods`` in the core group."""
    return f"{plural}.{group}" if group else plural


def bad_request(message: str) -> Refused:
    return failure(400, "BadRequest", message)


def not_found(group: str, plural: str, name: str) -> Refused:
    message = f'{qualified(group, plural)} "{name}" not found'
    return failure(404, "NotFound", message, about(group, plural, name))


def no_page() -> Refused:
    """A group, version or resource that is not served: plain text, no ``Status``."""
    return Refused(404, text="404 page not found\n")


def no_resource() -> Refused:
    message = "the server could not find the requested resource"
    return failure(404, "NotFound", message, {})


def already_exists(group: str, plural: str, name: str, *, ending: bool = False) -> Refused:
    message = f'{qualified(group, plural)} "{name}" already exists'
    if ending:
        message = f"object is being deleted: {message}"
    return failure(409, "AlreadyExists", message, about(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> Refused:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return failure(409, "Conflict", message, about(group, plural, name))


def modified(group: str, plural: str, name: str) -> Refused:
    why = (
        "the object has been modified; please apply your changes to the latest version"
        " and try again"
    )
    return conflict(group, plural, name, why)


def forbidden(group: str, plural: str, name: str, why: str, **more: Any) -> Refused:
    message = f'{qualified(group, plural)} "{name}" is forbidden: {why}'
    return failure(403, "Forbidden", message, about(group, plural, name, **more))


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> Refused:
    texts = list(dict.fromkeys(cause.text for cause in causes))
    said = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{qualified(group, kind)} "{name}" is invalid: {said}'
    details = about(group, kind, name, causes=[cause.body for cause in causes])
    return failure(422, "Invalid", message, details)


def unsupported(body_types: Sequence[str]) -> Refused:
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(body_types)
    )
    return failure(415, "UnsupportedMediaType", message)


def not_allowed() -> Refused:
    message = "the server does not allow this method on the requested resource"
    return failure(405, "MethodNotAllowed", message, {})


def expired(message: str) -> Refused:
    return failure(410, "Expired", message)


def field_causes(causes: Mapping[str, str], reason: str = "FieldValueInvalid") -> list[Cause]:
    """Causes of one reason: field → message."""
    return [Cause(field, reason, message) for field, message in causes.items()]
