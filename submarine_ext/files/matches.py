"""Finds lines of a log by what they show, a bounded part of the file at a time.

What is looked through is exactly what reading the log answers with: no records, nothing that
is hidden (else asking letter by letter would tell it), colours and what was drawn over taken
out, as on the screen. It knows neither jobs nor attempts, as :mod:`submarine_ext.files.logs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.records import MARK, scan
from submarine_ext.domain.redaction import NOTHING, Hidden
from submarine_ext.files import logs

#: Raw bytes that are looked through at once, and at most for one answer.
PIECE = 1 << 20
MOST = 32 << 20

#: What a terminal takes for a command, and the part of a line that was drawn over.
_COMMAND = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]"
)
_DRAWN_OVER = re.compile(rb"(?m)^.*\r(?=[^\r\n])")


class Matches(Struct, frozen=True):
    """Where lines begin that match, as raw offsets. Go on at ``offset``; ``more``: at once,
    for there are whole lines that nobody has looked through. ``size`` is the raw size now.
    """

    lines: list[int]
    offset: int
    size: int
    more: bool


class Wanted:
    """The text that is looked for: letter for letter, or in either case."""

    def __init__(self, text: str, *, case: bool) -> None:
        self._case = case
        self._plain = case or text.isascii()  # else letters may change their length with case
        self._text = self._folded(text.encode())
        letters = (re.escape(letter.encode()) for letter in text)
        between = b"(?:" + _COMMAND.pattern + b")*"
        self._coloured = re.compile(between.join(letters), 0 if case else re.IGNORECASE)

    def found(self, text: bytes) -> bool:
        """Whether it is anywhere in there."""
        return self._text in self._folded(text)

    def lines(self, text: bytes) -> Iterator[int]:
        """Where lines begin that show it; nothing in the text was drawn over."""
        if not self._plain:
            return self._one_by_one(text)
        if b"\x1b" in text:
            return self._in_colours(text)
        return self._bytes(self._folded(text))

    def _bytes(self, text: bytes) -> Iterator[int]:
        at = text.find(self._text)
        while at >= 0:
            yield text.rfind(b"\n", 0, at) + 1
            end = text.find(b"\n", at)
            at = text.find(self._text, end) if end >= 0 else -1

    def _in_colours(self, text: bytes) -> Iterator[int]:
        match = self._coloured.search(text)
        while match is not None:
            yield text.rfind(b"\n", 0, match.start()) + 1
            end = text.find(b"\n", match.end())
            match = self._coloured.search(text, end) if end >= 0 else None

    def _one_by_one(self, text: bytes) -> Iterator[int]:
        at = 0
        for line in text.splitlines(keepends=True) if self.found(shown(text)) else ():
            if self.found(shown(line)):
                yield at
            at += len(line)

    def _folded(self, text: bytes) -> bytes:
        if self._case:
            return text
        return text.lower() if self._plain else text.decode(errors="replace").lower().encode()


def search(
    path: Path,
    wanted: Wanted,
    offset: int,
    limit: int,
    *,
    final: bool = False,
    hidden: Hidden = NOTHING,
) -> Matches:
    """Up to ``limit`` lines from raw ``offset`` on that show what is wanted.

    The parameters mean what they mean in :func:`submarine_ext.files.logs.read`. It stops
    early, behind :data:`MOST` bytes, so that one question never takes long.
    """
    log = _Log(path, wanted, final=final, hidden=hidden)
    lines: list[int] = []
    at = offset
    while True:
        piece = log.piece(at)
        for line in log.matches(at, piece):
            if len(lines) == limit:
                return Matches(lines, line, piece.size, more=True)
            lines.append(line)
        stuck, at = piece.offset <= at, max(at, piece.offset)
        if stuck or at >= piece.size or at - offset >= MOST:
            return Matches(lines, at, piece.size, more=not stuck and at < piece.size)


class _Log:
    """One log while it is looked through."""

    def __init__(self, path: Path, wanted: Wanted, *, final: bool, hidden: Hidden) -> None:
        self._path = path
        self._wanted = wanted
        self._final = final
        self._hidden = hidden

    def piece(self, begin: int) -> logs.LogSlice:
        """The next piece; of a log that grows, whole lines only: the rest may come to match."""
        piece = self._read(begin, PIECE)
        if self._final or piece.offset < piece.size or piece.text.endswith(b"\n"):
            return piece
        content, _ = logs.raw(self._path, begin, piece.offset - begin)
        whole = content.rfind(b"\n") + 1
        return self._read(begin, whole) if whole else logs.LogSlice(b"", begin, piece.size)

    def _read(self, begin: int, length: int) -> logs.LogSlice:
        return logs.read(self._path, begin, length, final=self._final, hidden=self._hidden)

    def matches(self, begin: int, piece: logs.LogSlice) -> Iterator[int]:
        """Raw offsets of the lines of the piece that match."""
        text = piece.text
        whole = not self._hidden and len(text) == piece.offset - begin
        if whole and b"\r" not in text:  # each line stands where it stands in the file
            yield from (begin + line for line in self._wanted.lines(text))
        else:
            yield from self._halves(begin, piece)

    def _halves(self, begin: int, piece: logs.LogSlice) -> Iterator[int]:
        """The same where text and file differ: halve the piece until it is a line that matches."""
        if not self._wanted.found(shown(piece.text)):
            return
        middle = self._middle(begin, piece.offset)
        if middle is None:
            yield begin
            return
        found = False
        for first, last in ((begin, middle), (middle, piece.offset)):
            for line in self._halves(first, self._read(first, last - first)):
                found = True
                yield line
        if not found:  # what is hidden may reach over a line's end
            yield begin

    def _middle(self, begin: int, end: int) -> int | None:
        """Where a line begins near the middle of raw bytes; None where they are one line."""
        content, _ = logs.raw(self._path, begin, end - begin)
        half = len(content) // 2
        before = content.rfind(b"\n", 0, half)
        while before >= 0 and not _ends_line(content, before):
            before = content.rfind(b"\n", 0, before)
        if before >= 0:
            return begin + before + 1
        after = content.find(b"\n", half, -1)
        while after >= 0 and not _ends_line(content, after):
            after = content.find(b"\n", after + 1, -1)
        return None if after < 0 else begin + after + 1


def _ends_line(content: bytes, newline: int) -> bool:
    """Whether it is the end of a line and not of a record, which may stand within one."""
    mark = content.rfind(MARK, 0, newline)
    since = content[max(mark, 0) : newline + 1]
    return mark < 0 or b"\n" in since[:-1] or not scan(since).records


def shown(text: bytes) -> bytes:
    """As it stands on the screen."""
    text = _COMMAND.sub(b"", text) if b"\x1b" in text else text
    return _DRAWN_OVER.sub(b"", text) if b"\r" in text else text
