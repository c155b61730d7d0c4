"""A person's machine as an engine of the service.

What it knows of an attempt is little: the task, whether it was sent (a mark in the attempt's
folder), whether somebody wants its end. Everything else the machine says anew with each
connection. An attempt that was never sent may be ended here; about any other only its machine
knows, until it has been out of sight for too long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import IO, Protocol

from msgspec.structs import replace

from submarine_ext.domain import times
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.machines import PATIENCE, machine_of
from submarine_ext.engines.base import (
    Capacity,
    Ended,
    Engine,
    EngineInfo,
    Health,
    Observation,
    Outcome,
    Started,
    Task,
    Waiting,
)
from submarine_ext.engines.local import checks, slots
from submarine_ext.engines.remote import sentences
from submarine_ext.engines.remote.entries import Entry
from submarine_ext.engines.remote.frames import (
    TAKEN,
    Absent,
    Known,
    Link,
    Recorded,
    Stop,
)
from submarine_ext.engines.remote.visit import Visit

#: Seconds out of sight that nobody has to hear of: a page reload of networks.
BLIP = 5.0


class Bundles(Protocol):
    """Where the bundles are (:class:`submarine_ext.files.bundles.BundleFiles`)."""

    def opened(self, sha256: str) -> IO[bytes]:
        """The bundle's bytes. Raises NotFound."""


