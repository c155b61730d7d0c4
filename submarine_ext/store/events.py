"""The events log: appended in the transaction of the change it tells of, read in order."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, func, insert, select

from submarine_ext.domain.events import EventRow
from submarine_ext.store.schema import events

_INSERT = insert(events)
_GIVEN = [name for name in EventRow.__struct_fields__ if name != "seq"]
_JSON = ("data", "before", "after")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def append(conn: Connection, row: EventRow) -> None:
    """Add one row (its ``seq`` is given here); it takes effect with the caller's transaction."""
    values = {name: getattr(row, name) for name in _GIVEN}
    for name in _JSON:
        if values[name] is not None:
            values[name] = msgspec.json.encode(values[name]).decode()
    conn.execute(_INSERT, values)


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
    return [row_of(row) for row in rows]


def head(conn: Connection) -> int:
    """The number of the newest row, 0 for none."""
    return conn.execute(select(func.max(events.c.seq))).scalar() or 0


def row_of(row: RowMapping) -> EventRow:
    """A row of the table as everybody else knows it."""
    decoded = {name: _decode(row[name]) if row[name] is not None else None for name in _JSON}
    return EventRow(**{**row, **decoded})
