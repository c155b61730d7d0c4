"""What a small API server says of one collection: its history, its pages, its faults.

Smaller than ``tests.cluster`` on purpose: it answers in the wrong order, twice, half or not at
all, exactly when a schedule wants it, and it counts what that must cost the client.
"""

from __future__ import annotations

import json
import random
from collections import deque

from aiohttp import web

from submarine_ext.engines.kubernetes.kinds.base import Resource
from tests.kubernetes.scripted import Object, gone, opened, silent, status, too_many

PODS = Resource("", "v1", "pods", "Pod")


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


def lines(events: list[Object]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


async def told(stream: web.StreamResponse, events: list[Object]) -> None:
    if events:
        await stream.write(lines(events))
