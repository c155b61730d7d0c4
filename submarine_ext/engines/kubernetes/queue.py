"""Asks Kueue for places in queues: one request a queue every while, as long as somebody waits.

There is no watch for places. However many jobs wait in a queue, its list is asked for once,
as whoever the first of them acts; where the list cannot be had (an older Kueue, no right)
nobody has a place, and it is asked for again after a long while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.diagnosis.facts import items, part
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.placement import Identity, Placement
from submarine_ext.engines.kubernetes.transport import Api

GROUP = "visibility.kueue.x-k8s.io"
VERSIONS = ("v1beta2", "v1beta1")
LONGEST = "1000"  # as many as Kueue lists by itself
REFUSED = 600.0  # seconds until a list that could not be had is asked for again

Key = tuple[str, str, Identity]


class _Waiter(Struct, frozen=True):
    key: Key
    wake: Callable[[], None]


class Positions:
    """Places from 1, by the uid of the object that waits. ``pause`` is in seconds."""

    def __init__(self, pause: float = 15.0) -> None:
        self._pause = pause
        self._waiters: dict[str, _Waiter] = {}
        self._known: dict[str, int] = {}
        self._asking: dict[Key, asyncio.Task[None]] = {}

    def attend(self, placement: Placement, api: Api, uid: str, wake: Callable[[], None]) -> None:
        """Look after the place of this object; ``wake`` is called when it is another."""
        if placement.queue is None or uid in self._waiters:
            return
        key = (placement.namespace, placement.queue, placement.identity)
        self._waiters[uid] = _Waiter(key, wake)
        if key not in self._asking:
            name = f"places in the queue {placement.queue} of {placement.namespace}"
            self._asking[key] = asyncio.create_task(self._ask(key, api), name=name)

    def of(self, uid: str) -> int | None:
        """The place, where it is known."""
        return self._known.get(uid)

    def leave(self, uid: str) -> None:
        """It waits no more; the last of a queue ends the asking."""
        self._known.pop(uid, None)
        waiter = self._waiters.pop(uid, None)
        if (
            waiter
            and not self._of_queue(waiter.key)
            and (task := self._asking.pop(waiter.key, None))
        ):
            task.cancel()

    async def close(self) -> None:
        """Ask no more."""
        tasks = [*self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: Key, api: Api) -> None:
        while True:
            try:
                found = await _pending(api, *key[:2])
            except ApiError as error:
                pause = self._pause if error.transient else REFUSED
            else:
                pause = self._pause
                self._tell(key, found)
            await asyncio.sleep(pause)

    def _tell(self, key: Key, found: dict[str, int]) -> None:
        for uid in self._of_queue(key):
            place = found.get(uid)
            if place == self._known.get(uid):
                continue
            if place is None:
                del self._known[uid]
            else:
                self._known[uid] = place
            self._waiters[uid].wake()

    def _of_queue(self, key: Key) -> list[str]:
        return [uid for uid, waiter in self._waiters.items() if waiter.key == key]


async def _pending(api: Api, namespace: str, queue: str) -> dict[str, int]:
    """Places by the uids of what owns the Workloads that wait.

    :raises ApiError: also 404, where this Kueue has no such list.
    """
    for version in VERSIONS:
        path = (
            f"/apis/{GROUP}/{version}/namespaces/{namespace}/localqueues/{queue}/pendingworkloads"
        )
        try:
            return _places(await api.request("GET", path, params={"limit": LONGEST}))
        except ApiError as error:
            if error.status != 404 or version == VERSIONS[-1]:
                raise
    raise AssertionError("the last version answers or raises")


def _places(listed: Object) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items(listed, "items"):
        place: Any = item.get("positionInLocalQueue")
        for owner in items(part(item, "metadata"), "ownerReferences"):
            if isinstance(place, int):
                found[str(owner.get("uid"))] = place + 1
    return found
