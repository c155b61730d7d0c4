"""The API server's parts in one place, and the hooks by which the others join them.

A part (access, admission, controllers, kubelet) is a function ``install(server)`` that is
named in ``parts``: it sets ``authenticate``/``authorize``, appends to
``registry.mutating``/``validating``, puts handlers into ``subresources``/``reviews``, and
starts controllers with ``background``. Nothing here knows a part.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from .calls import ADMIN, ANONYMOUS, Call, User
from .faults import Faults
from .inside import Inside
from .kinds import Kinds
from .registry import Registry
from .status import Object, Refused, failure
from .storage import Storage

#: Answers a subresource of its own, e.g. ``("pods", "log")``, with a stream or a body.
Subresource = Callable[[Call, web.Request], Awaitable[web.StreamResponse]]
#: Answers a POST that stores nothing, e.g. ``selfsubjectaccessreviews.authorization.k8s.io``.
Review = Callable[[Call, Object], Object]


@dataclass
class Settings:
    """What a test may choose. Times in seconds."""

    #: CRDs to install: "kueue", "trainjob", … (``custom.SETS``), or single file names.
    crds: tuple[str, ...] = ()
    #: Namespaces that exist from the start.
    namespaces: tuple[str, ...] = ("default", "kube-system", "team-a", "team-b")
    #: Bookmarks of a quiet watch.
    bookmark_seconds: float = 60.0
    #: Where parts keep files (pods' folders, logs); removed with the cluster.
    folder: Path = Path()
    #: Parts that are not installed: "jobs", "kubelet", … for tests that play them by hand.
    without: tuple[str, ...] = ()
    #: For parts: anything else, by name (``Cluster(nodes=…)``).
    more: dict[str, Any] = field(default_factory=dict)


class Server:
    """One fake API server. Everything runs on the loop that ``start`` ran on."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.storage, self.kinds = Storage(), Kinds()
        self.registry = Registry(self.storage, self.kinds)
        self.faults = Faults()
        #: (verb, path without names of objects' namespaces left in) → how often.
        self.requests: Counter[tuple[str, str]] = Counter()
        self.tokens: dict[str, User] = {"admin-token": ADMIN}
        #: Who asks (impersonation included); raises Refused 401 or 403.
        self.authenticate: Callable[[web.Request], User] = self._by_token
        #: Raises Refused 403. Also asked for paths that are no resource.
        self.authorize: Callable[[Call], None] = lambda _: None
        self.subresources: dict[tuple[str, str], Subresource] = {}
        self.reviews: dict[str, Review] = {}
        #: Called (and awaited) when the cluster stops, before its loop ends.
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self._controllers: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        #: What a controller died of: a test fails with it.
        self.crashes: list[BaseException] = []
        for namespace in self.settings.namespaces:
            self.inside("namespace").create("namespaces", "", {"metadata": {"name": namespace}})

    def inside(self, name: str) -> Inside:
        """A client for the controller of that name."""
        return Inside(self.registry, name)

    def background(self, controller: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run it as a task while the cluster lives; an exception fails the test."""
        self._controllers.append(controller)

    def start_controllers(self) -> None:
        for controller in self._controllers:
            task = asyncio.get_running_loop().create_task(controller())  # type: ignore[arg-type]
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in self.closing:
            await close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (crash := task.exception()):
            self.crashes.append(crash)

    def _by_token(self, request: web.Request) -> User:
        header = request.headers.get("Authorization")
        if header is None:
            return ANONYMOUS
        user = self.tokens.get(header.removeprefix("Bearer ").strip())
        if user is None:
            raise unauthorized()
        return user


def unauthorized() -> Refused:
    return failure(401, "Unauthorized", "Unauthorized")
