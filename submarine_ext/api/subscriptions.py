"""The three kinds of topics that a connection can follow.

Each kind checks access by the service call that reads its data: at the start, and again
whenever it reads. ``open`` raises SubmarineError where the topic is refused; afterwards a
topic ends by ``closed`` (it is gone, or no longer allowed) or, for a reader who is too slow
for pushed frames, by ``gap``.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from submarine_ext.api.base import Services
from submarine_ext.api.outbox import Outbox
from submarine_ext.api.problems import problem
from submarine_ext.domain.access import Principal
from submarine_ext.errors import Forbidden, NotFound, SubmarineError, Unavailable
from submarine_ext.services.feed import Frame, encode

_log = logging.getLogger("submarine_ext")

PAGE = 500
LOG_CHUNK = 512 * 1024
POINTS = 10_000
#: WebSocket-style codes of a ``closed`` frame.
REVOKED, GONE = 4403, 4404

Cursor = Annotated[int, Meta(ge=0, le=2**53)]


class Subscribe(Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """``since``: everything after this cursor; absent: what happens from now on."""

    topic: str
    since: Cursor | None = None
    rank: Annotated[int, Meta(ge=0, le=65_536)] | None = None
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class Subscription(ABC):
    """One topic of one connection. ``ended`` is called when it ends by itself."""

    def __init__(
        self,
        services: Services,
        who: Principal,
        outbox: Outbox,
        wanted: Subscribe,
        ended: Callable[[Subscription], None],
    ) -> None:
        self._services = services
        self._who = who
        self._outbox = outbox
        self._wanted = wanted
        self._ended = ended
        self._task: asyncio.Task[None] | None = None
        self._leave: Callable[[], None] = lambda: None

    @property
    def topic(self) -> str:
        """As the client named it."""
        return self._wanted.topic

    @abstractmethod
    async def open(self) -> None:
        """Check access, confirm by a ``subscribed`` frame, and begin."""

    async def close(self) -> None:
        """No frame of this topic comes after this."""
        self._leave()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._guarded(), name=f"submarine {self.topic}")

    async def _guarded(self) -> None:
        while True:
            try:
                await self._run()
            except Unavailable as error:
                await asyncio.sleep(error.retry_after)
                continue
            except SubmarineError as error:
                self._end(error)
            except Exception as error:  # noqa: BLE001 - a topic must not fall silent
                _log.exception("The topic %s broke", self.topic)
                self._tell("error", problem(error))
                self._leave()
                self._ended(self)
            return

    @abstractmethod
    async def _run(self) -> None:
        """What goes on after ``open``; it may be begun again where it was left."""

    def _end(self, error: SubmarineError) -> None:
        code = REVOKED if isinstance(error, Forbidden) else GONE
        self._tell("closed", {"code": code, "detail": error.detail})
        self._leave()
        self._ended(self)

    def _tell(self, kind: str, data: Any, seq: int | None = None) -> None:
        frame = Frame(self.topic, kind, data) if seq is None else Frame(self.topic, kind, data, seq)
        self._outbox.post(encode(frame), force=True)


class EventsSubscription(Subscription):
    """``projects/{p}`` and ``jobs/{id}``: rows of the events log, then frames as they come."""

    def __init__(self, *given: Any, project: str, job: str | None) -> None:
        super().__init__(*given)
        self._project = project
        self._job = job
        self._seq = 0
        self._live = False
        self._missed = False
        self._held: deque[bytes] = deque(maxlen=100)

    async def open(self) -> None:
        """Begin at the head of the log, or after a cursor."""
        # Listen before looking, so that nothing falls between the two.
        self._leave = self._services.feed.follow(self.topic, self._deliver)
        if self._job is not None:
            self._project = (await self._services.jobs.get(self._who, self._job)).project
        head = await self._services.jobs.head(self._who, self._project)
        self._services.feed.seen(head)
        since = self._wanted.since
        self._seq = head if since is None else since
        self._tell("subscribed", {}, self._seq)
        if self._seq > head:  # a cursor of another log: this one was begun anew
            self._seq = head
            self._gap()
            return
        self._live = self._seq == head and not self._missed
        if not self._live:
            self._begin()

    async def _run(self) -> None:
        """Read up to the present; then :meth:`_deliver` takes over in the same moment."""
        while not self._live:
            self._missed = False
            rows = await self._services.jobs.events_after(
                self._who, self._project, self._seq, PAGE, self._job
            )
            for row in rows:
                await self._outbox.send(encode(Frame(self.topic, row.kind, row.data, row.seq)))
                self._seq = row.seq
            self._live = len(rows) < PAGE and not self._missed
        while self._held:
            self._outbox.post(self._held.popleft())

    def _deliver(self, seq: int, kind: str, frame: bytes) -> None:
        if not self._live:
            if kind == "progress":
                self._held.append(frame)
            else:
                self._missed = True
            return
        if kind != "progress" and seq <= self._seq:
            return  # the head we began at was read before this row was passed on
        if not self._outbox.post(frame):
            self._gap()
            return
        if kind != "progress":
            self._seq = seq
        if kind == "deleted" and self._job is not None:
            self._end(NotFound())

    def _gap(self) -> None:
        self._outbox.post(encode(Frame(self.topic, "gap", since=self._seq)), force=True)
        self._leave()
        self._ended(self)


class _Reader(Subscription):
    """A topic that is read from where it is kept, at the reader's own pace."""

    def __init__(self, *given: Any, job: str) -> None:
        super().__init__(*given)
        self._job = job
        self._news = asyncio.Event()

    def _watch(self) -> None:
        self._leave = self._services.feed.watch(self._job, self._news.set)


