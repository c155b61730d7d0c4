"""One node's log on its way into the task's files, and the mark that says how far it is.

The mark is written after the bytes it speaks of. A server that is killed in between reads
from the mark again and leaves out what the files have already, so every byte is there once.
Everything here blocks (disk): call it in a thread, one call at a time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import artifacts
from submarine_ext.engines.kubernetes.pod import frames
from submarine_ext.engines.kubernetes.resuming import Resumption, Way
from submarine_ext.engines.kubernetes.stamps import Place
from submarine_ext.failpoints import reach

PACE = 0.2  # seconds between two marks; what comes later is read again after a crash
GAP = "Some output is missing here: its machine had thrown it away before it could be read."
AGAIN = "The cluster started this once more; what follows is of the new run."
_NOT_LOG = b"unable to retrieve container logs"


class Mark(Struct):
    """What is on disk. ``pod`` (uid) and ``instance`` (restart count) are being read; ``past``
    pods are through. ``sizes``: the files' at ``place``, by rank; ``base``: when the instance
    began. ``saying``: a line of ours that is being written; ``told``: the key of the last that
    is said once a key. ``complete``: the launcher has said its last; ``done``: nothing more
    will be read of this pod.
    """

    pod: str = ""
    instance: int = 0
    past: list[str] = []
    place: Place = msgspec.field(default_factory=Place)
    frames: frames.State | None = None
    inbox: artifacts.State = msgspec.field(default_factory=artifacts.State)
    sizes: dict[int, int] = {}
    base: dict[int, int] = {}
    saying: str = ""
    told: str = ""
    complete: bool = False
    done: bool = False

    def is_through(self, pod: str) -> bool:
        """Whether nothing more will be read of that pod."""
        return pod in self.past or (pod == self.pod and self.done)


def read_mark(task: Task, node: int) -> Mark:
    """How far the log of a node is."""
    try:
        return msgspec.json.decode((task.folder / f"pod-{node}.mark").read_bytes(), type=Mark)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return Mark()


class NodeLog:
    """The files of the ranks of one node. ``limit`` bytes of files may come in the log."""

    def __init__(self, task: Task, node: int, limit: int) -> None:
        each = task.spec.distributed.processes_per_node
        self.ranks = range(node * each, (node + 1) * each)
        self._task, self._node = task, node
        self._path = task.folder / f"pod-{node}.mark"
        self._saved = 0.0
        notebook = Path(task.spec.notebook).name if task.spec.notebook else None
        self._inbox = artifacts.Inbox(
            task.artifacts,
            task.folder / f"pod-{node}.part",
            limit=limit,
            notebook=notebook,
            first=node == 0,
        )
        self.mark = Mark()
        self.load()

    @property
    def notes(self) -> list[str]:
        """Sentences about what could not be kept."""
        return self._inbox.state.notes

    def load(self) -> None:
        """Go on from the mark on disk: at the start, and after any failure to write."""
        self.mark = read_mark(self._task, self._node)
        if any(self._size(rank) < size for rank, size in self.mark.sizes.items()):
            self._from_the_begin()  # the machine lost power: the mark came further than the files
        self._settle()
        if self.mark.saying:
            self.say(self.mark.saying)

    def _settle(self) -> None:
        """Let everything in memory be as the mark says."""
        mark = self.mark
        self._frames = frames.Frames(self.ranks, mark.frames)
        mark.frames = self._frames.state
        self._inbox.state = mark.inbox
        self._surplus = {rank: self._size(rank) - mark.sizes.get(rank, 0) for rank in self.ranks}
        self._way = Way.SECONDS
        self.ask()

    def _from_the_begin(self) -> None:
        self.mark = replace(
            self.mark,
            place=Place(),
            frames=None,
            inbox=artifacts.State(),
            sizes={rank: min(size, self._size(rank)) for rank, size in self.mark.base.items()},
            complete=False,
            done=False,
        )
        self._settle()

    def begin(self, pod: str, instance: int) -> None:
        """What follows is of this instance of this pod; nothing happens if it is already."""
        mark = self.mark
        if (mark.pod, mark.instance) == (pod, instance):
            return
        past = mark.past if mark.pod in ("", pod) else [*mark.past, mark.pod]
        sizes = {rank: self._size(rank) for rank in self.ranks}
        again = mark.pod != ""
        for rank in self.ranks:
            self._task.log(rank).touch(0o600)
        self.mark = Mark(
            pod, instance, past, base=sizes, sizes=dict(sizes), inbox=mark.inbox, told=mark.told
        )
        self._settle()
        if again:
            self.say(AGAIN)
        self.save()

    def ask(self) -> str | None:
        """Begin a reading; answers with the ``sinceTime`` to ask for (None: all)."""
        self._reading = Resumption(self.mark.place, self._way)
        if self._reading.since is None:
            return None
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._reading.since))

    def look_elsewhere(self) -> None:
        """Where the present way has led nowhere (:class:`LostError`): the next reading takes
        the next one, until one has led on.
        """
        self._way = Way(min(self._reading.way + 1, Way.SEARCH))

    @property
    def at_loss(self) -> bool:
        """Whether the reading has not come to where the one before stopped."""
        return not self._reading.found

    @property
    def searched(self) -> bool:
        """Whether the reading went the last way that there is."""
        return self._reading.way is Way.SEARCH

    def note(self, sentence: str) -> None:
        """Remember a sentence about what could not be read."""
        self._inbox.note(sentence)

    def take(self, data: bytes) -> None:
        """Bytes of the answer. Raises LostError, and OSError where the disk fails: then
        :meth:`load` and read again.
        """
        fresh = self._reading.found and not self.mark.place.position
        new = self._reading.feed(data)
        remnant = self._reading.remnant
        torn = fresh and remnant and not remnant.startswith(_NOT_LOG)
        if self._reading.gap or (torn and new):
            self._reading.gap = False
            self._route(self._frames.finish())
            self.mark.sizes = {rank: self._size(rank) for rank in self.ranks}
            self.say(GAP)
        self._route(self._frames.feed(new))
        self.mark.place = self._reading.place
        if self._reading.found:
            self._way = Way.SECONDS
        if time.monotonic() - self._saved > PACE:
            self.save()

    def _route(self, parts: Iterable[frames.Part]) -> None:
        gathered: list[bytes] = []
        rank = self.ranks.start
        for part in parts:
            if isinstance(part, frames.Output):
                if part.rank != rank:
                    self._append(rank, b"".join(gathered))
                    rank, gathered = part.rank, []
                gathered.append(part.data)
            elif isinstance(part, frames.Piece):
                self._inbox.take(part)
            else:
                self._end(part)
        self._append(rank, b"".join(gathered))

    def _end(self, end: frames.End) -> None:
        self.mark.complete = True
        for note in end.notes:
            self._inbox.note(note[:500])

    def _append(self, rank: int, data: bytes) -> None:
        if not data:
            return
        there = min(self._surplus.get(rank, 0), len(data))
        if there:
            self._surplus[rank] -= there
        self._write(rank, data[there:])
        self.mark.sizes[rank] = self.mark.sizes.get(rank, 0) + len(data)

    def _write(self, rank: int, data: bytes) -> None:
        if not data:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._task.log(rank), flags, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        reach("log-appended")

    def say(self, sentence: str) -> None:
        """A line of ours in all files of the node, once, whatever is killed meanwhile.

        Not while bytes that the files have already are still to be read again.
        """
        if self.mark.saying != sentence:
            self.mark.saying = sentence
            self.save()
        line = f"\n--- submarine: {sentence} ---\n".encode()
        for rank in self.ranks:
            self._write(rank, line[self._size(rank) - self.mark.sizes.get(rank, 0) :])
            self.mark.sizes[rank] = self._size(rank)
        self._surplus = {}
        self.mark.saying = ""
        self.save()

    def say_once(self, key: str, sentence: str) -> None:
        """The same, unless it was said with that key before."""
        if self.mark.told != key:
            self.mark.told = key
            self.say(sentence)

    def say_first(self, sentence: str) -> None:
        """The same, but only where nothing of the pod was read yet."""
        if self.mark.place.position == 0 and not any(self._surplus.values()):
            self.say(sentence)

    def finish(self) -> None:
        """The pod is over and all that can be read of this instance was."""
        self._route(self._frames.finish())
        self.mark.done = True
        self.save()

    def save(self) -> None:
        """Write the mark down, in one rename."""
        draft = self._path.with_suffix(".mark-new")
        draft.write_bytes(msgspec.json.encode(self.mark))
        draft.replace(self._path)
        reach("log-marked")
        self._saved = time.monotonic()

    def _size(self, rank: int) -> int:
        try:
            return self._task.log(rank).stat().st_size
        except FileNotFoundError:
            return 0
