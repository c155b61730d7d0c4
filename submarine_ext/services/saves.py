"""How a file of a project changes: nobody's work is overwritten, whatever is killed when.

The bytes that come are on disk as a blob before anything else happens. Then, with the
project's files locked in all server processes: what lies there is compared with what the
saver knew; if it is no known version (a kernel wrote it), it becomes one; the new file takes
its place; the rows are committed. A save that came too late leaves a version of kind
``conflict``. A crash leaves the old file or the new one, whole, and each is or becomes a
version.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.notebooks import without_outputs
from submarine_ext.domain.times import now
from submarine_ext.domain.versions import Version, VersionKind
from submarine_ext.errors import Conflict, NotFound, Stale, StorageFull
from submarine_ext.failpoints import reach
from submarine_ext.files.blobs import Staged
from submarine_ext.files.projects import Changed, ProjectFiles
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.store import documents, versions
from submarine_ext.store.store import Store, Transaction

#: ``If-Match: *``: over whatever is there, but not where nothing is.
ANY = "*"
#: How often a save begins again because a kernel wrote the file in the same moment.
TRIES = 5


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants at a path, and under which conditions.

    ``if_match`` is the ETag of the content that it was made from, ``revive`` a document in
    the trash that comes back with it. ``coauthors`` typed parts of it, too.
    """

    who: Principal
    project: str
    path: str
    if_match: str | None = None
    create_only: bool = False
    kind: VersionKind = VersionKind.SAVED
    message: str | None = None
    revive: int | None = None
    coauthors: tuple[str, ...] = ()


class Saves:
    """What :class:`submarine_ext.services.documents.Documents` changes files with."""

    def __init__(self, store: Store, files: ProjectFiles) -> None:
        self._store = store
        self._files = files

    async def save(self, wish: Wish, staged: Staged) -> Version:
        """Put the staged bytes at the path. Raises Stale, Conflict, StorageFull."""
        keeps = await self._store.read(lambda tx: _may_save(tx, wish))
        with told_when_full():
            blob = await asyncio.to_thread(self._keep, wish.path, staged, keeps=keeps)
        reach("save-kept")
        record = _record(wish, staged, blob)
        async with self._files.locked(wish.project):
            await self._store.read(lambda tx: _may_save(tx, wish))  # still, after the others
            for _ in range(TRIES):
                with suppress(Changed):
                    return await self._attempt(wish, staged, record)
        raise Conflict("Something writes this file all the time: stop it, then save again.")

    async def _attempt(self, wish: Wish, staged: Staged, record: versions.Record) -> Version:
        await self.note(wish.project, [wish.path])
        current = await self._store.read(lambda tx: _head(tx, wish))
        found = await asyncio.to_thread(self._files.etag, wish.project, wish.path)
        if found is None or current is None:
            found = current = None
        elif found != current.etag:
            raise Changed
        elif found == staged.sha256:
            return await self._named(wish, current)
        if not _holds(wish, found):
            raise await self._store.write(lambda tx: _refuse(tx, wish, record, current))
        return await self._replace(wish, staged, record, current)

    async def _named(self, wish: Wish, current: versions.Record) -> Version:
        """Identical content is no new version, but it may get a name."""

        def give(tx: Transaction) -> Version:
            access.may(tx, wish.who, wish.project, Capability.FILE_WRITE)
            if wish.message is not None:
                versions.name(tx, current.id, wish.message)
            jobs = versions.jobs_of(tx, current.document).get(current.id, [])
            record = versions.get(tx, current.id) or current
            return versions.shown(record, jobs, current=True)

        return await self._store.write(give)

    async def _replace(
        self,
        wish: Wish,
        staged: Staged,
        record: versions.Record,
        current: versions.Record | None,
    ) -> Version:
        with told_when_full():
            swap = await asyncio.to_thread(
                self._files.put,
                wish.project,
                wish.path,
                staged,
                current.etag if current else None,
                fresh=current is None,
            )
        reach("save-placed")
        try:
            version = await self._store.write(lambda tx: _commit(tx, wish, record, current))
        except BaseException:
            await asyncio.to_thread(swap.undo)
            raise
        reach("after-save-commit")
        await asyncio.to_thread(swap.done)
        return version

    async def note(self, project: str, paths: Sequence[str]) -> None:
        """Make versions of what was changed outside the lab; the files must be locked."""
        heads = await self._store.read(lambda tx: versions.heads(tx, project, paths))
        keeps = await self._store.read(lambda tx: documents.keeps_outputs(tx, project))
        found = []
        with told_when_full():
            for path in paths:
                record = await asyncio.to_thread(
                    self._found, project, path, heads.get(path), keeps=keeps
                )
                if record is not None:
                    found.append((path, record))
        if found:
            await self._store.write(lambda tx: _add_found(tx, project, found))

    def _found(
        self, project: str, path: str, known: str | None, *, keeps: bool
    ) -> versions.Record | None:
        """A version of the file's content if it is not ``known``."""
        if known is not None and known == self._files.etag(project, path):
            return None
        try:
            file = self._files.open(project, path)
        except NotFound:
            return None
        with file, self._files.blobs.stage() as staged:
            staged.copy(file)
            blob = self._keep(path, staged, keeps=keeps)
            wish = Wish(who=_US, project=project, path=path, kind=VersionKind.FOUND)
            return _record(wish, staged, blob)

    def _keep(self, path: str, staged: Staged, *, keeps: bool) -> str:
        """The name of the blob that a version with this content consists of."""
        if not keeps and is_notebook(path):
            source = without_outputs(staged.rewound().read())
            if source is not None:
                return self._files.blobs.put(source)
        return self._files.blobs.keep(staged)


