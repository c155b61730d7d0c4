"""The database: one writer thread with group commit, a few readers.

Writes that arrive while another commits are put into one ``BEGIN IMMEDIATE`` transaction,
each in a savepoint of its own, and share one fsync (WAL, ``synchronous=FULL``): a write's
answer means that it is durable. Functions given to :meth:`Store.write` do SQL only, since
they may run a second time when the batch they were in has to be taken apart.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from submarine_ext.errors import StorageFull, SubmarineError, Unavailable
from submarine_ext.store import migrate

T = TypeVar("T")

BATCH = 128
READERS = 3
BUSY_SECONDS = 4.0
GIVE_UP_SECONDS = 8.0

#: What rooms above may call the connection that they hand back to functions of this room.
Transaction = Connection

_Work = tuple[Callable[[Connection], Any], "Future[Any]"]


class Store:
    """Open with :meth:`open`; ``write`` and ``read`` are awaited on any event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writes: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="submarine-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="submarine-reader")
        self._write_engine = _engine(path, begin="BEGIN IMMEDIATE", size=1)
        self._read_engine = _engine(path, begin="BEGIN", size=READERS)
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    async def open(cls, path: Path) -> Store:
        """Open and migrate the database. Raises NewerDatabase, Unavailable."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = cls(path)
        store._writer.start()
        try:
            await store.write(migrate.upgrade)
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        self._writes.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` (on the writer thread: be quick) after each commit."""
        self._listeners.append(listener)

    def write(self, change: Callable[[Connection], T]) -> Awaitable[T]:
        """Run ``change`` in a transaction; the answer comes when it is on disk.

        It takes its place in line at once: what is written later sees its result.
        """
        future: Future[T] = Future()
        self._writes.put((change, future))
        return asyncio.wrap_future(future)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a consistent snapshot."""
        return await asyncio.wrap_future(self._readers.submit(self._read, query))

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._read_engine.begin() as conn:
                return query(conn)
        except OperationalError as error:
            raise _told(error) from error

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
        except OperationalError as error:
            self._apart(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits the write
            results = [error] * len(batch)
        for listener in self._listeners:
            listener()
        for (_, future), result in zip(batch, results, strict=True):
            _resolve(future, result)

    def _attempt(self, batch: list[_Work]) -> list[Any]:
        """One transaction for the batch; waits out other processes' locks."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                with self._write_engine.begin() as conn:
                    if len(batch) == 1:
                        return [batch[0][0](conn)]
                    return [_in_savepoint(conn, change) for change, _ in batch]
            except OperationalError as error:
                if not _locked(error) or time.monotonic() > deadline:
                    raise

    def _apart(self, batch: list[_Work], error: OperationalError) -> None:
        """The whole transaction failed: find out whose fault it is, one by one."""
        if len(batch) == 1 or _locked(error):
            for _, future in batch:
                _resolve(future, _told(error))
            return
        for work in batch:
            self._commit([work])


def _in_savepoint(conn: Connection, change: Callable[[Connection], Any]) -> Any:
    """The result or the error of one change; an error undoes that change alone.

    SQLAlchemy's own ``begin_nested`` costs as much as the change's statements.
    """
    conn.exec_driver_sql("SAVEPOINT one")
    try:
        result = change(conn)
    except OperationalError:
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


def _engine(path: Path, *, begin: str, size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own BEGINs would be deferred ones; ours are explicit.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _locked(error: OperationalError) -> bool:
    return "locked" in str(error.orig) or "busy" in str(error.orig)


def _told(error: OperationalError) -> SubmarineError:
    """The driver's words as a sentence for people."""
    words = str(error.orig)
    if _locked(error):
        return Unavailable("The database is busy with another program; try again.", retry_after=2)
    if "full" in words:
        return StorageFull("The disk is full: free some room. Nothing that was accepted is lost.")
    return Unavailable(f"The database cannot be used now: {words}.", retry_after=5)
