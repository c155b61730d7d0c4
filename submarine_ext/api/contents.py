"""The project drive: Jupyter's contents API, as JupyterLab's Drive speaks it.

Models are Jupyter's own (https://jupyter-server.readthedocs.io/en/latest/developers/contents.html);
what is ours are the ETag of every file, ``If-Match`` on saves, and versions as checkpoints.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from jupyter_server.utils import url_escape
from msgspec import Meta, Struct
from tornado.web import HTTPError

from submarine_ext.api.base import Endpoint
from submarine_ext.api.conditions import create_only, if_match
from submarine_ext.api.drive import Drive, empty
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.times import now
from submarine_ext.domain.versions import Naming, Version
from submarine_ext.errors import Conflict, Invalid, NotFound, SubmarineError

LAST = -1
Kind = Literal["notebook", "file", "directory"]
Format = Literal["json", "text", "base64"]
#: What one PUT may carry, as JSON; larger files come in chunks.
MAX_MODEL = 64 * 1024 * 1024
Bit = Annotated[int, Meta(ge=0, le=1)]


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """What of the model is wanted, as Jupyter has it. ``hash=1`` adds the SHA-256."""

    type: Kind | None = None
    format: Format | None = None
    content: Bit = 1
    hash: Bit = 0
    contentProviderId: str = ""  # noqa: N815 - JupyterLab names the provider that it asks us for


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
    contentProviderId: Any = None  # noqa: N815


class Creation(Struct, frozen=True, forbid_unknown_fields=True):
    """An untitled file of a type (``ext`` for files), or a copy of another on the drive.

    ``path`` is accepted because JupyterLab sends it; where it is made, the route says.
    """

    type: Kind | None = None
    ext: Annotated[str, Meta(max_length=32)] | None = None
    copy_from: Annotated[str, Meta(max_length=4096)] | None = None
    path: str | None = None


class RestoreRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Renaming(Struct, frozen=True, forbid_unknown_fields=True):
    """The new path, on the drive: with the project first."""

    path: Annotated[str, Meta(min_length=1, max_length=2048)]


class _Contents(Endpoint):
    """What the routes below share."""

    @property
    def drive(self) -> Drive:
        """Jupyter's contents manager, for this asker and as the server configures it."""
        return Drive(self.services.documents, self.principal, config=self.config, log=self.log)

    def _tagged(self, model: dict[str, Any], etag: str | None) -> dict[str, Any]:
        """The model, with headers for who has seen this version."""
        if etag is not None:
            self.set_header("ETag", f'"{etag}"')
        return model

    async def _changing(self, project: str) -> Drive:
        """The drive for who may save there; others hear that before anything else."""
        await self.services.documents.require_write(self.principal, project)
        return self.drive

    def _located(self, model: dict[str, Any]) -> dict[str, Any]:
        where = f"{self.base_url}submarine/api/contents/{url_escape(model['path'])}"
        self.set_header("Location", where)
        return self._tagged(model, model["hash"])


class Root(_Contents):
    """``/contents``"""

    @operation(Capability.PROJECT_LIST, query=Wanted, answer=dict[str, Any])
    async def get(self, query: Wanted) -> dict[str, Any]:
        """The drive's root: the projects, as folders."""
        projects = await self.services.projects.list(self.principal)
        readable = [p for p in projects if Capability.FILE_READ in p.capabilities]
        model = _folder("", now(), writable=False)
        if query.content:
            content = [
                _folder(p.name, p.created, writable=Capability.FILE_WRITE in p.capabilities)
                for p in readable
            ]
            model.update(content=content, format="json")
        return model


