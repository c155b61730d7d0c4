"""Code bundles: is it here, send it, or let the server pack a folder of its own."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import Media, operation
from submarine_ext.api.receiving import Receiving
from submarine_ext.domain.access import Capability
from submarine_ext.domain.bundles import Packed
from submarine_ext.domain.projects import Slug
from submarine_ext.errors import NotFound, StorageFull

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


class OneBundle(Receiving):
    """``/bundles/{sha256}``. The body goes to the disk as it comes; none of it is held."""

    _writer: BundleWriter | None = None

    async def admit(self) -> None:
        """Look at an upload's headers before its body comes."""
        await super().admit()
        if self.request.method == "PUT":
            await self._check_upload()

    async def _check_upload(self) -> None:
        types = ("application/gzip", "application/x-gzip")
        held = self.expect("A bundle", types, self.site.max_bundle_bytes)
        sha256 = self.path_kwargs["sha256"]
        self._writer = held.enter_context(
            await self.services.bundles.receive(self.principal, sha256)
        )

    async def take(self, chunk: bytes) -> None:
        """On another thread. Raises StorageFull."""
        if self._writer is not None:
            with _room():
                await asyncio.to_thread(self._writer.write, chunk)

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
        with _room():
            new = await asyncio.to_thread(self._writer.commit)
        self.set_status(201 if new else 200)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("There is no room left for the bundle.") from None
        raise
