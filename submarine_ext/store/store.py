"""The database: one writer thread with group commit, a few readers.

Writes that arrive while another commits are put into one transaction, each in a savepoint
of its own, and share one fsync: a write's answer means that it is durable. A writing
transaction excludes all others, in this process and in every other one, on SQLite and on
PostgreSQL alike. Functions given to :meth:`Store.write` do SQL only, since they may run a
second time when the batch they were in has to be taken apart.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from submarine_ext.errors import SubmarineError, Unavailable
from submarine_ext.store import migrate
from submarine_ext.store.sqlite import SQLite

T = TypeVar("T")

BATCH = 128
GIVE_UP_SECONDS = 8.0

#: What rooms above may call the connection that they hand back to functions of this room.
Transaction = Connection

#: What the database itself is to blame for; everything else is the change's own error.
TROUBLE = (OperationalError, InterfaceError, InternalError)

_Work = tuple[Callable[[Connection], Any], "Future[Any]"]


class Hearing(Protocol):
    """A line to the other servers on the same database."""

    def tell(self, word: str) -> None:
        """Say a few thousand bytes to all that listen now; they may be lost."""

    def close(self) -> None:
        """Let go."""


class Database(Protocol):
    """What differs between SQLite and PostgreSQL.

    ``pulse`` is how often (seconds) one has to look whether other processes have committed;
    :meth:`listen` says it at once where that is possible.
    """

    readers: int
    pulse: float

    def writer(self) -> Engine:
        """One connection, whose transactions exclude all others."""

    def reader(self) -> Engine:
        """``readers`` connections, whose transactions are snapshots."""

    def busy(self, error: DBAPIError) -> bool:
        """Whether somebody else writes for longer than one waits; nothing was done."""

    def lost(self, error: DBAPIError) -> bool:
        """Whether nobody knows if the transaction was committed."""

    def told(self, error: DBAPIError) -> SubmarineError:
        """The error for people."""

    def listen(self, heard: Callable[[], None], word: Callable[[str], None]) -> Hearing | None:
        """Call ``heard``, on another thread, after commits of other processes, and ``word``
        with what they tell.
        """


class Storage(Protocol):
    """A store as its users see it: :class:`Store`, or :class:`Fenced`."""

    def write(self, change: Callable[[Connection], T]) -> Awaitable[T]:
        """Run ``change`` in a transaction; the answer comes when it is on disk."""

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a consistent snapshot."""


