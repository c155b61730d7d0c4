"""One reading of a pod's log that goes on exactly where an earlier one stopped.

The server can begin only at a whole second, so what was read before comes again and is left
out: counted by position and checked by its CRC. Where that cannot be (the clock was set
back, the node has thrown old lines away) other ways are tried, and at last a gap is told.
Pure, like ``stamps``.
"""

from __future__ import annotations

import zlib
from enum import IntEnum

from submarine_ext.engines.kubernetes import stamps
from submarine_ext.engines.kubernetes.stamps import Anchor, Finder, Place, Reader


class Way(IntEnum):
    """How to go on, the cheapest first."""

    SECONDS = 0  # from the begin of the last seconds, by position
    WHOLE = 1  # from the log's begin, by position
    SEARCH = 2  # by the last line's stamp; perhaps with a gap


class LostError(Exception):
    """The answer is not the log that was read before; another way may find the place."""


class Resumption:
    """``place`` is how far the log has been read; nothing of it is changed."""

    def __init__(self, place: Place, way: Way = Way.SECONDS) -> None:
        self.way, self._start = _feasible(place, way)
        self._goal = place
        self._crc = self._start.crc
        self._finder = Finder(place) if self.way is Way.SEARCH else None
        start = Place(self._start.position, self._start.crc, first=place.first)
        self._reader = Reader(start)
        self.gap = False  # something is missing before what was answered last
        self.found = self._finder is None and self._start.position == place.position

    @property
    def since(self) -> int | None:
        """The second to begin at, None for the whole log."""
        if self.way is Way.SECONDS or (self._finder and self._goal.anchors):
            return self._goal.anchors[-1].second - 1
        return None

    @property
    def place(self) -> Place:
        """How far the log has been read by now."""
        return self._reader.place if self.found else self._goal

    @property
    def remnant(self) -> bytes:
        """What stood before the answer's first stamp."""
        return self._reader.remnant

    def feed(self, data: bytes) -> bytes:
        """The bytes that are new. Raises :class:`LostError`."""
        if self._finder is not None:
            decided = self._finder.feed(data)
            if decided is None:
                return b""
            self._reader, data, self.gap = decided
            self._finder, self.found = None, True
        raw = self._reader.feed(data)
        if not self.found:
            self._verify_begin()
            raw = self._skip(raw)
        return b"".join(raw)

    def _verify_begin(self) -> None:
        began = self._reader.began
        if began is not None and self._start.stamp and began != self._start.stamp:
            raise LostError

    def _skip(self, raw: list[bytes]) -> list[bytes]:
        """Leave out what was read before; the rest is new."""
        at = self._reader.place.position - sum(map(len, raw))
        for number, piece in enumerate(raw):
            known = piece[: self._goal.position - at]
            self._crc = zlib.crc32(known, self._crc)
            at += len(piece)
            if at >= self._goal.position:
                if self._crc != self._goal.crc:
                    raise LostError
                self.found = True
                return [piece[len(known) :], *raw[number + 1 :]]
        return []


def _feasible(place: Place, way: Way) -> tuple[Way, Anchor]:
    """The first way from ``way`` on that is open, and where its answer begins."""
    anchor = stamps.since(place)
    if way <= Way.SECONDS and anchor is not None:
        return Way.SECONDS, anchor
    if (way <= Way.WHOLE and place.first is not None) or not place.last:
        return Way.WHOLE, Anchor(0, 0, 0, place.first or "")
    return Way.SEARCH, Anchor(0, place.position, place.crc, "")
