"""The project drive over HTTP: Jupyter's contents API, as JupyterLab's Drive speaks it."""

from __future__ import annotations

import base64
import hashlib
import os
import time

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

    async def test_bytes_travel_in_base64(self, call):
        data = bytes(range(256))
        body = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        assert (await call("PUT", f"{HOME}/a.bin", body)).status == 201
        model = (await call("GET", f"{HOME}/a.bin")).json
        assert (model["format"], model["mimetype"]) == ("base64", "application/octet-stream")
        assert base64.b64decode(model["content"]) == data
        wrong = await call("GET", f"{HOME}/a.bin?format=text")
        assert (wrong.status, wrong.json["field"]) == (400, "format")

    async def test_has_no_content_where_none_is_asked_for_but_still_an_etag(self, call):
        await saved(call, "a.txt")
        answer = await call("GET", f"{HOME}/a.txt?content=0&hash=0&contentProviderId=undefined")
        assert answer.headers["ETag"] == etag_of("one")
        model = answer.json
        assert (model["content"], model["format"], model["hash"], model["size"]) == (
            None,
            None,
            None,
            3,
        )

    async def test_that_is_absent_is_like_one_that_is_hidden_or_a_link(self, call, site):
        await saved(call, "a.txt")
        folder = site.configured.root / "projects" / "default"
        (folder / ".secret").write_text("x")
        (folder / "link").symlink_to("/etc/passwd")
        bodies = {
            (await call("GET", f"{HOME}/{path}")).body for path in ("none", ".secret", "link")
        }
        assert len(bodies) == 1
        shown = [f["name"] for f in (await call("GET", HOME)).json["content"]]
        assert shown == ["a.txt"]

    async def test_with_a_hidden_name_is_refused(self, call):
        for path in (".a", "sub/.b/c"):
            answer = await call("PUT", f"{HOME}/{path}", text("x"))
            assert (answer.status, answer.json["field"]) == (400, "path")

    async def test_of_another_type_than_asked_for_is_said_to_be(self, call):
        await saved(call, "sub/a.txt")
        assert (await call("GET", f"{HOME}/sub?type=file")).json["field"] == "type"
        assert (await call("GET", f"{HOME}/sub/a.txt?type=directory")).json["field"] == "type"

    async def test_of_which_nobody_says_what_it_is_is_told_by_its_name(self, call):
        assert (await call("PUT", f"{HOME}/n.ipynb", {})).json["type"] == "notebook"
        assert (await call("PUT", f"{HOME}/n.txt", {})).json["type"] == "file"

    async def test_too_large_to_show_can_be_downloaded(self, call, site):
        folder = site.configured.root / "projects" / "default"
        await call("GET", HOME)
        with (folder / "big.bin").open("wb") as file:
            file.truncate(65 * 1024 * 1024)
        shown = await call("GET", f"{HOME}/big.bin")
        assert (shown.status, "download" in shown.json["message"]) == (413, True)
        assert (await call("GET", f"{HOME}/big.bin?content=0")).status == 200


class TestANotebook:
    async def test_is_written_as_jupyter_writes_it(self, call, site):
        await call("PUT", f"{HOME}/a.ipynb", notebook("1 + 1"))
        file = site.configured.root / "projects/default/a.ipynb"
        assert file.read_text() == nbformat.writes(nbformat.read(file, 4)) + "\n"

    async def test_of_somebody_is_not_trusted_by_anybody(self, call):
        model = notebook("1")
        model["content"]["cells"][0]["metadata"]["trusted"] = True
        await call("PUT", f"{HOME}/a.ipynb", model)
        cell = (await call("GET", f"{HOME}/a.ipynb")).json["content"]["cells"][0]
        assert cell["metadata"] == {"trusted": False}

    async def test_that_is_invalid_is_saved_with_a_message(self, call):
        model = notebook("1")
        model["content"]["cells"][0]["outputs"] = [{"output_type": "nonsense"}]
        answer = await call("PUT", f"{HOME}/a.ipynb", model)
        assert answer.status == 201
        assert "validation failed" in answer.json["message"]

    async def test_that_is_none_at_all_is_refused(self, call):
        for content in ("text", {"a": 1}, []):
            answer = await call("PUT", f"{HOME}/a.ipynb", {"type": "notebook", "content": content})
            assert (answer.status, answer.json["field"]) == (400, "content")

    async def test_may_be_longer_than_other_bodies(self, call):
        model = notebook("1")
        model["content"]["cells"][0]["outputs"] = [
            new_output("stream", text="x" * 10 * 1024 * 1024)
        ]
        assert (await call("PUT", f"{HOME}/a.ipynb", model)).status == 201
        assert (await call("PATCH", f"{HOME}/a.ipynb", {"path": "x" * 9_000_000})).status == 413


