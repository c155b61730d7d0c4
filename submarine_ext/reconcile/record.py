"""Writes down what engines observe.

Observations of one job are recorded in order, those of different jobs side by side. An end
is recorded after everything that the job printed has been stored, so that a finished job is
complete. A recording that fails is tried until it succeeds: nothing else would end the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.jobs import Event, Job, JobState, Target
from submarine_ext.domain.machines import machine_owner
from submarine_ext.domain.times import at, now
from submarine_ext.engines.base import (
    Ended,
    Health,
    Observation,
    Outcome,
    Started,
    Waiting,
    task_parts,
)
from submarine_ext.errors import SubmarineError
from submarine_ext.failpoints import reach
from submarine_ext.reconcile.collect import Collector, Hide
from submarine_ext.services import access, machines
from submarine_ext.store import jobs
from submarine_ext.store.leases import LeaseLost
from submarine_ext.store.store import Storage, Transaction

log = logging.getLogger(__name__)

OfTask = Waiting | Started | Ended
Done = Callable[[Observation], None]

_EVENTS = {
    Outcome.SUCCEEDED: Event.SUCCEEDED,
    Outcome.FAILED: Event.FAILED,
    Outcome.STOPPED: Event.STOPPED,
    Outcome.LOST: Event.VANISHED,
}


class Recorder:
    """``record(observation)`` returns at once; the writing follows.

    ``ended(job, attempt)`` is told of each attempt whose end is recorded and complete;
    ``hidden`` knows what of a job's secrets must not stand in a reason.
    """

    def __init__(
        self, store: Storage, collector: Collector, hidden: Hide, ended: Callable[[str, int], None]
    ) -> None:
        self._store = store
        self._collector = collector
        self._hidden = hidden
        self._ended = ended
        self._last: dict[str, asyncio.Task[None]] = {}

    def record(self, observation: Observation, done: Done = lambda _: None) -> None:
        """Queue the observation behind what is being recorded for the same job or engine;
        ``done`` is told when it is committed.
        """
        of_task = not isinstance(observation, Health)
        key = task_parts(observation.name)[0] if of_task else observation.name
        task = asyncio.create_task(self._after(self._last.get(key), observation, done))
        self._last[key] = task
        task.add_done_callback(lambda over: self._forget(key, over))

    def _forget(self, key: str, over: asyncio.Task[None]) -> None:
        if self._last.get(key) is over:
            del self._last[key]

    async def _after(
        self, before: asyncio.Task[None] | None, seen: Observation, done: Done
    ) -> None:
        if before is not None:
            await before
        pause = 0.1
        while True:
            try:
                await self._write(seen)
            except LeaseLost:
                return  # another server observes it too
            except Exception:  # nothing else would ever end this job
                log.exception("could not record %s; trying again", seen)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                done(seen)
                return

    async def _write(self, seen: Observation) -> None:
        if not isinstance(seen, Health):
            await self._write_of_task(*task_parts(seen.name), seen)
        elif (owner := machine_owner(seen.name)) is not None:
            await self._store.write(lambda tx: machines.saw(tx, owner, seen.info))

    async def _write_of_task(self, job: str, attempt: int, seen: OfTask) -> None:
        if isinstance(seen, Ended):
            await self._complete(job, attempt)
            reach("mid-finish")
            await self._store.write(lambda tx: _finish(tx, job, attempt, seen, self._hidden))
            reach("after-finish")
            self._ended(job, attempt)
            return
        record = await self._store.write(lambda tx: _note(tx, job, attempt, seen, self._hidden))
        if record is not None and isinstance(seen, Started):
            self._collector.follow(record.job)

    async def _complete(self, job: str, attempt: int) -> None:
        """Have everything stored that the attempt printed, also if its start was not seen."""
        record = await self._store.read(lambda tx: _current(tx, job, attempt))
        if record is not None and not record.job.state.terminal:
            self._collector.follow(record.job)
            await self._collector.drain(job, attempt)

    async def close(self) -> None:
        """Stop trying: what was not written is observed again after the next start."""
        recording = list(self._last.values())
        for task in recording:
            task.cancel()
        await asyncio.gather(*recording, return_exceptions=True)


def _current(tx: Transaction, job: str, attempt: int) -> jobs.Record | None:
    """The job, unless it was deleted or has gone on to another attempt."""
    record = jobs.get(tx, job)
    return record if record is not None and record.job.attempt == attempt else None


def _note(
    tx: Transaction, job: str, attempt: int, seen: Waiting | Started, hidden: Hide
) -> jobs.Record | None:
    record = _current(tx, job, attempt)
    if record is None:
        return None
    # A job that is being stopped keeps saying who stopped it.
    wanted = record.job.target is Target.RUN
    if isinstance(seen, Started) and record.job.state is JobState.RUNNING:
        said = {"reason": None, "remedy": None}
        paused = wanted and record.job.reason is not None
        return jobs.transition(tx, record, Event.RESUMED, actor=SYSTEM, **said) if paused else None
    if isinstance(seen, Started):
        fields: dict[str, Any] = {"started": _began(record.job, seen.time)} | (
            {"reason": None, "remedy": None} if wanted else {}
        )
        return jobs.transition(tx, record, Event.STARTED, actor=SYSTEM, **fields)
    if not wanted or (record.job.state is JobState.RUNNING and not seen.paused):
        return None  # what a restarted server says before it has looked
    reason = hidden(tx, record.job).text(seen.reason)  # who refuses a job may quote it
    if (reason, seen.remedy) != (record.job.reason, record.job.remedy):
        fields = {"reason": reason, "remedy": seen.remedy}
        return jobs.transition(tx, record, Event.WAITS, actor=SYSTEM, **fields)
    return None


def _finish(tx: Transaction, job: str, attempt: int, seen: Ended, hidden: Hide) -> None:
    record = _current(tx, job, attempt)
    if record is None:
        return
    if seen.reason is not None:  # it may quote what the job printed last
        seen = replace(seen, reason=hidden(tx, record.job).text(seen.reason))
    ended = jobs.transition(
        tx, record, _EVENTS[seen.outcome], actor=SYSTEM, **_end_fields(record.job, seen)
    )
    if ended is not None and _deserves_retry(ended, seen) and _may_run(tx, ended.job):
        left = ended.retries_left - 1
        reason = f"Attempt {attempt} failed: {ended.job.reason} Trying again ({left} left)."
        jobs.retry(tx, ended, actor=SYSTEM, retries=left, reason=reason)


def _end_fields(job: Job, seen: Ended) -> dict[str, Any]:
    fields: dict[str, Any] = {"exit_code": seen.exit_code, "remedy": seen.remedy}
    fields["usage"] = seen.usage
    if seen.outcome is Outcome.STOPPED and not job.started:
        fields["remedy"] = job.remedy  # who was tired of waiting may run that instead
    # A clock that was set back must not make a job end before it began.
    began = job.started
    if seen.started is not None and not began:
        began = _began(job, seen.started)
    finished = at(seen.finished) if seen.finished is not None else now()
    fields |= {"started": began, "finished": max(finished, began or finished)}
    stopped_by_somebody = seen.outcome is Outcome.STOPPED and job.target is Target.STOP
    if not stopped_by_somebody:
        fields["reason"] = seen.reason
    return fields


def _began(job: Job, time: float) -> str:
    """Not before it was queued: a cluster's clock is another, and cut to whole seconds."""
    return max(at(time), job.queued or job.created)


def _may_run(tx: Transaction, job: Job) -> bool:
    """Whether the job's owner still may run jobs in the project."""
    try:
        access.may(tx, Principal(job.owner), job.project, Capability.JOB_SUBMIT)
    except SubmarineError:
        return False
    return True


def _deserves_retry(record: jobs.Record, seen: Ended) -> bool:
    return (
        record.job.state in (JobState.FAILED, JobState.LOST)
        and seen.retryable
        and record.retries_left > 0
        and record.job.target is Target.RUN
    )
