"""Words that only some may see, and every route that shows something.

A project is filled with marked words; then each person reads every route. What they came by
must be exactly what their role shows. It kills any mutant that withholds by one route what
it tells by another.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.modes("embedded", "service", "connected")

SOURCE, OUTPUT, FILE = "source-6f1", "output-6f1", "filename-6f1"
SECRET, VALUE, SPEC = "SECRET_6F1", "value-6f1-value", "spec-6f1"
LOG, REASON, DRAFT = "printed-6f1", "emergency-6f1", "draft-6f1"
EVERY = {SOURCE, OUTPUT, FILE, SECRET, VALUE, SPEC, LOG, REASON, DRAFT}
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "execution_count": 1,
            "source": f"print('{SOURCE}')",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": OUTPUT}],
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
PATH = f"vision/{FILE}.ipynb"


@pytest.fixture
def filled(people, finished):
    """Bob edits, carol views, dave is signed in, eve edited once, root-admin looks after it."""

    async def make(visibility: str) -> str:
        alice = people("alice")
        for name in ("bob", "carol", "dave", "eve", "root-admin"):
            await people(name)("GET", "/me")
        await alice("POST", "/projects", {"name": "vision", "visibility": visibility})
        for name, role in (("bob", "editor"), ("carol", "viewer"), ("eve", "editor")):
            await alice("PUT", f"/projects/vision/grants/user:{name}", {"role": role})
        model = {"type": "notebook", "format": "json", "content": NOTEBOOK, "message": DRAFT}
        assert (await alice("PUT", f"/contents/{PATH}", model)).status == 201
        secret = f"/projects/vision/secrets/{SECRET}"
        assert (await alice("PUT", secret, {"value": VALUE})).status == 200
        packed = await alice("POST", "/bundles", {"folder": "", "project": "vision"})
        command = ["sh", "-c", f"echo {LOG} ${SECRET} # {SPEC}"]
        spec = {"command": command, "bundle": packed.json["sha256"], "secrets": [SECRET]}
        job = (await alice("POST", "/projects/vision/jobs", spec)).json["id"]
        assert (await finished(alice, job))["state"] == "succeeded"
        await alice("DELETE", "/projects/vision/grants/user:eve")
        glass = {"reason": f"because of {REASON}", "minutes": 1}
        admin = people("root-admin")
        assert (await admin("POST", "/projects/vision/break-glass", glass)).status == 201
        assert (await admin("DELETE", "/projects/vision/break-glass")).status == 204
        return job

    return make


@pytest.fixture
def learned(people):
    """``await learned("bob", job)``: the marked words that bob comes by."""

    async def ask(name: str, job: str) -> set[str]:
        person = people(name)
        found = b""
        for path in _routes(job):
            answer = await person("GET", path)
            found += answer.body + str(answer.headers).encode()
        versions = await person("GET", f"/contents/{PATH}/checkpoints")
        if versions.status == 200:
            only = versions.json[0]["id"]
            between = f"/projects/vision/versions/{FILE}.ipynb?from={only}&to={only}"
            for path in (between, f"/files/{PATH}?version={only}"):
                found += (await person("GET", path)).body
        return {word for word in EVERY if word.encode() in found}

    return ask


def _routes(job: str) -> list[str]:
    project = "/projects/vision"
    return [
        *("/me", "/users", "/teams", "/projects", "/audit", "/engines", "/contents"),
        *(project, f"{project}/jobs", f"{project}/jobs?text=spec", f"{project}/jobs?tag=x"),
        *(f"{project}/grants", f"{project}/secrets", f"{project}/trash", "/contents/vision"),
        *(f"/contents/{PATH}", f"/contents/{PATH}?content=0&hash=1", f"/files/{PATH}"),
        *(f"/contents/{PATH}/checkpoints", f"{project}/exports/{FILE}.ipynb"),
        *(f"/jobs/{job}", f"/jobs/{job}/logs", f"/jobs/{job}/metrics", f"/jobs/{job}/artifacts"),
        *("/audit?project=vision", f"/audit?object={SECRET}", "/audit?action=secret.put"),
    ]


class TestWhatSomebodyComesBy:
    @pytest.mark.parametrize("visibility", ["private", "internal"])
    async def test_is_what_their_role_shows(self, filled, learned, visibility):
        job = await filled(visibility)
        inside = {SOURCE, OUTPUT, FILE, DRAFT}
        reader = {SOURCE, FILE, DRAFT} if visibility == "internal" else set()
        expected = {
            "alice": EVERY - {VALUE},
            "bob": inside | {SECRET, SPEC, LOG},
            "carol": inside,
            "dave": reader,
            "eve": reader,
        }
        found = {name: await learned(name, job) for name in expected}
        assert found == expected

    async def test_of_an_admin_is_the_log_of_events_and_no_content(self, filled, learned):
        job = await filled("private")
        assert await learned("root-admin", job) == {FILE, REASON}

    async def test_of_an_internal_reader_is_not_which_jobs_ran_a_version(self, filled, people):
        job = await filled("internal")
        path = f"/contents/{PATH}/checkpoints"
        assert (await people("carol")("GET", path)).json[0]["jobs"] == [job]
        assert (await people("dave")("GET", path)).json[0]["jobs"] == []