class Store:
    """Open with :meth:`open`; ``write`` and ``read`` are awaited on any event loop."""

    def __init__(self, database: Database) -> None:
        self.pulse = database.pulse
        self._database = database
        self._writes: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        # A daemon: JupyterHub interrupts servers, which then end without closing anything, and a
        # thread that waits would keep the process. What is cut off was not acknowledged.
        self._writer = threading.Thread(
            target=self._write_loop, name="submarine-writer", daemon=True
        )
        self._readers = ThreadPoolExecutor(database.readers, thread_name_prefix="submarine-reader")
        self._write_engine = database.writer()
        self._read_engine = database.reader()
        self._listeners: list[Callable[[], None]] = []
        self._words: list[Callable[[str], None]] = []
        self._hearing: Hearing | None = None

    @classmethod
    async def open(cls, where: Path | str) -> Store:
        """Open and migrate a file (SQLite) or what a URL names (PostgreSQL).

        Raises NewerDatabase, Unavailable, and Invalid for a URL that is none.
        """
        store = cls(SQLite(where) if isinstance(where, Path) else postgres(where))
        store._writer.start()
        try:
            await store.write(migrate.upgrade)
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Finish what was accepted, then let go of the database."""
        self._writes.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        if self._hearing is not None:
            await asyncio.to_thread(self._hearing.close)
        self._write_engine.dispose()
        self._read_engine.dispose()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` (on some thread: be quick) after each commit.

        Of other processes' commits too, where the database tells (see ``pulse``).
        """
        self._listeners.append(listener)
        self._hear()

    def on_word(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` (on some thread: be quick) with what other servers tell."""
        self._words.append(listener)
        self._hear()

    def tell(self, word: str) -> None:
        """Say a few thousand bytes to the other servers that run now, where the database can."""
        if self._hearing is not None:
            self._hearing.tell(word)

    def _hear(self) -> None:
        if self._hearing is None:
            self._hearing = self._database.listen(self._committed, self._told)

    def _told(self, word: str) -> None:
        for listener in self._words:
            listener(word)

    def write(self, change: Callable[[Connection], T]) -> Awaitable[T]:
        """Run ``change`` in a transaction; the answer comes when it is on disk.

        It takes its place in line at once: what is written later sees its result. After
        Unavailable it may have been done all the same.
        """
        future: Future[T] = Future()
        self._writes.put((change, future))
        return asyncio.wrap_future(future)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a consistent snapshot."""
        return await asyncio.wrap_future(self._readers.submit(self._read, query))

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            try:
                return self._read_once(query)
            except TROUBLE as error:
                if not self._database.lost(error):
                    raise
            return self._read_once(query)  # with a new connection: the server may be back
        except TROUBLE as error:
            raise self._database.told(error) from error

    def _read_once(self, query: Callable[[Connection], T]) -> T:
        with self._read_engine.begin() as conn:
            return query(conn)

    def _write_loop(self) -> None:
        while (first := self._writes.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < BATCH and not self._writes.empty():
                work = self._writes.get()
                if work is None:
                    last = True
                    break
                batch.append(work)
            self._commit(batch)
            if last:
                return

    def _commit(self, batch: list[_Work]) -> None:
        try:
            results = self._attempt(batch)
        except TROUBLE as error:
            self._apart(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits the write
            results = [error] * len(batch)
        self._committed()
        for (_, future), result in zip(batch, results, strict=True):
            _resolve(future, result)

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()

    def _attempt(self, batch: list[_Work]) -> list[Any]:
        """One transaction for the batch; waits out other processes' locks."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                with self._write_engine.begin() as conn:
                    if len(batch) == 1:
                        return [batch[0][0](conn)]
                    return [_in_savepoint(conn, change) for change, _ in batch]
            except TROUBLE as error:
                if not self._database.busy(error) or time.monotonic() > deadline:
                    raise

    def _apart(self, batch: list[_Work], error: DBAPIError) -> None:
        """The whole transaction failed: find out whose fault it is, one by one.

        Not where it may have been committed: nothing is done twice.
        """
        if len(batch) == 1 or self._database.busy(error) or self._database.lost(error):
            told = self._database.told(error)
            for _, future in batch:
                _resolve(future, told)
            return
        for work in batch:
            self._commit([work])


class Fenced:
    """A store for whoever may write only as long as ``guard`` raises nothing.

    The guard looks in the transaction of the change itself.
    """

    def __init__(self, store: Store, guard: Callable[[Connection], None]) -> None:
        self._store = store
        self._guard = guard

    def write(self, change: Callable[[Connection], T]) -> Awaitable[T]:
        """Run ``change`` in a transaction that is still ours."""

        def guarded(conn: Connection) -> T:
            self._guard(conn)
            return change(conn)

        return self._store.write(guarded)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a consistent snapshot."""
        return await self._store.read(query)


def _in_savepoint(conn: Connection, change: Callable[[Connection], Any]) -> Any:
    """The result or the error of one change; an error undoes that change alone.

    SQLAlchemy's own ``begin_nested`` costs as much as the change's statements.
    """
    conn.exec_driver_sql("SAVEPOINT one")
    try:
        result = change(conn)
    except TROUBLE:
        raise
    except Exception as error:  # noqa: BLE001 - handed to whoever awaits the write
        conn.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
        result = error
    conn.exec_driver_sql("RELEASE SAVEPOINT one")
    return result


def _resolve(future: Future[Any], result: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


def postgres(url: str) -> Database:
    """The database of a URL. Its driver is an extra, imported only where it is used."""
    try:
        from submarine_ext.store.postgres import Postgres
    except ImportError as error:
        raise Unavailable(
            "PostgreSQL needs psycopg: pip install 'submarine-ext[postgres]'.", retry_after=60
        ) from error
    return Postgres(url)
