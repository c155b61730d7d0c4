"""Objects with resource versions, and everything that ever happened to them: our etcd.

One revision counter for all. A table keeps its present records and its history; a watch is
a position in that history (so that it needs no queue), a LIST at an old version is the
present with the history undone. Knows nothing of the API's rules: ``registry`` does.

Bodies are kept as JSON bytes without kind and apiVersion: a watch line or an item of a list
is a splice, and 1,000 jobs cost no re-encoding.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from .status import Object

#: Namespace ("" where there is none) and name.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One object as it was written. ``object`` is shared: whoever changes it takes a copy."""

    key: Key
    revision: int
    body: bytes
    object: Object

    def copy(self) -> Object:
        found: Object = msgspec.json.decode(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """One write: ``ADDED``, ``MODIFIED`` or ``DELETED`` (then ``record`` is the last state)."""

    type: str
    record: Record
    before: Record | None

    @property
    def revision(self) -> int:
        return self.record.revision


class Table:
    """All objects of one resource, and its history since ``floor``."""

    def __init__(self, floor: int) -> None:
        self.records: dict[Key, Record] = {}
        self.history: list[Change] = []
        #: The watch cache of this resource knows what happened after this version.
        self.floor = floor
        #: Set at every write; watches and subscriptions wait on their own.
        self.waiting: set[asyncio.Event] = set()

    def since(self, revision: int) -> list[Change]:
        start = bisect_right(self.history, revision, key=lambda change: change.revision)
        return self.history[start:]

    def at(self, revision: int) -> dict[Key, Record]:
        """The records as they were at that version."""
        records = dict(self.records)
        for change in reversed(self.since(revision)):
            if change.before is None:
                records.pop(change.record.key, None)
            else:
                records[change.record.key] = change.before
        return records

    def note(self, change: Change) -> None:
        self.history.append(change)
        for event in self.waiting:
            event.set()

    def wake(self) -> None:
        for event in self.waiting:
            event.set()


class Storage:
    """Every table, and the one counter of versions."""

    def __init__(self) -> None:
        self.revision = 1
        #: Versions before this one are gone from etcd (lists, continue tokens, events).
        self.compacted = 0
        self.tables: dict[str, Table] = defaultdict(lambda: Table(self.revision))
        #: Called after every write, in order: (resource, change). Must not await.
        self.listeners: list[Callable[[str, Change], None]] = []

    def get(self, resource: str, namespace: str, name: str) -> Record | None:
        return self.tables[resource].records.get((namespace, name))

    def records(self, resource: str, namespace: str = "") -> list[Record]:
        """In the order of a LIST; of one namespace, or all."""
        found = self.tables[resource].records
        return [found[k] for k in sorted(found) if not namespace or k[0] == namespace]

    def put(self, resource: str, obj: Object) -> Record:
        """Write it under the next version, which is set in its metadata."""
        table, key = self.tables[resource], key_of(obj)
        before = table.records.get(key)
        record = self._record(key, obj)
        table.records[key] = record
        self._done(resource, Change("MODIFIED" if before else "ADDED", record, before))
        return record

    def remove(self, resource: str, key: Key) -> Record:
        """Its last state under the version of its deletion."""
        table = self.tables[resource]
        before = table.records.pop(key)
        record = self._record(key, before.copy())
        self._done(resource, Change("DELETED", record, before))
        return record

    def compact(self) -> None:
        """Forget old versions, as etcd does every five minutes."""
        self.compacted = self.revision

    def forget(self) -> None:
        """Empty the watch caches, as a restart of the API server does."""
        for table in self.tables.values():
            table.floor = self.revision

    def advance(self) -> int:
        """Another write somewhere in the cluster, of no concern here."""
        self.revision += 1
        return self.revision

    def _record(self, key: Key, obj: Object) -> Record:
        self.revision += 1
        body = {k: v for k, v in obj.items() if k not in {"kind", "apiVersion"}}
        body["metadata"] = {**obj["metadata"], "resourceVersion": str(self.revision)}
        encoded = msgspec.json.encode(body)
        return Record(key, self.revision, encoded, msgspec.json.decode(encoded))

    def _done(self, resource: str, change: Change) -> None:
        self.tables[resource].note(change)
        for listener in self.listeners:
            listener(resource, change)


def key_of(obj: Object) -> Key:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


class Subscription:
    """What a controller watches: first what is there (as ``ADDED``), then every change.

    ``async for change in storage_subscription``; ends never, cancel the task.
    """

    def __init__(self, storage: Storage, resource: str) -> None:
        self._storage, self._resource = storage, resource

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        table = self._storage.tables[self._resource]
        woken = asyncio.Event()
        table.waiting.add(woken)
        try:
            position = self._storage.revision
            for record in self._storage.records(self._resource):
                yield Change("ADDED", record, None)
            while True:
                for change in table.since(position):
                    position = change.revision
                    yield change
                if not table.since(position):
                    await woken.wait()
                    woken.clear()
        finally:
            table.waiting.discard(woken)


def typed(record: Record, kind: str, api_version: str) -> bytes:
    """The object's JSON with its kind and apiVersion."""
    return b'{"kind":"%b","apiVersion":"%b",%b' % (
        kind.encode(),
        api_version.encode(),
        record.body[1:],
    )


def each(records: list[Record]) -> Iterator[bytes]:
    return (record.body for record in records)
