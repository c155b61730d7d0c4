"""The topics that a connection can follow: projects, jobs, their logs and metrics, and ``me``.

What is read is read by service calls that check access themselves; what is pushed is sent
only while :class:`~submarine_ext.api.subscriptions.Subscription` knows the reader's rights.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from submarine_ext.api.subscriptions import Subscription
from submarine_ext.domain.access import Capability
from submarine_ext.domain.projects import Project
from submarine_ext.domain.subjects import user
from submarine_ext.errors import NotFound
from submarine_ext.services.feed import Frame, News, encode

if TYPE_CHECKING:
    # It reads the database, whose import a server start should not pay for.
    from submarine_ext.services.streams import Sight

PAGE = 500
HELD = 100
LOG_CHUNK = 512 * 1024
POINTS = 10_000
#: Seconds in which changes gather before somebody's projects are listed anew.
GATHER_SECONDS = 0.1
#: The same for the queue, which every job's every step changes.
QUEUE_SECONDS = 1.0


class EventsSubscription(Subscription):
    """``projects/{p}`` and ``jobs/{id}``: rows of the events log, then frames as they come."""

    def __init__(self, *given: Any, project: str, job: str | None) -> None:
        super().__init__(*given)
        self._named = project
        self._job = job
        self.capability = Capability.PROJECT_READ if job is None else Capability.JOB_READ
        self._seq = 0
        self._live = False
        self._missed = False
        self._held: deque[News] = deque(maxlen=HELD)

    async def open(self) -> None:
        """Begin at the head of the log, or after a cursor."""
        # Listen before looking, so that nothing falls between the two.
        self._leaves.append(self._services.feed.follow(self.topic, self._deliver))
        if self._job is not None:
            self._named = (await self._services.jobs.get(self._who, self._job)).project
        head = (await self._allowed(self._named)).head
        self._services.feed.seen(head)
        since = self._wanted.since
        self._seq = head if since is None else since
        self._tell("subscribed", {}, self._seq)
        if self._seq > head:  # a cursor of another log: this one was begun anew
            self._seq = head
            self._gap()
            return
        self._live = self._seq == head and not self._missed
        if self._live:
            self._pass_on_held()
        else:
            self._begin()

    async def _run(self) -> None:
        """Read up to the present; then :meth:`_deliver` takes over in the same moment."""
        while not self._live:
            self._missed = False
            rows = await self._services.streams.events_after(
                self._who, self._project, self._seq, PAGE, self._job
            )
            for row in rows:
                news = News(self.topic, row.seq, row.kind, row.data)
                await self._send(partial(self._shown, news))
                self._seq = row.seq
                if self._is_last(news):
                    raise NotFound
            await self._seen.wait()
            self._live = len(rows) < PAGE and not self._missed
        self._pass_on_held()

    def _deliver(self, news: News) -> None:
        fleeting = news.kind == "progress"
        if not self._live:
            if fleeting:
                self._held.append(news)
            self._missed |= not fleeting
        elif self._sight is not None:
            self._pass_on(self._sight, news)
        elif len(self._held) < HELD:
            self._held.append(news)
        else:  # too much to hold: it is read again when rights are known
            self._held.clear()
            self._live = False

    def _resume(self) -> None:
        if self._live:
            self._pass_on_held()
        elif self._task is None or self._task.done():
            self._begin()

    def _pass_on_held(self) -> None:
        while self._held and self._live and self._sight is not None:
            self._pass_on(self._sight, self._held.popleft())

    def _pass_on(self, sight: Sight, news: News) -> None:
        progress = news.kind == "progress"
        if not progress and news.seq <= self._seq:
            return  # the head we began at was read before this row was passed on
        frame = self._shown(news, sight)
        if frame is not None and not self._outbox.post(self.topic, frame):
            self._gap()
            return
        if not progress:
            self._seq = news.seq
        if self._is_last(news):
            self._end(NotFound())

    def _shown(self, news: News, sight: Sight) -> bytes | None:
        """The frame for this reader, None for what is not for them."""
        of_job = self._job is None or news.kind in ("job", "deleted", "progress")
        return news.frame(specs=sight.specs) if of_job and sight.shows(news.kind) else None

    def _is_last(self, news: News) -> bool:
        return self._job is not None and news.kind == "deleted"

    def _gap(self) -> None:
        gap = encode(Frame(self.topic, "gap", since=self._seq))
        self._outbox.post(self.topic, gap, force=True)
        self._live = False
        self._let_go()
        self._ended(self)


class _Reader(Subscription):
    """A topic that is read from where it is kept, at the reader's own pace."""

    def __init__(self, *given: Any, job: str = "") -> None:
        super().__init__(*given)
        self._job = job
        self._news = asyncio.Event()

    async def _allowed_here(self) -> None:
        self._leaves.append(self._services.feed.watch(self._job, self._news.set))
        job = await self._services.jobs.get(self._who, self._job)
        await self._allowed(job.project)

    def _resume(self) -> None:
        """Whoever sends has waited."""


