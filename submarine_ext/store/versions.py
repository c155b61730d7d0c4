"""Versions of documents: added, named and thinned, never changed."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, json
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from submarine_ext.domain.versions import Version, VersionKind
from submarine_ext.store.schema import documents, jobs, version_jobs, versions

#: More files are not looked for one by one.
_FEW = 100


class Record(Struct, frozen=True):
    """A version as it is stored: ``sha256`` names its blob, ``etag`` the file as it was.

    The two differ where the project keeps no outputs.
    """

    id: int
    document: int
    sha256: str
    etag: str
    size: int
    author: str
    time: str
    kind: VersionKind
    message: str | None = None
    base: str | None = None
    coauthors: tuple[str, ...] = ()


def add(conn: Connection, record: Record) -> Record:
    """Store it (its ``id`` is given here) and answer with what was stored."""
    values = {name: getattr(record, name) for name in Record.__struct_fields__ if name != "id"}
    others = json.encode(record.coauthors).decode() if record.coauthors else None
    key = conn.execute(insert(versions), {**values, "coauthors": others}).inserted_primary_key
    assert key is not None
    return Record(int(key[0]), **values)


def of(conn: Connection, document: int) -> list[Record]:
    """All versions of a document, the newest last."""
    query = select(versions).where(versions.c.document == document).order_by(versions.c.id)
    return [_record(row) for row in conn.execute(query)]


def get(conn: Connection, version: int) -> Record | None:
    """One version."""
    return _first(conn, select(versions).where(versions.c.id == version))


def latest(conn: Connection, document: int) -> Record | None:
    """What the document held when it was last looked at; a conflict never is."""
    return _first(
        conn,
        select(versions)
        .where(versions.c.document == document, versions.c.kind != VersionKind.CONFLICT)
        .order_by(versions.c.id.desc())
        .limit(1),
    )


def heads(conn: Connection, project: str, paths: Collection[str] = ()) -> dict[str, str]:
    """The ETags that the project's files had when they were last looked at, by path.

    Those at a few ``paths`` come without the others.
    """
    wanted = [documents.c.path.in_(paths)] if 0 < len(paths) <= _FEW else []
    newest = (
        select(func.max(versions.c.id))
        .join(documents, documents.c.id == versions.c.document)
        .where(
            documents.c.project == project,
            documents.c.deleted.is_(None),
            versions.c.kind != VersionKind.CONFLICT,
            *wanted,
        )
        .group_by(versions.c.document)
    )
    query = (
        select(documents.c.path, versions.c.etag)
        .join(documents, documents.c.id == versions.c.document)
        .where(versions.c.id.in_(newest))
    )
    return {row.path: row.etag for row in conn.execute(query)}


def savers(conn: Connection, project: str, folder: str) -> dict[str, tuple[str, str]]:
    """Who saved the files of a folder last, and when, by path; not those found changed."""
    newest = (
        select(func.max(versions.c.id))
        .where(versions.c.document == documents.c.id, versions.c.kind != VersionKind.CONFLICT)
        .correlate(documents)
        .scalar_subquery()
    )
    head = f"{folder}/" if folder else ""
    rest = func.substr(documents.c.path, len(head) + 1)
    query = (
        select(documents.c.path, versions.c.author, versions.c.time)
        .join(versions, versions.c.id == newest)
        .where(
            documents.c.project == project,
            documents.c.deleted.is_(None),
            func.substr(documents.c.path, 1, len(head)) == head,
            func.replace(rest, "/", "") == rest,
            versions.c.kind != VersionKind.FOUND,
        )
    )
    return {row.path: (row.author, row.time) for row in conn.execute(query)}


def in_trash(conn: Connection, project: str) -> dict[int, Record]:
    """What each document in the trash held last, by the document's number; else a conflict."""
    query = (
        select(versions)
        .join(documents, documents.c.id == versions.c.document)
        .where(documents.c.project == project, documents.c.deleted.is_not(None))
        .order_by(versions.c.kind != VersionKind.CONFLICT, versions.c.id)
    )
    records = [_record(row) for row in conn.execute(query)]
    return {record.document: record for record in records}


def by_etag(conn: Connection, document: int, etag: str) -> Record | None:
    """The latest version that was this content."""
    return _first(
        conn,
        select(versions)
        .where(versions.c.document == document, versions.c.etag == etag)
        .order_by(versions.c.id.desc())
        .limit(1),
    )


def name(conn: Connection, version: int, message: str | None) -> None:
    """Give it a name, or take its name away."""
    conn.execute(update(versions).where(versions.c.id == version).values(message=message))


def remove(conn: Connection, ids: Collection[int]) -> None:
    """Forget them."""
    conn.execute(delete(version_jobs).where(version_jobs.c.version.in_(ids)))
    conn.execute(delete(versions).where(versions.c.id.in_(ids)))


def jobs_of(conn: Connection, document: int) -> dict[int, list[str]]:
    """The jobs, by version, that ran it and have not been deleted."""
    query = (
        select(version_jobs.c.version, version_jobs.c.job)
        .join(versions, versions.c.id == version_jobs.c.version)
        .join(jobs, jobs.c.id == version_jobs.c.job)
        .where(versions.c.document == document)
        .order_by(jobs.c.seq)
    )
    found: dict[int, list[str]] = {}
    for version, job in conn.execute(query):
        found.setdefault(version, []).append(job)
    return found


def ran(conn: Connection, job: str, ids: Collection[int]) -> None:
    """Remember that a job runs these versions."""
    if ids:
        conn.execute(insert(version_jobs), [{"version": each, "job": job} for each in set(ids)])


def with_etags(
    conn: Connection, project: str, etags: Collection[str]
) -> list[tuple[str, str, int]]:
    """Versions of the project's files with these contents: (path, etag, version), newest last.

    For whoever knows what a job's bundle holds and asks which versions that is.
    """
    query = (
        select(documents.c.path, versions.c.etag, versions.c.id)
        .join(versions, versions.c.document == documents.c.id)
        .where(
            documents.c.project == project,
            versions.c.etag.in_(etags),
            versions.c.kind != VersionKind.CONFLICT,
        )
        .order_by(versions.c.id)
    )
    return [(path, etag, version) for path, etag, version in conn.execute(query)]


def blobs(conn: Connection) -> set[str]:
    """The names of all blobs that a version consists of."""
    return set(conn.execute(select(versions.c.sha256).distinct()).scalars())


def documents_after(conn: Connection, document: int, limit: int) -> list[int]:
    """The numbers of documents with versions, from one on."""
    query = (
        select(versions.c.document)
        .where(versions.c.document > document)
        .distinct()
        .order_by(versions.c.document)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def shown(record: Record, jobs: list[str], *, current: bool) -> Version:
    """As people see it."""
    return Version(
        id=str(record.id),
        last_modified=record.time,
        author=record.author,
        coauthors=list(record.coauthors),
        kind=record.kind,
        message=record.message,
        size=record.size,
        etag=record.etag,
        base=record.base,
        jobs=jobs,
        current=current,
    )


def _first(conn: Connection, query: Select[tuple[object, ...]]) -> Record | None:
    row = conn.execute(query).first()
    return _record(row) if row else None


def _record(row: Row[tuple[object, ...]]) -> Record:
    values = dict(zip(Record.__struct_fields__, row, strict=True))
    others = json.decode(str(values["coauthors"] or "[]"), type=tuple[str, ...])
    kind = VersionKind(str(values["kind"]))
    return Record(**{**values, "kind": kind, "coauthors": others})  # type: ignore[arg-type]
