"""The project drive: Jupyter's contents API, as JupyterLab's Drive speaks it.

Models are Jupyter's own (https://jupyter-server.readthedocs.io/en/latest/developers/contents.html);
what is ours are the ETag of every file, ``If-Match`` on saves, and versions as checkpoints.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.versions import Naming, Version

Kind = Literal["notebook", "file", "directory"]
Format = Literal["json", "text", "base64"]
Bit = Annotated[int, Meta(ge=0, le=1)]


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """What of the model is wanted, as Jupyter has it. ``hash=1`` adds the SHA-256."""

    type: Kind | None = None
    format: Format | None = None
    content: Bit = 1
    hash: Bit = 0


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """A file to save, as Jupyter has it. ``chunk`` counts the pieces of a large upload from 1;
    the last is -1. Fields that the server itself tells are accepted and mean nothing.
    """

    type: Kind | None = None
    format: Format | None = None
    content: Any = None
    chunk: int | None = None
    name: str | None = None
    path: str | None = None
    message: Annotated[str, Meta(max_length=200)] | None = None
    created: Any = None
    last_modified: Any = None
    mimetype: Any = None
    size: Any = None
    writable: Any = None
    hash: Any = None
    hash_algorithm: Any = None


class Creation(Struct, frozen=True, forbid_unknown_fields=True):
    """An untitled file of a type (``ext`` for files), or a copy of another in this project."""

    type: Kind | None = None
    ext: Annotated[str, Meta(max_length=32)] | None = None
    copy_from: Annotated[str, Meta(max_length=2048)] | None = None


class RestoreRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Renaming(Struct, frozen=True, forbid_unknown_fields=True):
    """The new path, on the drive: with the project first."""

    path: Annotated[str, Meta(min_length=1, max_length=2048)]


class _Drive(Endpoint):
    """What the routes below share."""

    def _answer(self, model: dict[str, Any], etag: str | None) -> dict[str, Any]:
        if etag is not None:
            self.set_header("ETag", f'"{etag}"')
        return model


class Root(Endpoint):
    """``/contents``"""

    @operation(Capability.PROJECT_LIST, query=Wanted, answer=dict[str, Any])
    async def get(self, query: Wanted) -> dict[str, Any]:
        """The drive's root: the projects, as folders."""
        raise NotImplementedError


class _Place(_Drive):
    """A folder or file; ``path`` is empty for the project's own folder."""

    @operation(Capability.FILE_READ, query=Wanted, answer=dict[str, Any])
    async def get(self, project: str, query: Wanted, path: str = "") -> dict[str, Any]:
        """A file or folder, with its content unless ``content=0``."""
        raise NotImplementedError

    @operation(
        Capability.FILE_WRITE,
        body=Creation,
        answer=dict[str, Any],
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, body: Creation, path: str = "") -> dict[str, Any]:
        """Make an untitled file in a folder, or a copy of one."""
        raise NotImplementedError


class ProjectFolder(_Place):
    """``/contents/{project}``"""


class OnePath(_Place):
    """``/contents/{project}/{path}``"""

    @operation(
        Capability.FILE_WRITE,
        body=Model,
        answers={200: dict[str, Any], 201: dict[str, Any]},
        problems=(409, 412, 413, 415, 507),
    )
    async def put(self, project: str, path: str, body: Model) -> dict[str, Any]:
        """Save. With ``If-Match``, only over that version; a save that is late is kept (412)."""
        raise NotImplementedError

    @operation(
        Capability.FILE_WRITE, body=Renaming, answer=dict[str, Any], problems=(409, 413, 415, 507)
    )
    async def patch(self, project: str, path: str, body: Renaming) -> dict[str, Any]:
        """Rename or move within the project; the history goes with it."""
        raise NotImplementedError

    @operation(Capability.FILE_WRITE, status=204, problems=(409, 412, 507))
    async def delete(self, project: str, path: str) -> None:
        """Put a file or folder into the trash."""
        await self.services.documents.trash(self.principal, project, path)


class Checkpoints(_Drive):
    """``/contents/{project}/{path}/checkpoints``"""

    @operation(Capability.FILE_READ, answer=list[Version])
    async def get(self, project: str, path: str) -> list[Version]:
        """The versions of a file, the newest last."""
        return await self.services.documents.history(self.principal, project, path)

    @operation(
        Capability.FILE_WRITE,
        body=Naming,
        answer=Version,
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, path: str, body: Naming) -> Version:
        """The version that is current now; a ``message`` names it."""
        return await self.services.documents.mark(self.principal, project, path, None, body.message)


class OneCheckpoint(_Drive):
    """``/contents/{project}/{path}/checkpoints/{version}``"""

    @operation(
        Capability.FILE_WRITE, body=RestoreRequest, status=204, problems=(409, 413, 415, 507)
    )
    async def post(self, project: str, path: str, version: str, body: RestoreRequest) -> None:
        """Restore a version, as a new one; a file in the trash comes back."""
        await self.services.documents.restore(self.principal, project, path, version)

    @operation(Capability.FILE_WRITE, body=Naming, answer=Version, problems=(413, 415, 507))
    async def patch(self, project: str, path: str, version: str, body: Naming) -> Version:
        """Name a version, which is then kept for good, or take its name away."""
        return await self.services.documents.mark(
            self.principal, project, path, version, body.message
        )

    @operation(Capability.FILE_PURGE, status=204, problems=(409, 507))
    async def delete(self, project: str, path: str, version: str) -> None:
        """Delete a version that is neither current nor used by a job (owners)."""
        await self.services.documents.purge_version(self.principal, project, path, version)
