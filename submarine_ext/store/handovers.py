"""Projects that are offered to somebody: at most one open offer each."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from submarine_ext.domain.times import now
from submarine_ext.store.schema import transfers


class Offered(Struct, frozen=True):
    """Who offers a project to whom, since when (RFC 3339 UTC)."""

    project: str
    receiver: str
    by: str
    created: str


def get(conn: Connection, project: str) -> Offered | None:
    """The open offer of a project."""
    query = select(transfers).where(transfers.c.project == project)
    row = conn.execute(query).mappings().first()
    return None if row is None else Offered(**row)


def receivers(conn: Connection, project: str | None = None) -> dict[str, str]:
    """To whom a project, or any project, is offered, by project."""
    query = select(transfers.c.project, transfers.c.receiver)
    if project is not None:
        query = query.where(transfers.c.project == project)
    return {row.project: row.receiver for row in conn.execute(query)}


def put(conn: Connection, project: str, receiver: str, by: str) -> None:
    """Offer it, instead of to somebody else."""
    remove(conn, project)
    row = {"project": project, "receiver": receiver, "by": by, "created": now()}
    conn.execute(insert(transfers), row)


def remove(conn: Connection, project: str) -> None:
    """There is no offer any more."""
    conn.execute(delete(transfers).where(transfers.c.project == project))
