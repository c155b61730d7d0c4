"""The one tailer: follows the logs of all active attempts and stores what they report.

It polls file sizes (25 ms while a file grows, up to 250 ms when not; inotify was measured
to slow the writing jobs by 18 to 26 %), reads off the event loop, and stores the points of
all jobs with the offsets that they were read up to in one transaction a turn. A turn is
bounded, and who waited longest comes first, so a log storm delays nobody for long and
needs no memory. What is stored is never told before it is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from submarine_ext.domain.jobs import Job
from submarine_ext.domain.redaction import Hidden
from submarine_ext.errors import SubmarineError
from submarine_ext.failpoints import reach
from submarine_ext.files.jobs import JobFiles
from submarine_ext.reconcile.tail import Attempt, Tail
from submarine_ext.store import metrics
from submarine_ext.store.leases import LeaseLost
from submarine_ext.store.metrics import Batch
from submarine_ext.store.store import Storage, Transaction

log = logging.getLogger(__name__)

#: A turn ends when it has read so many bytes or found so many points.
TURN_BYTES = 4 << 20
TURN_POINTS = 20_000
#: Seconds between two updates of what a job shows, and after a turn that failed.
PACE = 0.25
PAUSE = 1.0


#: What of a job's present attempt nobody may see (:class:`submarine_ext.services.secrets.Secrets`).
Hide = Callable[[Transaction, Job], Hidden]


class Feed(Protocol):
    """Who wants to know at once (:class:`submarine_ext.services.feed.Feed`)."""

    def progress(self, project: str, job: str, data: dict[str, Any]) -> None:
        """``{"progress", "latest", "artifacts"}`` of a job; at most four times a second a job."""

    def grew(self, job: str) -> None:
        """There is more in one of the job's log files."""

    def points(self, job: str) -> None:
        """Points of the job were stored."""


class Collector:
    """Follow attempts, ``run`` until cancelled; ``clock`` answers epoch seconds.

    What ``hidden`` says of an attempt is in nothing that is stored or told of it.
    """

    def __init__(
        self,
        store: Storage,
        files: JobFiles,
        feed: Feed,
        hidden: Hide,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._files = files
        self._feed = feed
        self._hidden = hidden
        self._clock = clock
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._drains: dict[tuple[str, int], asyncio.Future[None]] = {}
        self._awake = asyncio.Event()

    def follow(self, job: Job) -> None:
        """Follow the logs of the job's present attempt, from where the store says."""
        key = (job.id, job.attempt)
        if key not in self._attempts:
            self._attempts[key] = Attempt(job, self._files, self._clock)
            self._awake.set()

    async def drain(self, job_id: str, attempt: int) -> None:
        """Return when everything that the ended attempt's logs say is stored.

        The attempt is not followed any more then; one that is not followed has nothing left.
        """
        key = (job_id, attempt)
        if key not in self._attempts:
            return
        future = self._drains.setdefault(key, asyncio.get_running_loop().create_future())
        self._awake.set()
        await asyncio.shield(future)

    def forget(self) -> None:
        """Follow nothing any more: another server does."""
        self._attempts.clear()
        for future in self._drains.values():
            future.cancel()
        self._drains.clear()

    async def run(self) -> None:
        """Follow until cancelled. A turn that fails is done again from what is stored."""
        while True:
            self._awake.clear()
            try:
                pause = await self._turn()
            except LeaseLost:
                self.forget()
            except Exception as error:  # nothing else would store what jobs report
                unexpected = not isinstance(error, SubmarineError)
                log.warning("Metrics wait to be stored: %s", error, exc_info=unexpected)
                self._go_back()
                await asyncio.sleep(PAUSE)
            else:
                await self._rest(pause)

    async def _rest(self, pause: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._awake.wait()

    async def _turn(self) -> float | None:
        """Read and store once; seconds until something is due, None if nothing is followed."""
        for key in self._drains:
            if not self._attempts[key].ending:
                self._attempts[key].end()
        attempts = list(self._attempts.values())
        tails = [tail for attempt in attempts for tail in attempt.tails]
        await self._locate([tail for tail in tails if tail.offset is None])
        now = time.monotonic()
        due = sorted((t for t in tails if t.due <= now), key=lambda tail: tail.due)
        if due:
            for job in await asyncio.to_thread(_read, due, now):
                self._feed.grew(job)
        await self._keep(attempts, tails, now)
        for attempt in attempts:
            if attempt.complete:
                self._done((attempt.job.id, attempt.job.attempt))
        return max(0.0, min(t.due for t in tails) - time.monotonic()) if tails else None

    async def _locate(self, lost: Sequence[Tail]) -> None:
        """Ask the store where reading goes on, and what must not be told."""
        if not lost:
            return

        def look(tx: Transaction) -> list[tuple[int, Hidden]]:
            jobs = [(tail.attempt.job, tail.rank) for tail in lost]
            return [
                (metrics.offset(tx, job.id, job.attempt, rank), self._hidden(tx, job))
                for job, rank in jobs
            ]

        for tail, (offset, hidden) in zip(lost, await self._store.read(look), strict=True):
            tail.attempt.hidden = hidden
            tail.go_on_at(offset)

    async def _keep(self, attempts: Iterable[Attempt], tails: Iterable[Tail], now: float) -> None:
        """Store points and offsets, and what jobs show, in one transaction; then tell."""
        batches = [(tail, batch) for tail in tails if (batch := tail.batch())]
        shown = [a for a in attempts if a.changed and (a.ending or now - a.shown_at >= PACE)]
        if not batches and not shown:
            return

        def change(tx: Transaction) -> list[Mapping[str, int] | None]:
            results = [metrics.append(tx, batch) for _, batch in batches]
            for attempt in shown:
                job = attempt.job
                shows = attempt.latest, attempt.progress, attempt.trace
                metrics.show(tx, job.id, job.attempt, *shows)
            reach("mid-log")
            return results

        results = await self._store.write(change)
        for (tail, batch), steps in zip(batches, results, strict=True):
            tail.stored(batch, steps)
        self._tell([batch for _, batch in batches], shown, now)

    def _tell(self, batches: Iterable[Batch], shown: Iterable[Attempt], now: float) -> None:
        for job_id in {batch.job for batch in batches if batch.points}:
            self._feed.points(job_id)
        for attempt in shown:
            progress = msgspec.to_builtins(attempt.progress)
            data = {"progress": progress, "latest": dict(attempt.latest)}
            data["artifacts"] = attempt.artifacts
            if (trace := attempt.trace) is not None:
                data["trace"] = msgspec.to_builtins(trace)
            attempt.shown(now)
            self._feed.progress(attempt.job.project, attempt.job.id, data)

    def _go_back(self) -> None:
        """Read again what may not be stored. It counts again in traces: a picture bears that."""
        for attempt in self._attempts.values():
            for tail in attempt.tails:
                tail.go_on_at(None)

    def _done(self, key: tuple[str, int]) -> None:
        self._attempts.pop(key, None)
        future = self._drains.pop(key, None)
        if future is not None and not future.done():
            future.set_result(None)


def _read(due: Iterable[Tail], now: float) -> set[str]:
    """Read by turns, a piece of each file, as far as the bounds go. The jobs whose logs grew."""
    grown: set[str] = set()
    waiting = deque(due)
    length = points = 0
    while waiting and length < TURN_BYTES and points < TURN_POINTS:
        tail = waiting.popleft()
        before = len(tail)
        read = tail.read(now)
        length += read
        points += len(tail) - before
        if read:
            grown.add(tail.attempt.job.id)
        if tail.due <= now:
            waiting.append(tail)
    return grown
