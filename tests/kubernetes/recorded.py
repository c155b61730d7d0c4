"""What a real cluster said, by what it is about: texts for the tests of diagnosis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[1] / "cluster" / "recordings"
FILES = (
    "scheduling",
    "quota-limits-podsecurity",
    "container-states",
    "job-conditions",
    "node-loss",
)


@cache
def exchanges(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDINGS / f"{name}.json").read_text())["exchanges"]
    return found


def within(thing: Any) -> Iterator[dict[str, Any]]:
    """Every object anywhere in it."""
    if isinstance(thing, dict):
        yield thing
    for child in thing.values() if isinstance(thing, dict) else thing:
        if isinstance(child, dict | list):
            yield from within(child)


def objects() -> Iterator[dict[str, Any]]:
    for name in FILES:
        yield from within(exchanges(name))


def events(reason: str) -> list[str]:
    """The messages of all events of that reason, each once."""
    found = (o["message"] for o in objects() if o.get("reason") == reason and o.get("message"))
    return sorted(set(found))


def unschedulable() -> list[str]:
    return sorted({o["message"] for o in objects() if o.get("reason") == "Unschedulable"})


def states(kind: str) -> list[dict[str, Any]]:
    """All container states ``waiting`` or ``terminated``, each once."""
    found = (o[kind] for o in objects() if isinstance(o.get(kind), dict))
    unique = {json.dumps(state, sort_keys=True): state for state in found}
    return [unique[key] for key in sorted(unique)]


def container(note: str) -> dict[str, Any]:
    """The exchange of container-states.json whose note begins like this."""
    return next(e for e in exchanges("container-states") if e["note"].startswith(note))
