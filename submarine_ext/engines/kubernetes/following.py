"""Brings one node's log into the task's files, pod after pod, each to its end.

The end of a follow says nothing about the container: only the pod's state does, which the
watches bring. A log is read to its end when one more reading, begun after the end was
known, has ended as well, or when the launcher has said its last. A second server on the
same folder waits at a lock and takes over.

What is in the bytes is no business of this module: see ``nodelog``.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import random
from collections.abc import AsyncIterator, Callable
from enum import Enum
from typing import TypeVar

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import nodelog
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.logpods import Phase, Pod
from submarine_ext.engines.kubernetes.logroom import Queue, Room
from submarine_ext.engines.kubernetes.nodelog import NodeLog
from submarine_ext.engines.kubernetes.resuming import LostError
from submarine_ext.engines.kubernetes.transport import Api

log = logging.getLogger(__name__)
T = TypeVar("T")

RENEW = 1800.0  # seconds; nodes before 1.36 stop silently at a rotation
LAST_WORDS = 10.0  # for a follow to end by itself once its container has ended
SILENCE = 60.0  # of a reading that has an end
PAUSE, LONGEST_PAUSE = 0.25, 30.0
LOCKED_PAUSE = 1.0
SHORT = 3  # answers that end before the place where the last one stopped
DIALS = 12  # of a node that is away while its pod is over
UNFOLLOWED = (
    "Too many logs are followed already; this one is brought here when somebody opens it, "
    "and when it ends."
)


class Answer(Enum):
    """How a reading ended."""

    END = "end"  # the server said that this was all
    CUT = "cut"  # it was broken off, or refused for now
    AWAY = "away"  # the API server is there, the pod's node is not
    NOT_YET = "not yet"  # there is no log before the pod changes
    GONE = "gone"  # there is no such pod
    ELSEWHERE = "elsewhere"  # the way to go on led nowhere; the next one is taken


class Follower:
    """Of one node of a task. ``settled`` while every pod known was read to its end; ``run``
    is its coroutine's task.
    """

    def __init__(self, task: Task, node: int, room: Room, limit: int) -> None:
        each = task.spec.distributed.processes_per_node
        self.ranks = range(node * each, (node + 1) * each)
        self.settled = asyncio.Event()
        self.notes: list[str] = []
        self._task, self._node, self._limit, self._room = task, node, limit, room
        self._pods: dict[str, Pod] = {}
        self._through: set[str] = set()
        self._wanted = False
        self._saying: tuple[str, str] | None = None
        self._changed = asyncio.Event()
        self._reading: asyncio.Timeout | None = None
        self._tries: dict[Answer, int] = {}
        self.run = asyncio.create_task(self._run())

    def saw(self, api: Api, pod: Pod) -> None:
        """A pod's state, as a watch brought it."""
        self._api = api
        self._pods[pod.uid] = pod
        if pod.uid not in self._through:
            self.settled.clear()
        if pod.over and self._reading is not None:
            _hurry(self._reading)
        self._changed.set()

    def want(self) -> None:
        """Somebody reads this log."""
        self._wanted = True
        self._changed.set()

    def say(self, key: str, sentence: str) -> None:
        """Put a line of ours behind what the last pod printed, once for each ``key``."""
        if self._saying is None or self._saying[0] != key:
            self._saying = key, sentence
            self._changed.set()

    # Pod after pod

    async def _run(self) -> None:
        try:
            async with self._lock():
                await self._pods_in_order()
        except Exception:  # a follower that dies must not keep its task from ending
            log.exception("The log of node %s of %s is no longer read", self._node, self._task)
            self.notes = [*self.notes, "A part of the log could not be read."]
            self.settled.set()

    @contextlib.asynccontextmanager
    async def _lock(self) -> AsyncIterator[None]:
        """One follower a log, over all servers; the kernel frees it with its holder."""
        path = self._task.folder / f"pod-{self._node}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _locked(descriptor):
                await self._read_by_another()
                await self._change(LOCKED_PAUSE)
            yield
        finally:
            os.close(descriptor)

    async def _read_by_another(self) -> None:
        theirs = await _thread(nodelog.read_mark, self._task, self._node)
        self.notes = theirs.inbox.notes
        self._note_through(theirs.is_through)

    def _note_through(self, is_through: Callable[[str], bool]) -> None:
        self._through = {uid for uid in self._pods if is_through(uid)}
        if self._pods and len(self._through) == len(self._pods):
            self.settled.set()

    async def _pods_in_order(self) -> None:
        self._log = await _thread(NodeLog, self._task, self._node, self._limit)
        while True:
            self._note_through(self._log.mark.is_through)
            self.notes = self._log.notes
            if self._saying and self._log.mark.is_through(self._log.mark.pod):
                await _thread(self._log.say_once, *self._saying)
            left = [pod for pod in self._pods.values() if pod.uid not in self._through]
            if left:
                await self._to_the_end(min(left, key=lambda pod: (pod.created, pod.uid)).uid)
            else:
                await self._change()

    async def _change(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Until something was seen or wanted, or seconds have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        self._changed.clear()

    # One pod

    async def _to_the_end(self, uid: str) -> None:
        self._tries = {}
        pause = self._room.pause
        while not self._log.mark.is_through(uid):
            pod = self._pods[uid]
            if pod.phase is Phase.WAITING and not pod.gone:
                await self._change()
                continue
            before = self._log.mark.place.position
            answer = await self._turn(pod)
            if self._log.mark.is_through(uid) or answer is Answer.ELSEWHERE:
                continue
            if answer is Answer.NOT_YET:
                await self._change(LONGEST_PAUSE)
                continue
            progress = self._log.mark.place.position > before
            pause = self._room.pause if progress else min(pause * 2, LONGEST_PAUSE)
            if not self._pods[uid].over or pod.over:
                self._changed.clear()
                await self._change(pause * random.uniform(0.5, 1))  # noqa: S311

    async def _turn(self, pod: Pod) -> Answer:
        """One reading, and what follows from how it ended."""
        mark = self._log.mark
        previous = mark.pod == pod.uid and mark.instance < pod.instance
        instance = mark.instance if previous else pod.instance
        try:
            await _thread(self._log.begin, pod.uid, instance)
            queue = Queue(self._urgent(pod.uid), self._changed, self._say_unfollowed)
            async with self._room.place(queue):
                pod = self._pods[pod.uid]
                over = pod.over or previous
                answer = await self._read(pod, follow=not over, previous=previous)
            self._tries[answer] = self._tries.get(answer, 0) + 1
            if previous and answer in (Answer.END, Answer.NOT_YET):
                await _thread(self._log.begin, pod.uid, pod.instance)
            elif self._is_last(pod, answer, over=over):
                await _thread(self._log.finish)
        except OSError as error:  # this machine's disk; its files say where to go on
            log.warning("A log of %s cannot be written: %s", self._task, error)
            await self._recover()
            answer = Answer.CUT
        return answer

    def _urgent(self, uid: str) -> Callable[[], bool]:
        return lambda: self._wanted or self._pods[uid].over

    async def _recover(self) -> None:
        while True:
            try:
                return await _thread(self._log.load)
            except OSError:
                await self._change(LONGEST_PAUSE)

    def _is_last(self, pod: Pod, answer: Answer, *, over: bool) -> bool:
        """Whether nothing more will come. ``over`` was known before the reading began."""
        if answer is Answer.END and not self._log.at_loss:
            return over or (self._log.mark.complete and self._pods[pod.uid].over)
        if answer is Answer.END and over and self._log.searched:
            self._log.note("The end of the log could not be read: its machine no longer has it.")
            return True
        if answer is Answer.AWAY and over and self._tries[answer] >= DIALS:
            self._log.note("The end of the log could not be read: its machine does not answer.")
            return True
        return answer is Answer.GONE or (answer is Answer.NOT_YET and over)

    async def _say_unfollowed(self) -> None:
        await _thread(self._log.say_first, UNFOLLOWED)

    # One reading

    async def _read(self, pod: Pod, *, follow: bool, previous: bool) -> Answer:
        params = {"container": pod.container, "timestamps": "true"}
        params |= {"follow": "true"} if follow else {}
        params |= {"previous": "true"} if previous else {}
        since = await _thread(self._log.ask)
        if since is not None:
            params["sinceTime"] = since
        limit = RENEW * random.uniform(0.8, 1.2) if follow else None  # noqa: S311
        async with self._saved():
            try:
                async with asyncio.timeout(limit) as self._reading:
                    return await self._stream(pod, params, SILENCE if not follow else None)
            except TimeoutError:
                return Answer.CUT
            except LostError:
                self._log.look_elsewhere()
                return Answer.ELSEWHERE
            except ApiError as error:
                return self._refused(error)

    @contextlib.asynccontextmanager
    async def _saved(self) -> AsyncIterator[None]:
        """How far one has come is written down, however the reading ends."""
        try:
            yield
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):  # it would hide that we are to end
                await _thread(self._log.save)
            raise
        finally:
            self._reading = None
        await _thread(self._log.save)

    async def _stream(self, pod: Pod, params: dict[str, str], silence: float | None) -> Answer:
        async with self._api.stream(pod.path, params, silence=silence) as pieces:
            if self._reading is not None and self._pods[pod.uid].over and "follow" in params:
                _hurry(self._reading)
            async for piece in pieces:
                await _thread(self._log.take, piece)
        if self._log.at_loss and self._tries.get(Answer.END, 0) % SHORT == SHORT - 1:
            self._log.look_elsewhere()
        return Answer.END

    def _refused(self, error: ApiError) -> Answer:
        if error.status == 404:
            return Answer.GONE
        if error.status == 500:
            return Answer.AWAY
        if error.transient:
            return Answer.CUT
        if error.status not in (204, 400):
            self._log.note(f"The cluster does not show a log: {error.message[:300]}")
        return Answer.NOT_YET


def _hurry(reading: asyncio.Timeout) -> None:
    soon = asyncio.get_running_loop().time() + LAST_WORDS
    when = reading.when()
    if not reading.expired() and when is not None and when > soon:
        reading.reschedule(soon)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _thread(act: Callable[..., T], *given: object) -> T:
    """In a thread; what has begun on the disk is ended also where the caller is cancelled."""
    work = asyncio.ensure_future(asyncio.to_thread(act, *given))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise
