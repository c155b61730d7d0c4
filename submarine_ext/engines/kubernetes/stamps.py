"""Takes the time stamps off a pod's log, and remembers where a later reading can go on.

With ``timestamps=true`` each line begins with a stamp of 30 characters, or of 35 where the
node's clock is not in UTC; a line of any length has one. ``sinceTime`` is cut to whole
seconds and counts for the pieces of at most 16 KiB that a node cuts lines into, so a
reading that begins inside a long line begins with a piece that has none.

Positions count bytes without stamps. Pure: it knows neither files nor the network.
"""

from __future__ import annotations

import re
import zlib
from calendar import timegm
from time import strptime

from msgspec import Struct

_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_STAMP = rb"(" + _TIME + rb"\.\d{9}(?:Z|[+-]\d\d:\d\d)) "
_AT_LINE = re.compile(rb"\n" + _STAMP)
_FIRST = re.compile(_STAMP)
_LONGEST = 36  # a stamp and its space


class Anchor(Struct, frozen=True):
    """A line that is the first of its second: where a reading may begin. ``crc`` is of all
    bytes before it; ``second`` is in seconds since the epoch.
    """

    second: int
    position: int
    crc: int
    stamp: str


class Place(Struct):
    """How far a log has been read. ``crc`` is of all bytes up to ``position``.

    ``anchors``: the lines that were the first of the last two seconds, the newer last.
    ``first``: the stamp at position 0, None where positions no longer begin with the log.
    ``last`` is the last stamp, on ``same`` lines so far, and ``into`` bytes of the last one
    were read. ``backwards``: the clock was set back, seconds are no order.
    """

    position: int = 0
    crc: int = 0
    anchors: list[Anchor] = []
    first: str | None = ""
    last: str = ""
    same: int = 0
    into: int = 0
    backwards: bool = False


def second(stamp: str) -> int:
    """The stamp's second since the epoch, UTC."""
    at = timegm(strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))
    if stamp[29:] == "Z":
        return at
    away = (int(stamp[30:32]) * 60 + int(stamp[33:35])) * 60
    return at - away if stamp[29] == "+" else at + away


def nanosecond(stamp: str) -> int:
    """The same, in nanoseconds."""
    return second(stamp) * 10**9 + int(stamp[20:29])


def since(place: Place) -> Anchor | None:
    """Where a reading of the last two seconds begins; None where it must be the whole log."""
    if not place.anchors or place.backwards:
        return None
    before, newest = place.anchors[0], place.anchors[-1]
    return before if before.second == newest.second - 1 else newest


