"""Reads what API objects say, whatever is missing in them.

Objects come from a cluster whose version and controllers nobody here chose, so nothing is
taken for granted: absent, null and of another type all read as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from submarine_ext.engines.kubernetes.kinds.base import Object


def part(thing: Any, *path: str) -> Object:
    """An object within an object; empty where there is none."""
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing if isinstance(thing, dict) else {}


def items(thing: Any, *path: str) -> list[Object]:
    """A list of objects within an object."""
    found = part(thing, *path[:-1]).get(path[-1])
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(thing: Object, name: str) -> str:
    """A text of an object; empty where there is none."""
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def moment(value: Any) -> float | None:
    """A time of the API (RFC 3339) in epoch seconds."""
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (OverflowError, TypeError, ValueError):
        return None


def condition(thing: Object, kind: str, *, status: str = "True") -> Object | None:
    """The condition of that type, where its status is that."""
    found = (c for c in items(thing, "status", "conditions") if c.get("type") == kind)
    return next((c for c in found if c.get("status") == status), None)


def about(events: list[Object], thing: Object) -> Iterator[Object]:
    """Events about an object, the newest first. Names come back; uids don't."""
    uid = text(part(thing, "metadata"), "uid")
    for event in reversed(events):
        if text(part(event, "involvedObject"), "uid") == uid:
            yield event


def containers(pod: Object) -> list[Object]:
    """Statuses of the containers in the order in which they begin."""
    return items(pod, "status", "initContainerStatuses") + items(pod, "status", "containerStatuses")


def waiting(pod: Object) -> Object:
    """What the first container that does not run waits for (``reason``, ``message``)."""
    states = (part(status, "state", "waiting") for status in containers(pod))
    return next((state for state in states if state), {})


def terminated(pod: Object) -> Object:
    """How the first container that failed ended, else the first that ended at all."""
    statuses = containers(pod)
    ends = [part(s, "state", "terminated") or part(s, "lastState", "terminated") for s in statuses]
    found = [end for end in ends if end]
    return next((end for end in found if end.get("exitCode")), found[0] if found else {})


def phase(pod: Object) -> str:
    """``Pending``, ``Running``, ``Succeeded``, ``Failed`` or ``Unknown``."""
    return text(part(pod, "status"), "phase")
