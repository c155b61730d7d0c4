"""The project drive over HTTP: Jupyter's contents API, as JupyterLab's Drive speaks it."""

from __future__ import annotations

import base64
import hashlib

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

HOME = "/contents/default"


def text(content: str, **more) -> dict:
    return {"type": "file", "format": "text", "content": content, **more}


def etag_of(content: str) -> str:
    return '"' + hashlib.sha256(content.encode()).hexdigest() + '"'


def notebook(*sources: str) -> dict:
    cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    return {"type": "notebook", "format": "json", "content": new_notebook(cells=cells)}


async def saved(call, path: str, content: str = "one") -> dict:
    answer = await call("PUT", f"{HOME}/{path}", text(content))
    assert answer.status in (200, 201), answer.body
    return answer.json


class TestTheRoot:
    async def test_shows_projects_as_folders(self, call):
        root = (await call("GET", "/contents?content=1&hash=0&contentProviderId=undefined")).json
        assert (root["type"], root["path"], root["writable"]) == ("directory", "", False)
        assert [(f["path"], f["type"], f["writable"]) for f in root["content"]] == [
            ("default", "directory", True)
        ]

    async def test_shows_only_projects_whose_files_may_be_read(self, people):
        alice, bob = people("alice"), people("bob")
        await alice("GET", "/me")
        names = [f["path"] for f in (await bob("GET", "/contents")).json["content"]]
        assert names == ["bob"]


class TestAFile:
    async def test_comes_back_as_it_was_saved_with_the_hash_of_its_bytes(self, call):
        made = await call("PUT", f"{HOME}/a.txt", text("häl\n"))
        assert (made.status, made.headers["ETag"]) == (201, etag_of("häl\n"))
        got = await call("GET", f"{HOME}/a.txt?content=1&hash=1&type=file&format=text")
        assert got.headers["ETag"] == etag_of("häl\n")
        model = got.json
        assert (model["content"], model["format"], model["mimetype"]) == (
            "häl\n",
            "text",
            "text/plain",
        )
        assert (model["path"], model["name"]) == ("default/a.txt", "a.txt")
        assert (model["hash_algorithm"], f'"{model["hash"]}"') == ("sha256", etag_of("häl\n"))

    async def test_lies_in_the_projects_folder_for_kernels(self, call, site):
        await saved(call, "sub/deep/a.txt")
        folder = site.configured.root / "projects" / "default"
        assert (folder / "sub/deep/a.txt").read_text() == "one"
