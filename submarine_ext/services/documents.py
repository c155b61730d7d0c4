"""A project's files: read, save over what was read, history, trash."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal, Relation
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.notebooks import without_outputs
from submarine_ext.domain.paths import inside
from submarine_ext.domain.times import now
from submarine_ext.domain.versions import Trashed, Version, VersionKind
from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound, Stale, TooLarge
from submarine_ext.files.blobs import Staged
from submarine_ext.files.projects import Entry, ProjectFiles
from submarine_ext.files.uploads import Uploads
from submarine_ext.services import access
from submarine_ext.services.entries import Told, note
from submarine_ext.services.saves import Saves, Wish, is_notebook, marks, told_when_full
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Store, Transaction

#: What one deletion may put into the trash.
MAX_TRASHED = 10_000
#: Caches that kernels make again; they have no history and need no trash.
CACHES = frozenset({"__pycache__", ".ipynb_checkpoints"})


class Content(Struct, frozen=True):
    """A file's bytes and their SHA-256."""

    body: bytes
    etag: str


class Documents:
    """The service. Paths are relative to the project's folder."""

    def __init__(self, store: Store, files: ProjectFiles) -> None:
        self._store = store
        self._files = files
        self._saves = Saves(store, files)
        self._uploads = Uploads(files.blobs.root)

    # -- looking --

    async def read(
        self, who: Principal, project: str, path: str, version: str | None = None
    ) -> Content:
        """A file's bytes, as they are or were in a version (notebooks without outputs for
        internal readers).
        """
        path = _named(path)

        def query(tx: Transaction) -> tuple[Relation, str | None]:
            relation = access.may(tx, who, project, Capability.FILE_READ)
            return relation, _version(tx, project, path, version).sha256 if version else None

        relation, blob = await self._store.read(query)
        body = await asyncio.to_thread(self._bytes, project, path, blob)
        if not access.sees(relation, Capability.OUTPUT_READ):
            body = await asyncio.to_thread(_source_of, body, path)
        return Content(body, hashlib.sha256(body).hexdigest())

    async def look(self, who: Principal, project: str, path: str) -> tuple[Entry, bool]:
        """What is at a path, and whether the asker may save there. Raises NotFound."""
        path = inside(path, "path")
        writable = await self._may_write(who, project)
        entry = await asyncio.to_thread(self._files.look, project, path)
        if entry is None:
            raise NotFound
        return entry, writable

    async def etag(self, who: Principal, project: str, path: str) -> str:
        """The SHA-256 of what :meth:`read` would answer with."""
        path = _named(path)

        def query(tx: Transaction) -> Relation:
            return access.may(tx, who, project, Capability.FILE_READ)

        relation = await self._store.read(query)
        if is_notebook(path) and not access.sees(relation, Capability.OUTPUT_READ):
            return (await self.read(who, project, path)).etag
        etag = await asyncio.to_thread(self._files.etag, project, path)
        if etag is None:
            raise NotFound
        return etag

    async def entries(
        self, who: Principal, project: str, path: str
    ) -> tuple[Sequence[Entry], bool]:
        """What is in a folder, and whether the asker may save there."""
        path = inside(path, "path")
        writable = await self._may_write(who, project)
        return await asyncio.to_thread(self._files.entries, project, path), writable

    async def working_folder(self, who: Principal, project: str, path: str) -> Path:
        """The folder on disk in which a kernel of the notebook at ``path`` works."""
        path = inside(path, "path")
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.KERNEL_START))
        return await asyncio.to_thread(self._files.nearest, project, path)

    async def folder_to_pack(self, who: Principal, project: str, path: str) -> Path:
        """A folder on disk whose files may travel with a job. Raises Invalid for none."""
        path = inside(path, "folder")
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        entry = await asyncio.to_thread(self._files.look, project, path)
        if entry is None or not entry.is_folder:
            raise Invalid(f"There is no folder {path[:80]!r} in the project.", field="folder")
        return self._files.folder(project) / path

    async def _may_write(self, who: Principal, project: str) -> bool:
        """Whether ``who``, who must be allowed to read, may also write."""

        def query(tx: Transaction) -> bool:
            access.may(tx, who, project, Capability.FILE_READ)
            try:
                access.may(tx, who, project, Capability.FILE_WRITE)
            except (Forbidden, Conflict):
                return False
            return True

        return await self._store.read(query)

    # -- changing --

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
            )
        return version, Content(body, version.etag)

    def stage(self) -> Staged:
        """Begin to receive bytes that are too many for memory; use it as a context."""
        return self._files.blobs.stage()

    async def save_staged(
        self, who: Principal, project: str, path: str, staged: Staged, **wanted: Any
    ) -> Version:
        """As :meth:`save`, of bytes that lie on the disk."""
        wish = Wish(who=who, project=project, path=_named(path), **wanted)
        return await self._saves.save(wish, staged)

    async def receive(
        self, who: Principal, project: str, path: str, number: int, data: bytes
    ) -> int:
        """Take a piece (from 1 on) of a large upload; the answer is its bytes so far."""
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        key = self._uploads.key(who.name, project, _named(path))
        with told_when_full():
            return await asyncio.to_thread(self._uploads.add, key, number, data)

    async def received(
        self, who: Principal, project: str, path: str, data: bytes, **wanted: Any
    ) -> Version:
        """Take the last piece and save the whole, as :meth:`save` does."""
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        key = self._uploads.key(who.name, project, _named(path))
        with self.stage() as staged:
            with told_when_full():
                await asyncio.to_thread(self._uploads.finish, key, data, staged)
            return await self.save_staged(who, project, path, staged, **wanted)

    async def make_folder(self, who: Principal, project: str, path: str) -> bool:
        """Make a folder; False if it is there already."""
        path = _named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        async with self._files.locked(project):
            made = await asyncio.to_thread(self._files.make_folder, project, path)
            if made:
                await self._store.write(lambda tx: _told_folder(tx, who, project, path))
        return made

    async def move(self, who: Principal, project: str, old: str, new: str) -> None:
        """Rename or move a file or folder; its history goes along. Raises Conflict where
        something is at ``new``.
        """
        old, new = _named(old), _named(new)
        if new == old:
            return
        if new.startswith(f"{old}/"):
            raise Invalid("A folder cannot be moved into itself.", field="path")
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        async with self._files.locked(project):
            entry = await self._there(project, old)
            if not entry.is_folder:
                await self._saves.note(project, [old])
            await asyncio.to_thread(self._files.move, project, old, new)
            try:
                await self._store.write(lambda tx: _moved(tx, who, project, old, new))
            except BaseException:
                await asyncio.to_thread(self._files.move, project, new, old)
                raise

    async def trash(
        self, who: Principal, project: str, path: str, if_match: str | None = None
    ) -> None:
        """Put a file or a folder into the trash. Raises Stale unless it is ``if_match``."""
        path = _named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        async with self._files.locked(project):
            entry = await self._there(project, path)
            paths = [path]
            if entry.is_folder:
                paths = await asyncio.to_thread(self._all_in, project, path)
            await self._saves.note(project, paths)
            await self._store.write(lambda tx: _into_trash(tx, who, project, path, if_match))
            await asyncio.to_thread(self._files.unlink, project, path)

    async def _there(self, project: str, path: str) -> Entry:
        entry = await asyncio.to_thread(self._files.look, project, path)
        if entry is None:
            raise NotFound
        return entry

    def _all_in(self, project: str, folder: str) -> list[str]:
        found = [p for p, _ in self._files.walk(project, folder) if not CACHES & {*p.split("/")}]
        if len(found) > MAX_TRASHED:
            raise TooLarge(
                f"The folder holds more than {MAX_TRASHED} files, too many for the trash: "
                "delete its folders one by one.",
                field="path",
            )
        return found

    # -- the trash --

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
        path = _named(path)

        def forget(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.FILE_PURGE)
            found = documents.trashed(tx, project, path)
            if not found:
                raise NotFound
            for each in found:
                if ran := versions.jobs_of(tx, each.id):
                    raise Conflict(_ran(next(iter(ran.values()))))
            before = {"versions": sum(len(versions.of(tx, each.id)) for each in found)}
            note(tx, who.name, "file.purge", path, project=project, before=before, after={})
            for each in found:
                documents.remove(tx, each.id)

        await self._store.write(forget)

    # -- history --

    async def history(self, who: Principal, project: str, path: str) -> list[Version]:
        """Versions, the newest last. What was changed outside the lab is one of them."""
        path = _named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_READ))
        etags = await self.note_current(project, [path])

        def query(tx: Transaction) -> list[Version]:
            access.may(tx, who, project, Capability.FILE_READ)
            document = documents.find(tx, project, path)
            if document is None:
                raise NotFound
            return _history(tx, document, etags.get(path))

        return await self._store.read(query)

    async def note_current(self, project: str, paths: Sequence[str]) -> dict[str, str]:
        """Make sure that what lies at these paths now is versions; their ETags by path."""
        etags = await asyncio.to_thread(self._etags, project, paths)
        heads = await self._store.read(lambda tx: versions.heads(tx, project))
        changed = [path for path, etag in etags.items() if heads.get(path) != etag]
        if changed:
            async with self._files.locked(project):
                await self._saves.note(project, changed)
            heads = await self._store.read(lambda tx: versions.heads(tx, project))
        return {path: heads.get(path, etag) for path, etag in etags.items()}

    def _etags(self, project: str, paths: Sequence[str]) -> dict[str, str]:
        found = {path: self._files.etag(project, path) for path in paths}
        return {path: etag for path, etag in found.items() if etag is not None}

    async def mark(
        self, who: Principal, project: str, path: str, version: str | None, message: str | None
    ) -> Version:
        """Name a version. ``version`` None: the current one, which without a ``message``
        keeps the name it has.
        """
        path = _named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))
        etags = await self.note_current(project, [path])

        def give(tx: Transaction) -> Version:
            access.may(tx, who, project, Capability.FILE_WRITE)
            record = _version(tx, project, path, version)
            if version is not None or message is not None:
                versions.name(tx, record.id, message)
                before, after = (marks(record, message=m) for m in (record.message, message))
                news: Told = {"project": project, "before": before, "after": after}
                note(tx, who.name, "version.name", path, **news)
                record = versions.get(tx, record.id) or record
            jobs = versions.jobs_of(tx, record.document).get(record.id, [])
            return versions.shown(record, jobs, current=_is_head(tx, record, etags.get(path)))

        if version is None and path not in etags:
            raise NotFound
        return await self._store.write(give)

    async def restore(self, who: Principal, project: str, path: str, version: str) -> Version:
        """Make a version's content the current one, as a new version. What is in the trash
        comes back. Raises Conflict where another file is in its place.
        """
        path = _named(path)

        def query(tx: Transaction) -> tuple[versions.Record, documents.Document]:
            access.may(tx, who, project, Capability.FILE_WRITE)
            record = _version(tx, project, path, version)
            document = documents.of_version(tx, project, path, record.id)
            assert document is not None, "it was found by its path"
            return record, document

        record, document = await self._store.read(query)
        taken = await asyncio.to_thread(self._files.look, project, path)
        if document.deleted and taken is not None:
            raise Conflict(
                f"There is another file at {path[:80]!r} now: rename it first, then restore."
            )
        with self.stage() as staged, self._files.blobs.open(record.sha256) as blob:
            await asyncio.to_thread(staged.copy, blob)
            return await self.save_staged(
                who,
                project,
                path,
                staged,
                kind=VersionKind.RESTORED,
                create_only=document.deleted is not None,
                revive=document.id if document.deleted else None,
            )

    async def purge_version(self, who: Principal, project: str, path: str, version: str) -> None:
        """Delete a version for good. Raises Conflict for the current one and what a job ran."""
        path = _named(path)
        etags = await self.note_current(project, [path])

        def forget(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.FILE_PURGE)
            record = _version(tx, project, path, version)
            if _is_head(tx, record, etags.get(path)):
                raise Conflict("This is what the file holds now; delete the file instead.")
            if ran := versions.jobs_of(tx, record.document).get(record.id):
                raise Conflict(_ran(ran))
            before = marks(record)
            note(tx, who.name, "version.purge", path, project=project, before=before, after={})
            versions.remove(tx, [record.id])

        await self._store.write(forget)

    def _bytes(self, project: str, path: str, blob: str | None) -> bytes:
        with self._files.blobs.open(blob) if blob else self._files.open(project, path) as file:
            return file.read()


