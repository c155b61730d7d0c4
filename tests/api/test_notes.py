"""Zeppelin notes over HTTP: they come in as notebooks of a project, and go out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

BIKES = Path(__file__).parents[1] / "unit" / "zeppelin" / "bikes.zpln"


@pytest.fixture
def bikes() -> dict[str, Any]:
    return json.loads(BIKES.read_text())


async def imported(person, note: dict[str, Any], path: str = "bikes.ipynb", project="default"):
    return await person("POST", f"/projects/{project}/imports", {"path": path, "note": note})


class TestAnImport:
    async def test_is_a_notebook_of_the_project_with_a_version(self, call, bikes):
        answer = await imported(call, bikes, "from zeppelin/bikes.ipynb")
        assert answer.status == 201, answer.body
        assert (answer.json["kind"], answer.json["current"]) == ("imported", True)
        model = (await call("GET", "/contents/default/from%20zeppelin/bikes.ipynb")).json
        nbformat.validate(model["content"])
        assert model["content"]["cells"][0]["source"].startswith("# Bike rentals")

    async def test_replaces_nothing(self, call, bikes):
        mine = {"type": "file", "format": "text", "content": "mine"}
        await call("PUT", "/contents/default/bikes.ipynb", mine)
        before = (await call("GET", "/contents/default/bikes.ipynb/checkpoints")).json
        answer = await imported(call, bikes)
        assert (answer.status, answer.json["code"]) == (409, "conflict")
        assert (await call("GET", "/files/default/bikes.ipynb")).body == b"mine"
        assert (await call("GET", "/contents/default/bikes.ipynb/checkpoints")).json == before

    async def test_of_a_note_with_a_known_id_changes_no_other_notebook(self, call, bikes):
        first = await imported(call, bikes, "one.ipynb")
        other = {"paragraphs": [{"text": "%md\nother"}], "id": bikes["id"], "name": bikes["name"]}
        assert (await imported(call, other, "two.ipynb")).status == 201
        (version,) = (await call("GET", "/contents/default/one.ipynb/checkpoints")).json
        assert version["etag"] == first.json["etag"]

    @pytest.mark.parametrize(
        ("path", "note", "field"),
        [
            ("bikes.json", {"paragraphs": []}, "path"),
            ("../a.ipynb", {"paragraphs": []}, "path"),
            ("a.ipynb", {"paragraphs": [{}, {"text": 3}]}, "note.paragraphs[1].text"),
        ],
    )
    async def test_that_cannot_be_names_the_field(self, call, path, note, field):
        answer = await imported(call, note, path)
        assert (answer.status, answer.json["field"]) == (400, field)

    async def test_is_for_editors(self, people, bikes):
        alice, bob, carol = people("alice"), people("bob"), people("carol")
        await alice("POST", "/projects", {"name": "vision"})
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "viewer"})
        assert (await imported(bob, bikes, project="vision")).status == 403
        assert (await imported(carol, bikes, project="vision")).status == 404
        assert (await imported(alice, bikes, project="vision")).status == 201
        assert (await imported(bob, bikes, project="vision")).status == 403


class TestAnExport:
    async def test_is_the_note_again(self, call, bikes):
        await imported(call, bikes)
        answer = await call("GET", "/projects/default/exports/bikes.ipynb")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/x-zeppelin"
        assert "bikes.zpln" in answer.headers["Content-Disposition"]
        texts = [[p["text"] for p in note["paragraphs"]] for note in (answer.json, bikes)]
        assert texts[0] == texts[1]
        assert answer.json["id"] == bikes["id"]

    async def test_of_another_file_says_why_not(self, call):
        body = {"type": "file", "format": "text", "content": "x"}
        await call("PUT", "/contents/default/a.txt", body)
        answer = await call("GET", "/projects/default/exports/a.txt")
        assert (answer.status, answer.json["field"]) == (400, "path")

    async def test_gives_internal_readers_no_results(self, people, bikes):
        alice, carol = people("alice"), people("carol")
        await alice("POST", "/projects", {"name": "vision", "visibility": "internal"})
        bikes["paragraphs"][1]["results"]["msg"][0]["data"] = "CANARY"
        assert (await imported(alice, bikes, project="vision")).status == 201
        answer = await carol("GET", "/projects/vision/exports/bikes.ipynb")
        assert answer.status == 200, answer.body
        assert b"CANARY" not in answer.body
        assert b"CANARY" in (await alice("GET", "/projects/vision/exports/bikes.ipynb")).body
