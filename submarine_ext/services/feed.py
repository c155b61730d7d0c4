"""From what happens to whoever watches, inside this process.

Three kinds of news. **Frames** for the topics ``projects/{p}`` and ``jobs/{id}``: each is
encoded once for each kind of reader and handed to every listener of its topic. **Wake-ups**
for logs and metrics, which are read from where they are kept, each reader at its own pace.
**Alarms**: rights may have changed; whoever raised a guard hears of it before anything that
was recorded later is passed on.

The feed holds nothing back but the newest progress of a job, which is passed on at most
every :data:`PROGRESS_SECONDS`. Listeners must not block; bounding what a slow reader costs
is theirs, and so is asking who may see what. Everything runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from submarine_ext.domain.events import EventRow

PROGRESS_SECONDS = 0.2

#: Kinds of rows after which somebody may be allowed less, or more, than before.
RIGHTS = ("access", "project")
#: Rows of which followers are told only that there is one.
AUDIT = "audit"
_OF_JOBS = ("job", "deleted")
#: What a job runs: for those who may see it.
_SPEC = ("spec", "remedy")

Listener = Callable[["News"], None]
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


class News:
    """One frame of a topic. ``seq`` is the cursor after it."""

    __slots__ = ("_encoded", "_plain", "data", "kind", "seq", "topic")

    def __init__(self, topic: str, seq: int, kind: str, data: dict[str, Any]) -> None:
        self.topic = topic
        self.seq = seq
        self.kind = kind
        self.data = {} if kind == AUDIT else data
        self._plain = not any(name in self.data for name in _SPEC)
        self._encoded: dict[bool, bytes] = {}

    def frame(self, *, specs: bool) -> bytes:
        """As it goes to readers who may (not) see what a job runs; the same bytes for all."""
        whole = specs or self._plain
        if whole not in self._encoded:
            shown = self.data if whole else _without_spec(self.data)
            self._encoded[whole] = encode(Frame(self.topic, self.kind, shown, self.seq))
        return self._encoded[whole]


class Feed:
    """One for each server process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._watchers: dict[str, set[Wake]] = {}
        self._guards: dict[str, set[Wake]] = {}
        self._accounts: dict[str, set[Wake]] = {}
        self._lists: dict[str, set[Wake]] = {}
        self._engines: dict[str, set[Wake]] = {}
        self._moves: dict[str, set[Wake]] = {}
        self._paced: dict[str, _Paced] = {}
        self._seq = 0

    def follow(self, topic: str, listener: Listener) -> Unfollow:
        """Every frame of a topic from now on, until the returned function is called."""
        return _enter(self._listeners, topic, listener)

    def watch(self, job: str, wake: Wake) -> Unfollow:
        """A call whenever the job's log, points or state may have changed."""
        return _enter(self._watchers, job, wake)

    def guard(self, project: str, alarm: Wake) -> Unfollow:
        """A call whenever rights in the project may have changed, before any later frame."""
        return _enter(self._guards, project, alarm)

    def account(self, subject: str, alarm: Wake) -> Unfollow:
        """A call whenever somebody's account may have changed, before any later frame."""
        return _enter(self._accounts, subject, alarm)

    def lists(self, wake: Wake) -> Unfollow:
        """A call whenever the projects that somebody sees may have changed."""
        return _enter(self._lists, "", wake)

    def engines(self, wake: Wake) -> Unfollow:
        """A call whenever an engine became healthy or unhealthy."""
        return _enter(self._engines, "", wake)

    def moves(self, wake: Wake) -> Unfollow:
        """A call whenever some job, whose ever, came or went, began or ended."""
        return _enter(self._moves, "", wake)

    def engine_changed(self) -> None:
        """An engine became healthy or unhealthy."""
        _call(self._engines, "")

    def seen(self, seq: int) -> None:
        """The log's head, as a cursor for progress frames before the first row comes."""
        self._seq = self._seq or seq

    def events(self, rows: Sequence[EventRow]) -> None:
        """New rows of the events log, in its order, each once."""
        for row in rows:
            if row.kind in RIGHTS:
                self._alarm(row)
            self._publish(f"projects/{row.project}", row.seq, row.kind, row.data)
            if row.kind in _OF_JOBS:
                self._publish(f"jobs/{row.object}", row.seq, row.kind, row.data)
                _call(self._watchers, row.object)
                if "state" in row.data or row.kind == "deleted":
                    _call(self._moves, "")
            self._seq = row.seq

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
        _call(self._watchers, job)

    def points(self, job: str) -> None:
        """The job's stored points grew."""
        _call(self._watchers, job)

    def ended(self, job: str, attempt: int) -> None:
        """An attempt is over, and all that it printed and measured is stored."""
        paced = self._paced.get(job)
        if paced is not None:
            paced.flush()
        _call(self._watchers, job)

    def close(self) -> None:
        """Let go of timers; progress that still waits is sent."""
        for paced in list(self._paced.values()):
            paced.flush()

    def _alarm(self, row: EventRow) -> None:
        """What belongs to no project and is about rights is about the subject that it names."""
        if row.project:
            _call(self._guards, row.project)
        else:
            _call(self._accounts, row.object)
        _call(self._lists, "")

    def _publish_progress(self, project: str, job: str, data: dict[str, Any]) -> None:
        for topic in (f"projects/{project}", f"jobs/{job}"):
            self._publish(topic, self._seq, "progress", {**data, "id": job})

    def _publish(self, topic: str, seq: int, kind: str, data: dict[str, Any]) -> None:
        listeners = self._listeners.get(topic)
        if not listeners:
            return
        news = News(topic, seq, kind, data)
        for listener in list(listeners):
            listener(news)


class _Paced:
    """Passes values on at once, then at most one each interval: the newest."""

    def __init__(self, send: Callable[[dict[str, Any]], None], idle: Callable[[], object]) -> None:
        self._send = send
        self._idle = idle
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[str, Any] | None = None

    def offer(self, value: dict[str, Any]) -> None:
        if self._timer is not None:
            # A field that came once (the trace) is not lost for a later value without it.
            self._waiting = {**(self._waiting or {}), **value}
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


def _call(table: dict[str, set[Wake]], key: str) -> None:
    for call in list(table.get(key, ())):
        call()


def _without_spec(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in _SPEC}
