"""What a machine sends over one connection: how its attempts stand, and what they leave.

It goes round by turns, a piece of each, so that nothing long keeps the rest waiting; the socket
says when there is room. An end is said when everything that it left has been sent before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from submarine_ext.domain.bundles import check_name
from submarine_ext.engines.base import Ended, EngineInfo, Started, Task, Waiting
from submarine_ext.engines.remote.frames import (
    BEAT,
    PIECE,
    FromMachine,
    Link,
    Load,
    Log,
    Output,
    Seen,
    encode,
)
from submarine_ext.engines.remote.keeping import files_below, size_of
from submarine_ext.errors import Invalid

#: Seconds between two looks at logs that may have grown.
LOOK = 0.2
#: What track is still copying is no output.
_UNFINISHED = ".submarine-"


class Held:
    """An attempt at its machine, whatever connections come and go."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.ended: Ended | None = None
        self.preparing: asyncio.Task[None] | None = None
        self.said: list[Waiting | Started] = []

    def see(self, observation: Waiting | Started | Ended) -> None:
        """The local engine, or the machine itself, said how it stands."""
        if isinstance(observation, Ended):
            self.ended = observation
        else:
            self.said.append(observation)


class _Course:
    """How far the service is with an attempt, over this connection."""

    def __init__(self, held: Held, logs: list[int], outputs: Mapping[str, int]) -> None:
        held.said = held.said[-1:]  # the last word is said again
        self.held = held
        self.said = 0
        self.logs = dict(enumerate(logs))
        self.outputs = outputs
        self.end: AsyncIterator[None] | None = None


class Sender:
    """``news`` is set whenever there may be something to say."""

    def __init__(self, link: Link, news: asyncio.Event) -> None:
        self._link = link
        self._news = news
        self._courses: dict[str, _Course] = {}
        self._load_due = 0.0

    async def say(self, frame: FromMachine) -> None:
        """Send a frame now. Raises LinkLost."""
        await self._link.send(encode(frame))

    def begin(self, held: Held, logs: list[int], outputs: Mapping[str, int]) -> None:
        """From now on tell of this attempt, from where the service is."""
        self._courses[held.task.name] = _Course(held, logs, outputs)
        self._news.set()

    def forget(self, name: str) -> None:
        """Nobody wants to hear of it any more."""
        self._courses.pop(name, None)

    async def run(self, info: Callable[[], Awaitable[EngineInfo]]) -> None:
        """Send until cancelled. Raises LinkLost."""
        clock = asyncio.get_running_loop().time
        while True:
            self._news.clear()
            moved = [await self._some(course) for course in list(self._courses.values())]
            if clock() >= self._load_due:
                await self.say(Load(await info()))
                self._load_due = clock() + BEAT
            if not any(moved):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._news.wait()

    async def _some(self, course: _Course) -> bool:
        """A piece of everything that there is; whether there was anything."""
        is_over = course.held.ended is not None
        moved = await self._tell(course)
        for rank in range(course.held.task.spec.distributed.ranks):
            moved |= await self._send_log(course, rank)
        if is_over and not moved:
            course.end = course.end or self._finish(course)
            async for _ in course.end:
                return True
        return moved

    async def _tell(self, course: _Course) -> bool:
        news = course.held.said[course.said :]
        for observation in news:
            await self.say(Seen(observation))
            course.said += 1
            self._load_due = 0.0  # it may hold another part of the machine now
        return bool(news)

    async def _send_log(self, course: _Course, rank: int) -> bool:
        file, offset = course.held.task.log(rank), course.logs.get(rank, 0)
        if size_of(file) <= offset:
            return False
        data = await asyncio.to_thread(_read, file, offset)
        await self.say(Log(course.held.task.name, rank, offset, data))
        course.logs[rank] = offset + len(data)
        return bool(data)

    async def _finish(self, course: _Course) -> AsyncIterator[None]:
        """Send the outputs, a piece each time, and then the end itself."""
        task, ended = course.held.task, course.held.ended
        assert ended is not None, "asked before"
        unsent = 0
        for path, place, size in await asyncio.to_thread(_outputs, task):
            if not _can_be_sent(path):
                unsent += 1
                continue
            async for piece in _pieces(task.name, path, place, course.outputs.get(path, 0), size):
                await self.say(piece)
                yield
        await self.say(Seen(_with_note(ended, unsent)))
        self._load_due = 0.0
        yield


async def _pieces(
    name: str, path: str, place: Path, offset: int, size: int
) -> AsyncIterator[Output]:
    """The rest of a file; at least its end, which makes it a whole one there."""
    while True:
        data = await asyncio.to_thread(_read, place, offset)
        end = not data or offset + len(data) >= size
        yield Output(name, path, offset, data, end)
        offset += len(data)
        if end:
            return


def _outputs(task: Task) -> list[tuple[str, Path, int]]:
    found = files_below(task.artifacts)
    return [each for each in found if not each[0].startswith(_UNFINISHED)]


def _can_be_sent(path: str) -> bool:
    try:
        check_name(path)
    except Invalid:
        return False
    return True


def _with_note(ended: Ended, unsent: int) -> Ended:
    if not unsent:
        return ended
    note = f"{unsent} of its outputs could not be sent: give them plain names."
    return replace(ended, reason=f"{ended.reason} {note}" if ended.reason else note)


def _read(file: Path, offset: int) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, PIECE, offset)
    finally:
        os.close(descriptor)
