"""What jobs printed, measured and left: logs, metrics, artifacts."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import Job
from submarine_ext.domain.logs import LogMatches
from submarine_ext.domain.metrics import WHOLE, Metrics, PointsSlice, Span
from submarine_ext.domain.redaction import Hidden
from submarine_ext.errors import Invalid
from submarine_ext.files import logs, matches
from submarine_ext.files.jobs import Artifact, JobFiles, opened
from submarine_ext.services import access
from submarine_ext.services.secrets import Secrets
from submarine_ext.store import metrics
from submarine_ext.store.store import Store, Transaction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class JobLog(Struct, frozen=True):
    """A piece of one rank's log. ``next`` is the byte offset to go on at, ``size`` the raw
    size now; ``complete``: the attempt has ended and nothing is left.
    """

    text: bytes
    next: int
    size: int
    complete: bool
    attempt: int


class _Log(Struct, frozen=True):
    """One rank's log, whether it has ended, and what of it nobody may see."""

    path: Path
    attempt: int
    ended: bool
    hidden: Hidden


class Results:
    """The service. Reading changes nothing."""

    def __init__(self, store: Store, files: JobFiles, secrets: Secrets) -> None:
        self._store = store
        self._files = files
        self._secrets = secrets
        self._search_turn = asyncio.Semaphore(2)

    async def log(
        self, who: Principal, job_id: str, rank: int, attempt: int | None, offset: int, limit: int
    ) -> JobLog:
        """The text of raw bytes ``[offset, offset + limit)``; negative counts from the end.

        What the attempt was given of secrets is redacted. Raises Unavailable if nobody knows
        what that was (the key is lost).
        """
        log = await self._log(who, job_id, rank, attempt)
        piece = await asyncio.to_thread(
            logs.read, log.path, offset, limit, final=log.ended, hidden=log.hidden
        )
        done = log.ended and piece.complete
        return JobLog(piece.text, piece.offset, piece.size, done, log.attempt)

    async def search_log(
        self,
        who: Principal,
        job_id: str,
        rank: int,
        attempt: int | None,
        wanted: matches.Wanted,
        offset: int,
        limit: int,
    ) -> LogMatches:
        """Lines from raw ``offset`` on that show what is wanted: as much as is done in short.

        What is redacted when the log is read cannot be found either.
        """
        log = await self._log(who, job_id, rank, attempt)
        async with self._search_turn:  # nobody's search takes the processors from others
            found = await asyncio.to_thread(
                matches.search, log.path, wanted, offset, limit, final=log.ended, hidden=log.hidden
            )
        return LogMatches(found.lines, found.offset, found.more, found.size, log.attempt)

    async def _log(self, who: Principal, job_id: str, rank: int, attempt: int | None) -> _Log:
        def look(tx: Transaction) -> tuple[Job, int, Hidden]:
            job = access.job(tx, who, job_id, Capability.JOB_LOGS).job
            number = _attempt(job, attempt)
            return job, number, self._secrets.hidden(tx, job, number)

        job, number, hidden = await self._store.read(look)
        if not 0 <= rank < job.ranks:
            raise Invalid(f"The job has ranks 0 to {job.ranks - 1}.", field="rank")
        ended = job.state.terminal or number < job.attempt
        return _Log(self._files.log(job.id, number, rank), number, ended, hidden)

    async def metrics(
        self,
        who: Principal,
        job_id: str,
        keys: list[str] | None,
        points: int,
        span: Span = WHOLE,
    ) -> Metrics:
        """The latest attempt's series in ``span``, each downsampled to about ``points``."""

        def query(tx: Transaction) -> Metrics:
            job = access.job(tx, who, job_id, Capability.OUTPUT_READ).job
            return metrics.read(tx, job.id, job.attempt, keys, points, span)

        return await self._store.read(query)

    async def metric_names(self, who: Principal, job_id: str) -> tuple[int, list[str]]:
        """The latest attempt and the keys of its metrics."""

        def query(tx: Transaction) -> tuple[int, list[str]]:
            job = access.job(tx, who, job_id, Capability.OUTPUT_READ).job
            return job.attempt, metrics.names(tx, job.id, job.attempt)

        return await self._store.read(query)

    async def metric_table(
        self, who: Principal, job_id: str, attempt: int, key: str, points: int | None, span: Span
    ) -> NDArray[np.float64] | None:
        """One metric's points as rows of (rank, step, value, time); None if it has none."""

        def query(tx: Transaction) -> NDArray[np.float64] | None:
            job = access.job(tx, who, job_id, Capability.OUTPUT_READ).job
            columns = metrics.points_of(tx, job.id, attempt, key, span)
            return columns.table(points) if columns else None

        return await self._store.read(query)

    async def points_after(
        self, who: Principal, job_id: str, seq: int, limit: int
    ) -> tuple[PointsSlice, Job]:
        """Points of the latest attempt stored after ``seq``, and the job as it was then."""

        def query(tx: Transaction) -> tuple[PointsSlice, Job]:
            job = access.job(tx, who, job_id, Capability.OUTPUT_READ).job
            return metrics.after(tx, job.id, job.attempt, seq, limit), job

        return await self._store.read(query)

    async def artifacts(self, who: Principal, job_id: str) -> list[Artifact]:
        """What the latest attempt left, by path."""
        job = await self._job(who, job_id, Capability.OUTPUT_READ)
        return await asyncio.to_thread(self._files.artifacts, job.id, job.attempt)

    async def artifact(self, who: Principal, job_id: str, path: str) -> Path | bytes:
        """The file of one artifact. Raises NotFound.

        The executed notebook holds what the job printed: it is redacted like its log.
        """

        def look(tx: Transaction) -> tuple[Job, Hidden]:
            job = access.job(tx, who, job_id, Capability.OUTPUT_READ).job
            return job, self._secrets.hidden(tx, job, job.attempt)

        job, hidden = await self._store.read(look)
        file = await asyncio.to_thread(self._files.artifact, job.id, job.attempt, path)
        if hidden and job.spec.notebook and path == PurePosixPath(job.spec.notebook).name:
            return await asyncio.to_thread(_redacted, file, hidden)
        return file

    async def require_output(self, who: Principal, job_id: str) -> None:
        """Raise unless ``who`` may (still) see what the job left."""
        await self._job(who, job_id, Capability.OUTPUT_READ)

    async def _job(self, who: Principal, job_id: str, capability: Capability) -> Job:
        record = await self._store.read(lambda tx: access.job(tx, who, job_id, capability))
        return record.job


def _redacted(file: Path, hidden: Hidden) -> bytes:
    """A notebook without what is hidden; if it is none after all, its bytes without that."""
    with opened(file) as source:
        content = source.read()
    try:
        notebook = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return hidden.cut(content, 0, len(content), final=True)
    return msgspec.json.encode(hidden.value(notebook))


def _attempt(job: Job, wanted: int | None) -> int:
    if wanted is None:
        return job.attempt
    if not 1 <= wanted <= job.attempt:
        raise Invalid(f"The job has attempts 1 to {job.attempt}.", field="attempt")
    return wanted
