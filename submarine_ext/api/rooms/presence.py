"""What goes to and fro beside changes: who is seen where, and the lab's wish to save.

Who is seen are y-protocols' awareness messages. https://github.com/yjs/y-protocols

A message holds states by their client's number. Clients pass on what they heard of others, and
call themselves what they like: so of a message only the sender's own states count, and who
they are is written in by the room, from the verified credential.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from submarine_ext.errors import Invalid

AWARENESS, RAW = 1, 2
#: Names, cursors and selections are short. Clients pass on those of all others at once.
LONGEST = 256 * 1024


class State(Struct, frozen=True):
    """What a client says of itself; None: it is gone. A greater clock replaces a smaller."""

    client: int
    clock: int
    told: dict[str, Any] | None


def understood(message: bytes) -> list[State]:
    """The states in a message. Raises Invalid."""
    if len(message) > LONGEST:
        raise Invalid("Who is there is told in fewer bytes.")
    try:
        reader = _Reader(message[1:])
        reader = _Reader(reader.piece())
        return [
            State(reader.number(), reader.number(), _told(reader.piece()))
            for _ in range(reader.number())
        ]
    except (IndexError, msgspec.MsgspecError):
        raise Invalid("This is no message about who is there.") from None


def message(states: list[State]) -> bytes:
    """The states as a message."""
    body = _number(len(states)) + b"".join(
        _number(each.client) + _number(each.clock) + _piece(msgspec.json.encode(each.told))
        for each in states
    )
    return _number(AWARENESS) + _piece(body)


def save_number(wish: bytes) -> int:
    """The number of a wish to save. Raises Invalid."""
    try:
        reader = _Reader(wish[1:])
        if reader.piece() == b"save":
            return reader.number()
    except IndexError:
        pass
    raise Invalid("There is no such wish.")


def raw(answer: bytes) -> bytes:
    """An answer to a wish, as jupyter-collaboration's lab expects it."""
    return _number(RAW) + _piece(answer)


#: Nobody's: it keeps a connection from being taken for dead.
ALIVE = bytes([AWARENESS, 1, 0])


def _told(text: bytes) -> dict[str, Any] | None:
    return msgspec.json.decode(text, type=dict[str, Any] | None)


class _Reader:
    """Reads lib0's numbers, which have seven bits in each byte, and pieces of given length."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def piece(self) -> bytes:
        length = self.number()
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise IndexError
        return self._data[start : self._at]


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(0x80 | value & 0x7F)
        value >>= 7
    found.append(value)
    return bytes(found)


def _piece(data: bytes) -> bytes:
    return _number(len(data)) + data