class TestAFolder:
    async def test_is_made_by_put_and_listed_without_contents(self, call):
        made = await call("PUT", f"{HOME}/sub", {"type": "directory"})
        assert (made.status, made.json["type"]) == (201, "directory")
        await saved(call, "sub/b.txt")
        await call("PUT", f"{HOME}/sub/a.ipynb", {"type": "notebook"})
        listing = (await call("GET", f"{HOME}/sub")).json
        assert (listing["format"], listing["size"]) == ("json", None)
        assert [(f["path"], f["type"], f["content"]) for f in listing["content"]] == [
            ("default/sub/a.ipynb", "notebook", None),
            ("default/sub/b.txt", "file", None),
        ]

    async def test_says_who_saved_each_file_last_where_that_is_known(self, call, site):
        me = (await call("GET", "/me")).json["user"]
        await call("PUT", f"{HOME}/sub", {"type": "directory"})
        for path in ("sub/a.txt", "sub/b.txt", "c.txt"):
            await saved(call, path)
        changed = site.configured.root / "projects/default/sub/b.txt"
        changed.write_text("by a job")
        os.utime(changed, (time.time() + 60, time.time() + 60))
        changed.with_name("d.txt").write_text("by a kernel")

        async def authors(path):
            listing = (await call("GET", path)).json["content"]
            return {each["name"]: each["author"] for each in listing}

        assert await authors(f"{HOME}/sub") == {"a.txt": me, "b.txt": None, "d.txt": None}
        assert await authors(HOME) == {"c.txt": me, "sub": None}

    async def test_gets_untitled_things_with_jupyters_names(self, call):
        paths = []
        for wanted in ({"type": "notebook"}, {"type": "notebook"}, {"type": "directory"}):
            answer = await call("POST", HOME, {**wanted, "path": "default"})
            assert answer.status == 201, answer.body
            paths.append(answer.json["path"])
        for ext in (".py", ".md"):
            body = {"type": "file", "ext": ext}
            paths.append((await call("POST", HOME, body)).json["path"])
        assert paths == [
            "default/Untitled.ipynb",
            "default/Untitled1.ipynb",
            "default/Untitled Folder",
            "default/untitled.py",
            "default/untitled.md",
        ]

    async def test_gets_copies_with_jupyters_names(self, call):
        await saved(call, "a.txt", "mine")
        await call("PUT", f"{HOME}/sub", {"type": "directory"})
        first = await call("POST", HOME, {"copy_from": "default/a.txt"})
        other = await call("POST", f"{HOME}/sub", {"copy_from": "default/a.txt"})
        assert first.json["path"] == "default/a-Copy1.txt"
        assert other.json["path"] == "default/sub/a.txt"
        assert (await call("GET", f"{HOME}/sub/a.txt")).json["content"] == "mine"

    async def test_is_copied_with_what_is_in_it(self, call):
        await saved(call, "sub/a.txt", "a")
        await saved(call, "sub/deep/b.txt", "b")
        first = await call("POST", HOME, {"copy_from": "default/sub"})
        assert (first.status, first.json["path"]) == (201, "default/sub-Copy1")
        assert (await call("GET", f"{HOME}/sub-Copy1/deep/b.txt")).json["content"] == "b"
        inside = await call("POST", f"{HOME}/sub", {"copy_from": "default/sub"})
        assert inside.json["path"] == "default/sub/sub"
        assert [f["name"] for f in (await call("GET", f"{HOME}/sub/sub")).json["content"]] == [
            "a.txt",
            "deep",
        ]

    async def test_that_is_absent_gets_nothing(self, call):
        assert (await call("POST", f"{HOME}/none", {"type": "file"})).status == 404
        assert (await call("PUT", f"{HOME}/none/sub", {"type": "directory"})).status == 404

    async def test_takes_no_file_of_its_name(self, call):
        await call("PUT", f"{HOME}/sub", {"type": "directory"})
        assert (await call("PUT", f"{HOME}/sub", text("x"))).status == 409
        await saved(call, "file")
        assert (await call("PUT", f"{HOME}/file", {"type": "directory"})).status == 409


