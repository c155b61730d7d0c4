"""From the events log to whoever listens.

Our own commits are heard at once, and other servers' too where the database tells of them
(PostgreSQL); on SQLite one looks each second.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence

from submarine_ext.domain.events import EventRow
from submarine_ext.errors import Unavailable
from submarine_ext.store import events
from submarine_ext.store.store import Store

GATHER_SECONDS = 0.01
ROWS = 500


class Relay:
    """Hands every row of the log to ``deliver``, in order and once."""

    def __init__(self, store: Store, deliver: Callable[[Sequence[EventRow]], None]) -> None:
        self._store = store
        self._deliver = deliver
        self._committed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        store.on_commit(self._heard)

    def _heard(self) -> None:
        """Called on another thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._committed.set)

    async def run(self) -> None:
        """Relay until cancelled."""
        seq = await self._head()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._store.pulse):
                    await self._committed.wait()
            # Together with what follows at once: fewer frames, and the start comes first.
            await asyncio.sleep(GATHER_SECONDS)
            self._committed.clear()
            seq = await self._catch_up(seq)

    async def _head(self) -> int:
        while True:
            try:
                return await self._store.read(events.head)
            except Unavailable as error:
                await asyncio.sleep(error.retry_after)

    async def _catch_up(self, seq: int) -> int:
        while True:
            try:
                rows = await self._store.read(functools.partial(events.after, seq=seq, limit=ROWS))
            except Unavailable:
                return seq  # the next turn tries again
            if rows:
                seq = rows[-1].seq
                self._deliver(rows)
            if len(rows) < ROWS:
                return seq
