"""How a WATCH goes wrong, each way a class."""

from __future__ import annotations

import random

from aiohttp import web

from tests.kubernetes.histories import Fault, Script, lines, told
from tests.kubernetes.scripted import (
    cut,
    gone,
    silent,
    status,
    too_many,
)


def part(text: bytes, chance: random.Random) -> bytes:
    """The beginning of some lines, never all of them."""
    return text[: chance.randrange(1, len(text))] if text else b"{"


class GoneAtOnce(Fault):
    """HTTP 410 instead of a stream."""

    owes = True

    async def serve(self, script: Script, request: web.Request, version: int) -> web.Response:
        script.owed += 1
        script.history.compact()
        return web.json_response(gone(), status=410)


class GoneInStream(Fault):
    """HTTP 200, some events, then one ERROR event of code 410."""

    owes = True

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, [*events[:1], {"type": "ERROR", "object": gone()}])


class FailsInStream(Fault):
    """An ERROR event of another sort: what follows it is unknown."""

    owes = True

    async def speak(self, script, request, stream, events) -> None:
        error = {"type": "ERROR", "object": status(500, "InternalError", "decoding failed")}
        await told(stream, [*events[:2], error])


class CutsMidLine(Fault):
    """The connection breaks inside an event."""

    async def speak(self, script, request, stream, events) -> None:
        text = lines(events)
        await stream.write(part(text, script.history.random))
        cut(request)


class EndsMidLine(Fault):
    """The stream ends politely, but inside an event."""

    async def speak(self, script, request, stream, events) -> None:
        text = lines(events)
        await stream.write(part(text, script.history.random))


class EndsAtOnce(Fault):
    """EOF before anything."""


class Repeats(Fault):
    """Every event twice, and then all of them again."""

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, [e for event in events for e in (event, event)] + events)


class Reorders(Fault):
    """The events of the stream in any order."""

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, script.history.random.sample(events, len(events)))


class TellsOldNews(Fault):
    """The events, and then some of what was told long ago."""

    async def speak(self, script, request, stream, events) -> None:
        old = script.history.since(0)
        chosen = script.history.random.choices(old, k=3) if old else []
        await told(stream, events + chosen)


class Stalls(Fault):
    """Events, then silence on an open connection."""

    owes = True

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, events[: len(events) // 2])
        await silent(request)


class HalfOpen(Fault):
    """Half an event, then silence: the other side is gone and nobody said so."""

    owes = True

    async def speak(self, script, request, stream, events) -> None:
        text = lines(events)
        await stream.write(text[: len(text) // 2] or b"{")
        await silent(request)


class Throttles(Fault):
    """429, plain text."""

    async def serve(self, script: Script, request: web.Request, version: int) -> web.Response:
        return too_many()


class ShutsDown(Fault):
    """503, as a server that is stopping says it."""

    async def serve(self, script: Script, request: web.Request, version: int) -> web.Response:
        answer = status(503, "ServiceUnavailable", "apiserver is shutting down")
        return web.json_response(answer, status=503, headers={"Retry-After": "1"})


class Breaks(Fault):
    """500: the version may be the reason, so it is not tried again."""

    owes = True

    async def serve(self, script: Script, request: web.Request, version: int) -> web.Response:
        script.owed += 1
        return web.json_response(status(500, "", "strconv.ParseUint"), status=500)


class Garbles(Fault):
    """A line that is no JSON."""

    owes = True

    async def speak(self, script, request, stream, events) -> None:
        await stream.write(lines(events[:1]) + b"<html>\n")


class Marks(Fault):
    """Bookmarks, one of them late, and EOF."""

    async def speak(self, script, request, stream, events) -> None:
        versions = [str(script.history.version), str(script.history.oldest)]
        marks = [
            {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": v}}}
            for v in versions
        ]
        await told(stream, [*events, *marks])


class Forgets(Fault):
    """EOF, and the history is compacted while the client is away."""

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, events[:1])
        script.history.some()
        script.history.compact()


QUICK = (
    *(GoneAtOnce, GoneInStream, FailsInStream, CutsMidLine, EndsMidLine, EndsAtOnce, Repeats),
    *(Reorders, TellsOldNews, Throttles, ShutsDown, Breaks, Garbles, Marks, Forgets),
)


SLOW = (Stalls, HalfOpen)


LISTS = (None, None, None, "429", "500", "garbled", "late")
