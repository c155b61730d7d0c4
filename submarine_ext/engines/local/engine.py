"""The local engine: this machine's processors, shared out among jobs.

It keeps the promises of ``engines.base``. The truth lies in each attempt's folder
(``records``); what is here is only the server's view of it, made anew by :meth:`adopt`
after a restart. Nothing is asked again and again: supervisors' pidfds and the launcher's
facts wake it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import (
    Capacity,
    Ended,
    Engine,
    EngineInfo,
    Observation,
    Outcome,
    Started,
    Task,
)
from submarine_ext.engines.local import (
    checks,
    endings,
    fairness,
    leftovers,
    modules,
    plans,
    records,
    slots,
)
from submarine_ext.engines.local.launches import Fact, Launches
from submarine_ext.engines.local.strangers import signal_claimant
from submarine_ext.engines.local.waits import Waits
from submarine_ext.engines.local.watch import Watch
from submarine_ext.errors import Invalid, StorageFull

TRIES = 3  # supervisors for one task that die before they claim it
SWEEP_PATIENCE = 5.0  # for the launcher to have ended a killed supervisor's orphans
STOP_PATIENCE = 10.0  # beyond its grace; a supervisor that is later than that is frozen


class _Entry:
    """The server's view of one task."""

    def __init__(self, task: Task, arrival: int) -> None:
        self.task = task
        self.need = slots.need(task.spec)
        self.candidate = fairness.Candidate(
            task.name, task.owner, task.spec.priority, arrival, self.need
        )
        self.claim: dict[str, Any] | None = None
        self.told_started = False
        self.tries = 0
        self.swept = asyncio.Event()  # the launcher has ended what its supervisor left
        self.stopping: asyncio.TimerHandle | None = None