class TestASave:
    async def test_over_the_version_that_it_was_made_from_succeeds(self, call):
        await saved(call, "a.txt", "one")
        headers = {"If-Match": etag_of("one")}
        answer = await call("PUT", f"{HOME}/a.txt", text("two"), headers=headers)
        assert (answer.status, answer.headers["ETag"]) == (200, etag_of("two"))

    async def test_that_is_late_is_kept_and_says_who_was_faster(self, call):
        await saved(call, "a.txt", "one")
        await saved(call, "a.txt", "theirs")
        headers = {"If-Match": etag_of("one")}
        answer = await call("PUT", f"{HOME}/a.txt", text("mine"), headers=headers)
        problem = answer.json
        assert (answer.status, problem["code"]) == (412, "stale")
        assert "saved a.txt meanwhile" in problem["message"]
        assert f'"{problem["etag"]}"' == etag_of("theirs")
        kept = await call("GET", f"/files/default/a.txt?version={problem['kept']}")
        current = await call("GET", f"/files/default/a.txt?version={problem['current']}")
        assert (kept.body, current.body) == (b"mine", b"theirs")
        assert (await call("GET", f"{HOME}/a.txt")).json["content"] == "theirs"

    async def test_sent_again_after_it_was_refused_is_kept_once(self, call):
        await saved(call, "a.txt", "one")
        headers = {"If-Match": etag_of("zero")}
        kept = {
            (await call("PUT", f"{HOME}/a.txt", text("mine"), headers=headers)).json["kept"]
            for _ in range(3)
        }
        assert len(kept) == 1

    async def test_of_what_somebody_deleted_is_late_as_well(self, call):
        await saved(call, "a.txt", "one")
        await call("DELETE", f"{HOME}/a.txt")
        headers = {"If-Match": etag_of("one")}
        answer = await call("PUT", f"{HOME}/a.txt", text("mine"), headers=headers)
        assert (answer.status, answer.json["current"], answer.json["etag"]) == (412, None, None)
        kept = answer.json["kept"]
        assert (await call("POST", f"{HOME}/a.txt/checkpoints/{kept}", {})).status == 204
        assert (await call("GET", f"{HOME}/a.txt")).json["content"] == "mine"

    async def test_of_what_never_was_is_late_as_well(self, call):
        headers = {"If-Match": etag_of("one")}
        answer = await call("PUT", f"{HOME}/new.txt", text("mine"), headers=headers)
        assert answer.status == 412
        kept = await call("GET", f"/files/default/new.txt?version={answer.json['kept']}")
        assert kept.body == b"mine"

    async def test_may_ask_to_create_only(self, call):
        only = {"If-None-Match": "*"}
        assert (await call("PUT", f"{HOME}/a.txt", text("1"), headers=only)).status == 201
        late = await call("PUT", f"{HOME}/a.txt", text("2"), headers=only)
        assert (late.status, late.json["code"]) == (412, "stale")

    async def test_of_the_same_bytes_is_no_new_version(self, call):
        await saved(call, "a.txt", "one")
        await saved(call, "a.txt", "one")
        headers = {"If-Match": etag_of("something else")}
        again = await call("PUT", f"{HOME}/a.txt", text("one"), headers=headers)
        assert again.status == 200
        assert len((await call("GET", f"{HOME}/a.txt/checkpoints")).json) == 1

    async def test_with_a_condition_that_is_none_is_refused(self, call):
        for name, value in (("If-Match", "abc"), ("If-Match", 'W/"a"'), ("If-None-Match", '"a"')):
            answer = await call("PUT", f"{HOME}/a.txt", text("x"), headers={name: value})
            assert (answer.status, answer.json["field"]) == (400, name)


