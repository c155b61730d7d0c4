"""A project's files as plain bytes, of any length: parts of them go out, whole ones come in.

Nothing here holds a file in memory: bodies go from the disk and to the disk.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from submarine_ext.api.conditions import byte_range, create_only, if_match, require_match
from submarine_ext.api.drive import Drive
from submarine_ext.api.files import OfVersion
from submarine_ext.api.operations import Media, operation
from submarine_ext.api.receiving import Receiving
from submarine_ext.domain.access import Capability
from submarine_ext.domain.versions import Version
from submarine_ext.errors import Forbidden, NotFound
from submarine_ext.files.uploads import MAX_FILE

if TYPE_CHECKING:
    from submarine_ext.files.blobs import Staged
    from submarine_ext.services.reading import Opened

PIECE = 1024 * 1024
BYTES = "application/octet-stream"
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Content-Disposition": "attachment, with the file's name",
    "ETag": "Of the whole file's bytes",
}
_WHOLE = Media(BYTES, "The file's bytes.", _HEADERS)
_PART = Media(BYTES, "Some of them.", {**_HEADERS, "Content-Range": "Which, of how many"})
_BODY = Media(BYTES, "The file's new bytes.")


class OneFile(Receiving):
    """``/files/{project}/{path}``"""

    _staged: Staged | None = None

    @operation(
        Capability.FILE_READ,
        query=OfVersion,
        answers={200: _WHOLE, 206: _PART},
        problems=(412, 413, 416),
    )
    async def get(self, project: str, path: str, query: OfVersion) -> None:
        """Download a file, or a version of it; with Range, a part of it.

        With ``If-Match`` all parts are of one version: 412 when there is another.
        """
        opened = await self.services.documents.open(self.principal, project, path, query.version)
        with opened.file:
            require_match(self.request.headers, opened.etag)
            part = byte_range(self.request.headers, opened.size, opened.etag)
            self._describe(path, opened, part)
            try:
                await self._send(project, opened, part or range(opened.size))
            except StreamClosedError:
                return  # the reader went away

    def _describe(self, path: str, opened: Opened, part: range | None) -> None:
        name = quote(path.rpartition("/")[2], safe="")
        self.set_header("Content-Type", BYTES)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.set_header("Content-Length", str(opened.size if part is None else len(part)))
        self.set_header("ETag", f'"{opened.etag}"')
        self.set_header("Accept-Ranges", "bytes")
        if part is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {part[0]}-{part[-1]}/{opened.size}")

    async def _send(self, project: str, opened: Opened, part: range) -> None:
        """A kernel may write on: what was promised is sent, no more."""
        left, file = len(part), opened.file
        file.seek(part.start)
        while left and (data := await asyncio.to_thread(file.read, min(left, PIECE))):
            if not await self._may_go_on(project, opened):
                self.request.connection.detach().close()  # type: ignore[union-attr]
                return
            left -= len(data)
            self.write(data)
            await self.flush()
        _ = self.finish()

    async def _may_go_on(self, project: str, opened: Opened) -> bool:
        """Who loses the right in the middle gets a broken answer, and not one byte more; so
        does whoever puts parts together that are not of one version any more.
        """
        try:
            await self.services.documents.require_read(self.principal, project)
        except (Forbidden, NotFound):
            return False
        return "If-Match" not in self.request.headers or opened.is_unchanged()

    async def admit(self) -> None:
        """Look at an upload's headers, and at its sender's rights, before its body comes."""
        await super().admit()
        if self.request.method == "PUT":
            await self._begin()

    async def _begin(self) -> None:
        project, path = self.path_kwargs["project"], self.path_kwargs["path"]
        documents = self.services.documents
        await documents.require_write(self.principal, project)
        self._drive.refuse_hidden(f"{project}/{path}")
        held = self.expect("A file", (BYTES,), MAX_FILE)
        self._staged = held.enter_context(documents.stage())

    @property
    def _drive(self) -> Drive:
        return Drive(self.services.documents, self.principal, config=self.config, log=self.log)

    async def take(self, chunk: bytes) -> None:
        """On another thread."""
        if self._staged is not None:
            await self.services.documents.take(self._staged, chunk)

    @operation(
        Capability.FILE_WRITE,
        upload=_BODY,
        answers={200: Version, 201: Version},
        problems=(409, 412, 413, 415, 507),
    )
    async def put(self, project: str, path: str) -> Version:
        """Save a file's bytes as they are; ``If-Match`` and ``If-None-Match`` as in /contents."""
        assert self._staged is not None, "prepare opened it"
        known = await self._drive.file_exists(f"{project}/{path}")
        version = await self.services.documents.save_staged(
            self.principal,
            project,
            path,
            self._staged,
            if_match=if_match(self.request.headers),
            create_only=create_only(self.request.headers),
        )
        self.set_status(200 if known else 201)
        self.set_header("ETag", f'"{version.etag}"')
        return version
