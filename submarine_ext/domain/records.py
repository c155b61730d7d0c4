"""Finds the records that jobs write into their output, and the text without them.

A record is the byte 0x1E, one JSON object and a line feed, in all at most 16 KiB
(RFC 7464; ``docs/reference/protocol.md``). It may stand inside a line, so 0x1E is looked
for anywhere. What is no record after all is text, without its 0x1E.

Pure: bytes in, records and text out. It knows neither files nor who asks. Whoever reads
piece by piece goes on at ``consumed``; the result does not depend on where pieces end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

#: Bytes from the 0x1E to the line feed, both included. Longer ones are text.
LIMIT = 16_384
MARK = b"\x1e"

Key = Annotated[str, Meta(min_length=1, max_length=250)]
Number = float | Literal["NaN", "Infinity", "-Infinity"]
# what a double, and so JavaScript, holds exactly
Step = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class Record(Struct, frozen=True, gc=False):
    """Whatever one record says; the names are those of the protocol.

    ``metrics`` at ``step`` (None: the next of each key) · ``params`` · ``fraction`` (UNSET
    if the record is not about progress, None if nobody knows) with ``message`` · the name
    of an ``artifact`` with its size in bytes and SHA-256. ``time``: epoch seconds.
    """

    metrics: dict[Key, Number] | None = msgspec.field(default=None, name="m")
    step: Step | None = msgspec.field(default=None, name="s")
    time: float | None = msgspec.field(default=None, name="t")
    params: dict[Key, Any] | None = msgspec.field(default=None, name="p")
    fraction: Fraction | UnsetType | None = msgspec.field(default=UNSET, name="g")
    message: Annotated[str, Meta(max_length=2000)] | None = msgspec.field(default=None, name="n")
    artifact: str | None = msgspec.field(default=None, name="a")
    size: int | None = None
    sha256: str | None = None


class Scanned(Struct, frozen=True):
    """What a piece of output holds; ``consumed`` bytes of it are dealt with."""

    records: list[Record]
    text: bytes
    consumed: int


# one pass in C also over a storm of stray marks
_FRAME = re.compile(rb"\x1e(\{[^\x1e\n]{0,%d})\n" % (LIMIT - 3))
_decode = msgspec.json.Decoder(Record).decode


def scan(piece: bytes, *, final: bool = False) -> Scanned:
    """Take the records out of a piece that begins where the last one was consumed.

    A record that has begun but not ended waits (it is not consumed) for its rest, unless
    ``final`` says that no more will come.
    """
    if MARK not in piece:
        return Scanned([], piece, len(piece))
    end = len(piece) if final else _settled(piece)
    parts = _FRAME.split(piece[:end])  # text, body, text, body, …, text
    records: list[Record] = []
    for place in range(1, len(parts), 2):
        record = _record(parts[place])
        if record is None:
            parts[place] += b"\n"
        else:
            records.append(record)
            parts[place] = b""
    return Scanned(records, b"".join(parts).replace(MARK, b""), end)


def raw_length(piece: bytes, length: int) -> int:
    """How many bytes of a consumed piece hold the first ``length`` bytes of its text."""
    behind = 0  # the last record or stray mark
    for begin, end in _holes(piece):
        if length <= begin - behind:
            break
        length -= begin - behind
        behind = end
    return behind + length


def _holes(piece: bytes) -> Iterator[tuple[int, int]]:
    """What of a piece is not text."""
    mark = piece.find(MARK)
    while mark >= 0:
        frame = _FRAME.match(piece, mark)
        whole = frame is not None and _record(frame[1]) is not None
        end = frame.end() if frame is not None and whole else mark + 1
        yield mark, end
        mark = piece.find(MARK, end)


def _settled(piece: bytes) -> int:
    """The length of the piece without a record that may still get its end."""
    mark = piece.rfind(MARK)
    begun = piece[mark : mark + LIMIT]
    waits = len(begun) < LIMIT and b"\n" not in begun and begun[1:2] in (b"", b"{")
    return mark if waits else len(piece)


def _record(body: bytes) -> Record | None:
    try:
        record = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if record.metrics is not None or record.fraction is not UNSET:
        return record
    return None if record.params is None and record.artifact is None else record
