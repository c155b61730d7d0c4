"""What a node keeps of a container's output, and how it reads it back.

Files in the format of the container runtime (``stamp stream P|F text``), read as the kubelet of
1.36 reads them (``recordings/log-reader.json``). Knows nothing of pods, HTTP or the API server.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

#: A runtime cuts a line that has not ended after so many bytes.
PIECE = 16 * 1024
STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF]) "
)
#: The beginning of a line that ends where it ends: nearly all are, and need no further look.
WHOLE = re.compile(
    rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) F ",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Rules:
    """What differs between nodes: their time zone, and how they rotate.

    ``follows`` is False on old kubelets: a follow falls silent at a rotation.
    """

    utc_offset: int = 0  # minutes
    rotate_at: int = 10 << 20  # bytes of a file
    files: int = 5
    follows: bool = True


@dataclass(frozen=True)
class Options:
    """What a reader asks for. ``since``: nanoseconds since 1970."""

    follow: bool = False
    timestamps: bool = False
    since: int | None = None
    tail: int | None = None
    limit: int | None = None


@dataclass(slots=True)
class Entry:
    """One line of a log file."""

    nanoseconds: int
    stamp: bytes
    text: bytes


def parse(line: bytes) -> Entry | None:
    """A line of a log file; None where it is not one (a reader leaves it out)."""
    match = STAMP.match(line)
    if match is None:
        return None
    second, fraction, zone = match[1], (match[2] or b"").ljust(9, b"0"), match[3]
    text = line[match.end() :]
    if match[5] == b"P":
        text = text.removesuffix(b"\n")
    nanoseconds = _seconds(second + zone) * 10**9 + int(fraction)
    return Entry(nanoseconds, b"%s.%s%s" % (second, fraction, zone), text)


@lru_cache(maxsize=64)
def _seconds(text: bytes) -> int:
    """Neighbouring lines are of the same second."""
    return int(datetime.fromisoformat(text.decode()).timestamp())


class Stamps:
    """Writes stamps of one time zone; the text of a second is made once."""

    def __init__(self, utc_offset: int) -> None:
        self._zone = timezone(timedelta(minutes=utc_offset))
        self._tail = b"Z" if not utc_offset else _offset(utc_offset)
        self._second, self._text = -1, b""

    def __call__(self, nanoseconds: int) -> bytes:
        second, fraction = divmod(nanoseconds, 10**9)
        if second != self._second:
            moment = datetime.fromtimestamp(second, self._zone)
            self._second, self._text = second, moment.strftime("%Y-%m-%dT%H:%M:%S.").encode()
        return b"%s%09d%s" % (self._text, fraction, self._tail)


def _offset(minutes: int) -> bytes:
    hours, rest = divmod(abs(minutes), 60)
    return b"%s%02d:%02d" % (b"-" if minutes < 0 else b"+", hours, rest)


@dataclass
class ContainerLog:
    """The log files of one container instance: 0.log, 1.log, …; only the newest is readable
    from its start, a follow goes through all.
    """

    folder: Path
    rules: Rules = field(default_factory=Rules)
    closed: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number = 0
        self._stamp = Stamps(self.rules.utc_offset)
        self._file = self._path(0).open("ab", buffering=0)
        self._size = 0
        self._unfinished: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._changed = asyncio.Event()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.log"

    def write(self, stream: str, data: bytes, nanoseconds: int) -> None:
        """What the program wrote, as it came; complete lines and full pieces are kept."""
        *lines, rest = (self._unfinished[stream] + data).split(b"\n")
        entries = [part for line in lines for part in _pieces(line)]
        full, self._unfinished[stream] = _partial(rest)
        self._append(stream, entries + full, nanoseconds)

    def close(self, nanoseconds: int) -> None:
        """The container ended: what had no newline is kept too, and follows end."""
        for stream, rest in self._unfinished.items():
            if rest:
                self._append(stream, [(b"P", rest)], nanoseconds)
        self.closed = True
        self._file.close()
        self._wake()

    def _append(self, stream: str, pieces: list[tuple[bytes, bytes]], nanoseconds: int) -> None:
        name, out = stream.encode(), bytearray()
        for offset, (tag, text) in enumerate(pieces):
            out += b"%s %s %s %s\n" % (self._stamp(nanoseconds + offset), name, tag, text)
            if self._size + len(out) >= self.rules.rotate_at:
                self._flush(out)
                self.rotate()
                out = bytearray()
        self._flush(out)
        if pieces:
            self._wake()

    def _flush(self, out: bytearray) -> None:
        self._file.write(out)
        self._size += len(out)

    def rotate(self) -> None:
        """Begin a new file, as the kubelet does when one has reached its size."""
        self._file.close()
        self.number += 1
        self._file, self._size = self._path(self.number).open("ab", buffering=0), 0
        self._path(self.number - self.rules.files).unlink(missing_ok=True)

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def last(self, size: int, lines: int) -> bytes:
        """The end of the newest file, as FallbackToLogsOnError shows it."""
        found = b"".join(entry.text for entry in _entries(self._path(self.number), lines))
        return found[-size:]

    async def read(self, options: Options) -> AsyncIterator[bytes]:
        """What was asked for, in groups of lines; ends with the log, or with the container."""
        reader = _Reader(options)
        async for line in self._lines(options):
            if piece := reader.take(line):
                yield piece
            if reader.done:
                return

    async def _lines(self, options: Options) -> AsyncIterator[bytes]:
        """Groups of whole lines of the files, from where the reader asked to begin."""
        number = self.number
        file = self._path(number).open("rb")
        if options.tail is not None:
            file.seek(_tail(self._path(number), options.tail))
        try:
            while True:
                changed, closed, newest = self._changed, self.closed, self.number
                while group := file.read(1 << 18):
                    end = group.rfind(b"\n") + 1
                    file.seek(end - len(group), os.SEEK_CUR)
                    yield group[:end]
                if number < newest and options.follow and self.rules.follows:
                    number = self._next(number)
                    if number > newest:  # the pod was deleted
                        return
                    file.close()
                    file = self._path(number).open("rb")
                elif closed or not options.follow:
                    return
                else:
                    await changed.wait()
        finally:
            file.close()

    def _next(self, number: int) -> int:
        """The file after this one; a slow reader may find that it is gone."""
        after = range(number + 1, self.number + 1)
        return next((n for n in after if self._path(n).exists()), self.number + 1)


def _pieces(line: bytes) -> list[tuple[bytes, bytes]]:
    """A line that has ended, in pieces of 16 KiB."""
    if len(line) <= PIECE:
        return [(b"F", line)]
    partial, rest = _partial(line)
    if partial and not rest:
        partial, rest = partial[:-1], partial[-1][1]
    return [*partial, (b"F", rest)]


def _partial(line: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The full pieces of a line that has not ended, and what remains."""
    full = len(line) // PIECE * PIECE
    return [(b"P", line[at : at + PIECE]) for at in range(0, full, PIECE)], line[full:]


