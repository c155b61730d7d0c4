"""Files of projects that have a history: where each is now, or was when it was deleted.

A document keeps its number when it is renamed, so its versions go along. At one path there
is at most one document that is not deleted.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from submarine_ext.domain.projects import ProjectSettings
from submarine_ext.store.schema import documents, projects, version_jobs, versions

_settings = msgspec.json.Decoder(ProjectSettings).decode


class Document(Struct, frozen=True):
    """``deleted`` is when it went into the trash, ``deleted_by`` who put it there."""

    id: int
    project: str
    path: str
    deleted: str | None
    deleted_by: str | None


def keeps_outputs(conn: Connection, project: str) -> bool:
    """Whether versions of the project's notebooks hold outputs."""
    settings = conn.execute(select(projects.c.settings).where(projects.c.name == project)).scalar()
    return settings is None or _settings(settings).version_outputs


def live(conn: Connection, project: str, path: str) -> Document | None:
    """The document at that path, unless it is in the trash."""
    row = conn.execute(_at(project, path).where(documents.c.deleted.is_(None))).first()
    return _document(row) if row else None


def all_live(conn: Connection, project: str, folder: str = "") -> list[Document]:
    """Every document of the project, or of one of its folders, that is not in the trash."""
    query = select(documents).where(documents.c.project == project, documents.c.deleted.is_(None))
    if folder:
        # Not LIKE, which does not tell 'Data' from 'data' everywhere.
        head = func.substr(documents.c.path, 1, len(folder) + 1)
        query = query.where(head == f"{folder}/")
    return [_document(row) for row in conn.execute(query.order_by(documents.c.path))]


def find(conn: Connection, project: str, path: str) -> Document | None:
    """The document at that path; where none is, the one deleted last."""
    query = _at(project, path).order_by(
        documents.c.deleted.is_not(None), documents.c.deleted.desc(), documents.c.id.desc()
    )
    row = conn.execute(query.limit(1)).first()
    return _document(row) if row else None


def of_version(conn: Connection, project: str, path: str, version: int) -> Document | None:
    """The document, in the trash or not, that was last at ``path`` and has this version."""
    query = _at(project, path).where(
        documents.c.id
        == select(versions.c.document).where(versions.c.id == version).scalar_subquery()
    )
    row = conn.execute(query).first()
    return _document(row) if row else None


def trashed(conn: Connection, project: str, path: str | None = None) -> list[Document]:
    """What is in the trash, the latest first."""
    query = select(documents).where(
        documents.c.project == project, documents.c.deleted.is_not(None)
    )
    if path is not None:
        query = query.where(documents.c.path == path)
    rows = conn.execute(query.order_by(documents.c.deleted.desc(), documents.c.id.desc()))
    return [_document(row) for row in rows]


def add(conn: Connection, project: str, path: str) -> int:
    """A new document; its number is the answer."""
    values = {"project": project, "path": path}
    key = conn.execute(insert(documents), values).inserted_primary_key
    assert key is not None
    return int(key[0])


def move(conn: Connection, document: int, path: str) -> None:
    """It lies at another path now."""
    conn.execute(update(documents).where(documents.c.id == document).values(path=path))


def trash(conn: Connection, document: int, when: str, by: str) -> None:
    """It is in the trash now."""
    values = {"deleted": when, "deleted_by": by}
    conn.execute(update(documents).where(documents.c.id == document).values(**values))


def revive(conn: Connection, document: int) -> bool:
    """It is not in the trash any more. False: it is gone for good."""
    row = update(documents).where(documents.c.id == document)
    return conn.execute(row.values(deleted=None, deleted_by=None)).rowcount > 0


def remove(conn: Connection, document: int) -> None:
    """Forget it and its versions."""
    its = select(versions.c.id).where(versions.c.document == document)
    conn.execute(delete(version_jobs).where(version_jobs.c.version.in_(its)))
    conn.execute(delete(versions).where(versions.c.document == document))
    conn.execute(delete(documents).where(documents.c.id == document))


def _at(project: str, path: str) -> Select[Any]:
    return select(documents).where(documents.c.project == project, documents.c.path == path)


def _document(row: Row[Any]) -> Document:
    return Document(**dict(zip(Document.__struct_fields__, row, strict=True)))