class TestAnUploadInPieces:
    async def send(self, call, number: int, data: bytes, **more):
        content = base64.b64encode(data).decode()
        body = {"type": "file", "format": "base64", "content": content, "chunk": number}
        return await call("PUT", f"{HOME}/big.bin", body, **more)

    async def test_is_there_once_the_last_has_come(self, call):
        first = await self.send(call, 1, b"abc")
        assert (first.status, first.json["size"], first.json["path"]) == (
            201,
            3,
            "default/big.bin",
        )
        assert (await call("GET", f"{HOME}/big.bin")).status == 404
        assert (await self.send(call, 2, b"def")).json["size"] == 6
        last = await self.send(call, -1, b"ghi")
        assert (last.status, last.json["size"]) == (201, 9)
        assert (await call("GET", "/files/default/big.bin")).body == b"abcdefghi"

    async def test_is_judged_by_its_condition_at_the_last(self, call):
        await saved(call, "big.bin", "old")
        await self.send(call, 1, b"abc")
        await saved(call, "big.bin", "new")
        late = await self.send(call, -1, b"def", headers={"If-Match": etag_of("old")})
        assert late.status == 412
        kept = await call("GET", f"/files/default/big.bin?version={late.json['kept']}")
        assert kept.body == b"abcdef"

    async def test_out_of_turn_is_refused_and_begun_again(self, call):
        await self.send(call, 1, b"abc")
        assert (await self.send(call, 3, b"ghi")).status == 409
        assert (await self.send(call, -1, b"ghi")).status == 409
        await self.send(call, 1, b"abc")
        assert (await self.send(call, -1, b"d")).json["size"] == 4

    async def test_over_a_gibibyte_is_refused(self, call, site):
        (await site.services()).documents._uploads.max_bytes = 5
        await self.send(call, 1, b"abc")
        answer = await self.send(call, 2, b"def")
        assert (answer.status, "at most" in answer.json["message"]) == (413, True)


class TestRenaming:
    async def test_takes_the_history_along(self, call):
        await saved(call, "a.txt", "one")
        await saved(call, "a.txt", "two")
        answer = await call("PATCH", f"{HOME}/a.txt", {"path": "default/b.txt"})
        assert (answer.status, answer.json["path"], answer.json["name"]) == (
            200,
            "default/b.txt",
            "b.txt",
        )
        assert len((await call("GET", f"{HOME}/b.txt/checkpoints")).json) == 2
        assert (await call("GET", f"{HOME}/a.txt/checkpoints")).status == 404

    async def test_of_a_folder_takes_all_histories_along(self, call):
        await saved(call, "old/deep/a.txt")
        await saved(call, "older.txt")
        await call("PATCH", f"{HOME}/old", {"path": "default/new"})
        assert len((await call("GET", f"{HOME}/new/deep/a.txt/checkpoints")).json) == 1
        assert len((await call("GET", f"{HOME}/older.txt/checkpoints")).json) == 1

    async def test_never_overwrites(self, call):
        await saved(call, "a.txt", "a")
        await saved(call, "b.txt", "b")
        await call("PUT", f"{HOME}/sub", {"type": "directory"})
        for target in ("b.txt", "sub"):
            answer = await call("PATCH", f"{HOME}/a.txt", {"path": f"default/{target}"})
            assert answer.status == 409
        assert (await call("GET", f"{HOME}/b.txt")).json["content"] == "b"

    async def test_into_another_project_says_what_to_do(self, call):
        await saved(call, "a.txt")
        answer = await call("PATCH", f"{HOME}/a.txt", {"path": "other/a.txt"})
        assert (answer.status, answer.json["field"]) == (400, "path")
        assert "copy it there" in answer.json["message"]

    async def test_of_a_folder_into_itself_is_refused(self, call):
        await saved(call, "sub/a.txt")
        answer = await call("PATCH", f"{HOME}/sub", {"path": "default/sub/deeper"})
        assert (answer.status, answer.json["field"]) == (400, "path")


