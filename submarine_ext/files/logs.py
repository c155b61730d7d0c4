"""Reads what a job printed, by byte offset, without the records that ride in it.

The raw file is the truth and offsets count its bytes, so a reader resumes without gap or
repeat after any interruption, also of the server. Memory is bounded by what is asked for.
It knows neither jobs nor attempts: a path comes in, bytes go out (decoding is for whoever
shows them).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.records import LIMIT, MARK, Scanned, raw_length, scan
from submarine_ext.domain.redaction import NOTHING, Hidden

#: The most raw bytes that one read looks at, whatever is asked for.
LARGEST = 8 << 20
#: How far around them it looks for hidden values that its ends cut. Records may lie between.
AROUND = 1 << 20


class LogSlice(Struct, frozen=True):
    """``text`` without records. Go on at ``offset``; ``size`` is the raw size now."""

    text: bytes
    offset: int
    size: int

    @property
    def complete(self) -> bool:
        """Whether nothing is left to read now."""
        return self.offset >= self.size


def read(
    path: Path, offset: int, limit: int, *, final: bool = False, hidden: Hidden = NOTHING
) -> LogSlice:
    """The text of the raw bytes ``[offset, offset + limit)`` without what is ``hidden``.

    It ends at a line or record where there is one. ``offset`` < 0 counts from the end and
    begins at a line. ``final`` says that the file will not grow: a record that was cut off
    is text then. Before that, what may become a hidden value waits for its rest. A file that
    is not there yet is empty; beyond its end there is no text.
    """
    with _opened(path) as descriptor:
        if descriptor is None:
            return LogSlice(b"", max(offset, 0), 0)
        size = os.fstat(descriptor).st_size
        start = offset if offset >= 0 else _line_start(descriptor, max(size + offset, 0))
        if start >= size:
            return LogSlice(b"", start, size)
        start = _behind_record(descriptor, start)
        scanned = _text(descriptor, start, min(max(limit, 1), LARGEST), size, final=final)
        if hidden:
            scanned = _redacted(descriptor, start, scanned, hidden, final=final)
        return LogSlice(scanned.text, start + scanned.consumed, size)


def raw(path: Path, offset: int, limit: int) -> tuple[bytes, int]:
    """Raw bytes from ``offset`` and the file's size now; nothing of a file that is absent."""
    with _opened(path) as descriptor:
        if descriptor is None:
            return b"", 0
        return os.pread(descriptor, limit, offset), os.fstat(descriptor).st_size


def size(path: Path) -> int:
    """The raw size now, 0 for a file that is absent."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """The log, None if absent. The job may put a link or a pipe in its place: absent too."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ELOOP}:
            raise
        yield None
        return
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        yield descriptor if regular else None
    finally:
        os.close(descriptor)


def _text(descriptor: int, start: int, limit: int, size: int, *, final: bool) -> Scanned:
    piece = os.pread(descriptor, limit, start)
    at_end = start + len(piece) >= size
    if not at_end:
        piece = piece[: _line_end(piece)]
    elif not final:
        piece = piece[: _characters(piece)]
    scanned = scan(piece, final=final and at_end)
    if scanned.consumed == 0 and piece.startswith(MARK) and len(piece) < LIMIT:
        return _one_record(descriptor, start, size, final=final)
    return scanned


def _redacted(
    descriptor: int, start: int, seen: Scanned, hidden: Hidden, *, final: bool
) -> Scanned:
    """The same without what is hidden; the texts on both sides decide about its ends."""
    stop = start + seen.consumed
    before = _before(descriptor, start, hidden.reach)
    after, at_end = _after(descriptor, stop, hidden.reach, final=final)
    around = before + seen.text + after
    end = len(before) + len(seen.text)
    if at_end and not final and (begun := hidden.begun(around)) < end:
        end = max(begun, len(before))
        stop = start + raw_length(os.pread(descriptor, seen.consumed, start), end - len(before))
    text = hidden.cut(around, len(before), end, final=at_end and final)
    return Scanned([], text, stop - start)


def _before(descriptor: int, stop: int, length: int) -> bytes:
    """The last ``length`` bytes of text before an offset, or all that there are."""
    text, begin, look = b"", stop, length + 4096
    while len(text) < length and begin > 0 and look <= AROUND:
        begin = _behind_record(descriptor, max(stop - look, 0))
        text = scan(os.pread(descriptor, stop - begin, begin), final=True).text
        look *= 4
    return text[max(len(text) - length, 0) :]


def _after(descriptor: int, start: int, length: int, *, final: bool) -> tuple[bytes, bool]:
    """The first ``length`` bytes of text from an offset; whether the text ends before that."""
    text, at_end, look = b"", False, length + 4096
    while len(text) < length and not at_end and look <= AROUND:
        piece = os.pread(descriptor, look, start)
        at_end = len(piece) < look
        text = scan(piece, final=final and at_end).text
        look *= 4
    return text[:length], at_end and len(text) < length


def _one_record(descriptor: int, start: int, size: int, *, final: bool) -> Scanned:
    """Deal with a record that is longer than what was asked for."""
    piece = os.pread(descriptor, LIMIT, start)
    line = piece.find(b"\n") + 1
    if line:
        return scan(piece[:line])
    return scan(piece, final=final and start + len(piece) >= size)


def _line_start(descriptor: int, offset: int) -> int:
    """The first line start from ``offset`` on within 64 KiB; else ``offset`` itself."""
    if offset == 0:
        return 0
    piece = os.pread(descriptor, 65_536, offset - 1)
    return offset + piece.find(b"\n") if b"\n" in piece[:-1] else offset


def _behind_record(descriptor: int, offset: int) -> int:
    """``offset``, or the end of the record in whose middle it lies."""
    begin = max(offset - LIMIT, 0)
    before = os.pread(descriptor, offset - begin, begin)
    mark = before.rfind(MARK)
    if mark < 0 or b"\n" in before[mark:]:
        return offset
    around = os.pread(descriptor, LIMIT, begin + mark)
    end = around.find(b"\n") + 1
    reaches = begin + mark + end > offset and MARK not in around[1:end]
    is_record = reaches and scan(around[:end]).records
    return begin + mark + end if is_record else offset


def _line_end(piece: bytes) -> int:
    """Where the last line of the piece ends; a line that fills it ends between characters."""
    line = piece.rfind(b"\n") + 1
    if line or MARK in piece:
        return line or len(piece)
    return _characters(piece) or len(piece)


def _characters(piece: bytes) -> int:
    """The length of the piece without a UTF-8 character that its end cuts in two."""
    for back in range(1, min(3, len(piece)) + 1):
        byte = piece[-back]
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(piece) if back >= width else len(piece) - back
        if byte < 0x80:
            break
    return len(piece)
