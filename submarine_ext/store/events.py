"""The events log: appended in the transaction of the change it tells of, read in order."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from submarine_ext.domain.events import EventRow
from submarine_ext.store.schema import events

_INSERT = insert(events)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def append(
    conn: Connection, *, time: str, project: str, actor: str, action: str, kind: str, object: str, data: Any
) -> None:
    """Add one row; it takes effect with the transaction that the caller is in."""
    conn.execute(
        _INSERT,
        {
            "time": time,
            "project": project,
            "actor": actor,
            "action": action,
            "kind": kind,
            "object": object,
            "data": msgspec.json.encode(data).decode(),
        },
    )


def after(
    conn: Connection, seq: int, limit: int, project: str | None = None, object: str | None = None
) -> list[EventRow]:
    """Rows with a greater number, oldest first; of one project or object if given."""
    query = select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    if project is not None:
        query = query.where(events.c.project == project)
    if object is not None:
        query = query.where(events.c.object == object)
    rows = conn.execute(query).mappings()
    return [EventRow(**{**row, "data": _decode(row["data"])}) for row in rows]


def head(conn: Connection) -> int:
    """The number of the newest row, 0 for none."""
    return conn.execute(select(func.max(events.c.seq))).scalar() or 0
