"""A live copy of the objects of one kind, namespace and identity: list, then watch, for ever.

Whatever the network and the server do (410 in both forms, cuts, silence, stalls, restarts),
the copy ends up equal to the server's list. Must not know what the objects mean.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from submarine_ext.engines.kubernetes.answers import ApiError, from_status
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource

if TYPE_CHECKING:  # it brings aiohttp, which nobody needs to name these
    from submarine_ext.engines.kubernetes.transport import Api

log = logging.getLogger(__name__)

PAGE = 500  # objects of a list at once; fewer where they are large
LONGEST = 64 << 20  # bytes of one event; etcd holds no object near that
# Nobody was there, or nobody had time: where we stopped is still where we stopped.
RESUMABLE = {0, 401, 429, 502, 503, 504}
GRAVES = 4096  # how many deletions since the list are remembered


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """Times in seconds, and where time and chance come from (tests bring their own)."""

    first: float = 1.0  # the first wait, doubled with each failure in a row
    cap: float = 30.0
    refused: float = 60.0  # after a refusal that only an administrator can undo
    settled: float = 10.0  # a watch of that age was a good one
    silence: float = 150.0  # bookmarks come every 60
    window: tuple[int, int] = (300, 600)  # how long a watch is asked for
    clock: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=random.Random)


class Relist(Exception):
    """The stream can no longer be trusted."""


class Informer:
    """``changed`` is told each object that is new, changed or (True) gone, on the event loop;
    ``health`` whether the copy follows the server, and if not why, in one plain sentence.
    """

    def __init__(  # noqa: PLR0913 (all but three are by name)
        self,
        api: Api,
        resource: Resource,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        keep: Callable[[Object], Object],
        changed: Callable[[Object, bool], None],
        health: Callable[[bool, str | None], None],
        bookmarks: bool = True,
        rhythm: Rhythm | None = None,
    ) -> None:
        self.objects: dict[str, Object] = {}
        self.unhealthy_since: float | None = time.time()  # epoch; None: it follows
        self._api = api
        self._resource = resource
        self._path = resource.path(namespace)
        self._select = {
            name: value
            for name, value in (("labelSelector", labels), ("fieldSelector", fields))
            if value
        }
        self._keep = keep
        self._changed = changed
        self._health = health
        self._bookmarks = bookmarks
        self._rhythm = rhythm or Rhythm()
        self._page = PAGE
        self._synced = asyncio.Event()
        self._told: tuple[bool, str | None] | None = None
        self._failures = 0
        self._version: str | None = None  # to watch from; None: list first
        self._floor = ""  # the list's version: what is not newer is known
        self._versions: dict[str, str] = {}
        self._graves: dict[str, str] = {}

    async def synced(self) -> None:
        """Wait until the first list is in."""
        await self._synced.wait()

    async def run(self) -> None:
        """Follow the server until cancelled."""
        while True:
            wait = 0.0
            try:
                if self._version is None:
                    await self._list()
                await self._watch()
            except Relist:
                self._version = None
            except ApiError as error:
                wait = self._failed(error)
            except Exception:  # what no API server says must not end the watch
                log.exception("What the cluster says of %s makes no sense", self._path)
                wait = self._failed(ApiError(0, "Garbled", "The cluster's answer has no sense."))
            await self._rest(wait)

    async def _list(self) -> None:
        """:raises ApiError: 410 too, when a later page's version is gone: begin again."""
        found: dict[str, Object] = {}
        versions: dict[str, str] = {}
        params = {"limit": str(self._page), **self._select}
        while True:
            page = await self._api.request("GET", self._path, params=params)
            for item in page.get("items") or []:
                self._take(item, found, versions)
            about = page.get("metadata") or {}
            if not about.get("continue"):
                break
            params["continue"] = about["continue"]
        self._version = self._floor = str(about.get("resourceVersion") or "")
        self._replace(found, versions)
        self._synced.set()

    def _take(self, item: Object, found: dict[str, Object], versions: dict[str, str]) -> None:
        uid, version = _known(item)
        if uid:
            versions[uid] = version
            found[uid] = self._kept(item)

    def _replace(self, found: dict[str, Object], versions: dict[str, str]) -> None:
        """The list is the truth: what is not in it is gone, however the news got lost."""
        before, known = self.objects, self._versions
        self.objects, self._versions = found, versions
        self._graves.clear()
        for uid, item in before.items():
            if uid not in found:
                self._changed(item, True)  # noqa: FBT003 (the contract)
        for uid, item in found.items():
            if known.get(uid) != versions[uid]:
                self._changed(item, False)  # noqa: FBT003

    async def _watch(self) -> None:
        began = self._rhythm.clock()
        try:
            await self._follow()
        finally:
            if self._rhythm.clock() - began >= self._rhythm.settled:
                self._failures = 0

    async def _follow(self) -> None:
        assert self._version is not None
        window = self._rhythm.random.randint(*self._rhythm.window)
        params = {
            "watch": "1",
            "resourceVersion": self._version,
            "timeoutSeconds": str(window),
            **({"allowWatchBookmarks": "true"} if self._bookmarks else {}),
            **self._select,
        }
        # Events have no bookmarks: there a stream that outlives its window is a dead one.
        silence = self._rhythm.silence if self._bookmarks else window + self._rhythm.cap
        async with self._api.stream(self._path, params, silence=silence) as pieces:
            self._say(healthy=True, why=None)
            rest = b""
            async for piece in pieces:
                rest = self._lines(rest + piece)

    def _lines(self, held: bytes) -> bytes:
        """Apply the whole lines, give back the rest; what is cut off there comes again."""
        *lines, rest = held.split(b"\n")
        for line in lines:
            if line.strip():
                self._event(_parsed(line))
        if len(rest) > LONGEST:
            raise Relist
        return rest

    def _event(self, event: Object) -> None:
        item = event.get("object")
        if not isinstance(item, dict):
            raise Relist
        if event.get("type") == "ERROR":
            error = from_status(item)
            if error.status == 429:
                raise error
            raise Relist
        uid, version = _known(item)
        if event.get("type") != "BOOKMARK" and uid:
            self._apply(uid, version, item, deleted=event.get("type") == "DELETED")
        if version and not _reached(version, self._version or ""):
            self._version = version

    def _apply(self, uid: str, version: str, item: Object, *, deleted: bool) -> None:
        if self._stale(uid, version, deleted=deleted):
            return
        if deleted:
            self._bury(uid, version, item)
            return
        self._versions[uid] = version
        self.objects[uid] = self._kept(item)
        self._changed(self.objects[uid], False)  # noqa: FBT003

    def _stale(self, uid: str, version: str, *, deleted: bool) -> bool:
        """Told before, or overtaken: by the list, by a newer state, by its deletion."""
        known, grave = self._versions.get(uid, ""), self._graves.get(uid, "")
        if deleted:  # some servers tell it with the last version that the object had
            return _reached(version, grave) or (version != known and _reached(version, known))
        return any(_reached(version, mark) for mark in (self._floor, known, grave))

    def _bury(self, uid: str, version: str, item: Object) -> None:
        self._graves[uid] = version  # what it was before may still be told
        if len(self._graves) > GRAVES:
            del self._graves[next(iter(self._graves))]
        self._versions.pop(uid, None)
        if self.objects.pop(uid, None) is not None:
            self._changed(self._kept(item), True)  # noqa: FBT003

    def _kept(self, item: Object) -> Object:
        item.setdefault("apiVersion", self._resource.api_version)  # lists leave them out
        item.setdefault("kind", self._resource.kind)
        item["metadata"].pop("managedFields", None)
        return self._keep(item)

    def _failed(self, error: ApiError) -> float:
        """Say so, and whether a new list is needed; the least time to wait."""
        if error.reason in {"Silence", "Garbled"} or error.status not in RESUMABLE:
            self._version = None
        if error.status == 410:
            return 0.0
        if error.reason == "TooLong":
            self._page = max(1, self._page // 2)
        self._say(healthy=False, why=error.message)
        return error.retry_after or (0.0 if error.transient else self._rhythm.refused)

    async def _rest(self, least: float) -> None:
        """Never at once, longer after each failure, and never all informers together."""
        usual = min(self._rhythm.cap, self._rhythm.first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        chance = self._rhythm.random.random()
        wait = max(least * (1 + chance / 4), usual * (1 + chance) / 2)
        await self._api.pace.rest(wait)

    def _say(self, *, healthy: bool, why: str | None) -> None:
        if healthy:
            self.unhealthy_since = None
        elif self.unhealthy_since is None:
            self.unhealthy_since = time.time()
        if self._told != (healthy, why):
            self._told = (healthy, why)
            self._health(healthy, why)


def _known(item: Object) -> tuple[str, str]:
    about = item.get("metadata") or {}
    return str(about.get("uid") or ""), str(about.get("resourceVersion") or "")


def _parsed(line: bytes) -> Object:
    try:
        event: Any = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise Relist from error
    if not isinstance(event, dict):
        raise Relist
    return event


def _reached(version: str, mark: str) -> bool:
    """Whether the mark is that version or a later one. Versions are numbers that only grow
    (promised since Kubernetes 1.35, true before); anything else is equal or not comparable.
    """
    if version.isdecimal() and mark.isdecimal():
        return int(version) <= int(mark)
    return version == mark