def _named(path: str) -> str:
    """A plain relative path that is not the project's own folder."""
    plain = inside(path, "path")
    if not plain:
        raise Invalid("This needs the path of a file or folder in the project.", field="path")
    return plain


def _source_of(body: bytes, path: str) -> bytes:
    """What an internal reader gets: a notebook without its outputs."""
    source = without_outputs(body)
    if source is None and is_notebook(path):
        raise Forbidden("This notebook cannot be read without its outputs: it is damaged.")
    return body if source is None else source


def _version(tx: Transaction, project: str, path: str, version: str | None) -> versions.Record:
    """A version of the file that is or was last at ``path`` (None: the latest)."""
    if version is None:
        document = documents.live(tx, project, path)
        record = versions.latest(tx, document.id) if document else None
    else:
        found = documents.of_version(tx, project, path, int(version))
        record = versions.get(tx, int(version)) if found else None
    if record is None:
        raise NotFound
    return record


def _is_head(tx: Transaction, record: versions.Record, etag: str | None) -> bool:
    """Whether this is what the file holds now."""
    latest = versions.latest(tx, record.document)
    return latest is not None and latest.id == record.id and record.etag == etag


def _history(tx: Transaction, document: documents.Document, etag: str | None) -> list[Version]:
    """Of versions in a row that keep the same, only the last, unless more is said of them.

    (Where a project keeps no outputs, running a notebook again changes its ETag only.)
    """
    records = versions.of(tx, document.id)
    jobs = versions.jobs_of(tx, document.id)
    followers = {
        record.id: after.sha256
        for record, after in pairwise(r for r in records if r.kind is not VersionKind.CONFLICT)
    }
    return [
        versions.shown(record, jobs.get(record.id, []), current=_is_head(tx, record, etag))
        for record in records
        if record.message or record.id in jobs or followers.get(record.id) != record.sha256
    ]


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
        _gone(tx, each, who.name)
    if here is None:
        _told_of(tx, who, project, "file.trash", path, "deleted")


