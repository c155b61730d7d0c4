"""Field validation of a write: unknown fields refused, warned of, or dropped in silence.

Strict, Warn (the default) and Ignore, as the query's ``fieldValidation`` says. What is
unknown, ``schemas`` knows.
"""

from __future__ import annotations

from .calls import Call
from .server import Server
from .status import Object, bad_request


def check(server: Server, call: Call, obj: Object, twice: list[str]) -> None:
    """Drop unknown fields from the object; refuse or warn as the call wants it."""
    resource = call.served
    prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a '
    prefix += f"{resource.kind}: "
    findings = server.registry.schemas.clean(resource, obj)
    if findings.wrong_type:
        raise bad_request(prefix + findings.wrong_type)
    said = [f'duplicate field "{path}"' for path in twice]
    said += [f'unknown field "{path}"' for path in findings.unknown]
    mode = call.query.get("fieldValidation") or "Warn"
    if said and mode == "Strict":
        raise bad_request(f"{prefix}strict decoding error: {', '.join(said)}")
    if mode == "Warn":
        for text in said:
            call.warn(text)
