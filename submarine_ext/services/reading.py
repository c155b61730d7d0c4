"""Looking at a project's files: bytes, folders, and who gets what of them."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal, Relation
from submarine_ext.domain.notebooks import without_outputs
from submarine_ext.domain.paths import inside
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from submarine_ext.files.projects import Entry, ProjectFiles, mark
from submarine_ext.services import access
from submarine_ext.services.saves import Saves, is_notebook
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Store, Transaction

#: What is read into memory, for an editor or to leave out outputs, has so many bytes at most.
MAX_READ = 64 * 1024 * 1024


class Content(Struct, frozen=True):
    """A file's bytes and their SHA-256."""

    body: bytes
    etag: str


class Opened(Struct, frozen=True):
    """A file to be read, its length in bytes and its SHA-256.

    ``mark`` is of the moment before it was hashed; None for what lies in memory.
    """

    file: IO[bytes]
    size: int
    etag: str
    mark: tuple[int, ...] | None = None

    def is_unchanged(self) -> bool:
        """Whether what is read now is still what was hashed."""
        return self.mark is None or self.mark == mark(self.file)


class Reading:
    """What needs no more than file:read."""

    def __init__(self, store: Store, files: ProjectFiles) -> None:
        self._store = store
        self._files = files
        self._saves = Saves(store, files)

    async def read(
        self, who: Principal, project: str, path: str, version: str | None = None
    ) -> Content:
        """A file's bytes, as they are or were in a version (notebooks without outputs for
        internal readers).
        """
        opened = await self.open(who, project, path, version)
        with opened.file as file:
            _refuse_large(opened.size, path)
            return Content(await asyncio.to_thread(file.read), opened.etag)

    async def open(
        self, who: Principal, project: str, path: str, version: str | None = None
    ) -> Opened:
        """As :meth:`read`, for files of any size; whoever asks closes the file."""
        path = named(path)

        def query(tx: Transaction) -> tuple[Relation, str | None]:
            relation = access.may(tx, who, project, Capability.FILE_READ)
            return relation, version_of(tx, project, path, version).sha256 if version else None

        relation, blob = await self._store.read(query)
        all_of_it = access.sees(relation, Capability.OUTPUT_READ)
        return await asyncio.to_thread(self._opened, project, path, blob, source_only=not all_of_it)

    def _opened(self, project: str, path: str, blob: str | None, *, source_only: bool) -> Opened:
        file = self._files.blobs.open(blob) if blob else self._files.open(project, path)
        if source_only:
            with file:
                _refuse_large(file.seek(0, 2), path)
                file.seek(0)
                body = _source_of(file.read(), path)
            return Opened(io.BytesIO(body), len(body), hashlib.sha256(body).hexdigest())
        before = mark(file)
        opened = Opened(file, file.seek(0, 2), self._files.etag_of(file), before)
        file.seek(0)
        return opened

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
        path = named(path)

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

    async def savers(self, who: Principal, project: str, path: str) -> dict[str, tuple[str, str]]:
        """Who saved the files of a folder last, and when, by path; not of all it is known."""
        path = inside(path, "path")

        def query(tx: Transaction) -> dict[str, tuple[str, str]]:
            access.may(tx, who, project, Capability.FILE_READ)
            return versions.savers(tx, project, path)

        return await self._store.read(query)

    async def working_folder(self, who: Principal, project: str, path: str) -> Path:
        """The folder on disk in which a kernel of the notebook at ``path`` works."""
        path = inside(path, "path")
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.KERNEL_START))
        return await asyncio.to_thread(self._files.nearest, project, path)

    async def folder_to_pack(self, who: Principal, project: str, path: str) -> Path:
        """A folder on disk whose files may travel with a job. Raises Invalid for none."""
        path = inside(path, "folder")
        await self.require_write(who, project)
        entry = await asyncio.to_thread(self._files.look, project, path)
        if entry is None or not entry.is_folder:
            raise Invalid(f"There is no folder {path[:80]!r} in the project.", field="folder")
        return self._files.folder(project) / path

    async def require_read(self, who: Principal, project: str) -> None:
        """Raise unless ``who`` may (still) read here."""
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_READ))

    async def require_write(self, who: Principal, project: str) -> None:
        """Raise unless ``who`` may save here; every change asks again in its transaction."""
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_WRITE))

    @asynccontextmanager
    async def changing(self, who: Principal, project: str) -> AsyncIterator[None]:
        """The project's files, locked for ``who``: asked again when their turn has come."""
        await self.require_write(who, project)
        async with self._files.locked(project):
            await self.require_write(who, project)
            yield

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

    async def _there(self, project: str, path: str) -> Entry:
        entry = await asyncio.to_thread(self._files.look, project, path)
        if entry is None:
            raise NotFound
        return entry


def named(path: str) -> str:
    """A plain relative path that is not the project's own folder."""
    plain = inside(path, "path")
    if not plain:
        raise Invalid("This needs the path of a file or folder in the project.", field="path")
    return plain


def version_of(tx: Transaction, project: str, path: str, version: str | None) -> versions.Record:
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


def _refuse_large(size: int, path: str) -> None:
    if size > MAX_READ:
        name = path.rpartition("/")[2][:80]
        raise TooLarge(
            f"{name} has {human_bytes(size)}, more than {human_bytes(MAX_READ)}: it can only be "
            "downloaded as it is, by members of the project."
        )


def _source_of(body: bytes, path: str) -> bytes:
    """What an internal reader gets: a notebook without its outputs."""
    source = without_outputs(body)
    if source is None and is_notebook(path):
        raise Forbidden("This notebook cannot be read without its outputs: it is damaged.")
    return body if source is None else source