class LogSubscription(_Reader):
    """``jobs/{id}/logs``: one rank's text, attempt after attempt unless one is named."""

    async def open(self) -> None:
        """Begin at the log's end, or at a byte of it."""
        self._watch()
        self._rank = self._wanted.rank or 0
        here = await self._read(self._wanted.attempt, 0, 1)
        self._attempt = here.attempt
        self._offset = here.size if self._wanted.since is None else self._wanted.since
        self._completed = False
        self._tell("subscribed", {}, self._offset)
        self._begin()

    async def _read(self, attempt: int | None, offset: int, limit: int) -> Any:
        return await self._services.results.log(
            self._who, self._job, self._rank, attempt, offset, limit
        )

    async def _run(self) -> None:
        while True:
            self._news.clear()
            if await self._forward():
                continue
            if self._completed and self._wanted.attempt is not None:
                return
            await self._news.wait()

    async def _forward(self) -> bool:
        """Send the next piece, or move to the next attempt; False where there is neither."""
        piece = await self._read(self._attempt, self._offset, LOG_CHUNK)
        moved: bool = piece.next != self._offset
        if piece.text:
            text = piece.text.decode(errors="replace")
            data = {"rank": self._rank, "attempt": self._attempt, "text": text}
            await self._outbox.send(encode(Frame(self.topic, "log", data, piece.next)))
        self._offset = piece.next
        if moved or not piece.complete:
            return moved
        return await self._complete()

    async def _complete(self) -> bool:
        if not self._completed:
            self._completed = True
            data = {"rank": self._rank, "attempt": self._attempt}
            self._tell("complete", data, self._offset)
        if self._wanted.attempt is not None:
            return False
        newest = (await self._read(None, 0, 1)).attempt
        if newest == self._attempt:
            return False
        self._attempt, self._offset, self._completed = self._attempt + 1, 0, False
        return True


class MetricsSubscription(_Reader):
    """``jobs/{id}/metrics``: points of the latest attempt as they are stored."""

    async def open(self) -> None:
        """Begin after the newest point, or after a cursor."""
        self._watch()
        now = await self._services.results.metrics(self._who, self._job, [], 2)
        self._seq = now.seq if self._wanted.since is None else self._wanted.since
        self._completed = 0
        self._tell("subscribed", {}, self._seq)
        self._begin()

    async def _run(self) -> None:
        while True:
            self._news.clear()
            if not await self._forward():
                await self._news.wait()

    async def _forward(self) -> bool:
        points, job = await self._services.results.points_after(
            self._who, self._job, self._seq, POINTS
        )
        more: bool = points.more
        self._seq = max(self._seq, points.seq)
        if points.series:
            await self._outbox.send(
                encode(Frame(self.topic, "points", {"series": points.series}, self._seq))
            )
        if job.state.terminal and not more and self._completed < job.attempt:
            self._completed = job.attempt
            self._tell("complete", {}, self._seq)
        return more
