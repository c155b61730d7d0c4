"""Code bundles: is it here, send it, or let the server pack a folder of its own."""

from __future__ import annotations

import asyncio
import errno
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import Media, operation
from submarine_ext.api.problems import UnsupportedMedia
from submarine_ext.domain.access import Capability
from submarine_ext.domain.bundles import Packed
from submarine_ext.domain.projects import Slug
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import NotFound, StorageFull, SubmarineError, TooLarge

if TYPE_CHECKING:
    from submarine_ext.files.bundles import BundleWriter

GZIPPED_TAR = Media("application/gzip", "A gzipped tar whose bytes have this SHA-256")


class FolderToPack(Struct, frozen=True, forbid_unknown_fields=True):
    """A folder as the lab's file browser names it, relative to the server's root, or to the
    folder of the ``project``.
    """

    folder: Annotated[str, Meta(max_length=1024)]
    project: Slug | None = None


class Bundles(Endpoint):
    """``/bundles``"""

    @operation(
        Capability.BUNDLE_WRITE,
        body=FolderToPack,
        answer=Packed,
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, body: FolderToPack) -> Packed:
        """Make a bundle of a folder on the server, or of a project's."""
        return await self.services.bundles.pack(self.principal, body.folder, body.project)


class OneBundle(Endpoint):
    """``/bundles/{sha256}``. The body goes to the disk as it comes; none of it is held."""

    _writer: BundleWriter | None = None
    _refused: SubmarineError | OSError | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Look at an upload's headers before its body comes."""
        await super().prepare()
        if self.request.method == "PUT":
            await self._check_upload()

    async def _check_upload(self) -> None:
        limit = self.site.max_bundle_bytes
        if self.request.headers.get("Content-Type") not in (
            "application/gzip",
            "application/x-gzip",
        ):
            raise UnsupportedMedia("A bundle is sent as application/gzip.")
        length = self.request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > limit:
            raise TooLarge(f"A bundle may have {human_bytes(limit)} at most.")
        # One byte more than allowed must arrive, so that the writer refuses it by name.
        self.request.connection.set_max_body_size(limit + CHUNKED_SLACK)  # type: ignore[union-attr]
        await self._open_writer(self.path_kwargs["sha256"])

    async def _open_writer(self, sha256: str) -> None:
        self._held = ExitStack()
        writer = await self.services.bundles.receive(self.principal, sha256)
        self._writer = self._held.enter_context(writer)

    async def data_received(self, chunk: bytes) -> None:  # type: ignore[override]
        """Write it on another thread; the connection waits, so memory stays flat."""
        if self._writer is None or self._refused is not None:
            return  # an error is answered once the body is over
        try:
            await asyncio.to_thread(self._writer.write, chunk)
        except (SubmarineError, OSError) as error:
            self._refused = error

    @operation(Capability.BUNDLE_WRITE, answer=None)
    async def head(self, sha256: str) -> None:
        """Whether a bundle is here."""
        if not await self.services.bundles.has(self.principal, sha256):
            raise NotFound

    @operation(
        Capability.BUNDLE_WRITE,
        upload=GZIPPED_TAR,
        answers={200: None, 201: None},
        problems=(413, 415, 507),
    )
    async def put(self, sha256: str) -> None:
        """Send a bundle."""
        assert self._writer is not None, "prepare opened it"
        try:
            if self._refused is not None:
                raise self._refused
            new = await asyncio.to_thread(self._writer.commit)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("There is no room left for the bundle.") from None
            raise
        self.set_status(201 if new else 200)

    def on_finish(self) -> None:
        """Also after an error: what was not committed goes."""
        super().on_finish()
        self._let_go()

    def on_connection_close(self) -> None:
        """The sender went away in the middle."""
        super().on_connection_close()
        self._let_go()

    def _let_go(self) -> None:
        if self._writer is not None:
            self._held.close()
            self._writer = None


#: tornado ends a connection without an answer beyond its own limit; ours answers before.
CHUNKED_SLACK = 64 * 1024 * 1024
