"""A project's files: read, save over what was read, history, trash."""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.domain.access import Principal
from submarine_ext.domain.versions import Trashed, Version
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.store.store import Store


class Content(Struct, frozen=True):
    """A file's bytes and their SHA-256."""

    body: bytes
    etag: str


class Documents:
    """The service."""

    def __init__(self, store: Store, files: ProjectFiles) -> None:
        self._store = store
        self._files = files

    async def read(
        self, who: Principal, project: str, path: str, version: str | None = None
    ) -> Content:
        """A file's bytes, as they are or were in a version (notebooks without outputs for
        internal readers).
        """
        raise NotImplementedError

    async def trash(self, who: Principal, project: str, path: str) -> None:
        """Put a file or a folder into the trash."""
        raise NotImplementedError

    async def trashed(self, who: Principal, project: str) -> list[Trashed]:
        """What is in the trash."""
        raise NotImplementedError

    async def purge(self, who: Principal, project: str, path: str) -> None:
        """Delete for good what is in the trash under that path."""
        raise NotImplementedError

    async def history(self, who: Principal, project: str, path: str) -> list[Version]:
        """Versions, the newest last."""
        raise NotImplementedError

    async def mark(
        self, who: Principal, project: str, path: str, version: str | None, message: str | None
    ) -> Version:
        """Name a version (None: the current one)."""
        raise NotImplementedError

    async def restore(self, who: Principal, project: str, path: str, version: str) -> Version:
        """Make a version's content the current one, as a new version."""
        raise NotImplementedError

    async def purge_version(self, who: Principal, project: str, path: str, version: str) -> None:
        """Delete a version for good."""
        raise NotImplementedError
