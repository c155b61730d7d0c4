"""The history of a project's file: every version, who and when, restored, named, thinned."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import sqlalchemy
from nbformat.v4 import new_code_cell, new_notebook, new_output

from submarine_ext.reconcile.thin import Thinner

HOME = "/contents/default"


def text(content: str) -> dict:
    return {"type": "file", "format": "text", "content": content}


def notebook(source: str, output: str) -> dict:
    cell = new_code_cell(source, id="one", outputs=[new_output("stream", text=output)])
    return {"type": "notebook", "format": "json", "content": new_notebook(cells=[cell])}


async def saved(call, path: str, *contents: str) -> list[dict]:
    for content in contents:
        answer = await call("PUT", f"{HOME}/{path}", text(content))
        assert answer.status in (200, 201), answer.body
    return (await call("GET", f"{HOME}/{path}/checkpoints")).json


async def events(site, action: str) -> list[dict]:
    services = await site.services()
    return await services.documents._store.read(
        lambda tx: [
            row._asdict()
            for row in tx.execute(
                sqlalchemy.text(
                    "SELECT actor, action, kind, object, data, before, after FROM events"
                    " WHERE action = :action ORDER BY seq"
                ),
                {"action": action},
            )
        ]
    )


class TestEverySave:
    async def test_is_a_version_with_its_author_and_time(self, call, site):
        versions = await saved(call, "a.txt", "one", "two")
        assert [(v["author"], v["kind"], v["current"], v["size"]) for v in versions] == [
            (site.owner, "saved", False, 3),
            (site.owner, "saved", True, 3),
        ]
        assert versions[0]["last_modified"] < versions[1]["last_modified"]
        assert versions[1]["base"] == versions[0]["etag"]
        assert versions[1]["jobs"] == []

    async def test_tells_who_follows_the_project_and_the_audit(self, call, site):
        first, second = await saved(call, "a.txt", "one", "two")
        _, row = await events(site, "file.save")
        assert (row["kind"], row["object"]) == ("file", "a.txt")
        assert row["data"] == (
            f'{{"path":"a.txt","etag":"{second["etag"]}","version":"{second["id"]}",'
            f'"author":"{site.owner}","kind":"saved"}}'
        )
        assert row["before"] == f'{{"etag":"{first["etag"]}","version":"{first["id"]}"}}'
        assert row["after"] == f'{{"etag":"{second["etag"]}","version":"{second["id"]}"}}'

    async def test_by_a_kernel_is_found_when_somebody_looks(self, call, site):
        await saved(call, "a.txt", "one")
        (site.configured.root / "projects/default/a.txt").write_text("by a kernel")
        versions = (await call("GET", f"{HOME}/a.txt/checkpoints")).json
        assert [(v["kind"], v["author"], v["current"]) for v in versions][1:] == [
            ("found", "submarine", True)
        ]

    async def test_over_what_a_kernel_wrote_keeps_that(self, call, site):
        await saved(call, "a.txt", "one")
        (site.configured.root / "projects/default/a.txt").write_text("by a kernel")
        versions = await saved(call, "a.txt", "two")
        assert [v["kind"] for v in versions] == ["saved", "found", "saved"]
        found = await call("GET", f"/files/default/a.txt?version={versions[1]['id']}")
        assert found.body == b"by a kernel"


class TestRestoring:
    async def test_makes_a_new_version_of_an_old_one(self, call):
        first, _ = await saved(call, "a.txt", "one", "two")
        assert (await call("POST", f"{HOME}/a.txt/checkpoints/{first['id']}", {})).status == 204
        versions = (await call("GET", f"{HOME}/a.txt/checkpoints")).json
        assert [(v["kind"], v["current"]) for v in versions] == [
            ("saved", False),
            ("saved", False),
            ("restored", True),
        ]
        assert (await call("GET", f"{HOME}/a.txt")).json["content"] == "one"

    async def test_of_a_version_of_another_file_is_refused(self, call):
        [other] = await saved(call, "b.txt", "b")
        await saved(call, "a.txt", "one")
        answer = await call("POST", f"{HOME}/a.txt/checkpoints/{other['id']}", {})
        assert answer.status == 404
        assert (await call("GET", f"/files/default/a.txt?version={other['id']}")).status == 404


class TestNames:
    async def test_are_given_to_the_current_version_or_to_any(self, call):
        first, _ = await saved(call, "a.txt", "one", "two")
        named = await call("POST", f"{HOME}/a.txt/checkpoints", {"message": "now"})
        assert (named.status, named.json["message"], named.json["current"]) == (201, "now", True)
        path = f"{HOME}/a.txt/checkpoints/{first['id']}"
        assert (await call("PATCH", path, {"message": "first"})).json["message"] == "first"
        assert (await call("PATCH", path, {"message": None})).json["message"] is None

    async def test_stay_when_jupyterlab_makes_its_checkpoint(self, call):
        await saved(call, "a.txt", "one")
        await call("POST", f"{HOME}/a.txt/checkpoints", {"message": "now"})
        again = await call("POST", f"{HOME}/a.txt/checkpoints", {})
        assert again.json["message"] == "now"


class TestPurging:
    async def test_takes_a_version_that_nobody_needs(self, call):
        first, second = await saved(call, "a.txt", "one", "two")
        assert (await call("DELETE", f"{HOME}/a.txt/checkpoints/{first['id']}")).status == 204
        current = await call("DELETE", f"{HOME}/a.txt/checkpoints/{second['id']}")
        assert current.status == 409
        assert len((await call("GET", f"{HOME}/a.txt/checkpoints")).json) == 1

    async def test_is_for_owners(self, people):
        alice, carol = people("alice"), people("carol")
        await carol("GET", "/me")
        await alice("PUT", "/contents/alice/a.txt", text("one"))
        await alice("PUT", "/contents/alice/a.txt", text("two"))
        await alice("PUT", "/projects/alice/grants/user:carol", {"role": "editor"})
        [first, _] = (await carol("GET", "/contents/alice/a.txt/checkpoints")).json
        path = f"/contents/alice/a.txt/checkpoints/{first['id']}"
        assert (await carol("DELETE", path)).status == 403
        assert (await alice("DELETE", path)).status == 204

    async def test_never_takes_what_a_job_ran(self, call, submitted):
        first, _ = await saved(call, "a.py", "print(1)", "print(2)")
        packed = await call("POST", "/bundles", {"folder": "", "project": "default"})
        job = await submitted("true", bundle=packed.json["sha256"])
        assert job["versions"] == {"a.py": str(int(first["id"]) + 1)}
        await saved(call, "a.py", "print(3)")
        ran = f"{HOME}/a.py/checkpoints/{job['versions']['a.py']}"
        assert (await call("DELETE", ran)).status == 409
        await call("DELETE", f"{HOME}/a.py")
        assert (await call("DELETE", "/projects/default/trash/a.py")).status == 409
        await call("DELETE", f"/jobs/{job['id']}")
        assert (await call("DELETE", "/projects/default/trash/a.py")).status == 204


class TestAProjectThatKeepsNoOutputs:
    async def test_has_versions_without_them(self, call, site):
        settings = {"settings": {"version_outputs": False}}
        assert (await call("PATCH", "/projects/default", settings)).status == 200
        await call("PUT", f"{HOME}/a.ipynb", notebook("1", "OUTPUT ONE"))
        ran = await call("PUT", f"{HOME}/a.ipynb", notebook("1", "OUTPUT TWO"))
        assert b"OUTPUT TWO" in (await call("GET", f"{HOME}/a.ipynb")).body
        [only] = (await call("GET", f"{HOME}/a.ipynb/checkpoints")).json
        assert (only["current"], f'"{only["etag"]}"') == (True, ran.headers["ETag"])
        kept = (await call("GET", f"/files/default/a.ipynb?version={only['id']}")).body
        assert b"OUTPUT" not in kept
        for blob in (site.configured.root / "projects/.blobs").glob("??/*"):
            assert b"OUTPUT" not in blob.read_bytes()

    async def test_still_refuses_who_is_late(self, call):
        await call("PATCH", "/projects/default", {"settings": {"version_outputs": False}})
        first = await call("PUT", f"{HOME}/a.ipynb", notebook("1", "ONE"))
        await call("PUT", f"{HOME}/a.ipynb", notebook("1", "TWO"))
        headers = {"If-Match": first.headers["ETag"]}
        late = await call("PUT", f"{HOME}/a.ipynb", notebook("2", ""), headers=headers)
        assert late.status == 412


class TestThinning:
    async def test_removes_versions_and_then_blobs_that_nobody_names(self, call, site):
        versions = await saved(call, "a.txt", "one", "two", "three", "four")
        await call("PATCH", f"{HOME}/a.txt/checkpoints/{versions[0]['id']}", {"message": "keep"})
        services = await site.services()
        blobs = site.configured.root / "projects/.blobs"
        left = blobs / ".receiving-abc.1.3"
        left.write_text("abc")
        for path in (left, *blobs.glob("??/*")):
            os.utime(path, (0, 0))
        later = datetime.now(UTC) + timedelta(days=200)
        files = services.documents._files
        await Thinner(services.documents._store, files, clock=lambda: later).turn()
        kept = (await call("GET", f"{HOME}/a.txt/checkpoints")).json
        assert [v["id"] for v in kept] == [versions[0]["id"], versions[3]["id"]]
        assert not left.exists()
        assert {p.name for p in blobs.glob("??/*")} == {versions[0]["etag"], versions[3]["etag"]}

    async def test_leaves_what_may_be_about_to_be_named(self, site, call):
        await saved(call, "a.txt", "one")
        services = await site.services()
        files = services.documents._files
        fresh = files.blobs.put(b"not yet named")
        await Thinner(services.documents._store, files).turn()
        with files.blobs.open(fresh) as blob:
            assert blob.read() == b"not yet named"


class TestABundleOfAProject:
    async def test_records_what_lies_there_as_versions(self, call, site):
        folder = site.configured.root / "projects/default/sub"
        await call("PUT", f"{HOME}/sub", {"type": "directory"})
        (folder / "a.py").write_text("print(1)")
        (folder / ".gitignore").write_text("data")
        (folder / "data").write_text("x")
        packed = await call("POST", "/bundles", {"folder": "sub", "project": "default"})
        assert packed.status == 201
        [version] = (await call("GET", f"{HOME}/sub/a.py/checkpoints")).json
        assert version["kind"] == "found"
        assert (await call("HEAD", f"/bundles/{packed.json['sha256']}")).status == 200
        found = [row["object"] for row in await events(site, "file.find")]
        assert sorted(found) == ["sub/.gitignore", "sub/a.py"]

    async def test_needs_the_right_to_write_and_a_folder(self, people):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"})
        body = {"folder": "", "project": "alice"}
        assert (await bob("POST", "/bundles", body)).status == 403
        missing = await alice("POST", "/bundles", {"folder": "none", "project": "alice"})
        assert (missing.status, missing.json["field"]) == (400, "folder")