class LocalEngine(Engine):
    """Runs tasks as processes. ``root`` is the folder in which the tasks' folders lie.

    ``cpu`` (CPUs), ``memory`` (bytes) and ``gpu`` override what the machine is found to
    have; ``python`` is used where a spec names no ``environment``.
    """

    name = "local"

    def __init__(
        self,
        root: Path,
        *,
        cpu: float | None = None,
        memory: int | None = None,
        gpu: int | None = None,
        python: str = sys.executable,
    ) -> None:
        self.root = root
        self.python = python
        self._slots = slots.Slots(*slots.machine(cpu, memory, gpu))
        self._waiting: dict[str, _Entry] = {}
        self._running: dict[str, _Entry] = {}
        self._over: set[str] = set()
        self._arrivals = 0
        self._waits = Waits()
        self._due: asyncio.TimerHandle | None = None
        self._rested = 0.0
        self._observations: asyncio.Queue[Observation | None] = asyncio.Queue()
        self._chores: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start the launcher, without waiting for it."""
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(self._loop)
        self._launches = Launches(self.root, self._watch, self._on_fact, self._on_restart)
        self._launches.begin()

    async def close(self) -> None:
        """Let go; jobs go on under their supervisors."""
        self._launches.close()
        self._watch.close()
        timers = [self._due, *(entry.stopping for entry in self._running.values())]
        for timer in filter(None, timers):
            timer.cancel()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self._observations.put_nowait(None)

    def check(self, spec: JobSpec) -> None:
        """Refuse what this machine can't honour; see ``checks``."""
        checks.check(spec, self._slots.total)

    async def missing_modules(self, spec: JobSpec, names: Iterable[str]) -> tuple[str, list[str]]:
        """Ask the job's interpreter; what is not called Python is not started for this."""
        python = spec.environment or self.python
        if not Path(python).name.startswith(("python", "pypy")):
            return python, []
        env = plans.interpreter_environment(python, os.environ)
        return python, await modules.missing(python, names, env)

    async def start(self, task: Task) -> None:
        """Queue the task, or watch it where another server has begun it."""
        if self._knows(task.name):
            return
        entry = self._entry(task)
        if self._take_over(entry):
            return
        try:
            self.check(task.spec)
        except Invalid as error:  # a smaller machine than the one it was submitted on
            self._fail(entry, error.detail, retryable=False)
            return
        self._waiting[task.name] = entry
        self._schedule()

    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None:
        """Take it from the queue, or have its supervisor end it."""
        if entry := self._waiting.pop(name, None):
            self._end(entry, Ended(name=name, outcome=Outcome.STOPPED, reason=endings.STOPPED))
            self._schedule()
        if entry := self._running.get(name):
            self._stop_running(entry, grace_seconds)

    def _stop_running(self, entry: _Entry, grace_seconds: float) -> None:
        folder = str(entry.task.folder)
        try:
            records.write(folder, records.STOP, {"grace": grace_seconds})
        except OSError as error:
            raise StorageFull(f"The stop could not be written down: {error.strerror}.") from error
        claim = records.read(folder, records.CLAIM)
        if claim:  # without one, the supervisor looks for the stop after its claim
            signal_claimant(claim, signal.SIGTERM)
        self._insist_later(entry, grace_seconds)

    async def adopt(self, tasks: Iterable[Task]) -> set[str]:
        """Watch what runs, report what ended, answer with what never began."""
        fresh = set()
        for task in tasks:
            await asyncio.sleep(0)  # there may be thousands, and others to serve
            if not self._knows(task.name) and not self._take_over(self._entry(task)):
                fresh.add(task.name)
        return fresh

    def forget(self, name: str) -> None:
        """The folder of an attempt that is over was removed: its name means nothing any more."""
        self._over.discard(name)

    async def observe(self) -> AsyncIterator[Observation]:
        """All observations; ends with :meth:`close`."""
        while (observation := await self._observations.get()) is not None:
            yield observation

    async def info(self) -> EngineInfo:
        """The machine, how much of it is in use, and the queue's length."""
        return EngineInfo(
            name=self.name,
            title="This machine",
            healthy=self._launches.pid is not None,
            reason=None if self._launches.pid else "The process that starts jobs is restarting.",
            capacity=self.capacity(),
            in_use=_capacity(self._slots.in_use),
            queue=len(self._waiting),
            running=len(self._running),
            python=self.python,
        )

    def capacity(self) -> Capacity:
        """Everything this machine has."""
        return _capacity(self._slots.total)

    def places(self) -> dict[str, int]:
        """Who is next, by the names of tasks."""
        return self._waits.places

    def _knows(self, name: str) -> bool:
        return name in self._waiting or name in self._running or name in self._over

    # From the queue to a supervisor

    def _entry(self, task: Task) -> _Entry:
        self._arrivals += 1
        return _Entry(task, self._arrivals)

    def _schedule(self) -> None:
        """Share out the machine: now, or soon if that was just done and takes long.

        A pass looks at everybody who waits. However long the queue, all passes together
        take a fifth of the event loop's time at most.
        """
        if self._due is None:
            self._due = self._loop.call_at(self._rested, self._share_out)
            if self._rested <= self._loop.time():
                self._share_out()

    def _share_out(self) -> None:
        """Start whoever fits; tell the others what they wait for."""
        if self._due:
            self._due.cancel()
        self._due = None
        begun = self._loop.time()
        self._start_fitting()
        self._rested = begun + 5 * (self._loop.time() - begun)

    def _start_fitting(self) -> None:
        while self._waiting:
            candidates = [entry.candidate for entry in self._waiting.values()]
            holdings = list(self._slots.holdings.values())
            chosen, waits = fairness.decide(candidates, holdings, self._slots.total)
            if chosen is None:
                for waiting in self._waits.news(waits):
                    self._observations.put_nowait(waiting)
                return
            self._launch(self._waiting.pop(chosen.name))

    def _launch(self, entry: _Entry) -> None:
        """Take slots and hand the plan to the launcher; again after the launcher's death."""
        task = entry.task
        try:
            plans.look(task)
            self._slots.take(task.name, task.owner, entry.need)
            plan = plans.plan(task, self.python, self._slots.holdings[task.name].gpus)
        except plans.CannotRunError as error:
            self._fail(entry, str(error), retryable=False)
            return
        except OSError as error:
            self._fail(entry, f"The job's files could not be prepared: {error.strerror}.")
            return
        self._running[task.name] = entry
        entry.tries += 1
        self._launches.send(plan)

    def _on_fact(self, fact: Fact) -> None:
        """One line from the launcher or a supervisor."""
        (kind, name), *_ = fact.items()
        entry = self._running.get(name)
        if entry is None:
            return
        match kind:
            case "claimed":
                self._take_over(entry, started=fact["time"])
            case "taken":
                self._take_over(entry)
            case "refused":
                self._fail(entry, f"The job could not be begun: {fact['error']}.")
                self._schedule()
            case "gone":
                entry.swept.set()
                if not self._take_over(entry):
                    self._relaunch(entry)  # killed before it had begun anything

    def _on_restart(self) -> None:
        """A new launcher: the old one may not have passed on, or told, everything."""
        for entry in [e for e in self._running.values() if e.claim is None]:
            if not self._take_over(entry):
                self._relaunch(entry)

    def _relaunch(self, entry: _Entry) -> None:
        self._slots.release(entry.task.name)
        self._running.pop(entry.task.name, None)
        if entry.tries < TRIES:
            self._launch(entry)
        else:
            reason = "The job could not be begun: its supervisor died each time."
            self._fail(entry, reason)

    # From a supervisor to its end

    def _take_over(self, entry: _Entry, started: float | None = None) -> bool:
        """Watch the supervisor that has claimed the attempt; False if none ever has.

        ``started`` is when the ranks began, 0 if they did not, None where only the claim
        can tell.
        """
        task = entry.task
        if entry.claim is not None:
            return True
        claim = records.read(task.folder, records.CLAIM)
        if claim is None:
            return False
        entry.claim = claim
        self._running[task.name] = entry
        if task.name not in self._slots.holdings:
            self._slots.take(task.name, task.owner, entry.need, claim["gpus"])
        self._tell_started(entry, claim["time"] if started is None else started)
        if claim["boot"] == records.boot():
            self._watch.add(claim["pid"], claim["start"], lambda: self._settle_soon(entry))
        else:
            self._settle_soon(entry)
        return True

    def _tell_started(self, entry: _Entry, time: float | None) -> None:
        if time and not entry.told_started:
            entry.told_started = True
            self._observations.put_nowait(Started(entry.task.name, time))

    def _settle_soon(self, entry: _Entry) -> None:
        chore = self._loop.create_task(self._settle(entry))
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    async def _settle(self, entry: _Entry) -> None:
        """The supervisor is gone: report what it wrote, or that nobody can know."""
        task, claim = entry.task, entry.claim
        assert claim is not None
        record = records.read(task.folder, records.EXIT)
        if record is None:
            await self._sweep(entry)
            self._end(entry, self._unrecorded(task, claim))
        else:
            self._tell_started(entry, record["started"])
            self._end(entry, endings.ended(task, record, self._slots.total.memory))
        self._schedule()

    async def _sweep(self, entry: _Entry) -> None:
        """End what the supervisor left: by the launcher if it was its child, and by name."""
        if entry.claim and entry.claim["boot"] != records.boot():
            return
        if entry.tries:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(entry.swept.wait(), SWEEP_PATIENCE)
        await asyncio.to_thread(leftovers.end_all, entry.task.job, entry.task.attempt)

    def _unrecorded(self, task: Task, claim: dict[str, Any]) -> Ended:
        if records.read(task.folder, records.STOP) is None:
            return endings.lost(task, claim, records.boot())
        reason = "Stopped on request; it had to be killed with its supervisor."
        return Ended(name=task.name, outcome=Outcome.STOPPED, reason=reason, started=claim["time"])

    def _fail(self, entry: _Entry, reason: str, *, retryable: bool = True) -> None:
        name = entry.task.name
        self._end(
            entry,
            Ended(name=name, outcome=Outcome.FAILED, reason=reason, retryable=retryable),
        )

    def _end(self, entry: _Entry, ended: Ended) -> None:
        name = entry.task.name
        if entry.stopping:
            entry.stopping.cancel()
        self._running.pop(name, None)
        self._slots.release(name)
        self._waits.forget(name)
        self._over.add(name)
        self._observations.put_nowait(ended)

    def _insist_later(self, entry: _Entry, grace_seconds: float) -> None:
        """Kill a supervisor that does not answer: frozen, it would keep its job for ever."""
        if entry.stopping:
            entry.stopping.cancel()
        entry.stopping = self._loop.call_later(grace_seconds + STOP_PATIENCE, self._insist, entry)

    def _insist(self, entry: _Entry) -> None:
        if entry.claim:
            signal_claimant(entry.claim, signal.SIGKILL)


def _capacity(amount: slots.Amount) -> Capacity:
    return Capacity(cpu=amount.cpu / 1000, memory=amount.memory, gpu=amount.gpu)