class TestTheTrash:
    async def test_holds_what_was_deleted_until_it_is_restored(self, call):
        await saved(call, "a.txt", "one")
        assert (await call("DELETE", f"{HOME}/a.txt")).status == 204
        assert (await call("GET", f"{HOME}/a.txt")).status == 404
        [item] = (await call("GET", "/projects/default/trash")).json["items"]
        assert (item["path"], item["size"]) == ("a.txt", 3)
        version = item["version"]
        assert (await call("POST", f"{HOME}/a.txt/checkpoints/{version}", {})).status == 204
        assert (await call("GET", f"{HOME}/a.txt")).json["content"] == "one"
        assert (await call("GET", "/projects/default/trash")).json["items"] == []

    async def test_takes_whole_folders(self, call, site):
        await saved(call, "sub/a.txt", "a")
        await saved(call, "sub/deep/b.txt", "b")
        (site.configured.root / "projects/default/sub/found.txt").write_text("by a kernel")
        assert (await call("DELETE", f"{HOME}/sub")).status == 204
        items = (await call("GET", "/projects/default/trash")).json["items"]
        assert {item["path"] for item in items} == {"sub/a.txt", "sub/deep/b.txt", "sub/found.txt"}
        for item in items:
            path, version = item["path"], item["version"]
            answer = await call("POST", f"{HOME}/{path}/checkpoints/{version}", {})
            assert answer.status == 204
        assert (await call("GET", f"{HOME}/sub/found.txt")).json["content"] == "by a kernel"

    async def test_restores_nothing_over_another_file(self, call):
        await saved(call, "a.txt", "old")
        await call("DELETE", f"{HOME}/a.txt")
        [item] = (await call("GET", "/projects/default/trash")).json["items"]
        await saved(call, "a.txt", "new")
        answer = await call("POST", f"{HOME}/a.txt/checkpoints/{item['version']}", {})
        assert answer.status == 409
        assert (await call("GET", f"{HOME}/a.txt")).json["content"] == "new"

    async def test_deletes_for_good(self, call):
        await saved(call, "a.txt", "old")
        version = (await call("GET", f"{HOME}/a.txt/checkpoints")).json[0]["id"]
        await call("DELETE", f"{HOME}/a.txt")
        assert (await call("DELETE", "/projects/default/trash/a.txt")).status == 204
        assert (await call("DELETE", "/projects/default/trash/a.txt")).status == 404
        assert (await call("GET", f"/files/default/a.txt?version={version}")).status == 404

    async def test_holds_what_a_kernel_removed(self, call, site):
        await saved(call, "a.txt", "one")
        (site.configured.root / "projects/default/a.txt").unlink()
        [item] = (await call("GET", "/projects/default/trash")).json["items"]
        assert (item["path"], item["by"]) == ("a.txt", "submarine")

    async def test_refuses_what_somebody_saved_meanwhile(self, call):
        await saved(call, "a.txt", "one")
        answer = await call("DELETE", f"{HOME}/a.txt", headers={"If-Match": etag_of("zero")})
        assert answer.status == 412


class TestADownload:
    async def test_is_the_bytes_with_the_files_name(self, call):
        await saved(call, "ä b.txt".replace(" ", "%20").replace("ä", "%C3%A4"), "one")
        answer = await call("GET", "/files/default/%C3%A4%20b.txt")
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename*=UTF-8''%C3%A4%20b.txt"
        )
        assert (answer.body, answer.headers["ETag"]) == (b"one", etag_of("one"))