_US = Principal(SYSTEM)


def is_notebook(path: str) -> bool:
    """Whether a file is one by its name."""
    return path.lower().endswith(".ipynb")


def told(
    tx: Transaction,
    project: str,
    action: str,
    record: versions.Record,
    path: str,
    **more: object,
) -> None:
    """Append the event of a change that led to a version."""
    data = {
        "path": path,
        "etag": record.etag,
        "version": str(record.id),
        "author": record.author,
        "kind": record.kind.value,
    }
    before = more.pop("before", None)
    note(
        tx,
        record.author,
        action,
        path,
        project=project,
        kind="file",
        data={**data, **more},
        before=marks(before) if isinstance(before, versions.Record) else None,
        after=marks(record),
    )


def marks(record: versions.Record, **more: object) -> dict[str, object]:
    """What the audit log says of a version."""
    others = {"coauthors": list(record.coauthors)} if record.coauthors else {}
    return {"etag": record.etag, "version": str(record.id), **others, **more}


@contextmanager
def told_when_full() -> Iterator[None]:
    """A full disk is no fault of ours, and says what it is."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("There is no room left to save; what was saved is kept.") from None
        raise


def _head(tx: Transaction, wish: Wish) -> versions.Record | None:
    document = documents.live(tx, wish.project, wish.path)
    return versions.latest(tx, document.id) if document else None


def _may_save(tx: Transaction, wish: Wish) -> bool:
    access.may(tx, wish.who, wish.project, Capability.FILE_WRITE)
    return documents.keeps_outputs(tx, wish.project)


def _record(wish: Wish, staged: Staged, blob: str) -> versions.Record:
    return versions.Record(
        id=0,
        document=0,
        sha256=blob,
        etag=staged.sha256,
        size=staged.size,
        author=wish.who.name,
        time=now(),
        kind=wish.kind,
        message=wish.message,
        base=wish.if_match if wish.if_match != ANY else None,
        coauthors=wish.coauthors,
    )


def _holds(wish: Wish, found: str | None) -> bool:
    if wish.create_only:
        return found is None
    if wish.if_match == ANY:
        return found is not None
    return wish.if_match is None or wish.if_match == found


def _commit(
    tx: Transaction, wish: Wish, record: versions.Record, current: versions.Record | None
) -> Version:
    access.may(tx, wish.who, wish.project, Capability.FILE_WRITE)
    document = documents.live(tx, wish.project, wish.path)
    if wish.revive is not None and document is None:
        if not documents.revive(tx, wish.revive):  # purged meanwhile
            raise NotFound
        number = wish.revive
    else:
        number = document.id if document else documents.add(tx, wish.project, wish.path)
    base = record.base or (current.etag if current else None)
    added = versions.add(tx, _with(record, document=number, base=base))
    told(tx, wish.project, f"file.{_DEED[wish.kind]}", added, wish.path, before=current)
    reach("before-save-commit")
    return versions.shown(added, [], current=True)


_DEED = {
    VersionKind.SAVED: "save",
    VersionKind.RESTORED: "restore",
    VersionKind.IMPORTED: "import",
    VersionKind.FOUND: "find",
}


def _refuse(
    tx: Transaction, wish: Wish, record: versions.Record, current: versions.Record | None
) -> Stale:
    """Keep the refused body; the answer says where, and who was faster."""
    access.may(tx, wish.who, wish.project, Capability.FILE_WRITE)
    document = documents.find(tx, wish.project, wish.path)
    if document is None:
        number = documents.add(tx, wish.project, wish.path)
        documents.trash(tx, number, now(), SYSTEM)
    else:
        number = document.id
    kept = _same_conflict(tx, number, record)
    if kept is None:
        kept = versions.add(tx, _with(record, document=number, kind=VersionKind.CONFLICT))
        note(
            tx,
            wish.who.name,
            "file.conflict",
            wish.path,
            project=wish.project,
            before=marks(current) if current else None,
            after=marks(kept),
        )
    return Stale(
        _why(wish, current),
        current=str(current.id) if current else None,
        etag=current.etag if current else None,
        kept=str(kept.id),
    )


def _same_conflict(
    tx: Transaction, document: int, record: versions.Record
) -> versions.Record | None:
    """The same body refused again, as after a lost answer."""
    known = versions.by_etag(tx, document, record.etag)
    same = known and known.kind is VersionKind.CONFLICT and known.author == record.author
    return known if same else None


def _why(wish: Wish, current: versions.Record | None) -> str:
    name = wish.path.rpartition("/")[2]
    if current is None:
        return f"{name} was deleted or moved meanwhile. What you sent is kept in its history."
    who = "Something outside the lab" if current.author == SYSTEM else current.author
    deed = "has made" if wish.create_only else "saved"
    return f"{who} {deed} {name} meanwhile. Both versions are kept: merge them, or choose one."


def _add_found(tx: Transaction, project: str, found: list[tuple[str, versions.Record]]) -> None:
    for path, record in found:
        document = documents.live(tx, project, path)
        before = versions.latest(tx, document.id) if document else None
        number = document.id if document else documents.add(tx, project, path)
        base = before.etag if before else None
        added = versions.add(tx, _with(record, document=number, base=base))
        told(tx, project, "file.find", added, path, before=before)


def _with(record: versions.Record, **changes: object) -> versions.Record:
    values = {name: getattr(record, name) for name in record.__struct_fields__}
    return versions.Record(**{**values, **changes})
