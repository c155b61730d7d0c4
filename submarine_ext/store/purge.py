"""Everything that belongs to a project, gone at once.

What stays: the events log, and what its jobs took of quotas, which is their submitters'.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from submarine_ext.store.schema import (
    UNFINISHED,
    documents,
    emergencies,
    grants,
    idempotency,
    jobs,
    params,
    points,
    projects,
    redactions,
    secrets,
    tails,
    transfers,
    version_jobs,
    versions,
)

_OF_JOBS = (points, params, tails, redactions, version_jobs, idempotency)
_OF_PROJECTS = (jobs, documents, secrets, grants, transfers, emergencies)


def has_unfinished(conn: Connection, name: str) -> bool:
    """Whether a job of the project has not ended."""
    query = select(jobs.c.id).where(jobs.c.project == name, UNFINISHED)
    return conn.execute(query.limit(1)).first() is not None


def project(conn: Connection, name: str) -> list[str]:
    """Delete all rows of the project; its jobs' ids come back, whose files remain."""
    theirs = select(jobs.c.id).where(jobs.c.project == name)
    gone = list(conn.execute(theirs).scalars())
    for table in _OF_JOBS:
        conn.execute(delete(table).where(table.c.job.in_(theirs)))
    files = select(documents.c.id).where(documents.c.project == name)
    conn.execute(delete(versions).where(versions.c.document.in_(files)))
    for table in _OF_PROJECTS:
        conn.execute(delete(table).where(table.c.project == name))
    conn.execute(delete(projects).where(projects.c.name == name))
    return gone
