"""Projects in the database, and who is what in them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

from submarine_ext.domain.access import Role
from submarine_ext.domain.projects import Project
from submarine_ext.domain.times import now
from submarine_ext.store.schema import projects

_OWNER = select(projects.c.owner).where(projects.c.name == bindparam("name"))


def ensure(conn: Connection, name: str, title: str, owner: str) -> None:
    """Create the project unless it exists (its owner is then left alone)."""
    if conn.execute(_OWNER, {"name": name}).first() is None:
        row = {"name": name, "title": title, "owner": owner, "created": now()}
        conn.execute(insert(projects), row)


def role(conn: Connection, name: str, person: str) -> Role | None:
    """What ``person`` is in the project; None for strangers and for absent projects."""
    owner = conn.execute(_OWNER, {"name": name}).scalar()
    return Role.OWNER if owner == person else None


def of(conn: Connection, person: str) -> list[Project]:
    """The projects in which ``person`` has a role, by name."""
    query = select(projects).where(projects.c.owner == person).order_by(projects.c.name)
    return [Project(**row) for row in conn.execute(query).mappings()]
