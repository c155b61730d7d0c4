"""What the one server that reconciles hears of running jobs, for the readers at the others.

Progress and "there is more in the log" are no rows of the events log, so other servers are
told by the database, a few times a second and gathered. What is lost with a connection is
made up for by what comes next: everything that counts is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from msgspec import Struct

from submarine_ext.services.feed import Feed
from submarine_ext.store.store import Store

GATHER_SECONDS = 0.25
#: What the database carries at once, in bytes.
LONGEST = 7900


class _Word(Struct, frozen=True):
    """``grown``: jobs with more to read; ``progress``: (project, job, what it shows)."""

    grown: list[str] = []
    progress: list[tuple[str, str, dict[str, Any]]] = []


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Word).decode


class News:
    """A feed for the collector, which tells this server's and every other one's."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._grown: set[str] = set()
        self._progress: dict[str, tuple[str, str, dict[str, Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        store.on_word(self._heard_elsewhere)

    def progress(self, project: str, job: str, data: dict[str, Any]) -> None:
        """A job's progress and latest values."""
        self._feed.progress(project, job, data)
        _, _, before = self._progress.get(job, (project, job, {}))
        self._progress[job] = (project, job, {**before, **data})
        self._soon()

    def grew(self, job: str) -> None:
        """The job printed something."""
        self._feed.grew(job)
        self._grown.add(job)
        self._soon()

    def points(self, job: str) -> None:
        """The job's stored points grew."""
        self._feed.points(job)
        self._grown.add(job)
        self._soon()

    def close(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(GATHER_SECONDS, self._tell)

    def _tell(self) -> None:
        self._timer = None
        words = [_Word(progress=[each]) for each in self._progress.values()]
        grown = sorted(self._grown)
        words += [_Word(grown=grown[begin : begin + 200]) for begin in range(0, len(grown), 200)]
        self._progress.clear()
        self._grown.clear()
        for word in words:
            text = _encode(word).decode()
            if len(text.encode()) <= LONGEST:
                self._store.tell(text)

    def _heard_elsewhere(self, text: str) -> None:
        """Called on another thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._heard, text)

    def _heard(self, text: str) -> None:
        word = _decode(text)
        for job in word.grown:
            self._feed.grew(job)
        for project, job, data in word.progress:
            self._feed.progress(project, job, data)
