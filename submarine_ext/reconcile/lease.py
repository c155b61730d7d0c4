"""One server at a time looks after the jobs of a site.

On one machine the lease is a ``flock`` on a file: the kernel ends it with its holder, so no
clock and no time-out can make two processes believe that they hold it. Servers that share a
PostgreSQL have no kernel in common: there it is a row that runs out by the database's clock,
with a number (the fence) in every transaction of whoever reconciles. A server that was
frozen or cut off may still believe that it holds the lease; it can't write any more.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import time
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from submarine_ext.errors import SubmarineError
from submarine_ext.store import leases
from submarine_ext.store.leases import LeaseLost
from submarine_ext.store.store import Store, Transaction

log = logging.getLogger(__name__)

TRY_SECONDS = 1.0
#: A holder that says nothing for so long has lost it; it says something three times as often.
LEASE_SECONDS = 10.0

NAME = "reconcile"


class Lease(Protocol):
    """``acquire``, then ``keep`` beside the work, then ``release``."""

    @property
    def held(self) -> bool:
        """Whether it is ours, as far as is known here."""

    async def acquire(self) -> None:
        """Wait until the lease is ours."""

    async def keep(self) -> None:
        """Hold it until cancelled. Raises LeaseLost."""

    async def release(self) -> None:
        """Let another server have it."""

    def guard(self, tx: Transaction) -> None:
        """Raise LeaseLost in a transaction of a server that does not hold it any more."""


class FileLease:
    """For the processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._file is not None

    async def acquire(self) -> None:
        """Wait until the lease is ours."""
        while not self.attempt():  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(TRY_SECONDS)

    def attempt(self) -> bool:
        """Take it if nobody holds it."""
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    async def keep(self) -> None:
        """The kernel does."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def guard(self, tx: Transaction) -> None:
        """Nobody loses it."""


class DatabaseLease:
    """For all servers on one PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._fence: int | None = None
        self._trusted = 0.0  # until then, by our own clock, nobody else can have it

    @property
    def held(self) -> bool:
        """Whether it is ours, as far as is known here."""
        return self._fence is not None and time.monotonic() < self._trusted

    async def acquire(self) -> None:
        """Wait until the lease is ours; a database that is away is waited for."""
        while self._fence is None:
            try:
                await self._try()
            except SubmarineError as error:
                log.debug("The lease cannot be asked for: %s", error)
            if self._fence is None:
                await asyncio.sleep(TRY_SECONDS)

    async def _try(self) -> None:
        if not await self._store.read(partial(leases.is_free, name=NAME)):
            return
        asked = time.monotonic()
        self._fence = await self._store.write(
            lambda tx: leases.take(tx, NAME, self._holder, LEASE_SECONDS)
        )
        self._trusted = asked + LEASE_SECONDS

    async def keep(self) -> None:
        """Renew it until cancelled. Raises LeaseLost, also where nobody can be asked."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                async with asyncio.timeout(self._trusted - time.monotonic()):
                    await self._renew()
            except TimeoutError:
                raise LeaseLost from None
            except SubmarineError as error:
                log.warning("The lease could not be renewed: %s", error)

    async def _renew(self) -> None:
        fence = self._number()
        asked = time.monotonic()
        await self._store.write(lambda tx: leases.renew(tx, NAME, fence, LEASE_SECONDS))
        self._trusted = asked + LEASE_SECONDS

    async def release(self) -> None:
        """Let another server have it, at once where the database can be told."""
        fence, self._fence = self._fence, None
        if fence is None:
            return
        try:
            await self._store.write(lambda tx: leases.give_back(tx, NAME, fence))
        except SubmarineError as error:
            log.debug("The lease runs out by itself: %s", error)

    def guard(self, tx: Transaction) -> None:
        """Raise LeaseLost in a transaction of a server that does not hold it any more."""
        leases.require(tx, NAME, self._number())

    def _number(self) -> int:
        if self._fence is None:
            raise LeaseLost
        return self._fence
