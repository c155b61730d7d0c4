"""The history of a project's files: listed, named, restored, purged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.versions import Version, VersionKind
from submarine_ext.errors import Conflict, NotFound
from submarine_ext.services import access
from submarine_ext.services.entries import Told, note
from submarine_ext.services.filing import Filing
from submarine_ext.services.reading import named, version_of
from submarine_ext.services.saves import marks
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Transaction


class Histories(Filing):
    """Versions of files."""

    async def history(self, who: Principal, project: str, path: str) -> list[Version]:
        """Versions, the newest last. What was changed outside the lab is one of them."""
        path = named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_READ))
        etags = await self.note_current(project, [path])

        def query(tx: Transaction) -> list[Version]:
            relation = access.may(tx, who, project, Capability.FILE_READ)
            document = documents.find(tx, project, path)
            if document is None:
                raise NotFound
            found = _history(tx, document, etags.get(path))
            if access.sees(relation, Capability.JOB_LIST):
                return found
            return [replace(version, jobs=[]) for version in found]

        return await self._store.read(query)

    async def note_current(self, project: str, paths: Sequence[str]) -> dict[str, str]:
        """Make sure that what lies at these paths now is versions; their ETags by path."""
        etags = await asyncio.to_thread(self._etags, project, paths)
        heads = await self._store.read(lambda tx: versions.heads(tx, project, paths))
        changed = [path for path, etag in etags.items() if heads.get(path) != etag]
        if changed:
            async with self._files.locked(project):
                await self._saves.note(project, changed)
            heads = await self._store.read(lambda tx: versions.heads(tx, project, paths))
        return {path: heads.get(path, etag) for path, etag in etags.items()}

    def _etags(self, project: str, paths: Sequence[str]) -> dict[str, str]:
        found = {path: self._files.etag(project, path) for path in paths}
        return {path: etag for path, etag in found.items() if etag is not None}

    async def mark(
        self, who: Principal, project: str, path: str, version: str | None, message: str | None
    ) -> Version:
        """Name a version. ``version`` None: the current one, which without a ``message``
        keeps the name it has.
        """
        path = named(path)
        await self.require_write(who, project)
        etags = await self.note_current(project, [path])

        def give(tx: Transaction) -> Version:
            access.may(tx, who, project, Capability.FILE_WRITE)
            record = version_of(tx, project, path, version)
            if version is not None or message is not None:
                versions.name(tx, record.id, message)
                before, after = (marks(record, message=m) for m in (record.message, message))
                news: Told = {"project": project, "before": before, "after": after}
                note(tx, who.name, "version.name", path, **news)
                record = versions.get(tx, record.id) or record
            jobs = versions.jobs_of(tx, record.document).get(record.id, [])
            return versions.shown(record, jobs, current=_is_head(tx, record, etags.get(path)))

        if version is None and path not in etags:
            raise NotFound
        return await self._store.write(give)

    async def restore(self, who: Principal, project: str, path: str, version: str) -> Version:
        """Make a version's content the current one, as a new version. What is in the trash
        comes back. Raises Conflict where another file is in its place.
        """
        path = named(path)

        def query(tx: Transaction) -> tuple[versions.Record, documents.Document]:
            access.may(tx, who, project, Capability.FILE_WRITE)
            record = version_of(tx, project, path, version)
            document = documents.of_version(tx, project, path, record.id)
            assert document is not None, "it was found by its path"
            return record, document

        record, document = await self._store.read(query)
        taken = await asyncio.to_thread(self._files.look, project, path)
        if document.deleted and taken is not None:
            raise Conflict(
                f"There is another file at {path[:80]!r} now: rename it first, then restore."
            )
        with self.stage() as staged, self._files.blobs.open(record.sha256) as blob:
            await asyncio.to_thread(staged.copy, blob)
            return await self.save_staged(
                who,
                project,
                path,
                staged,
                kind=VersionKind.RESTORED,
                create_only=document.deleted is not None,
                revive=document.id if document.deleted else None,
            )

    async def purge_version(self, who: Principal, project: str, path: str, version: str) -> None:
        """Delete a version for good. Raises Conflict for the current one and what a job ran."""
        path = named(path)
        await self._store.read(lambda tx: access.may(tx, who, project, Capability.FILE_PURGE))
        etags = await self.note_current(project, [path])

        def forget(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.FILE_PURGE)
            record = version_of(tx, project, path, version)
            if _is_head(tx, record, etags.get(path)):
                raise Conflict("This is what the file holds now; delete the file instead.")
            if ran := versions.jobs_of(tx, record.document).get(record.id):
                raise ran_by(ran)
            before = marks(record)
            note(tx, who.name, "version.purge", path, project=project, before=before, after={})
            versions.remove(tx, [record.id])

        await self._store.write(forget)


def _is_head(tx: Transaction, record: versions.Record, etag: str | None) -> bool:
    """Whether this is what the file holds now."""
    return record.id == _head(tx, record.document, etag)


def _head(tx: Transaction, document: int, etag: str | None) -> int | None:
    """The version that the file holds now, if what it holds is one."""
    latest = versions.latest(tx, document)
    return latest.id if latest is not None and latest.etag == etag else None


def _history(tx: Transaction, document: documents.Document, etag: str | None) -> list[Version]:
    """Of versions in a row that keep the same, only the last, unless more is said of them.

    (Where a project keeps no outputs, running a notebook again changes its ETag only.)
    """
    records = versions.of(tx, document.id)
    jobs = versions.jobs_of(tx, document.id)
    head = _head(tx, document.id, etag)
    followers = {
        record.id: after.sha256
        for record, after in pairwise(r for r in records if r.kind is not VersionKind.CONFLICT)
    }
    return [
        versions.shown(record, jobs.get(record.id, []), current=record.id == head)
        for record in records
        if record.message or record.id in jobs or followers.get(record.id) != record.sha256
    ]


def ran_by(jobs: list[str]) -> Conflict:
    """What a job ran stays as long as the job."""
    return Conflict(f"The job {jobs[0]} ran this; delete the job first.")
