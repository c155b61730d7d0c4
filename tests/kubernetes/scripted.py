"""A small real server whose every answer a test decides, and time that a test lets pass."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api
from tests.cluster.closing import stop_listening, turns

Object = dict[str, Any]


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        await stop_listening(self._runner)
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()  # type: ignore[attr-defined]

    async def up(self) -> None:
        """Listen, on the same port as before."""
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aexit__(self, *_: object) -> None:
        await stop_listening(self._runner)
        await self._runner.cleanup()
        await turns()


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


async def opened(request: web.Request) -> web.StreamResponse:
    """An answer of 200 that streams."""
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    stream.enable_chunked_encoding()
    await stream.prepare(request)
    return stream


async def silent(request: web.Request) -> None:
    """Say nothing until the client goes away."""
    with contextlib.suppress(asyncio.CancelledError):
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.05)


def cut(request: web.Request) -> None:
    """The connection is gone, without a goodbye."""
    assert request.transport is not None
    request.transport.abort()  # type: ignore[attr-defined]


@asynccontextmanager
async def session(answer: Answer, folder: Path, clock: Clock | None = None) -> AsyncIterator[Api]:
    async with Server(answer) as server:
        api = await connect(folder, server.url, clock)
        try:
            yield api
        finally:
            await api.close()


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"hello": True})
