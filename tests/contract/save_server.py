"""A server to be killed while it saves: one JSON order a line, a process forked for each.

``{"root", "failpoint", "mutant", "saves": [[path, body, if_match]…], "together": bool}`` →
``{"status", "told": [[path, body, version, kept]…]}``: ``version`` of a save that was
acknowledged, ``kept`` of one that was refused. ``together`` sends all at once. ``{"fork": n}``
deals the saves out to n processes. Forked from one process that has imported everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
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
    ProjectFiles.put = lambda self, project, path, staged, over=None: put(
        self, project, path, staged
    )
    saves.Saves._attempt = attempt


MUTANTS = {"in-place": write_in_place, "no-blob": keep_no_blob, "no-lock": lock_nothing}


async def opened(root: str) -> tuple[Store, Documents]:
    store = await Store.open(Path(root) / "submarine.sqlite")
    await People(store, ANA.name, frozenset(), lambda: None).prepare()
    return store, Documents(store, ProjectFiles(Path(root) / "projects"))


async def serve(order: dict, told: int) -> int:
    store, documents = await opened(order["root"])
    failpoints.arm(order.get("failpoint", ""))

    async def save(path: str, body: str, if_match: str | None) -> None:
        version = kept = None
        try:
            saved, _ = await documents.save(ANA, DEFAULT, path, body.encode(), if_match=if_match)
            version = saved.id
        except Stale as stale:
            kept = stale.kept
        os.write(told, json.dumps([path, body[:80], version, kept]).encode() + b"\n")

    if order.get("together"):
        await asyncio.gather(*[save(*each) for each in order["saves"]])
    else:
        for each in order["saves"]:
            await save(*each)
    await store.close()
    return 0


def start(order: dict, dealt: list) -> tuple[int, int]:
    reader, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            os.close(reader)
            MUTANTS.get(order.get("mutant", ""), lambda: None)()
            status = asyncio.run(serve({**order, "saves": dealt}, told))
        finally:
            os._exit(status)
    os.close(told)
    return pid, reader


def run(order: dict) -> dict:
    number = order.get("fork", 1)
    begun = [start(order, order["saves"][i::number]) for i in range(number)]
    lines, statuses = [], []
    for pid, reader in begun:
        with os.fdopen(reader) as told:
            lines += [json.loads(line) for line in told]
        statuses.append(os.waitpid(pid, 0)[1])
    return {"status": max(statuses), "told": lines}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
