"""PostgreSQL: several servers on one database, and one of them writes at a time.

A writing transaction begins by taking one advisory lock, which its end gives back: what
``BEGIN IMMEDIATE`` is on SQLite. So whatever a change decides on (a quota's room, a free
name, a pending job, a version's number) stays true until it commits, and rows of the events
log become visible in the order of their numbers. It runs at READ COMMITTED, because a
snapshot taken before the lock would be older than what the lock waited for. The lock is
given back after the commit can be seen, and also when the process dies or falls silent.

The URL holds a password: nothing here prints it.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from submarine_ext.errors import Invalid, StorageFull, SubmarineError, Unavailable

log = logging.getLogger(__name__)

#: 'submarin'; whoever else uses advisory locks in this database takes other numbers.
WRITER = 0x7375626D6172696E
CHANNEL = "submarine_events"
WORDS = "submarine_words"
RECONNECT_SECONDS = 1.0

_SESSION = (
    "SET synchronous_commit = on",
    "SET lock_timeout = '8s'",
    # A frozen server must not keep the others from writing.
    "SET idle_in_transaction_session_timeout = '10s'",
    "SET jit = off",
)
#: For a network that drops connections without a word.
_CONNECT = {
    "application_name": "submarine",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Postgres:
    """What the store needs to know of it; see :class:`submarine_ext.store.store.Database`."""

    readers = 6
    pulse = 15.0

    def __init__(self, url: str) -> None:
        self._url = parsed(url)

    def writer(self) -> Engine:
        """One connection, whose transactions exclude those of all servers."""
        made = self._engine(1, isolation_level="READ COMMITTED", pool_pre_ping=True)

        @event.listens_for(made, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")

        return made

    def reader(self) -> Engine:
        """Connections whose transactions are snapshots."""
        readonly = {"postgresql_readonly": True}
        return self._engine(
            self.readers, isolation_level="REPEATABLE READ", execution_options=readonly
        )

    def busy(self, error: DBAPIError) -> bool:
        """Another server has been writing for longer than one waits."""
        return isinstance(error.orig, psycopg.errors.LockNotAvailable)

    def lost(self, error: DBAPIError) -> bool:
        """The connection was cut: nobody knows whether it was committed."""
        return error.connection_invalidated or not getattr(error.orig, "sqlstate", None)

    def told(self, error: DBAPIError) -> SubmarineError:
        """A sentence for people; the driver's words are for the log."""
        if self.busy(error):
            return Unavailable("The database is busy with another server; try again.")
        log.warning("The database: %s", str(error.orig).strip())
        if isinstance(error.orig, psycopg.errors.DiskFull):
            full = "The database has no room left: free some. Nothing that was accepted is lost."
            return StorageFull(full)
        away = "The database does not answer now; try again in a moment."
        return Unavailable(away, retry_after=5)

    def listen(self, heard: Callable[[], None], word: Callable[[str], None]) -> Listener:
        """Call ``heard`` (on a thread of its own) after each commit of any server, and ``word``
        with what another one tells.
        """
        return Listener(self._url, heard, word)

    def _engine(self, size: int, **options: Any) -> Engine:
        made = create_engine(
            self._url, pool_size=size, max_overflow=0, connect_args=_arguments(self._url), **options
        )

        @event.listens_for(made, "connect")
        def prepare(connection: psycopg.Connection[Any], _record: object) -> None:
            connection.adapters.register_dumper(str, _WithoutNul)
            before, connection.autocommit = connection.autocommit, True
            for words in _SESSION:
                connection.execute(words)
            connection.autocommit = before

        return made


class Listener:
    """Hears of commits, until :meth:`close`; a connection that is cut is made anew.

    What was committed while nobody listened is told once there is a connection again; words
    that were told meanwhile are lost.
    """

    def __init__(self, url: URL, heard: Callable[[], None], word: Callable[[str], None]) -> None:
        self._arguments = {**url.translate_connect_args(username="user", database="dbname")}
        self._arguments |= {**url.query, **_arguments(url)}
        self._heard = heard
        self._word = word
        self._words: SimpleQueue[str] = SimpleQueue()
        self._ends, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="submarine-listener", daemon=True)
        self._thread.start()

    def tell(self, word: str) -> None:
        """Say a few thousand bytes to all other servers that listen now."""
        self._words.put(word)
        os.write(self._end, b".")

    def close(self) -> None:
        """Listen no more."""
        os.close(self._end)
        self._thread.join()
        os.close(self._ends)

    def _run(self) -> None:
        complained = False
        while True:
            try:
                with psycopg.connect(**self._arguments, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}; LISTEN {WORDS}")
                    complained = False
                    self._listen(connection)
                    return
            except psycopg.Error as error:
                if not complained:
                    log.warning("News of other servers come late: %s", str(error).strip())
                complained = True
            if self._ended(RECONNECT_SECONDS):
                return

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        self._heard()
        while not self._ended(None, connection):
            for word in self._said():
                connection.execute("SELECT pg_notify(%s, %s)", [WORDS, word])
            told = list(connection.notifies(timeout=0))
            if any(each.channel == CHANNEL for each in told):
                self._heard()
            for each in told:
                if each.channel == WORDS and each.pid != connection.info.backend_pid:
                    self._word(each.payload)

    def _said(self) -> Iterator[str]:
        while not self._words.empty():
            yield self._words.get()

    def _ended(self, seconds: float | None, *others: psycopg.Connection[Any]) -> bool:
        """Whether it is to end, once something happens or the time is over."""
        watched = [self._ends, *(other.fileno() for other in others)]
        if self._ends not in select.select(watched, [], [], seconds)[0]:
            return False
        return not os.read(self._ends, 4096)


class _WithoutNul(StrDumperUnknown):
    """PostgreSQL has no NUL in text: what jobs print may hold one, and must not stick."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


def parsed(url: str) -> URL:
    """The URL, for the driver that we use. Raises Invalid, which does not quote it."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        found = None
    if found is None or found.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise Invalid(
            "The database's URL must look like postgresql://user@host:5432/database.",
            field="database_url",
        ) from None
    return found.set(drivername="postgresql+psycopg")


def _arguments(url: URL) -> dict[str, Any]:
    return {name: value for name, value in _CONNECT.items() if name not in url.query}
