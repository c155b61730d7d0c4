"""``client.files(project)``: the shared files of a project, and their history.

A save names the version that it was made from; one that comes too late changes nothing and
loses nothing: ``Stale`` names the version that keeps it (``kept``) and the file's (``current``).
"""

from __future__ import annotations

import base64
import builtins
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec
from msgspec import Struct

from submarine_ext.client.answers import pages, received
from submarine_ext.client.transport import Transport
from submarine_ext.domain.versions import Diff, Merge, Trashed, Version
from submarine_ext.errors import NotFound


class File(Struct, frozen=True, kw_only=True):
    """A file or folder, as Jupyter's contents model has it, and its ``etag``.

    ``content`` is a notebook (dict), text, base64 text (``format`` says which) or a folder's
    list; None where it was not asked for. ``writable`` is False for whoever may not save.
    """

    name: str
    path: str
    type: str
    writable: bool
    last_modified: str | None = None
    size: int | None = None
    format: str | None = None
    mimetype: str | None = None
    content: Any = None
    etag: str | None = None


class Part(Struct, frozen=True):
    """Some bytes of a file, the size of all of it, and the version that they are of."""

    data: bytes
    size: int
    etag: str


class Files:
    """The files of one project; paths are relative to it."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport, self.project = transport, project

    def list(self, folder: str = "") -> builtins.list[File]:
        """What is in a folder. Raises ``NotFound``."""
        answer = self._transport.get(self._drive(folder), type="directory").json()
        return [received(item, File) for item in answer["content"]]

    def info(self, path: str) -> File:
        """A file or folder without its content; files with their ETag. Raises ``NotFound``."""
        return _file(self._transport.get(self._drive(path), content=0))

    def read(self, path: str) -> File:
        """A file with its content and the ETag to save it with. Raises ``NotFound``."""
        return _file(self._transport.get(self._drive(path)))

    def read_bytes(self, path: str, *, version: str | None = None) -> bytes:
        """A file's bytes, or those of a version of it."""
        return self._transport.get(self._download(path), version=version).content

    def read_part(self, path: str, first: int, length: int, *, if_match: str | None = None) -> Part:
        """``length`` bytes from ``first`` on, fewer at the file's end.

        ``if_match``: the ETag of the parts read before; raises ``Stale`` if the file is
        another by now, so that parts of two versions never come together.
        """
        headers = _conditions(if_match) | {"Range": f"bytes={first}-{first + length - 1}"}
        answer = self._transport.send("GET", self._download(path), headers=headers, timeout=300)
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        return Part(answer.content, int(size or len(answer.content)), _etag(answer.headers))

    def receive(self, path: str, to: Path) -> str:
        """Save a file here, under that very name; the ETag of what was received."""
        return _etag(self._transport.download(self._download(path), to))

    def send(
        self, path: str, file: Path, *, if_match: str | None = None, create: bool = False
    ) -> Version:
        """Save the bytes of a file that lies here, unchanged and of any size.

        Conditions as for :meth:`save`; the answer's ``etag`` is the SHA-256 of the bytes.
        """
        headers = _conditions(if_match, create=create) | {
            "Content-Type": "application/octet-stream"
        }
        answer = self._transport.upload(self._download(path), file, headers)
        return received(answer.json(), Version)

    def download(
        self, path: str, to: Path | str | None = None, *, version: str | None = None
    ) -> Path:
        """Save a file, or a version of it, here: by default under its own name."""
        target = Path(to) if to is not None else Path(Path(path).name)
        if target.is_dir():
            target = target / Path(path).name
        query = "" if version is None else "?" + urlencode({"version": version})
        self._transport.download(self._download(path) + query, target)
        return target

    def save(
        self,
        path: str,
        content: dict[str, Any] | str | bytes,
        *,
        if_match: str | None = None,
        create: bool = False,
    ) -> File:
        """Save a notebook (a dict, or its JSON), text or bytes; the answer has the new ETag.

        ``if_match``: the ETag of what it was made from; raises ``Stale`` if somebody saved
        meanwhile. ``create``: only if there is no such file, else ``Stale``. With neither it
        is saved over whatever is there, which stays as a version.
        """
        model, headers = _model(path, content), _conditions(if_match, create=create)
        return _file(self._transport.send("PUT", self._drive(path), json=model, headers=headers))

    def make_folder(self, path: str) -> File:
        """A folder, unless it is there already."""
        return _file(self._transport.send("PUT", self._drive(path), json={"type": "directory"}))

    def rename(self, path: str, to: str) -> File:
        """Rename or move a file or folder; its history goes with it. ``Conflict``: taken."""
        body = {"path": f"{self.project}/{to}"}
        return _file(self._transport.send("PATCH", self._drive(path), json=body))

    def delete(self, path: str, *, if_match: str | None = None) -> None:
        """Put a file or folder into the trash; ``Stale`` if it is not ``if_match`` any more."""
        self._transport.send("DELETE", self._drive(path), headers=_conditions(if_match))

    def trash(self) -> builtins.list[Trashed]:
        """What is there; ``restore(path, version)`` brings it back."""
        return [*pages(self._transport, f"projects/{self.project}/trash", Trashed)]

    def purge(self, path: str) -> None:
        """Delete a file that is in the trash for good, with its history (owners)."""
        self._transport.send("DELETE", f"projects/{self.project}/trash/{quote(path)}")

    def history(self, path: str) -> builtins.list[Version]:
        """All versions, the newest last. Raises ``NotFound``."""
        answer = self._transport.get(self._checkpoints(path)).json()
        return [received(item, Version) for item in answer]

    def current(self, path: str) -> Version | None:
        """The version that the file has now; None where it is gone."""
        try:
            return next((each for each in self.history(path) if each.current), None)
        except NotFound:
            return None

    def diff(self, path: str, before: str, after: str | None = None) -> Diff:
        """What changed from one version to another (default: the current one), by cells."""
        route = f"projects/{self.project}/versions/{quote(path)}"
        answer = self._transport.get(route, **{"from": before, "to": after})
        return received(answer.json(), Diff)

    def merge(self, path: str, base: str, mine: str, theirs: str | None = None) -> Merge:
        """Merge two versions that were made from the ETag ``base``; saves nothing.

        After a ``Stale`` error: ``merge(path, if_match, error.kept)``.
        """
        route = f"projects/{self.project}/merges/{quote(path)}"
        answer = self._transport.get(route, base=base, mine=mine, theirs=theirs)
        return received(answer.json(), Merge)

    def restore(self, path: str, version: str) -> None:
        """Make a version's content the file's, as a new version; also out of the trash."""
        self._transport.post(self._checkpoints(path, version), {})

    def name(self, path: str, message: str | None, *, version: str | None = None) -> Version:
        """Name a version (default: the current one), which is then kept for good; None: unname."""
        body = {"message": message}
        method = "POST" if version is None else "PATCH"
        answer = self._transport.send(method, self._checkpoints(path, version), json=body)
        return received(answer.json(), Version)

    def purge_version(self, path: str, version: str) -> None:
        """Delete a version for good (owners). ``Conflict``: it is current, or a job ran it."""
        self._transport.send("DELETE", self._checkpoints(path, version))

    def import_zeppelin(self, path: str, note: dict[str, Any] | str | bytes) -> Version:
        """Make a notebook at ``path`` of a Zeppelin note: a dict, or its JSON.

        Raises ``Invalid`` for what is no note, ``Conflict`` where the path is taken.
        """
        note = note if isinstance(note, dict) else msgspec.json.decode(note)
        body = {"path": path, "note": note}
        answer = self._transport.post(f"projects/{self.project}/imports", body)
        return received(answer.json(), Version)

    def export_zeppelin(self, path: str) -> bytes:
        """A notebook as a Zeppelin note (``.zpln``). Raises ``Invalid`` for another file."""
        return self._transport.get(f"projects/{self.project}/exports/{quote(path)}").content

    def _drive(self, path: str) -> str:
        return f"contents/{quote(self.project, safe='')}" + (f"/{quote(path)}" if path else "")

    def _download(self, path: str) -> str:
        return f"files/{quote(self.project, safe='')}/{quote(path)}"

    def _checkpoints(self, path: str, version: str | None = None) -> str:
        one = "" if version is None else f"/{quote(version, safe='')}"
        return f"{self._drive(path)}/checkpoints{one}"


def _file(answer: httpx.Response) -> File:
    return received({**answer.json(), "etag": _etag(answer.headers) or None}, File)


def _etag(headers: httpx.Headers) -> str:
    return str(headers.get("ETag", "")).strip('"')


def _conditions(if_match: str | None, *, create: bool = False) -> dict[str, str]:
    """``*`` as ``if_match`` is whatever is there."""
    tag = if_match if if_match == "*" else f'"{if_match}"'
    known = {} if if_match is None else {"If-Match": tag}
    return known | ({"If-None-Match": "*"} if create else {})


def _model(path: str, content: dict[str, Any] | str | bytes) -> dict[str, Any]:
    """The model to PUT: what has a notebook's name is one."""
    if isinstance(content, (str, bytes)) and path.endswith(".ipynb"):
        content = json.loads(content)
    if isinstance(content, bytes):
        text = base64.b64encode(content).decode()
        return {"type": "file", "format": "base64", "content": text}
    if isinstance(content, str):
        return {"type": "file", "format": "text", "content": content}
    return {"type": "notebook", "format": "json", "content": content}
