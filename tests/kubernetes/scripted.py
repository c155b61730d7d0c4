"""A small API server that does what a script says: one collection, its history, its faults.

Smaller than ``tests.cluster`` on purpose: it answers in the wrong order, twice, half or not at
all, exactly when a schedule wants it, and it counts what that must cost the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import json
import random
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from submarine_ext.engines.kubernetes.kinds.base import Resource
from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api

Object = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
PODS = Resource("", "v1", "pods", "Pod")


def kubeconfig(path: Path, server: str, user: Object | None = None, **cluster: Any) -> Path:
    """A kubeconfig with one context, ``here``, of namespace ``team-a``."""
    context = {"cluster": "c", "user": "u", "namespace": "team-a"}
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": context}],
                "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
                "users": [{"name": "u", "user": user or {"token": "a-token"}}],
            }
        )
    )
    return path


async def connect(path: Path, url: str, pace: Pace | None = None) -> Api:
    """A session with the server, through a kubeconfig in the folder."""
    settings = Settings(kubeconfig=str(kubeconfig(path / "kubeconfig", url)))
    return Api(await Keeper.open(settings), pace)


class Clock(Pace):
    """A session's pace on a clock of the test: nothing waits, and every begin is noted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun: list[float] = []
        self._busy = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        super().__init__(lambda: self.now, self._sleeping)

    async def turn(self) -> None:
        await super().turn()
        self.begun.append(self.now)
        self._busy += 1

    def report(self, *, here: bool) -> None:
        self._busy = max(0, self._busy - 1)
        super().report(here=here)

    async def pass_until(self, over: Callable[[], bool]) -> None:
        """Let time pass until it is over."""
        while not over():
            await self._quiet()
            while self._sleepers and not over():
                when, _, sleeper = heapq.heappop(self._sleepers)
                if not sleeper.done():
                    self.now = max(self.now, when)
                    sleeper.set_result(None)
                    break

    async def _quiet(self) -> None:
        """Until nothing is under way but sleep."""
        for _ in range(30):
            await asyncio.sleep(0)
        while self._busy:
            await asyncio.sleep(0)

    async def _sleeping(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, id(sleeper), sleeper))
        await sleeper


class Server:
    """``async with Server(answer) as server``: real HTTP on loopback."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await answer(request)

        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", handle)
        self._tls = tls
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.port = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self.up()
        return self

    async def down(self) -> None:
        """Refuse connections, and cut those that are open."""
        assert self._runner.server is not None
        await self._site.stop()
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()  # type: ignore[attr-defined]

    async def up(self) -> None:
        """Listen, on the same port as before."""
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await self._site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


def status(code: int, reason: str, message: str, **more: Any) -> Object:
    """A Status object."""
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**told, "message": message, "reason": reason, "code": code, **more}


def gone() -> Object:
    """The Status of a version that the server has forgotten."""
    return status(410, "Expired", "too old resource version: 1 (378)")


def too_many() -> web.Response:
    """What a throttled client is told: plain text."""
    text = "Too many requests, please try again later.\n"
    return web.Response(status=429, text=text, headers={"Retry-After": "1"})


class History:
    """A collection, and every change of it since the last compaction."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.version = 100
        self.oldest = 100
        self.objects: dict[str, Object] = {}
        self.changes: list[tuple[int, str, Object]] = []
        self._made = 0

    def add(self) -> None:
        self._made += 1
        self._put("ADDED", f"uid-{self._made}")

    def change(self) -> None:
        if self.objects:
            self._put("MODIFIED", self._any())

    def remove(self) -> None:
        """Deleted, or moved out of the selector: the watch tells no difference."""
        if self.objects:
            uid = self._any()
            self._put("DELETED", uid)
            del self.objects[uid]

    def back(self) -> None:
        """An object that left the selector comes back, under the same uid."""
        left = {c[2]["metadata"]["uid"] for c in self.changes} - set(self.objects)
        if left:
            self._put("ADDED", self.random.choice(sorted(left)))

    def some(self, most: int = 4) -> None:
        for _ in range(self.random.randint(1, most)):
            kinds = [self.add, self.add, self.change, self.change, self.remove, self.back]
            self.random.choice(kinds)()

    def compact(self) -> None:
        """Forget what came before now."""
        self.changes.clear()
        self.oldest = self.version

    def since(self, version: int) -> list[Object]:
        return [{"type": t, "object": o} for v, t, o in self.changes if v > version]

    def state(self) -> dict[str, str]:
        """What a client must end up with: uid to version."""
        return {uid: o["metadata"]["resourceVersion"] for uid, o in self.objects.items()}

    def _any(self) -> str:
        return self.random.choice(sorted(self.objects))

    def _put(self, kind: str, uid: str) -> None:
        self.version += self.random.randint(1, 3)
        about = {"uid": uid, "name": uid, "resourceVersion": str(self.version)}
        item = {"metadata": {**about, "managedFields": [{"manager": "m"}]}, "status": {}}
        self.objects[uid] = item
        self.changes.append((self.version, kind, item))


