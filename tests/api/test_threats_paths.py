"""No path leads out of a project's folder (security.md B 15, 16).

The mutants: ``root / path`` without a look at its parts, ``startswith`` instead of parts,
decoding twice, ``Path.resolve`` before opening (the swap race).
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.modes("embedded", "service", "connected")

CORPUS = json.loads((Path(__file__).parent / "corpora" / "paths.json").read_text())
CANARY = "CANARY-f00d-outside-the-root"
OCTETS = {"Content-Type": "application/octet-stream"}
TEXT = {"type": "file", "format": "text", "content": "written by the attacker"}
SWAPS = 3000


class Outside:
    """Canaries around the projects' folders, and links to them from within one."""

    def __init__(self, root: Path, project: str) -> None:
        self.folder = root / "projects" / project
        places = [root / "projects", root, root.parent, root.parent.parent]
        self.files = [place / "canary.txt" for place in places]
        for file in self.files:
            file.write_text(CANARY)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "link-to-canary").symlink_to(self.files[1])
        (self.folder / "link-to-root").symlink_to(root)
        (self.folder / "link-to-parent").symlink_to("..")
        (self.folder / "loop").symlink_to("loop")

    def untouched(self) -> bool:
        return all(file.read_text() == CANARY for file in self.files)


@pytest.fixture
def outside(people, site, jp_asyncio_loop) -> Outside:
    alice = people("alice")

    async def begin() -> None:
        assert (await alice("POST", "/projects", {"name": "vision"})).status == 201
        await alice("PUT", "/contents/vision/a.txt", TEXT)

    jp_asyncio_loop.run_until_complete(begin())
    return Outside(site.configured.root, "vision")


def spellings(path: str) -> list[str]:
    """As it stands in the corpus, and encoded once more."""
    return [path.replace(" ", "%20").replace("\\", "%5C").replace("#", "%23"), quote(path, safe="")]


def requests(path: str) -> list[tuple[str, str, object]]:
    """Every route that takes a path in its own."""
    etag = "0" * 64
    return [
        ("GET", f"/contents/vision/{path}", None),
        ("GET", f"/contents/vision/{path}?content=0", None),
        ("POST", f"/contents/vision/{path}", {"type": "file", "ext": ".txt"}),
        ("PUT", f"/contents/vision/{path}", TEXT),
        ("PATCH", f"/contents/vision/{path}", {"path": "vision/stolen.txt"}),
        ("GET", f"/contents/vision/{path}/checkpoints", None),
        ("POST", f"/contents/vision/{path}/checkpoints", {}),
        ("POST", f"/contents/vision/{path}/checkpoints/1", {}),
        ("DELETE", f"/contents/vision/{path}", None),
        ("GET", f"/files/vision/{path}", None),
        ("PUT", f"/files/vision/{path}", b"hello"),
        ("GET", f"/projects/vision/versions/{path}?from=1", None),
        ("GET", f"/projects/vision/merges/{path}?base={etag}&mine=1", None),
        ("GET", f"/projects/vision/exports/{path}", None),
        ("DELETE", f"/projects/vision/trash/{path}", None),
    ]


def fields(path: str) -> list[tuple[str, str, object]]:
    """Every field of a body that is a path."""
    note = {"name": "n", "paragraphs": [{"text": "%md x"}]}
    return [
        ("PATCH", "/contents/vision/a.txt", {"path": f"vision/{path}"}),
        ("PATCH", "/contents/vision/a.txt", {"path": path}),
        ("POST", "/contents/vision", {"copy_from": f"vision/{path}"}),
        ("POST", "/contents/vision", {"copy_from": path}),
        ("POST", "/contents/vision", {"type": "file", "ext": path[:32]}),
        ("POST", "/projects/vision/imports", {"path": path, "note": note}),
        ("POST", "/bundles", {"folder": path, "project": "vision"}),
    ]


@pytest.mark.timeout(240)
class TestTraversal:
    async def test_in_the_path_of_a_request_reads_and_writes_nothing_outside(self, people, outside):
        alice = people("alice")
        for path in CORPUS:
            for spelt in spellings(path):
                for verb, target, body in requests(spelt):
                    sent = OCTETS if isinstance(body, bytes) else {}
                    answer = await alice(verb, target, body, headers=sent)
                    assert CANARY.encode() not in answer.body, (verb, target)
                    assert b"root:" not in answer.body, (verb, target)
                    assert answer.status < 500, (verb, target, answer)
            assert outside.untouched(), path

    async def test_in_a_field_of_a_body_reads_and_writes_nothing_outside(self, people, outside):
        alice = people("alice")
        for path in CORPUS:
            for verb, target, body in fields(path):
                answer = await alice(verb, target, body)
                assert CANARY.encode() not in answer.body, (verb, target, body)
                assert answer.status < 500, (verb, target, body, answer)
                await alice("PUT", "/contents/vision/a.txt", TEXT)  # where a rename took it
            assert outside.untouched(), path
        for found in outside.folder.rglob("*"):
            if found.is_file() and not found.is_symlink():
                assert CANARY not in found.read_text(), found


def _steps(outside: Outside) -> list[Callable[[], object]]:
    """One swap of a file with a link and back, and of a folder."""
    real, link = outside.folder / ".real", outside.folder / ".link"
    target, folder, away = (outside.folder / name for name in ("race.txt", "sub", ".sub"))
    folder.mkdir()
    (folder / "canary.txt").write_text("inside")
    return [
        lambda: real.write_text("inside"),
        lambda: real.replace(target),
        lambda: link.symlink_to(outside.files[1]),
        lambda: link.replace(target),
        lambda: folder.rename(away),
        lambda: folder.symlink_to(outside.folder.parent.parent),
        folder.unlink,
        lambda: away.rename(folder),
    ]


@pytest.mark.timeout(240)
class TestALinkThatIsSwappedIn:
    """A job in the project puts a link where a file was, thousands of times a second."""

    @pytest.fixture
    def swapping(self, outside):
        """``race.txt`` is a file, then a link to the canary, then a file again; so is ``sub``."""
        done = threading.Event()
        swaps = [0]
        steps = _steps(outside)

        def swap() -> None:
            while not done.is_set():
                for step in steps:
                    with contextlib.suppress(OSError):  # the server made or kept something
                        step()
                swaps[0] += 1

        thread = threading.Thread(target=swap)
        thread.start()
        yield swaps
        done.set()
        thread.join()

    async def test_is_never_followed(self, people, outside, swapping):
        alice = people("alice")
        while swapping[0] < SWAPS:
            for name in ("race.txt", "sub/canary.txt"):
                read = await alice("GET", f"/files/vision/{name}")
                assert CANARY.encode() not in read.body
                await alice("PUT", f"/contents/vision/{name}", TEXT)
                await alice("PUT", f"/files/vision/{name}", b"hello", headers=OCTETS)
                shown = await alice("GET", f"/contents/vision/{name}")
                assert CANARY.encode() not in shown.body
            assert outside.untouched()
        assert os.path.lexists(outside.folder)
