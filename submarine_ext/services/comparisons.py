"""Two versions side by side, and three merged into one."""

from __future__ import annotations

import asyncio

from submarine_ext.domain import comparisons, merges
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.paths import inside
from submarine_ext.domain.versions import Diff, Merge, Version
from submarine_ext.errors import Conflict, NotFound
from submarine_ext.services import access
from submarine_ext.services.documents import Documents
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Store, Transaction


class Comparisons:
    """The service; it reads through :class:`Documents` and saves nothing.

    Comparing takes a processor for up to seconds: in a thread, and one at a time, so that
    whoever compares does not keep others from saving.
    """

    def __init__(self, store: Store, documents: Documents) -> None:
        self._store = store
        self._documents = documents
        self._turn = asyncio.Semaphore(1)

    async def diff(
        self, who: Principal, project: str, path: str, before: str, after: str | None
    ) -> Diff:
        """What changed between two versions (``after`` None: the current one)."""
        history = await self._documents.history(who, project, path)
        old, new = _version(history, before), _version(history, after)
        async with self._turn:
            bodies = [
                (await self._documents.read(who, project, path, one.id)).body for one in (old, new)
            ]
            return await asyncio.to_thread(comparisons.diff, path, old, new, *bodies)

    async def merge(
        self, who: Principal, project: str, path: str, base: str, mine: str, theirs: str | None
    ) -> Merge:
        """A three-way merge; ``base`` is an ETag, the others are versions."""
        history = await self._documents.history(who, project, path)
        their = _version(history, theirs)
        begun = await self._store.read(lambda tx: _with_etag(tx, who, project, path, base))
        async with self._turn:
            was = await self._documents.read(who, project, path, begun)
            ours = await self._documents.read(who, project, path, _version(history, mine).id)
            # The file itself has outputs also where the project's versions have none.
            now = await self._documents.read(
                who, project, path, None if their.current else their.id
            )
            etag = now.etag if their.current else their.etag
            bodies = [content.body for content in (was, ours, now)]
            return await asyncio.to_thread(merges.merge, path, etag, *bodies)


def _version(history: list[Version], wanted: str | None) -> Version:
    for version in history:
        if version.current if wanted is None else version.id == wanted:
            return version
    raise NotFound


def _with_etag(tx: Transaction, who: Principal, project: str, path: str, etag: str) -> str:
    """The version that the file was when it had that ETag."""
    access.may(tx, who, project, Capability.FILE_READ)
    document = documents.find(tx, project, inside(path, "path"))
    record = versions.by_etag(tx, document.id, etag) if document else None
    if record is None:
        raise Conflict(
            "The version that yours was made from is no longer kept: "
            "keep yours as a copy, or take theirs."
        )
    return str(record.id)
