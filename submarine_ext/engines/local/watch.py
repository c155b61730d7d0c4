"""Learn that a process has ended, without asking again and again.

A pidfd in the event loop fires once. Where the system has none (macOS, old kernels) one
check each half second serves all processes together.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from submarine_ext.engines.local import records

FALLBACK_SECONDS = 0.5


class Watch:
    """Processes by pid *and* start time; a callback each, called once in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, pidfds: bool = True) -> None:
        self._loop = loop
        self._pidfds = pidfds and hasattr(os, "pidfd_open")
        self._open: dict[int, Callable[[], None]] = {}
        self._polled: dict[tuple[int, int | None], Callable[[], None]] = {}
        self._poll: asyncio.TimerHandle | None = None

    def add(self, pid: int, start: int | None, ended: Callable[[], None]) -> None:
        """Call ``ended`` when that very process is over; soon, if it is already."""
        fd = self._pidfd(pid)
        if not records.running(pid, start):
            self._loop.call_soon(ended)
            if fd is not None:
                os.close(fd)
        elif fd is None:
            self._polled[pid, start] = ended
            self._schedule()
        else:
            self._open[fd] = ended
            self._loop.add_reader(fd, self._fired, fd)

    def _pidfd(self, pid: int) -> int | None:
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid) if self._pidfds else None
        return None

    def _fired(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        os.close(fd)
        self._open.pop(fd)()

    def _schedule(self) -> None:
        if self._polled and self._poll is None:
            self._poll = self._loop.call_later(FALLBACK_SECONDS, self._check)

    def _check(self) -> None:
        self._poll = None
        over = [key for key in self._polled if not records.running(*key)]
        for key in over:
            self._polled.pop(key)()
        self._schedule()

    def close(self) -> None:
        """Forget everybody; nothing is called any more."""
        for fd in self._open:
            self._loop.remove_reader(fd)
            os.close(fd)
        self._open.clear()
        self._polled.clear()
        if self._poll:
            self._poll.cancel()
