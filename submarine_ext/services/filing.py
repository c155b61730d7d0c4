"""Changing a project's files: save, upload, make folders, rename and move."""

from __future__ import annotations

import asyncio
from typing import Any

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.paths import Where
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.domain.times import now
from submarine_ext.domain.versions import Version, VersionKind
from submarine_ext.errors import Invalid, TooLarge
from submarine_ext.files.blobs import Staged
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.files.uploads import MAX_FILE, Uploads
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.services.reading import Content, Reading, named
from submarine_ext.services.saves import Wish, marks, told_when_full
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Store, Transaction

#: Files and folders that one copy may make.
MAX_COPIED = 2000


class Filing(Reading):
    """What needs file:write and leaves a history."""

    def __init__(self, store: Store, files: ProjectFiles) -> None:
        super().__init__(store, files)
        self._uploads = Uploads(files.blobs.root)

    async def save(  # noqa: PLR0913 - what a save can be given
        self,
        who: Principal,
        project: str,
        path: str,
        body: bytes,
        *,
        if_match: str | None = None,
        create_only: bool = False,
        kind: VersionKind = VersionKind.SAVED,
        message: str | None = None,
        coauthors: tuple[str, ...] = (),
    ) -> tuple[Version, Content]:
        """Save bytes. ``if_match`` is the ETag they were made from, ``create_only`` refuses
        to replace anything. Raises Stale: what was refused is kept.
        """
        with self.stage() as staged:
            await asyncio.to_thread(staged.write, body)
            version = await self.save_staged(
                who,
                project,
                path,
                staged,
                if_match=if_match,
                create_only=create_only,
                kind=kind,
                message=message,
                coauthors=coauthors,
            )
        return version, Content(body, version.etag)

    def stage(self) -> Staged:
        """Begin to receive bytes that are too many for memory; use it as a context."""
        return self._files.blobs.stage()

    async def take(self, staged: Staged, data: bytes) -> None:
        """Receive more. Raises TooLarge, StorageFull."""
        if staged.size + len(data) > MAX_FILE:
            raise TooLarge(f"A file may have {human_bytes(MAX_FILE)} at most.")
        with told_when_full():
            await asyncio.to_thread(staged.write, data)

    async def save_staged(
        self, who: Principal, project: str, path: str, staged: Staged, **wanted: Any
    ) -> Version:
        """As :meth:`save`, of bytes that lie on the disk."""
        wish = Wish(who=who, project=project, path=named(path), **wanted)
        return await self._saves.save(wish, staged)

    async def receive(
        self, who: Principal, project: str, path: str, number: int, data: bytes
    ) -> int:
        """Take a piece (from 1 on) of a large upload; the answer is its bytes so far."""
        await self.require_write(who, project)
        key = self._uploads.key(who.name, project, named(path))
        with told_when_full():
            return await asyncio.to_thread(self._uploads.add, key, number, data)

    async def received(
        self, who: Principal, project: str, path: str, data: bytes, **wanted: Any
    ) -> Version:
        """Take the last piece and save the whole, as :meth:`save` does."""
        await self.require_write(who, project)
        key = self._uploads.key(who.name, project, named(path))
        with self.stage() as staged:
            with told_when_full():
                await asyncio.to_thread(self._uploads.finish, key, data, staged)
            return await self.save_staged(who, project, path, staged, **wanted)

    async def copy(self, who: Principal, source: Where, target: Where) -> None:
        """Copy a file, or a folder with what is shown of it, to where nothing is."""
        entry, _ = await self.look(who, *source)
        if not entry.is_folder:
            await self._copy_file(who, source, target)
            return
        found = await self._below(who, source)  # first: the target may lie in the source
        await self.make_folder(who, *target)
        for path, is_folder in found:
            there = Where(target.project, f"{target.path}/{path}")
            if is_folder:
                await self.make_folder(who, *there)
            else:
                here = Where(source.project, f"{source.path}/{path}".lstrip("/"))
                await self._copy_file(who, here, there)

    async def _copy_file(self, who: Principal, source: Where, target: Where) -> None:
        opened = await self.open(who, *source)
        with opened.file as file, self.stage() as staged:
            with told_when_full():
                await asyncio.to_thread(staged.copy, file)
            await self.save_staged(who, *target, staged, create_only=True)

    async def _below(self, who: Principal, folder: Where) -> list[tuple[str, bool]]:
        """The files (False) and folders (True) in a folder, outer ones first."""
        found: list[tuple[str, bool]] = []
        left = [""]
        while left:
            inner = left.pop()
            entries, _ = await self.entries(
                who, folder.project, f"{folder.path}/{inner}".strip("/")
            )
            shown = [each for each in entries if not each.name.startswith(".")]
            paths = [(f"{inner}/{each.name}".lstrip("/"), each.is_folder) for each in shown]
            left += [path for path, is_folder in paths if is_folder]
            found += paths
            if len(found) > MAX_COPIED:
                raise TooLarge(
                    f"The folder holds more than {MAX_COPIED} files: copy parts of it.",
                    field="copy_from",
                )
        return found

    async def make_folder(self, who: Principal, project: str, path: str) -> bool:
        """Make a folder; False if it is there already."""
        path = named(path)
        async with self.changing(who, project):
            made = await asyncio.to_thread(self._files.make_folder, project, path)
            if made:
                await self._store.write(lambda tx: _told_folder(tx, who, project, path))
        return made

    async def move(self, who: Principal, project: str, old: str, new: str) -> None:
        """Rename or move a file or folder; its history goes along. Raises Conflict where
        something is at ``new``.
        """
        old, new = named(old), named(new)
        if new == old:
            return
        if new.startswith(f"{old}/"):
            raise Invalid("A folder cannot be moved into itself.", field="path")
        async with self.changing(who, project):
            entry = await self._there(project, old)
            if not entry.is_folder:
                await self._saves.note(project, [old])
            await asyncio.to_thread(self._files.move, project, old, new)
            try:
                await self._store.write(lambda tx: _moved(tx, who, project, old, new))
            except BaseException:
                await asyncio.to_thread(self._files.move, project, new, old)
                raise


