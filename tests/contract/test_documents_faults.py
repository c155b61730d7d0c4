"""Saves under fire: fifty people on one version, two servers, kills at every step.

What holds whatever happens: a file is one that somebody sent, whole; every version that
was acknowledged can be read, byte for byte; whoever was refused finds the body again; no
version is named whose bytes are not on the disk.
"""

import asyncio
import hashlib
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from submarine_ext import failpoints
from submarine_ext.domain.access import Principal
from submarine_ext.domain.projects import DEFAULT
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.services.documents import Documents
from submarine_ext.store.store import Store
from tests.contract.killed import program, was_killed

SEEDS = int(os.environ.get("SAVE_SEEDS", "40"))
ANA = Principal("ana")


@pytest.fixture(scope="module")
def server():
    with program("save_server") as order:
        yield order


def etag(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


class Left:
    """What a server left on the disk, looked at by another one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def unkept(self) -> list[str]:
        """Versions in the database whose blob is missing or is something else."""
        with closing(sqlite3.connect(self.root / "submarine.sqlite")) as conn:
            named = [row[0] for row in conn.execute("SELECT sha256 FROM versions")]
        blobs = self.root / "projects" / ".blobs"
        return [sha for sha in named if _sha_of(blobs / sha[:2] / sha) != sha]

    def read(self, path: str, version: str | None) -> str:
        async def look() -> str:
            store = await Store.open(self.root / "submarine.sqlite")
            documents = Documents(store, ProjectFiles(self.root / "projects"))
            try:
                return (await documents.read(ANA, DEFAULT, path, version)).body.decode()
            finally:
                await store.close()

        return asyncio.run(look())

    def history(self, path: str) -> list:
        async def look() -> list:
            store = await Store.open(self.root / "submarine.sqlite")
            documents = Documents(store, ProjectFiles(self.root / "projects"))
            try:
                return await documents.history(ANA, DEFAULT, path)
            finally:
                await store.close()

        return asyncio.run(look())


def _sha_of(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


class Story:
    """Save several times, be killed in one of them, look at what is left."""

    def __init__(self, server, root: Path, failpoint: str, seed: int, mutant: str = "") -> None:
        chance = random.Random(f"{failpoint} {seed}")
        self.left = Left(root)
        self.bodies = [
            f"{seed} {i} " + chance.choice("abc") * chance.choice([0, 10, 70_000])
            for i in range(chance.randint(1, 5))
        ]
        bases = [None, *map(etag, self.bodies)]
        saves = [["a.txt", body, base] for body, base in zip(self.bodies, bases, strict=False)]
        turn = chance.randint(1, len(saves))
        first = server(root=str(root), failpoint=f"{failpoint}:{turn}", saves=saves, mutant=mutant)
        self.killed = was_killed(first["statuses"][0])
        self.acknowledged = [version for _, _, version, _ in first["told"]]

    def problems(self) -> list[str]:
        """Everything that must not be; empty when the promise was kept."""
        found = [f"no blob for {sha}" for sha in self.left.unkept()]
        if found:
            return found
        for body, version in zip(self.bodies, self.acknowledged, strict=False):
            if self.left.read("a.txt", version) != body:
                found.append(f"acknowledged, but not there: {version}")
        file = self.left.root / "projects" / DEFAULT / "a.txt"
        count = len(self.acknowledged)
        allowed = [*self.bodies[count - 1 : count], *self.bodies[count : count + 1]]
        if not file.exists():
            return found if count == 0 else [*found, "the file is gone"]
        now = file.read_text()
        if now not in allowed:
            found.append(f"neither old nor new: {now[:20]!r} of {len(now)}")
        elif [v.etag for v in self.left.history("a.txt") if v.current] != [etag(now)]:
            found.append("the file is no version")
        return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("failpoint", failpoints.SAVES)
class TestServerIsKilledMidSave:
    def test_a_file_is_old_or_new_and_no_version_is_lost(self, server, tmp_path, failpoint):
        killed = 0
        for seed in range(SEEDS):
            root = tmp_path / str(seed)
            root.mkdir()
            story = Story(server, root, failpoint, seed)
            killed += story.killed
            assert story.problems() == [], f"{failpoint}, seed {seed}"
        assert killed == SEEDS


def crowd(server, root: Path, **order) -> tuple[list, list, Left]:
    """Fifty savers of one version, dealt out to two servers: accepted, refused."""
    base = server(root=str(root), saves=[["a.txt", "base", None]])["told"]
    assert base[0][2] is not None
    saves = [["a.txt", f"body of saver {i}", etag("base")] for i in range(50)]
    told = server(root=str(root), saves=saves, together=True, fork=2, **order)["told"]
    accepted = [(body, version) for _, body, version, _ in told if version is not None]
    refused = [(body, kept) for _, body, _, kept in told if kept is not None]
    return accepted, refused, Left(root)


class TestFiftySaveOverOneVersion:
    def test_one_succeeds_and_all_bodies_are_recoverable(self, server, tmp_path):
        accepted, refused, left = crowd(server, tmp_path)
        assert (len(accepted), len(refused)) == (1, 49)
        for body, version in accepted + refused:
            assert left.read("a.txt", version) == body
        assert left.read("a.txt", None) == accepted[0][0]
        assert left.unkept() == []


class TestMutants:
    """What the tests above would say of a server that breaks its promise."""

    @pytest.mark.parametrize(
        ("mutant", "failpoint", "said"),
        [("in-place", "save-written", "neither old nor new"), ("no-blob", "save-kept", "no blob")],
    )
    def test_killed_ones_are_caught(self, server, tmp_path, mutant, failpoint, said):
        problems = []
        for seed in range(8):
            root = tmp_path / str(seed)
            root.mkdir()
            problems += Story(server, root, failpoint, seed, mutant).problems()
        assert any(problem.startswith(said) for problem in problems)

    def test_one_without_locks_is_caught(self, server, tmp_path):
        accepted, _, _ = crowd(server, tmp_path, mutant="no-lock")
        assert len(accepted) > 1