class _Place(_Contents):
    """A folder or file; ``path`` is empty for the project's own folder."""

    @operation(Capability.FILE_READ, query=Wanted, answer=dict[str, Any], problems=(413,))
    async def get(self, project: str, query: Wanted, path: str = "") -> dict[str, Any]:
        """A file or folder, with its content unless ``content=0``."""
        model = await self.drive.get(
            f"{project}/{path}",
            content=bool(query.content),
            type=query.type,
            format=query.format if query.format != "json" else None,
            require_hash=True,
        )
        etag = model["hash"]
        if not query.hash:
            model.update(hash=None, hash_algorithm=None)
        return self._tagged(model, etag)

    @operation(
        Capability.FILE_WRITE,
        body=Creation,
        answer=dict[str, Any],
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, body: Creation, path: str = "") -> dict[str, Any]:
        """Make an untitled file in a folder, or a copy of one."""
        drive, folder = await self._changing(project), f"{project}/{path}"
        drive.refuse_hidden(folder)
        try:
            return self._located(await self._new(drive, folder, body))
        except HTTPError as error:
            raise told(error) from None

    async def _new(self, drive: Drive, folder: str, body: Creation) -> dict[str, Any]:
        made: Any
        if body.copy_from:
            drive.refuse_hidden(body.copy_from)
            made = drive.copy(body.copy_from, folder)
        else:
            kind, ext = body.type or "", body.ext or ""
            made = drive.new_untitled(folder, type=kind, ext=ext)  # type: ignore[no-untyped-call]
        model: dict[str, Any] = await made
        return model


class ProjectFolder(_Place):
    """``/contents/{project}``"""


class OnePath(_Place):
    """``/contents/{project}/{path}``"""

    @operation(
        Capability.FILE_WRITE,
        body=Model,
        answers={200: dict[str, Any], 201: dict[str, Any]},
        problems=(409, 412, 413, 415, 507),
        longest=MAX_MODEL,
    )
    async def put(self, project: str, path: str, body: Model) -> dict[str, Any]:
        """Save. With ``If-Match``, only over that version; a save that is late is kept (412)."""
        drive, full = await self._changing(project), f"{project}/{path}"
        headers = self.request.headers
        conditions = {"if_match": if_match(headers), "create_only": create_only(headers)}
        model = {name: getattr(body, name) for name in ("type", "format", "content", "message")}
        known = await drive.exists(full)
        if model["type"] is None:
            model["type"] = "notebook" if path.endswith(".ipynb") else "file"
        if model["content"] is None and model["type"] != "directory":
            if known:
                raise Invalid("A save needs the content.", field="content")
            empty(model)
        if body.chunk is not None:
            return await self._piece(full, model, body.chunk, conditions)
        self.set_status(200 if known else 201)
        return self._located(await drive.put(model, full, **conditions))

    async def _piece(
        self, path: str, model: dict[str, Any], number: int, conditions: dict[str, Any]
    ) -> dict[str, Any]:
        """One piece of an upload, ``chunk`` in Jupyter's words."""
        if model["type"] != "file":
            raise Invalid("Only a file comes in pieces; its type is file.", field="type")
        if number < 1 and number != LAST:
            raise Invalid("Pieces are counted from 1; the last is -1.", field="chunk")
        self.set_status(201)
        drive = self.drive
        if number == LAST:
            return self._located(await drive.put_last(model, path, **conditions))
        return await drive.put_piece(model, path, number)

    @operation(
        Capability.FILE_WRITE, body=Renaming, answer=dict[str, Any], problems=(409, 413, 415, 507)
    )
    async def patch(self, project: str, path: str, body: Renaming) -> dict[str, Any]:
        """Rename or move within the project; the history goes with it."""
        drive, full = await self._changing(project), f"{project}/{path}"
        await drive.rename_file(full, body.path)
        return self._located(await drive.get(body.path, content=False, require_hash=True))

    @operation(Capability.FILE_WRITE, status=204, problems=(409, 412, 507))
    async def delete(self, project: str, path: str) -> None:
        """Put a file or folder into the trash."""
        (await self._changing(project)).refuse_hidden(f"{project}/{path}")
        known = if_match(self.request.headers)
        await self.services.documents.trash(self.principal, project, path, known)


class Checkpoints(_Contents):
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


class OneCheckpoint(_Contents):
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


def told(error: HTTPError) -> SubmarineError:
    """What Jupyter's manager says over HTTP, as one of our errors."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound()
    words = (error.log_message or error.reason or "This is not possible").rstrip(".")
    if error.status_code == HTTPStatus.CONFLICT:
        return Conflict(f"{words}.")
    return Invalid(f"{words}.")


def _folder(name: str, created: str, *, writable: bool) -> dict[str, Any]:
    return {
        "name": name,
        "path": name,
        "type": "directory",
        "created": created,
        "last_modified": created,
        "mimetype": None,
        "content": None,
        "format": None,
        "size": None,
        "writable": writable,
        "hash": None,
        "hash_algorithm": None,
    }
