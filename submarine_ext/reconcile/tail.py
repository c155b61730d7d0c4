"""The log files that are being followed, and what the attempt they belong to shows.

Reads pieces, takes the records out and holds the points until they are stored. It runs in
a worker thread, one turn at a time, and knows neither the database nor the event loop.
What is not stored yet is forgotten after any failure and read again from the file: there
is one way back for every fault, a crash included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from submarine_ext.domain.jobs import Job, Progress
from submarine_ext.domain.metrics import Value
from submarine_ext.domain.progress import Watch
from submarine_ext.domain.records import Record, scan
from submarine_ext.domain.redaction import EVERYTHING
from submarine_ext.domain.traces import Trace, Tracing
from submarine_ext.files import logs
from submarine_ext.files.jobs import JobFiles
from submarine_ext.store.metrics import Batch, Point

log = logging.getLogger(__name__)

#: Raw bytes that are read from one file at a time.
PIECE = 256 << 10
#: Output without points moves the stored offset once in so many bytes.
SELDOM = 16 << 20
#: The newest values of so many metrics are shown with the job; every series is stored.
MOST_LATEST = 200
#: Seconds between two looks at a file: while it grows, and when it has not for long.
QUICK, SLOW = 0.025, 0.25


class Attempt:
    """One attempt of one job: its tails, newest values, trace and progress."""

    def __init__(self, job: Job, files: JobFiles, clock: Callable[[], float]) -> None:
        self.job = job
        self.clock = clock
        self.hidden = EVERYTHING  # until the store has said
        self.watch = Watch(clock, job.progress)
        self.latest: dict[str, Value] = dict(job.latest)
        self._tracing = Tracing(job.trace)
        self._traced = 0
        self._ranks: dict[str, int] = {}
        self.artifacts = 0  # how many were reported, so that whoever lists them lists again
        self.changed = False
        self.shown_at = float("-inf")
        self.ending = False
        self.tails = [Tail(self, rank, files) for rank in range(job.ranks)]

    def end(self) -> None:
        """The process is over and everything is in the files: read to their ends."""
        self.ending = True
        for tail in self.tails:
            tail.due, tail.at_end = 0.0, False

    @property
    def trace(self) -> Trace | None:
        """The trace, where it is another than the one that was shown last."""
        return self._tracing.trace if self._tracing.changes != self._traced else None

    def shown(self, now: float) -> None:
        """What changed is stored, and told."""
        self.changed, self.shown_at = False, now
        self._traced = self._tracing.changes

    @property
    def complete(self) -> bool:
        """Whether all files were read to their end, and everything is stored and shown."""
        return self.ending and not self.changed and all(tail.complete for tail in self.tails)

    @property
    def progress(self) -> Progress | None:
        """How far it is. Its message may hold what two pieces of output make together."""
        progress = self.watch.progress
        if progress is None or progress.message is None:
            return progress
        return replace(progress, message=self.hidden.text(progress.message))

    def take(self, record: Record, rank: int) -> None:
        """Note what a record changes in what the job shows; the lowest rank's value stands."""
        if record.fraction is not UNSET:
            self.watch.say(record.fraction, record.message, record.time)
            self.changed = True
        if record.artifact is not None:
            self.artifacts += 1
            self.changed = True
        for key, value in (record.metrics or {}).items():
            room = key in self.latest or len(self.latest) < MOST_LATEST
            if room and rank <= self._ranks.setdefault(key, rank):
                self._ranks[key] = rank
                self.latest[key] = value
                self._tracing.add(key, value)
                self.changed = True

    def look(self, text: bytes) -> None:
        """Search what was printed for progress."""
        before = self.watch.progress
        self.watch.print(self.hidden.cut(text, 0, len(text)) if self.hidden else text)
        self.changed = self.changed or self.watch.progress is not before


class Tail:
    """One rank's log. ``offset`` is the stored one, None until it is known."""

    def __init__(self, attempt: Attempt, rank: int, files: JobFiles) -> None:
        self.attempt = attempt
        self.rank = rank
        self.path = files.log(attempt.job.id, attempt.job.attempt, rank)
        self._pause = QUICK
        self._warned = False
        self.go_on_at(None)

    def go_on_at(self, offset: int | None) -> None:
        """Forget what is not stored; read from ``offset`` (None: ask the store first)."""
        self.offset = offset
        self.due, self.at_end = 0.0, False
        self._position = self._looked = offset or 0
        self._steps: Mapping[str, int] = {}
        self._forget()

    def _forget(self) -> None:
        self._points: list[Point] = []
        self._params: dict[str, Any] = {}

    @property
    def complete(self) -> bool:
        """Whether nothing is left in the file and everything is stored."""
        return self.at_end and self.offset is not None and not self._waits()

    def __len__(self) -> int:
        return len(self._points)

    def read(self, now: float) -> int:
        """Read a piece if there is one; how many bytes it has. Sets when to look again."""
        try:
            length = self._read()
        except OSError as error:
            self._warn(f"can't be read ({error.strerror}): what it says from here on is missing")
            self.at_end, length = True, 0
        self._pause = QUICK if length else min(self._pause * 1.5, SLOW)
        self.due = now if length and not self.at_end else now + self._pause
        return length

    def _read(self) -> int:
        size = logs.size(self.path)
        if size < self._position:
            self._warn("was truncated or removed: what it said in between may be missing")
            self._position = self._looked = size
        final = self.attempt.ending and size > self._position
        if size <= self._looked and not final:
            self.at_end = True
            return 0
        piece, size = logs.raw(self.path, self._position, PIECE)
        self._looked = self._position + len(piece)
        self.at_end = self._looked >= size
        self._take(piece, final=self.attempt.ending and self.at_end)
        return len(piece)

    def _take(self, piece: bytes, *, final: bool) -> None:
        scanned = scan(piece, final=final)
        self._position += scanned.consumed
        hidden = self.attempt.hidden
        for record in map(hidden.record, scanned.records) if hidden else scanned.records:
            self.attempt.take(record, self.rank)
            if record.metrics:
                self._points += _points(record, self.attempt.clock)
            self._params |= record.params or {}
        if self.rank == 0:
            self.attempt.look(scanned.text)

    def batch(self) -> Batch | None:
        """What is to be stored now, if anything."""
        if self.offset is None or not self._waits():
            return None
        return Batch(
            job=self.attempt.job.id,
            attempt=self.attempt.job.attempt,
            rank=self.rank,
            begin=self.offset,
            end=self._position,
            points=self._points,
            params=self._params,
            steps=self._steps,
        )

    def _waits(self) -> bool:
        moved = self._position - (self.offset or 0)
        seldom = moved >= SELDOM or moved < 0 or (self.attempt.ending and moved != 0)
        return bool(self._points or self._params) or seldom

    def stored(self, batch: Batch, steps: Mapping[str, int] | None) -> None:
        """The batch is stored, or (None) was refused: then the store knows where to go on."""
        if steps is None:
            self.go_on_at(None)
            return
        self.offset, self._steps = batch.end, steps
        self._forget()

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("The log %s of %s %s.", self.path.name, self.attempt.job.id, what)


def _points(record: Record, clock: Callable[[], float]) -> list[Point]:
    assert record.metrics is not None, "asked for metrics"
    time = clock() if record.time is None else record.time
    return [(key, record.step, _stored(value), time) for key, value in record.metrics.items()]


def _stored(value: float | str) -> float | None:
    """The store keeps NaN as None and infinities as they are."""
    if value.__class__ is float:
        return value
    return None if value == "NaN" else float(value)