class LogSubscription(_Reader):
    """``jobs/{id}/logs``: one rank's text, attempt after attempt unless one is named."""

    capability = Capability.JOB_LOGS

    async def open(self) -> None:
        """Begin at the log's end, or at a byte of it."""
        self._rank = self._wanted.rank or 0
        here = await self._read(self._wanted.attempt, 0, 1)
        self._attempt = here.attempt
        self._offset = here.size if self._wanted.since is None else self._wanted.since
        self._completed = False
        await self._allowed_here()
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
            frame = encode(Frame(self.topic, "log", data, piece.next))
            await self._send(lambda _: frame)
        self._offset = piece.next
        if moved or not piece.complete:
            return moved
        return await self._complete()

    async def _complete(self) -> bool:
        if not self._completed:
            self._completed = True
            data = {"rank": self._rank, "attempt": self._attempt}
            frame = encode(Frame(self.topic, "complete", data, self._offset))
            await self._send(lambda _: frame)
        if self._wanted.attempt is not None:
            return False
        newest = (await self._read(None, 0, 1)).attempt
        if newest == self._attempt:
            return False
        self._attempt, self._offset, self._completed = self._attempt + 1, 0, False
        return True


class MetricsSubscription(_Reader):
    """``jobs/{id}/metrics``: points of the latest attempt as they are stored."""

    capability = Capability.OUTPUT_READ

    async def open(self) -> None:
        """Begin after the newest point, or after a cursor."""
        now = await self._services.results.metrics(self._who, self._job, [], 2)
        self._seq = now.seq if self._wanted.since is None else self._wanted.since
        self._completed = 0
        await self._allowed_here()
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
            frame = encode(Frame(self.topic, "points", {"series": points.series}, self._seq))
            await self._send(lambda _: frame)
        if job.state.terminal and not more and self._completed < job.attempt:
            self._completed = job.attempt
            complete = encode(Frame(self.topic, "complete", {}, self._seq))
            await self._send(lambda _: complete)
        return more


class MeSubscription(_Reader):
    """``me``: the projects that the person sees, and what else is theirs to know of."""

    capability = Capability.STREAM_OPEN

    async def open(self) -> None:
        """Confirm; the list follows."""
        self._listed: list[Project] | None = None
        self._old = {"projects"}
        self._gathering: asyncio.TimerHandle | None = None
        feed = self._services.feed
        self._leaves += [
            feed.lists(partial(self._is_old, "projects")),
            feed.account(str(user(self._who.name)), partial(self._old.add, "me")),
            feed.engines(partial(self._is_old, "engines")),
            feed.moves(self._queue_moves),
            self._gather_no_more,
        ]
        await self._allowed("")
        self._tell("subscribed", {}, 0)
        self._begin()

    def _is_old(self, what: str) -> None:
        self._old.add(what)
        self._news.set()

    def _queue_moves(self) -> None:
        """Once a second at most: whoever hears of it asks again."""
        if self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(QUEUE_SECONDS, self._queue_moved)

    def _queue_moved(self) -> None:
        self._gathering = None
        self._is_old("queue")

    def _gather_no_more(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()

    async def _run(self) -> None:
        while True:
            self._news.clear()
            for what in sorted(self._old):
                self._old.discard(what)
                await (self._list() if what == "projects" else self._say(what, {}))
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)

    async def _list(self) -> None:
        listed = await self._services.projects.list(self._who)
        if listed != self._listed:
            await self._say("projects", {"items": listed})
            self._listed = listed

    async def _say(self, kind: str, data: Any) -> None:
        frame = encode(Frame(self.topic, kind, data, 0))
        await self._send(lambda _: frame)