class Script:
    """Answers for one collection: each LIST and WATCH meets the next fault that is due.

    ``lists`` counts lists begun, ``owed`` the lists that the faults so far make necessary,
    ``requests`` everything. Once no fault is left, a last object ``marker`` is added.
    """

    page = 3

    def __init__(self, seed: int, watches: list[Fault], lists: list[str | None]) -> None:
        self.history = History(seed)
        self.watch_faults = deque(watches)
        self.list_faults = deque(lists)
        self.lists = self.owed = self.requests = 0
        self.resumed_from: list[str] = []
        self.marked = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if "watch" in request.query:
            return await self._watched(request)
        return self._listed(request)

    def _listed(self, request: web.Request) -> web.Response:
        mark = request.query.get("continue")
        if mark is None:
            self.lists += 1
            fault = self.list_faults.popleft() if self.list_faults else None
            if fault is not None and (answer := self._refused(fault)):
                self.owed += 1
                return answer
            self._pages = (str(self.history.version), list(self.history.objects.values()))
        version, items = self._pages
        if mark and self.list_faults and self.list_faults[0] == "late":
            self.list_faults.popleft()
            self.owed += 1
            self.history.some()
            return web.json_response(gone(), status=410)
        return self._page(version, items, int(mark or 0))

    def _refused(self, fault: str) -> web.Response | None:
        if fault == "429":
            return too_many()
        if fault == "500":
            return web.json_response(status(500, "InternalError", "etcd is away"), status=500)
        if fault == "garbled":
            return web.Response(text='{"kind": "PodL')
        if fault == "late":
            self.list_faults.appendleft(fault)
        return None

    def _page(self, version: str, items: list[Object], start: int) -> web.Response:
        end = start + self.page
        about = {"resourceVersion": version}
        if end < len(items):
            about["continue"] = str(end)
        part: list[Object] | None = items[start:end] or None  # null where there is nothing
        return web.json_response({"kind": "PodList", "metadata": about, "items": part})

    async def _watched(self, request: web.Request) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        self.resumed_from.append(request.query["resourceVersion"])
        if version < self.history.oldest:
            return await self._forgotten(request)
        if self.watch_faults:
            self.history.some()  # while the client was away
            return await self.watch_faults.popleft().serve(self, request, version)
        return await self._calm(request, version)

    async def _forgotten(self, request: web.Request) -> web.StreamResponse:
        self.owed += 1
        if self.history.random.random() < 0.5:
            return web.json_response(gone(), status=410)
        stream = await opened(request)
        await told(stream, [{"type": "ERROR", "object": gone()}])
        return stream

    async def _calm(self, request: web.Request, version: int) -> web.StreamResponse:
        if not self.marked:
            self.marked = True
            self.history.add()
            self.history.changes[-1][2]["marker"] = True
        stream = await opened(request)
        await told(stream, self.history.since(version))
        await silent(request)
        return stream


class Fault:
    """How one WATCH goes wrong. ``owes``: whether only a new list can follow."""

    owes = False

    async def serve(self, script: Script, request: web.Request, version: int) -> web.StreamResponse:
        script.owed += self.owes
        script.history.some()
        stream = await opened(request)
        await self.speak(script, request, stream, script.history.since(version))
        return stream

    async def speak(
        self,
        script: Script,
        request: web.Request,
        stream: web.StreamResponse,
        events: list[Object],
    ) -> None:
        """What it tells of the events before the stream ends."""


async def opened(request: web.Request) -> web.StreamResponse:
    """An answer of 200 that streams."""
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    stream.enable_chunked_encoding()
    await stream.prepare(request)
    return stream


def lines(events: list[Object]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


async def told(stream: web.StreamResponse, events: list[Object]) -> None:
    if events:
        await stream.write(lines(events))


async def silent(request: web.Request) -> None:
    """Say nothing until the client goes away."""
    with contextlib.suppress(asyncio.CancelledError):
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.05)


def cut(request: web.Request) -> None:
    """The connection is gone, without a goodbye."""
    assert request.transport is not None
    request.transport.abort()  # type: ignore[attr-defined]
