"""Reads what a job printed, by byte offset, without the records that ride in it.

The raw file is the truth and offsets count its bytes, so a reader resumes without gap or
repeat after any interruption, also of the server. Memory is bounded by what is asked for.
It knows neither jobs nor attempts: a path comes in, bytes go out (decoding is for whoever
shows them).
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.records import LIMIT, MARK, scan

#: The most raw bytes that one read looks at, whatever is asked for.
LARGEST = 8 << 20


class LogSlice(Struct, frozen=True):
    """``text`` without records. Go on at ``offset``; ``size`` is the raw size now."""

    text: bytes
    offset: int
    size: int

    @property
    def complete(self) -> bool:
        """Whether nothing is left to read now."""
        return self.offset >= self.size


def read(path: Path, offset: int, limit: int, *, final: bool = False) -> LogSlice:
    """The text of the raw bytes ``[offset, offset + limit)``.

    It ends at a line or record where there is one. ``offset`` < 0 counts from the end and
    begins at a line. ``final`` says that the file will not grow: a record that was cut off
    is text then. A file that is not there yet is empty; beyond its end there is no text.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return _read(file.fileno(), offset, min(max(limit, 1), LARGEST), final=final)
    except FileNotFoundError:
        return LogSlice(b"", max(offset, 0), 0)


def _read(descriptor: int, offset: int, limit: int, *, final: bool) -> LogSlice:
    size = os.fstat(descriptor).st_size
    if offset < 0:
        start = _line_start(descriptor, max(size + offset, 0))
    else:
        start = offset
    if start >= size:
        return LogSlice(b"", start, size)
    start = _behind_record(descriptor, start)
    piece = os.pread(descriptor, limit, start)
    scanned = scan(_cut(piece, at_end=start + len(piece) >= size), final=final)
    if scanned.consumed == 0 and len(piece) < LIMIT:
        # a record fills the whole piece: look at all of it, however little was asked for
        piece = os.pread(descriptor, LIMIT, start)
        ended = final and start + len(piece) >= size
        scanned = scan(piece[: piece.find(b"\n") + 1 or None], final=ended)
    return LogSlice(scanned.text, start + scanned.consumed, size)


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
    is_record = end > 0 and scan(around[:end]).records
    return begin + mark + end if is_record else offset


def _cut(piece: bytes, *, at_end: bool) -> bytes:
    """The piece up to its last line; a line that fills it is cut between characters."""
    if at_end:
        return piece
    line = piece.rfind(b"\n") + 1
    if line:
        return piece[:line]
    mark = piece.rfind(MARK)
    return piece if mark >= 0 else piece[: _characters(piece)]


def _characters(piece: bytes) -> int:
    """The length of the piece without a UTF-8 character that its end cuts in two."""
    for back in range(1, min(4, len(piece)) + 1):
        byte = piece[-back]
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            whole = back >= width or back == len(piece)
            return len(piece) if whole else len(piece) - back
        if byte < 0x80:
            break
    return len(piece)
