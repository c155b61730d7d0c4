"""Following a job over the socket: its changes, alone or with its log, to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from submarine_ext.client.discovery import Server
from submarine_ext.client.mirror import Mirror
from submarine_ext.client.socket import EventSocket, Frame, raise_if_refused
from submarine_ext.domain.jobs import Job
from submarine_ext.errors import Forbidden, NotFound


def changes(server: Server, job_id: str, fetch: Callable[[str], Job]) -> Iterator[Job | None]:
    """The job now and after each change, up to a terminal state; None while nothing happens."""
    mirror = Mirror(job_id, fetch)
    with EventSocket(server) as socket:
        socket.subscribe(mirror.topic)
        for frame in socket.frames():
            changed = frame is not None and _take(mirror, frame)
            yield mirror.job if changed else None
            if mirror.job is not None and mirror.job.state.terminal:
                return


def story(
    server: Server,
    job_id: str,
    fetch: Callable[[str], Job],
    *,
    rank: int = 0,
    offset: int = 0,
    insist: bool = False,
) -> Iterator[Job | str | None]:
    """The job after each change and pieces of its log, up to the end of both.

    The log begins at a byte offset of the latest attempt and goes on with those after it.
    None comes while nothing happens. Who may see the job but not its log gets a line that
    says so in its place, or, with ``insist``, ``Forbidden``.
    """
    mirror = Mirror(job_id, fetch)
    reader = _LogReader(mirror, rank, offset, insist=insist)
    with EventSocket(server) as socket:
        socket.subscribe(mirror.topic)
        for frame in socket.frames():
            if frame is None:
                yield None
            elif frame.topic == reader.topic:
                yield from reader.take(frame)
            elif _take(mirror, frame):
                yield mirror.job
            if reader.done:
                return
            reader.advance(socket)


class _LogReader:
    """Which attempt is read. An attempt that is complete is followed by the job's next one.

    The attempt is always named, so that a cursor is never taken for one of another file.
    """

    def __init__(self, mirror: Mirror, rank: int, offset: int, *, insist: bool) -> None:
        self.topic = f"{mirror.topic}/logs"
        self._mirror, self._rank, self._offset = mirror, rank, offset
        self._insist = insist
        self._attempt = 0
        self._complete = False

    @property
    def done(self) -> bool:
        job = self._mirror.job
        return self._complete and job is not None and job.state.terminal and not self._behind

    @property
    def _behind(self) -> bool:
        return self._mirror.job is not None and self._attempt < self._mirror.job.attempt

    def take(self, frame: Frame) -> Iterator[str]:
        try:
            raise_if_refused(frame)
        except Forbidden as error:
            if self._insist:
                raise
            self._complete = True
            yield f"{error.detail}\n"
            return
        if frame.data.get("attempt") != self._attempt:
            return
        if frame.type == "log":
            yield frame.data["text"]
        self._complete = self._complete or frame.type == "complete"

    def advance(self, socket: EventSocket) -> None:
        """Subscribe to the first attempt, or to the one after a complete one."""
        job = self._mirror.job
        if job is None or (self._attempt and not (self._complete and self._behind)):
            return
        self._attempt = self._attempt + 1 if self._attempt else job.attempt
        self._complete = False
        socket.subscribe(self.topic, since=self._offset, rank=self._rank, attempt=self._attempt)
        self._offset = 0


def _take(mirror: Mirror, frame: Frame) -> bool:
    raise_if_refused(frame)
    changed = mirror.apply(frame)
    if mirror.deleted:
        raise NotFound("The job was deleted.")
    return changed