class TestPaths:
    async def test_that_lead_out_are_refused_or_absent(self, call, site):
        """Traversal corpus with a canary outside of the project (mutant: ``inside`` without
        its check of ``..`` serves it)."""
        await call("GET", HOME)
        root = site.configured.root
        (root / "projects" / "canary.txt").write_text("canary")
        for path in (
            "../canary.txt",
            "%2e%2e/canary.txt",
            "%2e%2e%2fcanary.txt",
            "%252e%252e/canary.txt",
            "..%5ccanary.txt",
            "sub/../../canary.txt",
            "%2Fetc%2Fpasswd",
            "/etc/passwd",
            "a%00.txt",
            f"{root}/projects/canary.txt",
        ):
            for method, body in (("GET", None), ("PUT", text("gotcha")), ("DELETE", None)):
                answer = await call(method, f"{HOME}/{path}", body)
                assert b"canary" not in answer.body.replace(path.encode(), b"").replace(
                    b"canary.txt", b""
                )
                assert answer.status in (200, 201, 204, 400, 404), (path, method)
            assert (await call("GET", f"/files/default/{path}")).status in (400, 404)
        assert (root / "projects" / "canary.txt").read_text() == "canary"

    async def test_are_kept_apart_byte_for_byte(self, call):
        """NFC and NFD, and look-alikes, are different files."""
        names = ("%C3%A9.txt", "e%CC%81.txt", "a.txt", "%D0%B0.txt", "A.txt")
        for name in names:
            await saved(call, name, name)
        for name in names:
            assert (await call("GET", f"{HOME}/{name}")).json["content"] == name


class TestRights:
    async def test_strangers_see_what_is_absent(self, people):
        alice, bob = people("alice"), people("bob")
        await alice("PUT", "/contents/alice/a.txt", text("x"))
        absent = (await bob("GET", "/contents/nowhere/a.txt")).body
        for method, body in (("GET", None), ("PUT", text("y")), ("DELETE", None)):
            answer = await bob(method, "/contents/alice/a.txt", body)
            assert (answer.status, answer.body) == (404, absent)

    async def test_viewers_read_and_are_told_that_they_cannot_write(self, people):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("PUT", "/contents/alice/a.txt", text("x"))
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"})
        got = await bob("GET", "/contents/alice/a.txt")
        assert (got.status, got.json["writable"]) == (200, False)
        assert (await bob("PUT", "/contents/alice/a.txt", text("y"))).status == 403
        assert (await bob("PATCH", "/contents/alice/a.txt", {"path": "alice/b"})).status == 403
        assert (await bob("DELETE", "/contents/alice/a.txt")).status == 403
        assert (await bob("POST", "/contents/alice/a.txt/checkpoints", {})).status == 403
        assert (await bob("GET", "/contents/alice/a.txt/checkpoints")).status == 200

    async def test_copies_go_from_a_project_that_may_be_read_to_one_that_may_be_written(
        self, people
    ):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("PUT", "/contents/alice/a.txt", text("x"))
        copy = {"copy_from": "alice/a.txt"}
        assert (await bob("POST", "/contents/bob", copy)).status == 404
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"})
        assert (await bob("POST", "/contents/bob", copy)).json["path"] == "bob/a.txt"
        assert (await bob("POST", "/contents/alice", copy)).status == 403

    async def test_internal_readers_get_notebooks_without_outputs(self, people):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("PATCH", "/projects/alice", {"visibility": "internal"})
        model = notebook("secret()")
        model["content"]["cells"][0]["outputs"] = [new_output("stream", text="OUTPUT")]
        for name in ("a.ipynb", "hidden-in.txt"):
            await alice("PUT", f"/contents/alice/{name}", model)
        for path in (
            "/contents/alice/a.ipynb",
            "/contents/alice/a.ipynb?type=file",
            "/contents/alice/hidden-in.txt?type=file",
            "/files/alice/a.ipynb",
        ):
            answer = await bob("GET", path)
            assert (answer.status, b"secret()" in answer.body, b"OUTPUT" in answer.body) == (
                200,
                True,
                False,
            ), path
        etags = {
            (await bob("GET", "/contents/alice/a.ipynb?content=0")).headers["ETag"],
            (await bob("GET", "/contents/alice/a.ipynb")).headers["ETag"],
            (await bob("GET", "/files/alice/a.ipynb")).headers["ETag"],
        }
        assert len(etags) == 1
