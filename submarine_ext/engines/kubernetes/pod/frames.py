"""Takes a pod's bytes apart: what each rank printed, and what the launcher says between.

The launcher's records (``stream.py``) begin with 0x1E and ``{"submarine":"``; they may stand
anywhere, also inside a line, and be cut anywhere between two pieces. Every other byte passes
unchanged, records of ``track`` and broken ones included.

Pure: bytes in, parts out, with a state that can be written down after any piece. At most one
record's length is held back. It trusts nothing: a job can print what the launcher does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

#: Bytes from the 0x1E to the line feed, both included. Longer ones are text.
LIMIT = 16_384
_BEGINNING = b'\x1e{"submarine":"'
_MARK = 0x1E

Count = Annotated[int, Meta(ge=0, le=2**53)]


class Output(Struct, frozen=True):
    """Bytes that a rank printed."""

    rank: int
    data: bytes


class _Switch(Struct, frozen=True, tag_field="submarine", tag="rank"):
    rank: int


class Piece(Struct, frozen=True, tag_field="submarine", tag="file"):
    """A part of a file, ``at`` bytes from its begin. ``sha256`` and ``size`` are the whole's."""

    path: Annotated[str, Meta(min_length=1, max_length=1024)]
    size: Count
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    at: Count
    data: bytes


class End(Struct, frozen=True, tag_field="submarine", tag="end"):
    """Nothing follows. ``notes``: a sentence for each thing that could not be kept."""

    notes: Annotated[list[str], Meta(max_length=200)]


Part = Output | Piece | End
_decoder: msgspec.json.Decoder[_Switch | Piece | End] = msgspec.json.Decoder(_Switch | Piece | End)


class State(Struct):
    """Whose bytes come now, and a record that has begun."""

    rank: int
    held: bytes = b""


class Frames:
    """``ranks`` are the pod's own; the first one's bytes come first. ``state`` goes on where an
    earlier one was written down.
    """

    def __init__(self, ranks: range, state: State | None = None) -> None:
        self._ranks = ranks
        self.state = state or State(ranks.start)

    def feed(self, data: bytes) -> Iterator[Part]:
        """The parts that are complete with this piece."""
        if self.state.held:
            data = self.state.held + data
        begin = 0
        while (mark := _found(data, begin)) < len(data):
            end = _end(data, mark)
            if end is None:
                break
            yield from self._output(data[begin:mark])
            yield from self._record(data[mark:end])
            begin = end
        self.state.held = data[mark:]
        yield from self._output(data[begin:mark])

    def finish(self) -> Iterator[Part]:
        """What was held back, where nothing more will come: it is no record."""
        held, self.state.held = self.state.held, b""
        yield from self._output(held)

    def _output(self, data: bytes) -> Iterator[Part]:
        if data:
            yield Output(self.state.rank, data)

    def _record(self, text: bytes) -> Iterator[Part]:
        record = _decoded(text)
        if isinstance(record, _Switch) and record.rank in self._ranks:
            self.state.rank = record.rank
        elif isinstance(record, Piece | End):
            yield record
        else:
            yield Output(self.state.rank, text)


def _found(data: bytes, begin: int) -> int:
    """Where the next record of the launcher begins, or may begin at the very end."""
    found = data.find(_BEGINNING, begin)
    if found >= 0:
        return found
    last = data.rfind(_MARK, max(begin, len(data) - len(_BEGINNING) + 1))
    return last if last >= 0 and _BEGINNING.startswith(data[last:]) else len(data)


def _end(data: bytes, mark: int) -> int | None:
    """Behind the record, or behind what looked like one; None while its end may still come."""
    line = data.find(b"\n", mark, mark + LIMIT)
    other = data.find(_MARK, mark + 1, line if line >= 0 else mark + LIMIT)
    if other >= 0:
        return other
    if line >= 0:
        return line + 1
    return mark + LIMIT if len(data) - mark >= LIMIT else None


def _decoded(text: bytes) -> _Switch | Piece | End | None:
    try:
        return _decoder.decode(text[1:])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
