"""The events log as an audit trail: filtered, newest first. Nothing here changes a row."""

from __future__ import annotations

from sqlalchemy import Connection, select

from submarine_ext.domain.events import EventRow
from submarine_ext.domain.pages import AuditFilter, Page
from submarine_ext.errors import Invalid
from submarine_ext.store.events import row_of
from submarine_ext.store.schema import events

_EXACT = ("project", "actor", "action", "object")
_MOST_DIGITS = 18


def page(conn: Connection, wanted: AuditFilter) -> Page[EventRow]:
    """The cursor is the number of the last row that was given."""
    query = select(events).order_by(events.c.seq.desc()).limit(wanted.limit + 1)
    for name in _EXACT:
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(events.c[name] == value)
    if wanted.cursor is not None:
        query = query.where(events.c.seq < _number(wanted.cursor))
    found = [row_of(row) for row in conn.execute(query).mappings()]
    shown = found[: wanted.limit]
    return Page(shown, str(shown[-1].seq) if len(found) > wanted.limit else None)


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS):
        raise Invalid("cursor must be a 'next' that a list answered.", field="cursor")
    return int(cursor)
