"""Rights that go in the middle of a change, and questions that come too late.

Each test names the mutant that it kills.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

pytestmark = pytest.mark.modes("embedded", "service", "connected")

TEXT = {"type": "file", "format": "text", "content": "x"}


@pytest.fixture
def shared(people):
    """Alice's project ``vision`` with a file, which bob may edit."""

    async def make():
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        assert (await alice("POST", "/projects", {"name": "vision"})).status == 201
        assert (await alice("PUT", "/contents/vision/a.txt", TEXT)).status == 201
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
        return alice, bob

    return make


@pytest.fixture
def root(site):
    return site.configured.root / "projects"


@pytest.fixture
def queued(site, people):
    """``async with queued(request) as waiting``: the request waits for the project's files."""

    @asynccontextmanager
    async def hold(request):
        files = (await site.services()).documents._files
        async with files.locked("vision"):
            waiting = asyncio.ensure_future(request)
            while not files._locks["vision"]._waiters:
                assert not waiting.done(), waiting.result()
                await people("carol")("GET", "/me")
            yield waiting

    return hold


class TestAQueuedChange:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/contents/vision/new", {"type": "directory"}),
            ("PUT", "/contents/vision/new", TEXT),
            ("PATCH", "/contents/vision/a.txt", {"path": "vision/new"}),
            ("DELETE", "/contents/vision/a.txt", None),
        ],
        ids=["folder", "save", "move", "trash"],
    )
    async def test_does_nothing_for_who_was_removed_meanwhile(
        self, shared, queued, root, method, path, body
    ):
        """The mutant asks before it waits, and makes the folder."""
        alice, bob = await shared()
        async with queued(bob(method, path, body)) as waiting:
            gone = await alice("DELETE", "/projects/vision/grants/user:bob")
            assert gone.status == 204
        assert (await waiting).status == 404
        assert [each.name for each in (root / "vision").iterdir()] == ["a.txt"]

    async def test_leaves_nothing_of_a_purged_project(self, shared, queued, root):
        """The mutants: a purge that waits for nobody, a save that makes the folder anew."""
        alice, bob = await shared()
        async with queued(bob("PUT", "/contents/vision/b.txt", TEXT)) as saving:
            assert (await alice("DELETE", "/projects/vision")).status == 204
            purging = asyncio.ensure_future(alice("DELETE", "/projects/vision?purge=true"))
            while (await alice("GET", "/projects/vision")).status != 404:
                pass
        assert ((await saving).status, (await purging).status) == (404, 204)
        assert not (root / "vision").exists()

    async def test_that_restores_finds_nothing_that_was_purged_meanwhile(self, shared, queued):
        """The mutant adds a version to a document that is gone."""
        alice, bob = await shared()
        path = "/contents/vision/a.txt"
        version = (await alice("GET", f"{path}/checkpoints")).json[0]["id"]
        assert (await alice("DELETE", path)).status == 204
        async with queued(bob("POST", f"{path}/checkpoints/{version}", {})) as waiting:
            assert (await alice("DELETE", "/projects/vision/trash/a.txt")).status == 204
        assert (await waiting).status == 404
        assert (await alice("GET", path)).status == 404


class TestPurgingAVersion:
    async def test_touches_nothing_for_whoever_may_not(self, shared, people, root):
        """The mutant looks at the files first: folders for any name, versions by strangers."""
        alice, bob = await shared()
        (root / "vision" / "a.txt").write_text("a kernel wrote this")
        dave = people("dave")
        answers = [
            await dave("DELETE", "/contents/nowhere/a.txt/checkpoints/1"),
            await dave("DELETE", "/contents/vision/a.txt/checkpoints/1"),
        ]
        assert [each.status for each in answers] == [404, 404]
        assert answers[0].body == answers[1].body
        assert (await bob("DELETE", "/contents/vision/a.txt/checkpoints/1")).status == 403
        assert not (root / "nowhere").exists()
        log = (await alice("GET", "/audit?project=vision")).json["items"]
        assert "file.find" not in {each["action"] for each in log}


class TestPacking:
    async def test_gives_nothing_to_who_was_removed_meanwhile(self, shared, site, monkeypatch):
        """The mutant asks before it packs only."""
        alice, bob = await shared()
        bundles = (await site.services()).bundles
        pack, loop = bundles._pack, asyncio.get_running_loop()

        def slowly(folder):
            packed = pack(folder)
            removal = alice("DELETE", "/projects/vision/grants/user:bob")
            asyncio.run_coroutine_threadsafe(removal, loop).result()
            return packed

        monkeypatch.setattr(bundles, "_pack", slowly)
        answer = await bob("POST", "/bundles", {"folder": "", "project": "vision"})
        assert answer.status == 404
