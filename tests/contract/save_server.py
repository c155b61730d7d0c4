"""A server to be killed while it saves (see ``killed``).

``{"root", "failpoint", "saves": [[path, body, if_match]…], "together": bool}``: it tells
``[path, body, version, kept]`` of each: ``version`` of a save that was acknowledged, ``kept``
of one that was refused. ``together`` sends all at once; several servers share the saves.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from submarine_ext import failpoints
from submarine_ext.domain.access import Principal
from submarine_ext.domain.projects import DEFAULT
from submarine_ext.errors import Stale
from submarine_ext.failpoints import reach
from submarine_ext.files.blobs import Blobs
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.services import saves
from submarine_ext.services.documents import Documents
from submarine_ext.services.people import People
from submarine_ext.store.store import Store
from tests.contract.killed import Order, Tell, obey

ANA = Principal("ana")


def write_in_place() -> None:
    def put(self, project, path, staged, over=None):
        """The mutant: the file is written over, not replaced."""
        at = self.folder(project) / path
        body = staged.rewound().read()
        with at.open("wb") as file:
            file.write(body[: len(body) // 2])
            file.flush()
            reach("save-written")
            file.write(body[len(body) // 2 :])

    async def replace(self, wish, staged, record, current):
        await asyncio.to_thread(self._files.put, wish.project, wish.path, staged)
        reach("save-placed")
        return await self._store.write(lambda tx: saves._commit(tx, wish, record, current))

    ProjectFiles.put = put
    saves.Saves._replace = replace


def keep_no_blob() -> None:
    def keep(self, staged):
        """The mutant: a version is named before its blob is there."""
        return staged.sha256

    Blobs.keep = keep


def lock_nothing() -> None:
    @contextlib.asynccontextmanager
    async def locked(self, project):
        """The mutant: nobody waits for anybody."""
        yield

    async def attempt(self, wish, staged, record):
        """And compares first, then saves, and never looks again."""
        current = await self._store.read(lambda tx: saves._head(tx, wish))
        if not saves._holds(wish, current.etag if current else None):
            raise await self._store.write(lambda tx: saves._refuse(tx, wish, record, current))
        return await self._replace(wish, staged, record, current)

    put = ProjectFiles.put
    ProjectFiles.locked = locked
    ProjectFiles.put = lambda self, project, path, staged, over=None, fresh=False: put(
        self, project, path, staged
    )
    saves.Saves._attempt = attempt


MUTANTS = {"in-place": write_in_place, "no-blob": keep_no_blob, "no-lock": lock_nothing}


async def opened(root: str) -> tuple[Store, Documents]:
    store = await Store.open(Path(root) / "submarine.sqlite")
    await People(store, ANA.name, frozenset(), lambda: None).prepare()
    return store, Documents(store, ProjectFiles(Path(root) / "projects"))


async def serve(order: Order, tell: Tell) -> int:
    saves = order["saves"][order["index"] :: order.get("fork", 1)]
    store, documents = await opened(order["root"])
    failpoints.arm(order.get("failpoint", ""))

    async def save(path: str, body: str, if_match: str | None) -> None:
        version = kept = None
        try:
            saved, _ = await documents.save(ANA, DEFAULT, path, body.encode(), if_match=if_match)
            version = saved.id
        except Stale as stale:
            kept = stale.kept
        tell([path, body[:80], version, kept])

    if order.get("together"):
        # Whoever gets an error is told nothing, as when a server fails one of its requests.
        await asyncio.gather(*[save(*each) for each in saves], return_exceptions=True)
    else:
        for each in saves:
            await save(*each)
    await store.close()
    return 0


if __name__ == "__main__":
    obey(serve, MUTANTS)
