"""The events log: appended in the transaction of the change it tells of, read in order."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from submarine_ext.domain.events import EventRow
from submarine_ext.store.schema import events

_INSERT = insert(events)
_GIVEN = [name for name in EventRow.__struct_fields__ if name != "seq"]
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def append(conn: Connection, row: EventRow) -> None:
    """Add one row (its ``seq`` is given here); it takes effect with the caller's transaction."""
    values = {name: getattr(row, name) for name in _GIVEN}
    conn.execute(_INSERT, {**values, "data": msgspec.json.encode(row.data).decode()})


def after(
    conn: Connection, seq: int, limit: int, project: str | None = None, job: str | None = None
) -> list[EventRow]:
    """Rows with a greater number, oldest first; of one project or job if given."""
    query = select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    if project is not None:
        query = query.where(events.c.project == project)
    if job is not None:
        query = query.where(events.c.object == job)
    rows = conn.execute(query).mappings()
    return [EventRow(**{**row, "data": _decode(row["data"])}) for row in rows]


def head(conn: Connection) -> int:
    """The number of the newest row, 0 for none."""
    return conn.execute(select(func.max(events.c.seq))).scalar() or 0