class Reader:
    """Reads one answer of the server. ``place`` is where the answer begins, and grows."""

    def __init__(self, place: Place, *, in_line: bool = False) -> None:
        self.place = place
        self.began: str | None = place.last if in_line else None  # the answer's first stamp
        self.remnant = b""  # the text without a stamp that the answer began with
        self._held = b""
        self._in_line = in_line
        self._in_remnant = False
        self._clock = ""  # the present second as it is written

    def feed(self, data: bytes) -> list[bytes]:
        """What these bytes are without stamps."""
        data, self._held = self._held + data, b""
        if self.began is None:
            data = self._beginning(data)
        raw = []
        while data:
            if self._in_line:
                taken, data = self._take(data)
                raw.append(taken)
            elif (stamp := _FIRST.match(data)) is not None:
                self._line(stamp[1].decode(), 1)
                self._in_line, data = True, data[stamp.end() :]
            elif len(data) < _LONGEST and b"\n" not in data:
                self._held, data = data, b""
            else:
                self._in_line = True  # no node writes such a line; its bytes count all the same
        return raw

    def _beginning(self, data: bytes) -> bytes:
        """Leave out what precedes the first stamp: the rest of a line that began earlier."""
        while data and (self._in_remnant or _FIRST.match(data) is None):
            if not self._in_remnant and len(data) < _LONGEST and b"\n" not in data:
                self._held = data
                return b""
            text, ended, data = data.partition(b"\n")
            self.remnant = (self.remnant + text)[:200]
            self._in_remnant = not ended
        return data

    def _take(self, data: bytes) -> tuple[bytes, bytes]:
        """The text of this line, and of all following that share its second; and the rest."""
        line = data.rfind(b"\n") + 1
        if line == 0:
            self._grow(data, len(data))
            return data, b""
        newest = data.rfind(b"\n", 0, line - 1)
        stamp = _AT_LINE.match(data, newest) if newest >= 0 else None
        if stamp is not None and _clock(stamp[1].decode()) != self._clock:
            line = self._next_second(data)
            newest = data.rfind(b"\n", 0, line - 1)
            stamp = _AT_LINE.match(data, newest) if newest >= 0 else None
        block = data[:line]
        self._in_line = False
        if stamp is None:
            self._grow(block, line)
            return block, data[line:]
        text = _AT_LINE.sub(b"\n", block)
        self._line(stamp[1].decode(), block.count(b"\n" + stamp[1] + b" "))
        self._grow(text, line - stamp.end())
        return text, data[line:]

    def _next_second(self, data: bytes) -> int:
        for stamp in _AT_LINE.finditer(data):
            if _clock(stamp[1].decode()) != self._clock:
                return stamp.start() + 1
        return len(data)

    def _grow(self, text: bytes, into: int) -> None:
        self.place.position += len(text)
        self.place.crc = zlib.crc32(text, self.place.crc)
        self.place.into += into

    def _line(self, stamp: str, count: int) -> None:
        """``count`` lines begin with this stamp, the last one just now."""
        place = self.place
        if self.began is None:
            self.began = stamp
        if place.position == 0 and place.first == "":
            place.first = stamp
        place.same = place.same + count if stamp == place.last else count
        place.last, place.into = stamp, 0
        if _clock(stamp) != self._clock:
            self._clock = _clock(stamp)
            self._second(stamp)

    def _second(self, stamp: str) -> None:
        place, now = self.place, second(stamp)
        latest = place.anchors[-1].second if place.anchors else None
        place.backwards = latest is not None and now < latest - 1
        if latest is None or now > latest:
            anchor = Anchor(now, place.position, place.crc, stamp)
            place.anchors = [*place.anchors[-1:], anchor]


def _clock(stamp: str) -> str:
    return stamp[:19] + stamp[29:]


class Finder:
    """Looks for the line that was read last by its stamp, where positions help no more."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._last = nanosecond(place.last)
        self._seen = 0
        self._data = b""
        self._begun = False

    def feed(self, data: bytes) -> tuple[Reader, bytes, bool] | None:
        """Once it is decided: a reader that goes on, what to feed it, whether there is a gap."""
        self._data += data
        while (stamp := self._next_line()) is not None:
            now = nanosecond(stamp[1].decode())
            if now > self._last:
                return self._reader(in_line=False), self._data, True
            if now == self._last and self._seen + 1 == self._place.same:
                end = stamp.end() + self._place.into
                if len(self._data) < end:
                    return None
                in_line = self._data[end - 1 : end] != b"\n"
                return self._reader(in_line=in_line), self._data[end:], False
            if not self._skip_line():
                return None
            self._seen += now == self._last
        return None

    def _next_line(self) -> re.Match[bytes] | None:
        """The stamp of the line at hand; what precedes the first stamp is left out."""
        while True:
            stamp = _FIRST.match(self._data)
            undecided = len(self._data) < _LONGEST and b"\n" not in self._data
            if stamp is not None or undecided or not self._skip_line():
                return stamp

    def _skip_line(self) -> bool:
        _, ended, rest = self._data.partition(b"\n")
        if ended:
            self._data = rest
        return bool(ended)

    def _reader(self, *, in_line: bool) -> Reader:
        old = self._place
        place = Place(old.position, old.crc, [], None, old.last, old.same, old.into)
        reader = Reader(place, in_line=in_line)
        reader.began = old.last
        return reader
