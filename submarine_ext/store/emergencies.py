"""Admins' emergency access to projects. A row counts until its time is over."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from submarine_ext.store.schema import emergencies


class Emergency(Struct, frozen=True):
    """Times are RFC 3339 UTC."""

    project: str
    admin: str
    reason: str
    created: str
    until: str


def of(conn: Connection, project: str, now: str) -> list[Emergency]:
    """What is open in a project at the time ``now``, by the admins' names."""
    query = select(emergencies).where(emergencies.c.project == project, emergencies.c.until > now)
    rows = conn.execute(query.order_by(emergencies.c.admin)).mappings()
    return [Emergency(**row) for row in rows]


def put(conn: Connection, wanted: Emergency) -> None:
    """Open it, instead of an earlier one of the same admin."""
    remove(conn, wanted.project, wanted.admin)
    row = {name: getattr(wanted, name) for name in Emergency.__struct_fields__}
    conn.execute(insert(emergencies), row)


def remove(conn: Connection, project: str, admin: str) -> None:
    """Close it."""
    mine = (emergencies.c.project == project, emergencies.c.admin == admin)
    conn.execute(delete(emergencies).where(*mine))
