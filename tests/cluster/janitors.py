"""The small controllers beside the garbage collector: namespaces and quotas.

Why they exist: a new namespace has a ServiceAccount and a ConfigMap, a deleted one takes its
content along, and a quota's ``used`` falls when something goes. Each notes what changed and
works in ``run``; none polls. They must not know HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from . import quota
from .inside import Inside
from .registry import Registry
from .server import Server
from .status import Object
from .storage import Change, Key


class Controller:
    """A set of things to look at, and a task that looks at them as soon as there are any."""

    name = "controller"

    def __init__(self, registry: Registry, delay: float = 0.0) -> None:
        self.storage, self.kinds = registry.storage, registry.kinds
        self.client, self._delay = Inside(registry, self.name), delay
        self._todo: dict[Key, None] = {}
        self._woken = asyncio.Event()
        self.storage.listeners.append(self.note)

    def note(self, resource: str, change: Change) -> None:
        """Put what concerns this controller on its list."""
        raise NotImplementedError

    def process(self, key: Key) -> None:
        """Do what there is to do now."""
        raise NotImplementedError

    def add(self, key: Key) -> None:
        """Have it looked at."""
        self._todo[key] = None
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(self._delay)
            self._woken.clear()
            while self._todo:
                key = next(iter(self._todo))
                del self._todo[key]
                self.process(key)


class Namespaces(Controller):
    """Furnishes new namespaces and empties those that are being deleted."""

    name = "namespace-controller"

    def __init__(self, registry: Registry, delay: float = 0.0) -> None:
        super().__init__(registry, delay)
        for record in self.storage.records("namespaces"):
            self._furnish(record.key[1])

    def note(self, resource: str, change: Change) -> None:
        if resource == "namespaces":
            self.add(change.record.key)
        elif change.type == "DELETED":
            self.add(("", change.record.key[0]))

    def process(self, key: Key) -> None:
        record = self.storage.get("namespaces", *key)
        if record is None:
            return
        if "deletionTimestamp" in record.object["metadata"]:
            self._empty(key)
        else:
            self._furnish(key[1])

    def _furnish(self, name: str) -> None:
        account: Object = {"metadata": {"name": "default", "namespace": name}}
        root: Object = {"metadata": {"name": "kube-root-ca.crt", "namespace": name}}
        root["data"] = {"ca.crt": ""}
        for resource, obj in (("serviceaccounts", account), ("configmaps", root)):
            if self.storage.get(resource, name, obj["metadata"]["name"]) is None:
                self.client.create(resource, name, obj)

    def _empty(self, key: Key) -> None:
        content = [
            (resource, record.key)
            for resource in list(self.storage.tables)
            for record in self.storage.records(resource, key[1])
        ]
        for resource, inner in content:
            self.client.delete(resource, *inner)
        if not any(self.storage.records(resource, key[1]) for resource in self.storage.tables):
            self.client.change("namespaces", *key, _finalized)


def _finalized(namespace: Object) -> Object:
    return {**namespace, "spec": {**(namespace.get("spec") or {}), "finalizers": []}}


class Quotas(Controller):
    """Keeps ``status.hard`` and ``status.used`` of every ResourceQuota."""

    name = "resourcequota-controller"

    def note(self, resource: str, change: Change) -> None:
        namespace = change.record.key[0]
        if resource == "resourcequotas" or self.storage.records("resourcequotas", namespace):
            self.add((namespace, ""))

    def process(self, key: Key) -> None:
        for record in self.storage.records("resourcequotas", key[0]):
            if not key[0]:
                continue
            status = quota.usage(record.object, self._things(key[0]))
            if status != record.object.get("status"):
                self._write(record.key, status)

    def _write(self, key: Key, status: Object) -> None:
        self.client.change("resourcequotas", *key, lambda obj: {**obj, "status": status}, "status")

    def _things(self, namespace: str) -> Iterator[tuple[str, str, Object]]:
        for resource in {r.id: r for r in self.kinds}.values():
            for record in self.storage.records(resource.id, namespace):
                yield resource.plural, resource.group, record.object


def install(server: Server) -> None:
    """Join the server. Option: ``janitor_seconds`` between a change and the work (0)."""
    delay = server.settings.more.get("janitor_seconds", 0.0)
    for controller in (Namespaces(server.registry, delay), Quotas(server.registry, delay)):
        server.background(controller.run)
