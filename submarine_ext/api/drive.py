"""Jupyter's contents manager over the project drive.

What Jupyter has settled is Jupyter's: how a model looks, what is a notebook, how untitled
files and copies are called, what is hidden. Where bytes lie and who may touch them is the
services' business: this class is made for one request and knows its asker.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_server.services.contents.manager import AsyncContentsManager, copy_pat
from nbformat.v4 import new_notebook

from submarine_ext.domain.access import Principal
from submarine_ext.domain.paths import Where
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.domain.times import at
from submarine_ext.domain.versions import Version
from submarine_ext.errors import Invalid, NotFound, TooLarge
from submarine_ext.files.projects import Entry

if TYPE_CHECKING:
    from submarine_ext.services.documents import Documents

#: Between a version's time and the file's own, which is written a moment later.
SAVE_SECONDS = 2.0
#: A model with content is made in memory: larger files are for download.
MAX_SHOWN = 64 * 1024 * 1024


class Drive(AsyncContentsManager):
    """Paths begin with the project: ``vision/sub/a.ipynb``. Errors are ours, not HTTP's."""

    def __init__(self, documents: Documents, who: Principal, **more: Any) -> None:
        super().__init__(**more)
        self._documents = documents
        self._who = who

    async def is_hidden(self, path: str) -> bool:
        """Whether a part of it begins with a dot, as Jupyter has it on POSIX."""
        return _is_hidden(path)

    def refuse_hidden(self, path: str) -> None:
        """Raise Invalid for what may not be changed here because nobody would see it."""
        if not self.allow_hidden and _is_hidden(path):
            raise Invalid(
                f"{path[:80]!r} is hidden: names here may not begin with a dot.", field="path"
            )

    async def dir_exists(self, path: str) -> bool:
        """Whether there is a folder."""
        entry = await self._look(path)
        return entry is not None and entry.is_folder

    async def file_exists(self, path: str) -> bool:
        """Whether there is a file."""
        entry = await self._look(path)
        return entry is not None and not entry.is_folder

    async def exists(self, path: str) -> bool:
        """Whether there is anything."""
        return await self._look(path) is not None

    async def _look(self, path: str) -> Entry | None:
        try:
            return (await self._documents.look(self._who, *_split(path)))[0]
        except NotFound:
            return None

    async def get(
        self,
        path: str,
        content: bool = True,  # noqa: FBT001, FBT002
        type: str | None = None,  # noqa: A002
        format: str | None = None,  # noqa: A002
        require_hash: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        """The model. Raises NotFound, Invalid for a wrong type or format, TooLarge."""
        project, inner = _split(path)
        if not self.allow_hidden and _is_hidden(path):
            raise NotFound
        entry, writable = await self._documents.look(self._who, project, inner)
        model = _base(entry, path.strip("/"), writable=writable)
        if entry.is_folder:
            if type not in (None, "directory"):
                raise Invalid(f"{inner[:80]!r} is a folder, not a {type}.", field="type")
            return await self._folder(model, project, inner, content=content)
        if type == "directory":
            raise Invalid(f"{inner[:80]!r} is a file, not a folder.", field="type")
        is_notebook = type == "notebook" or (type is None and path.endswith(".ipynb"))
        model["type"] = "notebook" if is_notebook else "file"
        model["mimetype"] = None if is_notebook else mimetypes.guess_type(entry.name)[0]
        if content:
            await self._fill(model, project, inner, None if is_notebook else format or "")
        elif require_hash:
            model["hash"] = await self._documents.etag(self._who, project, inner)
        if model["hash"] is not None:
            model["hash_algorithm"] = "sha256"
        return model

    async def _folder(
        self, model: dict[str, Any], project: str, inner: str, *, content: bool
    ) -> dict[str, Any]:
        model.update(type="directory", size=None)
        if content:
            entries, writable = await self._documents.entries(self._who, project, inner)
            savers = await self._documents.savers(self._who, project, inner)
            model["format"] = "json"
            model["content"] = [
                _listed(entry, f"{model['path']}/{entry.name}", savers, writable=writable)
                for entry in entries
                if self.should_list(entry.name)  # type: ignore[no-untyped-call]
                and (self.allow_hidden or not entry.name.startswith("."))
            ]
        return model

    async def _fill(
        self, model: dict[str, Any], project: str, inner: str, wanted: str | None
    ) -> None:
        """Put the content in; ``wanted`` None means a notebook, else a format or ``""``."""
        if model["size"] > MAX_SHOWN:
            raise TooLarge(
                f"The file has {human_bytes(model['size'])}, too many to show: download it."
            )
        content = await self._documents.read(self._who, project, inner)
        model["hash"] = content.etag
        if wanted is None:
            await asyncio.to_thread(self._fill_notebook, model, content.body)
        else:
            model["content"], model["format"] = _text_or_base64(content.body, wanted)
            default = "text/plain" if model["format"] == "text" else "application/octet-stream"
            model["mimetype"] = model["mimetype"] or default

    def _fill_notebook(self, model: dict[str, Any], body: bytes) -> None:
        found: dict[str, Any] = {}
        try:
            notebook = nbformat.reads(body.decode(), as_version=4, capture_validation_error=found)
        except Exception as error:  # noqa: BLE001 - nbformat has no error of its own for this
            raise Invalid(f"This cannot be read as a notebook: {error!r}"[:300]) from None
        # Others wrote this: their HTML and scripts do not run unless the reader says so.
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.metadata["trusted"] = False
        model.update(content=notebook, format="json")
        self.validate_notebook_model(model, found)  # type: ignore[no-untyped-call]

    async def copy(self, from_path: str, to_path: str | None = None) -> dict[str, Any]:
        """Copy a file or a folder into a folder (default: its own), under a name that Jupyter
        chooses.
        """
        if to_path is None:
            to_path = from_path.strip("/").rpartition("/")[0]
        name = copy_pat.sub(".", from_path.strip("/").rpartition("/")[2])
        name = await self.increment_filename(name, to_path, insert="-Copy")  # type: ignore[no-untyped-call]
        target = f"{to_path.strip('/')}/{name}"
        await self._documents.copy(self._who, Where(*_split(from_path)), Where(*_split(target)))
        return await self.get(target, content=False)

    async def save(self, model: dict[str, Any], path: str) -> dict[str, Any]:
        """What Jupyter's own ``new`` and ``copy`` end with: a name that nothing had."""
        return await self.put(model, path, create_only=True)

    async def put(self, model: dict[str, Any], path: str, **conditions: Any) -> dict[str, Any]:
        """Save, and answer with the model without content."""
        project, inner = _split(path)
        self.refuse_hidden(path)
        if model["type"] == "directory":
            await self._documents.make_folder(self._who, project, inner)
            return await self.get(path, content=False)
        found: dict[str, Any] = {}
        body = await asyncio.to_thread(encoded, model, found)
        version, _ = await self._documents.save(
            self._who, project, inner, body, message=model.get("message"), **conditions
        )
        saved = await self._saved(path, model["type"], version)
        if found:
            self.validate_notebook_model(saved, found)  # type: ignore[no-untyped-call]
        return saved

    async def put_piece(self, model: dict[str, Any], path: str, number: int) -> dict[str, Any]:
        """Take a piece of an upload, and answer with what a model can say meanwhile."""
        project, inner = _split(path)
        self.refuse_hidden(path)
        data = await asyncio.to_thread(decoded, model["content"], model["format"])
        size = await self._documents.receive(self._who, project, inner, number, data)
        moment = time()
        name = path.rpartition("/")[2]
        return _base(Entry(name, False, size, moment, moment), path, writable=True)  # noqa: FBT003

    async def put_last(self, model: dict[str, Any], path: str, **conditions: Any) -> dict[str, Any]:
        """Take the last piece and save the whole."""
        project, inner = _split(path)
        self.refuse_hidden(path)
        data = await asyncio.to_thread(decoded, model["content"], model["format"])
        version = await self._documents.received(self._who, project, inner, data, **conditions)
        return await self._saved(path, "file", version)

    async def _saved(self, path: str, kind: str, version: Version) -> dict[str, Any]:
        model = await self.get(path, content=False, type=kind)
        model.update(hash=version.etag, hash_algorithm="sha256", size=version.size)
        return model

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Within a project."""
        project, old = _split(old_path)
        target, new = _split(new_path)
        self.refuse_hidden(old_path)
        self.refuse_hidden(new_path)
        if target != project:
            raise Invalid(
                "A file cannot move to another project: copy it there, then delete it here.",
                field="path",
            )
        await self._documents.move(self._who, project, old, new)

    async def delete_file(self, path: str) -> None:
        """Into the trash."""
        self.refuse_hidden(path)
        await self._documents.trash(self._who, *_split(path))

    def emit(self, data: Any) -> None:
        """What happened is in our own log of events."""


def encoded(model: dict[str, Any], found: dict[str, Any]) -> bytes:
    """The bytes that a model's content stands for. Raises Invalid.

    ``found`` gets nbformat's complaint about a notebook that is saved all the same.
    """
    if model["type"] == "notebook":
        return _notebook_bytes(model["content"], found)
    return decoded(model["content"], model.get("format"))


def decoded(content: Any, format: str | None) -> bytes:  # noqa: A002
    """A file's bytes. Raises Invalid."""
    if not isinstance(content, str):
        raise Invalid("The content of a file is text or base64, in a string.", field="content")
    try:
        if format == "text":
            return content.encode()
        if format == "base64":
            return base64.b64decode("".join(content.split()), validate=True)
    except (UnicodeError, binascii.Error, ValueError) as error:
        raise Invalid(f"The content is not valid {format}: {error}.", field="content") from None
    raise Invalid("The format of a file is text or base64.", field="format")


def _notebook_bytes(content: Any, found: dict[str, Any]) -> bytes:
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Invalid("The content of a notebook is a JSON object with nbformat.", field="content")
    try:
        notebook = nbformat.from_dict(content)
        text: str = nbformat.writes(
            notebook, version=nbformat.NO_CONVERT, capture_validation_error=found
        )
        return (text.removesuffix("\n") + "\n").encode()
    except Exception as error:  # noqa: BLE001 - whatever nbformat stumbles over is bad input
        raise Invalid(f"This is no notebook: {error!r}"[:300], field="content") from None


def empty(model: dict[str, Any]) -> None:
    """Give a new file the content that Jupyter gives it."""
    if model["type"] == "notebook":
        model.update(content=new_notebook(), format="json")
    else:
        model.update(content="", format="text")


def _split(path: str) -> tuple[str, str]:
    project, _, inner = path.strip("/").partition("/")
    return project, inner


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in _split(path)[1].split("/"))


