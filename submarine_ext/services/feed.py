"""From what happens to whoever watches, inside this process.

Two kinds of news. **Frames** for the topics ``projects/{p}`` and ``jobs/{id}``: each is
encoded once and handed to every listener of its topic. **Wake-ups** for logs and metrics,
which are read from where they are kept, each reader at its own pace.

The feed holds nothing back but the newest progress of a job, which is passed on at most
every :data:`PROGRESS_SECONDS`. Listeners must not block; bounding what a slow reader costs
is theirs. It knows neither sockets nor who may listen. Everything runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from submarine_ext.domain.events import EventRow

PROGRESS_SECONDS = 0.2

#: Called with the cursor after the frame, its type, and the frame as it goes to readers.
Listener = Callable[[int, str, bytes], None]
Wake = Callable[[], None]
Unfollow = Callable[[], None]
T = TypeVar("T")


class Frame(Struct, frozen=True, omit_defaults=False):
    """What readers get: ``{"topic", "seq", "type", "data"}``; ``since`` only in a gap."""

    topic: str
    type: str
    data: Any = {}
    seq: int | UnsetType = UNSET
    since: int | UnsetType = UNSET


encode = msgspec.json.Encoder().encode


class Feed:
    """One for each server process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._watchers: dict[str, set[Wake]] = {}
        self._paced: dict[str, _Paced] = {}
        self._seq = 0

    def follow(self, topic: str, listener: Listener) -> Unfollow:
        """Every frame of a topic from now on, until the returned function is called."""
        return _enter(self._listeners, topic, listener)

    def watch(self, job: str, wake: Wake) -> Unfollow:
        """A call whenever the job's log, points or state may have changed."""
        return _enter(self._watchers, job, wake)

    def seen(self, seq: int) -> None:
        """The log's head, as a cursor for progress frames before the first row comes."""
        self._seq = self._seq or seq

    def events(self, rows: Sequence[EventRow]) -> None:
        """New rows of the events log, in its order, each once."""
        for row in rows:
            for topic in (f"projects/{row.project}", f"jobs/{row.object}"):
                self._publish(topic, row.seq, row.kind, row.data)
            self._seq = row.seq
            self._wake(row.object)

    def progress(self, project: str, job: str, data: dict[str, Any]) -> None:
        """A job's progress and latest values; of many in a row the last one is always sent."""
        paced = self._paced.get(job)
        if paced is None:
            paced = self._paced[job] = _Paced(
                lambda latest: self._publish_progress(project, job, latest),
                lambda: self._paced.pop(job, None),
            )
        paced.offer(data)

    def grew(self, job: str) -> None:
        """The job printed something."""
        self._wake(job)

    def points(self, job: str) -> None:
        """The job's stored points grew."""
        self._wake(job)

    def ended(self, job: str, attempt: int) -> None:
        """An attempt is over, and all that it printed and measured is stored."""
        paced = self._paced.get(job)
        if paced is not None:
            paced.flush()
        self._wake(job)

    def close(self) -> None:
        """Let go of timers; progress that still waits is sent."""
        for paced in list(self._paced.values()):
            paced.flush()

    def _publish_progress(self, project: str, job: str, data: dict[str, Any]) -> None:
        for topic in (f"projects/{project}", f"jobs/{job}"):
            self._publish(topic, self._seq, "progress", {**data, "id": job})

    def _publish(self, topic: str, seq: int, kind: str, data: Any) -> None:
        listeners = self._listeners.get(topic)
        if not listeners:
            return
        frame = encode(Frame(topic, kind, data, seq))
        for listener in list(listeners):
            listener(seq, kind, frame)

    def _wake(self, job: str) -> None:
        for wake in list(self._watchers.get(job, ())):
            wake()


class _Paced:
    """Passes values on at once, then at most one each interval: the newest."""

    def __init__(self, send: Callable[[dict[str, Any]], None], idle: Callable[[], object]) -> None:
        self._send = send
        self._idle = idle
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[str, Any] | None = None

    def offer(self, value: dict[str, Any]) -> None:
        if self._timer is not None:
            self._waiting = value
            return
        self._send(value)
        self._timer = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._due)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting is not None:
            self._send(self._waiting)
        self._idle()

    def _due(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            self._idle()
        else:
            self.offer(waiting)


def _enter(table: dict[str, set[T]], key: str, entry: T) -> Unfollow:
    table.setdefault(key, set()).add(entry)

    def leave() -> None:
        entries = table.get(key, set())
        entries.discard(entry)
        if not entries:
            table.pop(key, None)

    return leave
