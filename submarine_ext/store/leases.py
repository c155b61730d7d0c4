"""Which of several servers on one database does what only one may do.

A lease runs until a time by the database's clock, so no server's own clock matters. Each
new holder gets a greater number, the fence: :func:`require` in a transaction lets only the
present holder's change through, whatever an earlier one still believes. For PostgreSQL; on
SQLite a lock on a file does it, which ends with its process.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, extract, func, insert, select, update

from submarine_ext.store.schema import leases

_NOW = extract("epoch", func.clock_timestamp())


class LeaseLost(Exception):
    """Another server holds the lease now: nothing that is decided here counts any more."""


def is_free(conn: Connection, name: str) -> bool:
    """Whether nobody holds it at this moment."""
    return conn.execute(select(leases.c.name).where(*_held(name))).first() is None


def take(conn: Connection, name: str, holder: str, seconds: float) -> int | None:
    """The fence of the new holder; None where somebody holds it."""
    if not is_free(conn, name):
        return None
    before = conn.execute(select(leases.c.fence).where(leases.c.name == name)).scalar()
    values: dict[str, Any] = {"holder": holder, "until": _NOW + seconds}
    if before is None:
        conn.execute(insert(leases).values(name=name, fence=1, **values))
        return 1
    fence = int(before) + 1
    conn.execute(update(leases).where(leases.c.name == name).values(fence=fence, **values))
    return fence


def renew(conn: Connection, name: str, fence: int, seconds: float) -> None:
    """Hold it for so long from now on. Raises LeaseLost."""
    require(conn, name, fence)
    conn.execute(update(leases).where(*_mine(name, fence)).values(until=_NOW + seconds))


def give_back(conn: Connection, name: str, fence: int) -> None:
    """Let another server have it at once."""
    conn.execute(update(leases).where(*_mine(name, fence)).values(until=0.0))


def require(conn: Connection, name: str, fence: int) -> None:
    """Raise LeaseLost unless the holder with that fence is still the last one.

    In a writing transaction nobody else can become it before the commit.
    """
    if conn.execute(select(leases.c.name).where(*_mine(name, fence))).first() is None:
        raise LeaseLost


def _held(name: str) -> tuple[ColumnElement[bool], ...]:
    return leases.c.name == name, leases.c.until > _NOW


def _mine(name: str, fence: int) -> tuple[ColumnElement[bool], ...]:
    return leases.c.name == name, leases.c.fence == fence
