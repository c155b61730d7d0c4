"""A project's files beyond Jupyter's contents API: history, merges, trash, Zeppelin."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from msgspec import Meta, Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import Media, operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.domain.versions import Diff, Import, Merge, Trashed, Version

VersionId = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$")]
_NOTE = Media("application/x-zeppelin", "A Zeppelin note (.zpln).")


class Between(Struct, frozen=True, forbid_unknown_fields=True, rename={"before": "from"}):
    """``from`` a version ``to`` another (default: the current one)."""

    before: VersionId
    to: VersionId | None = None


class ThreeWay(Struct, frozen=True, forbid_unknown_fields=True):
    """``base``: the ETag that mine was made from. ``mine``, ``theirs``: versions (default of
    theirs: the current one).
    """

    base: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    mine: VersionId
    theirs: VersionId | None = None


class OfVersion(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version; absent: the file as it is."""

    version: VersionId | None = None


class Versions(Endpoint):
    """``/projects/{project}/versions/{path}``"""

    @operation(Capability.FILE_READ, query=Between, answer=Diff, problems=(413,))
    async def get(self, project: str, path: str, query: Between) -> Diff:
        """What changed between two versions of a file, cell by cell."""
        return await self.services.comparisons.diff(
            self.principal, project, path, query.before, query.to
        )


class Merges(Endpoint):
    """``/projects/{project}/merges/{path}``"""

    @operation(Capability.FILE_READ, query=ThreeWay, answer=Merge, problems=(409, 413))
    async def get(self, project: str, path: str, query: ThreeWay) -> Merge:
        """Merge two versions of a file that were made from a third; nothing is saved."""
        return await self.services.comparisons.merge(
            self.principal, project, path, query.base, query.mine, query.theirs
        )


class Trash(Endpoint):
    """``/projects/{project}/trash``"""

    @operation(Capability.FILE_READ, answer=Page[Trashed])
    async def get(self, project: str) -> Page[Trashed]:
        """List the files in the trash, the latest first."""
        return Page(await self.services.documents.trashed(self.principal, project))


class OneTrashed(Endpoint):
    """``/projects/{project}/trash/{path}``"""

    @operation(Capability.FILE_PURGE, status=204, problems=(409, 507))
    async def delete(self, project: str, path: str) -> None:
        """Delete a file in the trash for good, with its history."""
        await self.services.documents.purge(self.principal, project, path)


class Imports(Endpoint):
    """``/projects/{project}/imports``"""

    @operation(
        Capability.FILE_WRITE,
        body=Import,
        answer=Version,
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, body: Import) -> Version:
        """Make a notebook of a Zeppelin note."""
        return await self.services.notes.take(self.principal, project, body.path, body.note)


class Export(Endpoint):
    """``/projects/{project}/exports/{path}``"""

    @operation(Capability.FILE_READ, answer=_NOTE, problems=(413,))
    async def get(self, project: str, path: str) -> None:
        """Get a notebook as a Zeppelin note (.zpln)."""
        note: Any = await self.services.notes.give(self.principal, project, path)
        self.set_header("Content-Type", "application/x-zeppelin")
        name = _name(path.removesuffix(".ipynb") + ".zpln")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        _ = self.finish(note)


def _name(path: str) -> str:
    return quote(path.rpartition("/")[2], safe="")