class RemoteEngine(Engine):
    """``owner`` is whose machine it is. ``patience`` and ``blip`` are in seconds."""

    takes_bundles = True

    def __init__(
        self, owner: str, bundles: Bundles, *, patience: float = PATIENCE, blip: float = BLIP
    ) -> None:
        self.name = machine_of(owner)
        self.owner = owner
        self._bundles = bundles
        self._patience = patience
        self._blip = blip
        self._entries: dict[str, Entry] = {}
        self._observations: asyncio.Queue[Observation | None] = asyncio.Queue()
        self._visit: Visit | None = None
        self._info = EngineInfo(name=self.name, title=f"{owner}'s machine", healthy=False)
        self._told = self._info
        self._since = time.time()
        self._timers: list[asyncio.TimerHandle] = []
        self._closed = False

    async def open(self) -> None:
        """Nobody may be here yet: then the time out of sight counts."""
        if self._visit is None:
            self._count()

    async def close(self) -> None:
        """Send the machine away; it comes again where the service is."""
        self._closed = True
        visit, self._visit = self._visit, None
        if visit is not None:
            visit.end(sentences.ELSEWHERE)
        self._uncount()
        self._observations.put_nowait(None)

    def check(self, spec: JobSpec) -> None:
        """Refuse what that machine can't honour, as far as it can be known from here."""
        check(spec, self._info.capacity)

    async def start(self, task: Task) -> None:
        """Send it, now or when the machine is here. It is durable in the jobs' table."""
        entry = self._entries.setdefault(task.name, Entry(task))
        if entry.ended:
            return
        entry.task, entry.ready = task, True
        if self._visit is not None:
            self._send(entry)
        elif time.time() >= self._since + self._blip:
            self._tell_out_of_sight(entry)

    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None:
        """Tell the machine; what was never sent there is over at once."""
        entry = self._entries.get(name)
        if entry is None or entry.ended:
            return
        entry.stop = grace_seconds
        if entry.mark is None:
            self._end(entry, Outcome.STOPPED, sentences.STOPPED)
        elif self._visit is not None:
            self._visit.say(Stop(name, grace_seconds))

    async def adopt(self, tasks: Iterable[Task]) -> set[str]:
        """Expect them at the machine; those that may never have begun need to be started."""
        found = [self._entries.setdefault(task.name, Entry(task)) for task in tasks]
        self._say_known()
        return {entry.task.name for entry in found if entry.absent is Absent.WAIT}

    async def observe(self) -> AsyncIterator[Observation]:
        """What the machine says, and when nobody hears of it; ends with :meth:`close`."""
        while (observation := await self._observations.get()) is not None:
            yield observation

    async def info(self) -> EngineInfo:
        """As the machine said it last, with what the service knows itself."""
        return self._now

    @property
    def _now(self) -> EngineInfo:
        unfinished = [entry for entry in self._entries.values() if not entry.ended]
        running = sum(entry.running for entry in unfinished)
        healthy = self._visit is not None
        return replace(
            self._info,
            name=self.name,
            title=f"This machine ({self.owner}'s server)",
            healthy=healthy,
            reason=None if healthy else sentences.out_of_sight(self.owner),
            since=None if healthy else times.at(self._since),
            running=running,
            queue=len(unfinished) - running,
        )

    def capacity(self) -> Capacity | None:
        """All that the machine has, once it has said so."""
        return self._info.capacity

    def remember(self, info: EngineInfo) -> None:
        """What an earlier server knew of it. One that ended unseen was there until now."""
        if self._visit is None:
            self._info = info
            if info.since is not None:
                self._since = datetime.fromisoformat(info.since).timestamp()

    def recorded(self, name: str) -> None:
        """Its end is committed: the machine may forget it."""
        entry = self._entries.get(name)
        if entry is not None and entry.ended:
            del self._entries[name]
            if self._visit is not None:
                self._visit.say(Recorded(name))

    # The machine's connection

    def meet(self, link: Link) -> Visit:
        """A connection that has said nothing yet; whoever reads it gives its frames to this."""
        return Visit(link, self, self._bundles.opened)

    def arrived(self, visit: Visit, info: EngineInfo) -> None:
        """The machine said who it is. A second one has to wait until the first one's jobs end."""
        if self._closed:
            return visit.end(sentences.ELSEWHERE)
        here = self._visit
        if self._elsewhere(visit.machine):
            return visit.end(sentences.second(self.owner), TAKEN)
        self._visit, self._info = visit, info
        if here is not None:
            here.end(sentences.REPLACED, TAKEN)
        self._uncount()
        self._say_known()
        self._tell_health()
        return None

    def left(self, visit: Visit) -> None:
        """A connection is over, however it ended."""
        if self._visit is visit:
            self._visit = None
            self._since = time.time()
            self._count()

    def loaded(self, visit: Visit, info: EngineInfo) -> None:
        """The machine said how it is."""
        if self._visit is visit:
            self._info = info
            if self._now != self._told:
                self._tell_health()

    def task(self, visit: Visit, name: str) -> Task | None:
        """The attempt of which something came; None: nobody wants it any more."""
        entry = self._entries.get(name)
        return entry.task if self._visit is visit and entry and not entry.ended else None

    def seen(self, visit: Visit, observation: Waiting | Started | Ended) -> None:
        """How an attempt stands; what an end needs to be complete is here already."""
        entry = self._entries.get(observation.name)
        if self._visit is not visit or entry is None or entry.ended:
            return
        entry.running = isinstance(observation, Started)
        entry.ended = isinstance(observation, Ended)
        if entry.running or (isinstance(observation, Ended) and observation.started is not None):
            entry.note(visit.machine, began=True)
        self._observations.put_nowait(observation)

    def needs(self, visit: Visit, sha256: str) -> bool:
        """Whether one of the attempts that were sent consists of this bundle."""
        sent = [each.task.spec.bundle for each in self._entries.values() if each.mark is not None]
        return self._visit is visit and sha256 in sent

    def _elsewhere(self, machine: str) -> bool:
        """Whether another machine has attempts. Those whose end is wanted are given up."""
        bound = [e for e in self._entries.values() if e.mark and e.mark.machine != machine]
        for entry in bound:
            if entry.stop is not None and not entry.ended:
                self._end(entry, Outcome.STOPPED, sentences.stopped_unseen(self.owner))
        return any(not entry.ended for entry in bound)

    def _say_known(self) -> None:
        if self._visit is not None:
            wanted = [entry for entry in self._entries.values() if not entry.given_up]
            self._visit.say(Known([entry.task.name for entry in wanted]))
            for entry in wanted:
                if not entry.ended:  # else it is kept there until its end is on record
                    self._send(entry)

    def _send(self, entry: Entry) -> None:
        assert self._visit is not None, "asked before"
        if entry.ready:
            entry.note(self._visit.machine, began=False)
        self._visit.say(entry.wanted())

    # Out of sight

    def _count(self) -> None:
        loop, passed = asyncio.get_running_loop(), time.time() - self._since
        self._timers = [
            loop.call_later(self._blip - passed, self._tell_everybody),
            loop.call_later(self._patience - passed, self._give_up),
        ]

    def _uncount(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def _tell_everybody(self) -> None:
        self._tell_health()
        for entry in self._entries.values():
            self._tell_out_of_sight(entry)

    def _tell_out_of_sight(self, entry: Entry) -> None:
        if entry.ended:
            return
        if time.time() >= self._since + self._patience:
            self._give_up_one(entry)
            return
        say = sentences.waits if entry.mark is None else sentences.away
        said = say(self.owner, self._since, self._since + self._patience)
        self._observations.put_nowait(Waiting(entry.task.name, said, paused=True))

    def _give_up(self) -> None:
        for entry in list(self._entries.values()):
            self._give_up_one(entry)

    def _give_up_one(self, entry: Entry) -> None:
        if entry.mark is None:
            self._end(entry, Outcome.FAILED, sentences.never_begun(self.owner, self._since))
        else:
            self._end(entry, Outcome.LOST, sentences.lost(self.owner, self._since))

    def _end(self, entry: Entry, outcome: Outcome, reason: str) -> None:
        if not entry.ended:
            entry.ended = entry.given_up = True
            ended = Ended(name=entry.task.name, outcome=outcome, reason=reason, retryable=False)
            self._observations.put_nowait(ended)

    def _tell_health(self) -> None:
        self._told = self._now
        self._observations.put_nowait(Health(self.name, self._told))


def check(spec: JobSpec, capacity: Capacity | None) -> None:
    """Raise ``Invalid`` for what a machine that has so much can't honour."""
    if capacity is None:
        return checks.check_from_afar(spec, None)
    total = slots.Amount(round(capacity.cpu * 1000), capacity.memory, capacity.gpu)
    return checks.check_from_afar(spec, total)
