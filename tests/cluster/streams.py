"""Streams over HTTP: watches line by line, and what faults do to them.

``logs`` (the kubelet's part) may use :class:`Stream` too, so that cuts and stalls hold for
followed logs as for watches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

from . import watching
from .calls import Call
from .faults import CloseStream, CutStream, EndAtOnce, RepeatEvents, StallStream, SwapEvents
from .listing import options_invalid
from .reading import truthy
from .selectors import matcher
from .server import Server
from .status import failure


class Ended(Exception):
    """A fault ended the stream."""


class Stream:
    """A response that is written in pieces, each of which a fault may cut, stall or end."""

    def __init__(self, server: Server, call: Call, request: web.Request) -> None:
        self._faults, self._call, self._request = server.faults, call, request
        self._cut = server.faults.take(CutStream, call)
        self._close = server.faults.take(CloseStream, call)
        self._stall = server.faults.take(StallStream, call)
        self.response = web.StreamResponse()
        self._written = 0

    async def begin(self, headers: Iterable[tuple[str, str]]) -> None:
        """Send the status line; raises Ended where a fault wants an empty stream."""
        for name, value in headers:
            self.response.headers.add(name, value)
        self.response.enable_chunked_encoding()
        await self.response.prepare(self._request)
        if self._faults.take(EndAtOnce, self._call):
            raise Ended

    async def write(self, pieces: list[bytes]) -> None:
        """Write pieces (lines, or chunks of a log); raises Ended where a fault ended it."""
        if not (self._cut or self._close or self._stall):
            await self.response.write(b"".join(pieces))
            return
        for piece in pieces:
            await self._misbehave(piece)
            await self.response.write(piece)
            self._written += 1
        await self._misbehave(b"", between=True)

    async def _misbehave(self, piece: bytes, *, between: bool = False) -> None:
        if self._close and self._written >= self._close.lines:
            raise Ended
        if self._cut and self._written >= self._cut.lines and not between:
            await self.response.write(piece[: len(piece) // 2])
            await asyncio.sleep(0)
            self._abort()
            raise Ended
        if self._stall and self._written >= self._stall.lines:
            await self._faults.released.wait()
            raise Ended

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


async def watch(
    server: Server, call: Call, request: web.Request, headers: Iterable[tuple[str, str]]
) -> web.StreamResponse:
    """Answer a WATCH."""
    wanted = _watch(server, call, request)
    stream = Stream(server, call, request)
    repeat = server.faults.take(RepeatEvents, call)
    swap = server.faults.take(SwapEvents, call)
    try:
        await stream.begin(headers)
        if "as=PartialObjectMetadataList" in request.headers.get("Accept", ""):
            return stream.response
        async for batch in watching.lines(server.storage, wanted):
            if swap and len(batch) > 1:
                batch[-2:] = [batch[-1], batch[-2]]
            await stream.write([line for line in batch for _ in range(2 if repeat else 1)])
    except (Ended, ConnectionResetError):  # or the client has gone
        pass
    return stream.response


def _watch(server: Server, call: Call, request: web.Request) -> watching.Watch:
    query = call.query
    fields = query.get("fieldSelector", "")
    if call.name:
        fields = f"metadata.name={call.name}"
    matches = matcher(query.get("labelSelector", ""), fields, call.served)
    initial = truthy(query.get("sendInitialEvents"))
    if initial and query.get("resourceVersionMatch") != "NotOlderThan":
        said = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise options_invalid("ListOptions", "resourceVersionMatch", said)
    timeout = query.get("timeoutSeconds")
    return watching.Watch(
        call.served,
        call.namespace,
        matches,
        _revision(query.get("resourceVersion", "")),
        bookmarks=truthy(query.get("allowWatchBookmarks")),
        mark_initial=initial,
        initial=initial,
        timeout=float(timeout) if timeout else None,
        metadata_only="as=PartialObjectMetadata" in request.headers.get("Accept", ""),
        every=server.settings.bookmark_seconds,
    )


def _revision(text: str) -> int | None:
    """None for "" and "0": begin with what is there."""
    try:
        return int(text or 0) or None
    except ValueError:
        said = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}"'
        raise failure(500, "", f"{said}: invalid syntax") from None
