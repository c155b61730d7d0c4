"""Code bundles: upload, pack a folder of the server, check a spec against one."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection, Mapping
from pathlib import Path

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.bundles import Packed
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.notebooks import check_parameters, parse
from submarine_ext.domain.paths import inside
from submarine_ext.domain.sources import MOST
from submarine_ext.errors import Invalid, NotFound
from submarine_ext.files.bundles import BundleFiles, BundleWriter
from submarine_ext.files.folder import below
from submarine_ext.files.packing import packed
from submarine_ext.services import access
from submarine_ext.services.documents import Documents
from submarine_ext.store.store import Store


class Bundles:
    """``folder_root`` is what the lab's file browser shows; None where nobody may pack."""

    def __init__(
        self, store: Store, files: BundleFiles, documents: Documents, folder_root: Path | None
    ) -> None:
        self._store = store
        self._files = files
        self._documents = documents
        self._folder_root = folder_root

    async def has(self, who: Principal, sha256: str) -> bool:
        """Whether the bundle need not be sent."""
        await self._require(who)
        return await asyncio.to_thread(self._files.has, sha256)

    async def receive(self, who: Principal, sha256: str) -> BundleWriter:
        """A writer for the bundle's bytes; see :class:`BundleWriter`."""
        await self._require(who)
        return self._files.receive(sha256)

    async def pack(self, who: Principal, folder: str, project: str | None = None) -> Packed:
        """Make a bundle of a folder below the server's root, for a face without files, or of
        a folder of a project. What travels from a project is a version of its files then.
        """
        await self._require(who)
        if project is None:
            return await asyncio.to_thread(self._pack, below(self._folder_root, folder))
        where = await self._documents.folder_to_pack(who, project, folder)
        bundle = await asyncio.to_thread(self._pack, where)
        members = await asyncio.to_thread(self._files.members, bundle.sha256)
        inner = inside(folder, "folder")
        names = [f"{inner}/{name}".lstrip("/") for name in members]
        await self._documents.require_write(who, project)  # still, after all the packing
        await self._documents.note_current(project, names)
        return bundle

    def _pack(self, path: Path) -> Packed:
        with packed(path) as bundle, self._files.receive(bundle.sha256) as writer:
            with bundle.file.open("rb") as content:
                while chunk := content.read(1024 * 1024):
                    writer.write(chunk)
            writer.commit()
            return bundle.described()

    async def check(self, spec: JobSpec) -> Mapping[str, str]:
        """The SHA-256 of the bundle's files, by name, if it holds what the spec runs.

        Raises Invalid naming the field.
        """
        return await asyncio.to_thread(self._check, spec)

    async def code(self, spec: JobSpec) -> tuple[frozenset[str], dict[str, str]]:
        """The names of all files in the spec's bundle, and its Python files and notebooks as
        text; nothing where it is not here yet.
        """
        if spec.bundle is None:
            return frozenset(), {}
        return await asyncio.to_thread(self._code, spec.bundle)

    def _code(self, sha256: str) -> tuple[frozenset[str], dict[str, str]]:
        try:
            members = frozenset(self._files.members(sha256))
            found = self._files.sources(sha256, (".py", ".ipynb"), MOST)
        except NotFound:
            return frozenset(), {}
        return members, {name: body.decode(errors="replace") for name, body in found.items()}

    async def _require(self, who: Principal) -> None:
        await self._store.read(lambda tx: access.signed_in(tx, who, Capability.BUNDLE_WRITE))

    def _check(self, spec: JobSpec) -> Mapping[str, str]:
        assert spec.bundle is not None
        try:
            members = self._files.members(spec.bundle)
        except NotFound:
            raise Invalid(
                "The bundle is not here: upload it first (PUT /bundles/…).", field="bundle"
            ) from None
        workdir = inside(spec.workdir or "", "workdir")
        if workdir and not any(name.startswith(f"{workdir}/") for name in members):
            raise Invalid(f"The bundle has no folder {workdir[:80]!r}.", field="workdir")
        for field in ("script", "notebook"):
            path = getattr(spec, field)
            if path is not None:
                _require_file(inside(path, field), members, field)
        if spec.notebook is not None:
            name = inside(spec.notebook, "notebook")
            check_parameters(
                parse(self._files.read(spec.bundle, name), name), spec.parameters, name
            )
        return members


def _require_file(path: str, names: Collection[str], field: str) -> None:
    if path in names:
        return
    near = difflib.get_close_matches(path, names, 1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise Invalid(f"The bundle has no file {path[:80]!r}{hint}", field=field)
