"""SQLite: a file, one process at a time writes it, readers see snapshots.

``BEGIN IMMEDIATE`` takes the right to write before anything is read, so what a writing
transaction decides on stays true until it commits. WAL with ``synchronous=FULL``: what is
committed is on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from submarine_ext.errors import StorageFull, SubmarineError, Unavailable

BUSY_SECONDS = 4.0


class SQLite:
    """What the store needs to know of it; see :class:`submarine_ext.store.store.Database`."""

    readers = 3
    pulse = 1.0

    def __init__(self, path: Path) -> None:
        self._path = path

    def writer(self) -> Engine:
        """One connection, whose transactions exclude all others."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return engine(self._path, begin="BEGIN IMMEDIATE", size=1)

    def reader(self) -> Engine:
        """Connections whose transactions are snapshots."""
        return engine(self._path, begin="BEGIN", size=self.readers)

    def busy(self, error: DBAPIError) -> bool:
        """Another process has the right to write, for longer than one waits."""
        return "locked" in str(error.orig) or "busy" in str(error.orig)

    def lost(self, error: DBAPIError) -> bool:
        """Nobody knows whether it was committed."""
        return False

    def told(self, error: DBAPIError) -> SubmarineError:
        """The driver's words as a sentence for people."""
        words = str(error.orig)
        if self.busy(error):
            busy = "The database is busy with another program; try again."
            return Unavailable(busy, retry_after=2)
        if "full" in words:
            full = "The disk is full: free some room. Nothing that was accepted is lost."
            return StorageFull(full)
        return Unavailable(f"The database cannot be used now: {words}.", retry_after=5)

    def listen(self, heard: object, word: object) -> None:
        """Nobody tells of other processes' commits: one has to look (:attr:`pulse`)."""


def engine(path: Path, *, begin: str, size: int) -> Engine:
    """Connections to the file, of which each transaction begins with the words ``begin``."""
    made = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own BEGINs would be deferred ones; ours are explicit.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return made