def _removed(
    tx: Transaction, project: str, gone: list[documents.Document], files: ProjectFiles
) -> None:
    """What is still gone now that the files are locked."""
    for each in gone:
        now_live = documents.live(tx, project, each.path)
        if now_live == each and files.look(project, each.path) is None:
            _gone(tx, each, SYSTEM)


def _gone(tx: Transaction, document: documents.Document, by: str) -> None:
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


def _moved(tx: Transaction, who: Principal, project: str, old: str, new: str) -> None:
    access.may(tx, who, project, Capability.FILE_WRITE)
    for gone in (documents.live(tx, project, new), *documents.all_live(tx, project, new)):
        if gone is not None:  # its file was removed outside the lab: nothing was at ``new``
            _gone(tx, gone, SYSTEM)
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


def _told_of(
    tx: Transaction, who: Principal, project: str, action: str, path: str, kind: str
) -> None:
    """Tell of a folder, which has no versions."""
    data = _news(path, who.name, kind)
    note(tx, who.name, action, path, project=project, kind="file", data=data)


def _told_folder(tx: Transaction, who: Principal, project: str, path: str) -> None:
    access.may(tx, who, project, Capability.FILE_WRITE)
    _told_of(tx, who, project, "folder.make", path, "folder")


def _news(path: str, author: str, kind: str, head: versions.Record | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "etag": head.etag if head else None,
        "version": str(head.id) if head else None,
        "author": author,
        "kind": kind,
    }


def _ran(jobs: list[str]) -> str:
    return f"The job {jobs[0]} ran this; delete the job first."
