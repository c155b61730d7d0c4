"""The garbage collector: what goes when its owner goes, and what stays.

Why it exists: the engine gives everything of an attempt to one object and relies on this to
leave nothing behind; a wrong uid must cost it the ConfigMap here as on a real cluster.
Event-driven: every write is noted at once, the work happens in ``run``.
Must not know: HTTP, what the objects mean.
Source: recordings/deletion-and-gc.json; https://kubernetes.io/docs/concepts/architecture/
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from typing import Any

from .inside import Inside
from .registry import Registry
from .server import Server
from .status import Object
from .storage import Change, Key

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
Item = tuple[str, Key]


class Garbage:
    """Follows every object's owners; ``delay`` seconds pass between a write and the work."""

    def __init__(self, registry: Registry, delay: float = 0.0) -> None:
        self._storage, self._kinds = registry.storage, registry.kinds
        self._client, self._delay = Inside(registry, "generic-garbage-collector"), delay
        self._owned: dict[str, set[Item]] = defaultdict(set)
        self._owners: dict[Item, set[str]] = {}
        self._todo: OrderedDict[Item, None] = OrderedDict()
        self._woken = asyncio.Event()
        self._storage.listeners.append(self._note)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(self._delay)
            self._woken.clear()
            while self._todo:
                item, _ = self._todo.popitem(last=False)
                self._process(item)

    def idle(self) -> bool:
        """Whether nothing waits to be looked at."""
        return not self._todo

    def _note(self, resource: str, change: Change) -> None:
        item, metadata = (resource, change.record.key), change.record.object["metadata"]
        uid = metadata.get("uid", "")
        for owner in self._owners.pop(item, set()):
            self._owned[owner].discard(item)
        if change.type == "DELETED":
            for dependent in sorted(self._owned.pop(uid, set())):
                self._queue(dependent)
            self._queue_owners(metadata)
            return
        references = metadata.get("ownerReferences") or []
        if references:
            self._owners[item] = {reference["uid"] for reference in references}
            for owner in self._owners[item]:
                self._owned[owner].add(item)
        if references or _dying(metadata):
            self._queue(item)

    def _queue(self, item: Item) -> None:
        self._todo[item] = None
        self._woken.set()

    def _queue_owners(self, metadata: Object) -> None:
        """An owner that waits for its dependents may now go."""
        for reference in metadata.get("ownerReferences") or []:
            owner = self._owner(reference, metadata.get("namespace", ""))
            if owner is not None and owner[1] is not None:
                self._queue(owner[0])

    def _process(self, item: Item) -> None:
        resource, key = item
        record = self._storage.get(resource, *key)
        if record is None:
            return
        metadata = record.object["metadata"]
        if _dying(metadata) and ORPHAN in metadata["finalizers"]:
            self._release(item, metadata["uid"])
        elif _dying(metadata) and FOREGROUND in metadata["finalizers"]:
            self._wait_for_dependents(item, metadata["uid"])
        elif metadata.get("ownerReferences") and "deletionTimestamp" not in metadata:
            self._judge(item, metadata)

    def _release(self, item: Item, uid: str) -> None:
        for resource, key in sorted(self._owned.get(uid, set())):
            self._client.change(resource, *key, lambda obj: _disowned(obj, {uid}))
        self._unblock(item, ORPHAN)

    def _wait_for_dependents(self, item: Item, uid: str) -> None:
        for dependent in sorted(self._owned.get(uid, set())):
            record = self._storage.get(dependent[0], *dependent[1])
            if record is not None and "deletionTimestamp" not in record.object["metadata"]:
                self._judge(dependent, record.object["metadata"])
        if not any(self._blocks(one, uid) for one in self._owned.get(uid, set())):
            self._unblock(item, FOREGROUND)

    def _blocks(self, item: Item, uid: str) -> bool:
        record = self._storage.get(item[0], *item[1])
        references = record.object["metadata"].get("ownerReferences") or [] if record else []
        return any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in references)

    def _judge(self, item: Item, metadata: Object) -> None:
        """Keep what has an owner; delete what has none left."""
        solid, waiting, absent = set(), set(), set()
        for reference in metadata["ownerReferences"]:
            found = self._owner(reference, metadata.get("namespace", ""))
            if found is None:  # of a kind that nobody serves: never decided
                return
            owner = found[1]
            if owner is None:
                absent.add(reference["uid"])
            elif _dying(owner) and FOREGROUND in owner["finalizers"]:
                waiting.add(reference["uid"])
            else:
                solid.add(reference["uid"])
        if solid:
            if waiting | absent:
                gone = waiting | absent
                self._client.change(item[0], *item[1], lambda obj: _disowned(obj, gone))
        else:
            has_own = bool(self._owned.get(metadata["uid"]))
            policy = "Foreground" if waiting and has_own else "Background"
            self._client.delete(item[0], *item[1], propagation=policy, uid=metadata["uid"])

    def _unblock(self, item: Item, finalizer: str) -> None:
        self._client.change(item[0], *item[1], lambda obj: _without(obj, finalizer))

    def _owner(self, reference: Object, namespace: str) -> tuple[Item, Object | None] | None:
        """Return where the owner is and its metadata; None for a kind that nobody serves."""
        resource = self._kinds.of_kind(reference["apiVersion"], reference["kind"])
        if resource is None:
            return None
        key = (namespace if resource.namespaced else "", reference["name"])
        record = self._storage.get(resource.id, *key)
        metadata = record.object["metadata"] if record else None
        same = metadata is not None and metadata["uid"] == reference["uid"]
        return (resource.id, key), metadata if same else None


def install(server: Server) -> None:
    """Join the server. Option: ``collector_seconds`` between a write and the collection (0)."""
    delay = server.settings.more.get("collector_seconds", 0.0)
    server.background(Garbage(server.registry, delay).run)


def _dying(metadata: Object) -> bool:
    return "deletionTimestamp" in metadata and bool(metadata.get("finalizers"))


def _disowned(obj: Object, uids: set[str]) -> Object:
    metadata = obj["metadata"]
    kept = [r for r in metadata.get("ownerReferences") or [] if r["uid"] not in uids]
    return _with(obj, "ownerReferences", kept)


def _without(obj: Object, finalizer: str) -> Object:
    metadata = obj["metadata"]
    return _with(obj, "finalizers", [f for f in metadata["finalizers"] if f != finalizer])


def _with(obj: Object, key: str, values: list[Any]) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name != key}
    if values:
        metadata[key] = values
    return {**obj, "metadata": metadata}
