"""The cluster for tests: a fake API server in a thread of its own, over real HTTP.

``async with Cluster() as cluster:`` or ``with Cluster() as cluster:``. The test's own loop
stays free, and synchronous clients work too. Ends everything it began: parts first (pods'
processes), then the loop, then the folder.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from aiohttp import web

from . import grants, parts
from .calls import ADMIN, User
from .closing import stop_listening, turns
from .inside import Inside
from .server import Server, Settings
from .serving import Serving

T = TypeVar("T")
HOST = "127.0.0.1"


class Cluster:
    """A cluster, from ``start`` to ``stop``. Options: the fields of ``Settings``, and parts'."""

    def __init__(self, *, port: int = 0, **options: Any) -> None:
        known = {name: options.pop(name) for name in list(options) if name in FIELDS}
        self.folder = Path(tempfile.mkdtemp(prefix="cluster-"))
        self.settings = Settings(**{"folder": self.folder, **known}, more=options)
        for name in ("crds", "namespaces", "without"):
            setattr(self.settings, name, tuple(getattr(self.settings, name)))
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fake cluster", daemon=True)
        self._runner: web.AppRunner | None = None
        self.server: Server

    # -- life ---------------------------------------------------------------------------

    def start(self) -> Self:
        self._thread.start()
        try:
            self.call(self._open)
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Raises what a controller died of."""
        try:
            self.call(self._close)
        finally:
            self._end()
        if self.server.crashes:
            raise self.server.crashes[0]

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    # -- what tests use -----------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of the administrator (``system:masters``)."""
        return self.kubeconfig_for("admin")

    def kubeconfig_for(
        self, name: str, namespace: str = "team-a", groups: tuple[str, ...] = ()
    ) -> Path:
        """A kubeconfig with a token for a user of that name, who is made where unknown."""
        token = f"{name}-token"
        if token not in self.server.tokens:
            user = ADMIN if name == "admin" else User(name, (*groups, "system:authenticated"))
            self.server.tokens[token] = user
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(yaml.safe_dump(_kubeconfig(self.url, name, token, namespace)))
        path.chmod(0o600)
        return path

    async def grant(self, account: str, namespace: str, rules: list[dict[str, Any]]) -> Path:
        """A kubeconfig of a new ServiceAccount with a Role of these rules, made over HTTP."""
        return await grants.grant(self.kubeconfig, account, namespace, rules)

    @property
    def faults(self) -> Any:
        """``cluster.faults.add(CutStream(when=watches("pods")))``; see ``faults``."""
        return self.server.faults

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """(verb, path) → how often; ``clear()`` it to count anew."""
        return self.server.requests

    @property
    def inside(self) -> Inside:
        """A client with every right; call it through ``call`` (it lives on the other loop)."""
        return self.server.inside("test")

    def call(self, what: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Run a function or coroutine function on the cluster's loop and wait for its result."""

        if threading.current_thread() is self._thread:
            raise RuntimeError("on the cluster's own loop: call it directly")

        async def run() -> Any:
            found = what(*arguments, **named)
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    async def acall(self, what: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """``call`` from a coroutine, without blocking its loop."""
        return await asyncio.to_thread(self.call, what, *arguments, **named)

    def down(self) -> None:
        """The API goes away: connections break, new ones are refused. Pods run on."""
        self.call(self._stop_serving)

    def up(self) -> None:
        """Back, on the same port, with the same objects (and watch caches emptied)."""
        self.call(self.server.storage.forget)
        self.call(self._serve)

    def compact(self, *, caches: bool = True) -> None:
        """Old versions are gone: 410 for lists, and (``caches``) for watches too."""
        self.call(self.server.storage.compact)
        if caches:
            self.call(self.server.storage.forget)

    def cut_all(self) -> None:
        """Every open connection is reset."""
        self.call(self._cut_all)

    # -- the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        self.server = Server(self.settings)
        parts.install(self.server)
        await self._serve()
        self.server.start_controllers()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=3 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", Serving(self.server).handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def _stop_serving(self) -> None:
        if self._runner is None:
            return
        await stop_listening(self._runner)
        self._cut_all()
        await self._runner.cleanup()
        self._runner = None
        await turns()

    def _cut_all(self) -> None:
        handlers = self._runner.server.connections if self._runner and self._runner.server else []
        for handler in list(handlers):
            if handler.transport is not None:
                handler.transport.abort()

    async def _close(self) -> None:
        await self._stop_serving()
        await self.server.stop()
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in left:  # handlers of connections that were reset, and what they begin
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        # One that is closing waits for a client to read: its handler knows it no more.
        for transport in list(getattr(self._loop, "_transports", {}).values()):
            transport.abort()
        await turns()


FIELDS = set(Settings.__dataclass_fields__) - {"more"}


def _kubeconfig(url: str, user: str, token: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {"name": "fake", "context": {"cluster": "fake", "user": user, "namespace": namespace}}
        ],
        "current-context": "fake",
    }