def _moved(tx: Transaction, who: Principal, project: str, old: str, new: str) -> None:
    access.may(tx, who, project, Capability.FILE_WRITE)
    for gone in (documents.live(tx, project, new), *documents.all_live(tx, project, new)):
        if gone is not None:  # its file was removed outside the lab: nothing was at ``new``
            gone_to_trash(tx, gone, SYSTEM)
    here = documents.live(tx, project, old)
    for each in [here] if here else documents.all_live(tx, project, old):
        documents.move(tx, each.id, new + each.path.removeprefix(old))
    head = versions.latest(tx, here.id) if here else None
    note(
        tx,
        who.name,
        "file.move",
        new,
        project=project,
        kind="file",
        data={**_news(new, who.name, "moved", head), "was": old},
        before={"path": old},
        after={"path": new},
    )


def gone_to_trash(tx: Transaction, document: documents.Document, by: str) -> None:
    """The document goes into the trash, and who follows the project hears of it."""
    head = versions.latest(tx, document.id)
    documents.trash(tx, document.id, now(), by)
    note(
        tx,
        by,
        "file.trash",
        document.path,
        project=document.project,
        kind="file",
        data=_news(document.path, by, "deleted"),
        before=marks(head) if head else None,
        after={},
    )


def told_of(
    tx: Transaction, who: Principal, project: str, action: str, path: str, kind: str
) -> None:
    """Tell of a folder, which has no versions."""
    data = _news(path, who.name, kind)
    note(tx, who.name, action, path, project=project, kind="file", data=data)


def _told_folder(tx: Transaction, who: Principal, project: str, path: str) -> None:
    access.may(tx, who, project, Capability.FILE_WRITE)
    told_of(tx, who, project, "folder.make", path, "folder")


def _news(path: str, author: str, kind: str, head: versions.Record | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "etag": head.etag if head else None,
        "version": str(head.id) if head else None,
        "author": author,
        "kind": kind,
    }
