"""All of a SQLite database into an empty PostgreSQL: everything or nothing, and compared.

Both are held for writing meanwhile. Every row is hashed as it is read, and again as the
other database gives it back in the same order, before anything is committed there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Integer, Table, func, inspect, select, text

from submarine_ext.errors import Conflict, SubmarineError
from submarine_ext.store import migrate
from submarine_ext.store.schema import metadata
from submarine_ext.store.sqlite import SQLite
from submarine_ext.store.store import TROUBLE, postgres

CHUNK = 1000

Row = tuple[Any, ...]


class Copied(Struct, frozen=True):
    """What a table holds: how many rows, and the SHA-256 of all of them in their order."""

    table: str
    rows: int
    sha256: str


def copy(source: Path, target: str, tell: Callable[[Copied], None]) -> None:
    """Copy, compare, commit; ``tell`` hears of each table that was found equal.

    Raises Conflict where the target is not empty, SubmarineError where a table differs.
    """
    here, there = SQLite(source), postgres(target)
    reading, writing = here.writer(), there.writer()
    try:
        with reading.begin() as old:
            migrate.upgrade(old)
        with reading.begin() as old, writing.begin() as new:
            _require_empty(new)
            migrate.upgrade(new)
            for table in metadata.sorted_tables:
                tell(_copy(table, old, new))
    except TROUBLE as error:
        raise there.told(error) from error
    finally:
        reading.dispose()
        writing.dispose()


def _require_empty(conn: Connection) -> None:
    if inspect(conn).get_table_names():
        raise Conflict(
            "The PostgreSQL database is not empty, so nothing was copied: make a new one, or "
            "drop what is in it."
        )


def _copy(table: Table, old: Connection, new: Connection) -> Copied:
    there = hashlib.sha256()
    _write(table, new, _hashed(_rows(table, old), there))
    _continue_numbers(table, old, new)
    here = hashlib.sha256()
    rows = sum(1 for _ in _hashed(_rows(table, new), here))
    if here.digest() != there.digest():
        raise SubmarineError(
            f"The table {table.name} came out different, so nothing was copied. Please report it."
        )
    return Copied(table.name, rows, here.hexdigest())


def _rows(table: Table, conn: Connection) -> Iterator[Row]:
    """In the order of the primary key, which is one on both databases."""
    query = select(table).order_by(*table.primary_key.columns)
    for row in conn.execute(query.execution_options(yield_per=CHUNK)):
        yield tuple(map(_value, row))


def _value(value: Any) -> Any:
    """As PostgreSQL keeps it, which has no NUL in text."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _hashed(rows: Iterable[Row], digest: hashlib._Hash) -> Iterator[Row]:
    for row in rows:
        digest.update(repr(row).encode())
        yield row


def _write(table: Table, conn: Connection, rows: Iterable[Row]) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = conn.connection.driver_connection
    words = f'COPY "{table.name}" ({columns}) FROM STDIN'
    with driver.cursor() as cursor, cursor.copy(words) as into:
        for row in rows:
            into.write_row(row)


def _continue_numbers(table: Table, old: Connection, new: Connection) -> None:
    """No number is given again, not even that of a row which was deleted."""
    key = table.autoincrement_column
    if key is None or not isinstance(key.type, Integer):
        return
    given = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    last = old.execute(given, {"table": table.name}).scalar()
    last = last or old.execute(select(func.max(key))).scalar()
    if last:
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        new.execute(select(func.setval(sequence, last)))