def _base(entry: Entry, path: str, *, writable: bool) -> dict[str, Any]:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "type": "file",
        "created": at(entry.created),
        "last_modified": at(entry.modified),
        "mimetype": None,
        "content": None,
        "format": None,
        "size": entry.size,
        "writable": writable,
        "hash": None,
        "hash_algorithm": None,
    }


def _listed(
    entry: Entry, path: str, savers: Mapping[str, tuple[str, str]], *, writable: bool
) -> dict[str, Any]:
    """One line of a folder's listing. ``author`` saved it last, unless it was changed since
    (then nobody knows who: None).
    """
    model = _base(entry, path, writable=writable)
    author, saved = savers.get(_split(path)[1], (None, ""))
    model["author"] = author if at(entry.modified - SAVE_SECONDS) <= saved else None
    if entry.is_folder:
        model.update(type="directory", size=None)
    elif path.endswith(".ipynb"):
        model["type"] = "notebook"
    else:
        model["mimetype"] = mimetypes.guess_type(entry.name)[0]
    return model


def _text_or_base64(body: bytes, wanted: str) -> tuple[str, str]:
    if wanted in ("", "text"):
        try:
            return body.decode(), "text"
        except UnicodeDecodeError:
            if wanted == "text":
                raise Invalid("The file is not text in UTF-8.", field="format") from None
    return base64.encodebytes(body).decode(), "base64"
