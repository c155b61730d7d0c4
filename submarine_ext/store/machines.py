"""People's machines, as the service saw them last: what each server tells of them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from submarine_ext.store.schema import machines


def get(conn: Connection, owner: str) -> str | None:
    """What a person's machine is (an engine's info, encoded); None: there was never one."""
    query = select(machines.c.info).where(machines.c.owner == owner)
    info: str | None = conn.execute(query).scalar()
    return info


def every(conn: Connection) -> list[tuple[str, str]]:
    """All of them, by their owners."""
    query = select(machines.c.owner, machines.c.info).order_by(machines.c.owner)
    return [(row.owner, row.info) for row in conn.execute(query)]


def put(conn: Connection, owner: str, info: str) -> None:
    """Instead of what was known before."""
    conn.execute(delete(machines).where(machines.c.owner == owner))
    conn.execute(insert(machines).values(owner=owner, info=info))
