"""Deleting a project's files: into the trash, and from there for good."""

from __future__ import annotations

import asyncio

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.versions import Trashed
from submarine_ext.errors import NotFound, Stale, TooLarge
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.services.filing import gone_to_trash, told_of
from submarine_ext.services.histories import ran_by
from submarine_ext.services.reading import Reading, named
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Transaction

#: What one deletion may put into the trash.
MAX_TRASHED = 10_000
#: Caches that kernels make again; they have no history and need no trash.
CACHES = frozenset({"__pycache__", ".ipynb_checkpoints"})


class Trash(Reading):
    """What was deleted, until it is restored or purged."""

    async def trash(
        self, who: Principal, project: str, path: str, if_match: str | None = None
    ) -> None:
        """Put a file or a folder into the trash. Raises Stale unless it is ``if_match``."""
        path = named(path)
        async with self.changing(who, project):
            entry = await self._there(project, path)
            paths = [path]
            if entry.is_folder:
                paths = await asyncio.to_thread(self._all_in, project, path)
            await self._saves.note(project, paths)
            await self._store.write(lambda tx: _into_trash(tx, who, project, path, if_match))
            await asyncio.to_thread(self._files.unlink, project, path)

    def _all_in(self, project: str, folder: str) -> list[str]:
        found = [p for p, _ in self._files.walk(project, folder) if not CACHES & {*p.split("/")}]
        if len(found) > MAX_TRASHED:
            raise TooLarge(
                f"The folder holds more than {MAX_TRASHED} files, too many for the trash: "
                "delete its folders one by one.",
                field="path",
            )
        return found

    async def trashed(self, who: Principal, project: str) -> list[Trashed]:
        """What is in the trash, the latest first; also what was removed outside the lab."""
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_READ))
        await self._notice_removed(project)

        def query(tx: Transaction) -> list[Trashed]:
            access.may(tx, who, project, Capability.FILE_READ)
            last = versions.in_trash(tx, project)
            return [
                Trashed(
                    path=each.path,
                    deleted=each.deleted or "",
                    by=each.deleted_by or "",
                    version=str(last[each.id].id),
                    size=last[each.id].size,
                )
                for each in documents.trashed(tx, project)
                if each.id in last
            ]

        return await self._store.read(query)

    async def _notice_removed(self, project: str) -> None:
        live = await self._store.read(lambda tx: documents.all_live(tx, project))
        gone = await asyncio.to_thread(
            lambda: [each for each in live if self._files.look(project, each.path) is None]
        )
        if gone:
            async with self._files.locked(project):
                await self._store.write(lambda tx: _removed(tx, project, gone, self._files))

    async def purge(self, who: Principal, project: str, path: str) -> None:
        """Delete for good what is in the trash under that path. Raises Conflict for what a
        job ran.
        """
        path = named(path)

        def forget(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.FILE_PURGE)
            found = documents.trashed(tx, project, path)
            if not found:
                raise NotFound
            for each in found:
                if ran := versions.jobs_of(tx, each.id):
                    raise ran_by(next(iter(ran.values())))
            before = {"versions": sum(len(versions.of(tx, each.id)) for each in found)}
            note(tx, who.name, "file.purge", path, project=project, before=before, after={})
            for each in found:
                documents.remove(tx, each.id)

        await self._store.write(forget)


def _into_trash(
    tx: Transaction, who: Principal, project: str, path: str, if_match: str | None
) -> None:
    """The document at ``path`` and all below it."""
    access.may(tx, who, project, Capability.FILE_WRITE)
    here = documents.live(tx, project, path)
    head = versions.latest(tx, here.id) if here else None
    if if_match is not None and (head is None or head.etag != if_match):
        raise Stale(
            "Somebody saved this meanwhile; look at it before you delete it.",
            current=str(head.id) if head else None,
            etag=head.etag if head else None,
            kept=None,
        )
    for each in [here] if here else documents.all_live(tx, project, path):
        gone_to_trash(tx, each, who.name)
    if here is None:
        told_of(tx, who, project, "file.trash", path, "deleted")


def _removed(
    tx: Transaction, project: str, gone: list[documents.Document], files: ProjectFiles
) -> None:
    """What is still gone now that the files are locked."""
    for each in gone:
        now_live = documents.live(tx, project, each.path)
        if now_live == each and files.look(project, each.path) is None:
            gone_to_trash(tx, each, SYSTEM)
