"""WATCH: history as a stream of lines, with bookmarks, resume, 410 and initial events.

A watch is a position in a table's history, so that a slow reader costs nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from .kinds import Resource
from .selectors import Matches
from .status import Object, Refused, expired
from .storage import Change, Record, Storage, Table

#: Fields of an empty object of a kind, as a bookmark of the real server carries them.
HOLLOW: dict[str, Object] = {
    "pods": {"spec": {"containers": None}, "status": {}},
    "jobs.batch": {
        "spec": {"template": {"metadata": {}, "spec": {"containers": None}}},
        "status": {},
    },
}
#: A watch sends at most this many bytes of lines in one write.
BATCH = 256 * 1024


@dataclass
class Watch:
    """What a watch was asked for. Times in seconds."""

    resource: Resource
    namespace: str
    matches: Matches
    #: None: begin with what is there.
    revision: int | None
    bookmarks: bool = False
    #: End the initial events with a marked bookmark.
    mark_initial: bool = False
    initial: bool = False
    timeout: float | None = None
    metadata_only: bool = False
    every: float = 60.0


async def lines(storage: Storage, watch: Watch) -> AsyncIterator[list[bytes]]:
    """Batches of lines (with newline) until ``timeoutSeconds``; a 410 is a line and the end."""
    table = storage.tables[watch.resource.id]
    loop = asyncio.get_running_loop()
    began = loop.time()
    timeout = watch.timeout if watch.timeout is not None else random.uniform(1800, 3600)
    clock = Clock(began, began + timeout, watch.every, watch.bookmarks and watch.resource.cached)
    woken = asyncio.Event()
    table.waiting.add(woken)
    try:
        position = watch.revision
        if position is None or watch.initial:
            position = storage.revision
            yield _initial(storage, watch)
        elif refusal := too_old(storage, table, watch.resource, position):
            yield [line("ERROR", refusal.body or {})]
            return
        began_at = position
        while (now := loop.time()) < clock.end:
            woken.clear()
            changes = table.since(position)
            if changes:
                position = changes[-1].revision
                batch = [text for change in changes if (text := told(watch, change))]
                if batch:
                    yield batch
            elif position <= storage.revision and clock.due(now, began_at, storage.revision):
                position = storage.revision
                yield [bookmark(watch, position)]
            else:
                # A version from the future: nothing is said until it is reached.
                until = clock.next(now) if position <= storage.revision else clock.end
                await _wait(woken, until - now)
        if position <= storage.revision and clock.last(clock.end, began_at, storage.revision):
            yield [bookmark(watch, storage.revision)]  # woken late, it is sent all the same
    finally:
        table.waiting.discard(woken)


class Clock:
    """When a watch sends bookmarks: every ``every`` seconds, and shortly before its end."""

    def __init__(self, began: float, end: float, every: float, bookmarks: bool) -> None:
        self.end, self._began, self._every, self._wanted = end, began, every, bookmarks
        self._periodic = began + every
        #: Two seconds of sixty.
        self._last = end - every / 30
        self._said_last = self._last <= began

    def due(self, now: float, began_at: int, revision: int) -> bool:
        if not self._wanted:
            return False
        if now >= self._periodic:
            self._periodic += self._every
            return True
        return self.last(now, began_at, revision)

    def last(self, now: float, began_at: int, revision: int) -> bool:
        """Whether the one shortly before the end is due."""
        if not self._wanted or self._said_last or now < self._last:
            return False
        self._said_last = True
        # Nothing new is not said in a short watch: etcd reports its progress now and then.
        return revision > began_at or now - self._began > self._every / 6

    def next(self, now: float) -> float:
        times = [self.end]
        if self._wanted:
            times.append(self._periodic)
            if not self._said_last:
                times.append(self._last)
        return max(now, min(times))


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await woken.wait()
    except TimeoutError:
        pass


def too_old(storage: Storage, table: Table, resource: Resource, revision: int) -> Refused | None:
    """The 410 of a watch from a version that is no longer known."""
    if not resource.cached:
        if revision < storage.compacted:
            return expired("The resourceVersion for the provided watch is too old.")
        return None
    if revision < table.floor:
        return expired(f"too old resource version: {revision} ({table.floor})")
    return None


def _initial(storage: Storage, watch: Watch) -> list[bytes]:
    records = storage.records(watch.resource.id, watch.namespace)
    batch = [_line("ADDED", watch, record) for record in records if watch.matches(record.object)]
    if watch.mark_initial and watch.bookmarks:
        annotations = {"k8s.io/initial-events-end": "true"}
        batch.append(bookmark(watch, storage.revision, annotations))
    return batch


def told(watch: Watch, change: Change) -> bytes | None:
    """The line of a change, as this watch's selectors see it."""
    if watch.namespace and change.record.key[0] != watch.namespace:
        return None
    now = change.type != "DELETED" and watch.matches(change.record.object)
    was = change.before is not None and watch.matches(change.before.object)
    if now:
        return _line("MODIFIED" if was else "ADDED", watch, change.record)
    if was:
        return _line("DELETED", watch, _left(change))
    return None


def _left(change: Change) -> Record:
    """What a watch is told of an object that left its selector: the state before, new version."""
    if change.type == "DELETED":
        return change.record
    assert change.before is not None
    obj = change.before.copy()
    obj["metadata"]["resourceVersion"] = str(change.revision)
    body = msgspec.json.encode(obj)
    return Record(change.record.key, change.revision, body, obj)


def _line(kind: str, watch: Watch, record: Record) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (
        kind.encode(),
        encode(watch.resource, record, metadata_only=watch.metadata_only),
    )


def encode(resource: Resource, record: Record, *, metadata_only: bool = False) -> bytes:
    """The object's JSON with kind and apiVersion, whole or its metadata only."""
    if metadata_only:
        return msgspec.json.encode(
            {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": record.object["metadata"],
            }
        )
    return b'{"kind":"%b","apiVersion":"%b",%b' % (
        resource.kind.encode(),
        resource.api_version.encode(),
        record.body[1:],
    )


def bookmark(watch: Watch, revision: int, annotations: Object | None = None) -> bytes:
    """An empty object that carries nothing but the version reached."""
    resource = watch.resource
    metadata: Object = {"resourceVersion": str(revision)}
    if annotations:
        metadata["annotations"] = annotations
    if watch.metadata_only:
        kind, version, rest = "PartialObjectMetadata", "meta.k8s.io/v1", {}
    else:
        kind, version, rest = resource.kind, resource.api_version, HOLLOW.get(resource.id, {})
    return line("BOOKMARK", {"kind": kind, "apiVersion": version, "metadata": metadata, **rest})


def line(kind: str, obj: Object) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"