class _Reader:
    """Turns lines of a file into what is answered: since, stamps and limit applied."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._line_begins = True
        self._left = options.limit
        self.done = False

    def take(self, lines: bytes) -> bytes:
        if self._options.since is None and self._line_begins:
            keep = rb"\1 " if self._options.timestamps else b""
            plain, count = WHOLE.subn(keep, lines)
            if count == lines.count(b"\n"):
                return self._limited(plain)
        out = bytearray()
        for line in _split(lines):
            entry = parse(line)
            if entry is None:
                continue
            if self._options.since is None or entry.nanoseconds >= self._options.since:
                if self._options.timestamps and self._line_begins:
                    out += entry.stamp + b" "
                out += entry.text
            self._line_begins = not entry.text or entry.text.endswith(b"\n")
        return self._limited(bytes(out))

    def _limited(self, out: bytes) -> bytes:
        if self._left is None:
            return out
        out = out[: self._left]
        self._left -= len(out)
        self.done = self._left <= 0
        return out


def _split(lines: bytes) -> Iterator[bytes]:
    for line in lines.split(b"\n")[:-1]:
        yield line + b"\n"


def _tail(path: Path, count: int) -> int:
    """Where the last so many lines of the file begin."""
    size = path.stat().st_size
    if count == 0:
        return size
    with path.open("rb") as file:
        position, found = size, b""
        while position and found.count(b"\n") <= count:
            step = min(position, 1 << 16)
            position -= step
            file.seek(position)
            found = file.read(step) + found
    lines = found.split(b"\n")[:-1]
    return size - sum(len(line) + 1 for line in lines[-count:])


def _entries(path: Path, count: int) -> list[Entry]:
    with path.open("rb") as file:
        file.seek(_tail(path, count))
        lines = list(_split(file.read()))
    return [entry for line in lines if (entry := parse(line)) is not None]
