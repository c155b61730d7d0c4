"""The description is true: every route and verb is in it, and the committed copy is current."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

import pytest

from submarine_ext.api.openapi import describe, document
from submarine_ext.api.routes import BASE, PARTS, ROUTES, handlers
from submarine_ext.domain.access import Capability

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
DESCRIBED = describe(ROUTES, PARTS)
OPERATIONS = [
    (path, verb, operation)
    for path, verbs in DESCRIBED["paths"].items()
    for verb, operation in verbs.items()
]
each_operation = pytest.mark.parametrize(
    ("path", "verb", "operation"),
    OPERATIONS,
    ids=[f"{verb} {path}" for path, verb, _ in OPERATIONS],
)


def test_every_registered_route_is_described_and_nothing_else():
    registered = {pattern for pattern, handler, _ in handlers() if handler.operations}
    described = {
        BASE
        + re.sub(
            r"\{(\w+)\}",
            lambda m: f"(?P<{m[1]}>{PARTS[m[1]]})",
            re.escape(path).replace(r"\{", "{").replace(r"\}", "}"),
        )
        for path in DESCRIBED["paths"]
    }
    assert registered == described


def test_every_verb_of_every_route_is_described():
    declared = {(path, verb.lower()) for path, h in ROUTES.items() for verb in h.operations}
    assert declared == {(path, verb) for path, verb, _ in OPERATIONS}


@each_operation
def test_an_operation_says_which_capability_it_needs(path, verb, operation):
    assert operation["x-capability"] in set(Capability)
    assert operation["summary"], "its docstring"


@each_operation
def test_an_operation_describes_its_problems(path, verb, operation):
    default = operation["responses"]["default"]["content"]["application/problem+json"]
    assert default["schema"] == {"$ref": "#/components/schemas/Problem"}
    if operation["x-capability"] != "public":
        assert {"400", "403", "404", "503"} <= operation["responses"].keys()


@each_operation
def test_an_operation_describes_the_parts_of_its_path(path, verb, operation):
    named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", path))


def test_operation_ids_are_unique():
    ids = [operation["operationId"] for *_, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere():
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DESCRIBED)))
    assert wanted <= DESCRIBED["components"]["schemas"].keys()


def test_the_committed_copy_is_current():
    """Made anew by ``python -m submarine_ext.api > docs/reference/openapi.json``."""
    committed = json.loads(COMMITTED.read_bytes())
    current = json.loads(document(ROUTES, PARTS))
    committed["info"].pop("version"), current["info"].pop("version")
    assert [*_differences(committed, current)] == []


def _differences(committed, current):
    """The lines that differ: the whole document would bury them."""
    lines = [
        json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (committed, current)
    ]
    return difflib.unified_diff(*lines, "committed", "current", lineterm="", n=1)
