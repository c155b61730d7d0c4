"""The API for controllers that run inside the cluster: the registry without HTTP.

Same rules (admission, validation, versions) as over HTTP, but no authorization. Objects come
as copies: change them freely.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .calls import Call, controller
from .patches import merge
from .registry import Deletion, Registry, stamp
from .selectors import matcher
from .status import Object, Refused
from .storage import Subscription


class Inside:
    """A controller's client. Every method raises ``Refused`` as HTTP would answer it."""

    def __init__(self, registry: Registry, name: str = "controller") -> None:
        self._registry, self.user = registry, controller(name)
        self.name = name

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """A copy; None where there is none."""
        found = self._registry.storage.get(resource, namespace, name)
        return None if found is None else self._named(resource, found.copy())

    def list(
        self, resource: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[Object]:
        """In one namespace or (empty) all, in the order of names."""
        matches = matcher(labels, fields, self._registry.kinds[resource])
        records = self._registry.storage.records(resource, namespace)
        return [self._named(resource, r.copy()) for r in records if matches(r.object)]

    def create(self, resource: str, namespace: str, obj: Object) -> Object:
        return self._registry.create(self._call("create", resource, namespace), obj)

    def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """PUT; the object's resourceVersion must be the present one, or be left out."""
        metadata = obj["metadata"]
        call = self._call("update", resource, metadata.get("namespace", ""), metadata["name"])
        call.subresource = subresource
        return self._registry.update(call, obj)

    def patch(
        self, resource: str, namespace: str, name: str, patch: Object, subresource: str = ""
    ) -> Object:
        """A merge patch (None removes a field)."""
        return self.change(resource, namespace, name, lambda o: merge(o, patch), subresource)

    def change(
        self,
        resource: str,
        namespace: str,
        name: str,
        changed: Callable[[Object], Object],
        subresource: str = "",
    ) -> Object:
        """Read, change and write in one step."""
        call = self._call("patch", resource, namespace, name)
        call.subresource = subresource
        return self._registry.change(call, changed)

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str | None = "Background",
        grace: int | None = None,
        uid: str | None = None,
    ) -> None:
        """Nothing happens where it is gone. ``grace=0``: what the kubelet says at the end."""
        call = self._call("delete", resource, namespace, name)
        try:
            self._registry.delete(call, Deletion(propagation, grace, uid))
        except Refused as refused:
            if refused.code != 404:
                raise

    def subscribe(self, resource: str) -> Subscription:
        """``async for change in …``: what is there as ADDED, then every change, for ever."""
        return Subscription(self._registry.storage, resource)

    def event(
        self, about: Object, reason: str, message: str, level: str = "Normal", **more: object
    ) -> None:
        """Write an Event about an object; a repeated one is counted, not written again."""
        metadata, kind = about["metadata"], about.get("kind", "")
        namespace = metadata.get("namespace", "default")
        same = (metadata["uid"], reason, message)
        for found in self._registry.storage.records("events", namespace):
            old = found.object
            if (old["involvedObject"].get("uid"), old["reason"], old["message"]) == same:
                count = {"count": old.get("count", 1) + 1, "lastTimestamp": stamp()}
                self.patch("events", namespace, found.key[1], count)
                return
        self.create("events", namespace, {
            "metadata": {"name": f"{metadata['name']}.{time.time_ns():x}", "namespace": namespace},
            "involvedObject": {
                "kind": kind,
                "namespace": namespace,
                "name": metadata["name"],
                "uid": metadata["uid"],
                "apiVersion": about.get("apiVersion", "v1"),
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "reason": reason,
            "message": message,
            "source": {"component": self.name},
            "firstTimestamp": stamp(),
            "lastTimestamp": stamp(),
            "count": 1,
            "type": level,
            "eventTime": None,
            "reportingComponent": self.name,
            "reportingInstance": "",
            **more,
        })  # fmt: skip

    def _named(self, resource: str, obj: Object) -> Object:
        found = self._registry.kinds[resource]
        return {"kind": found.kind, "apiVersion": found.api_version, **obj}

    def _call(self, verb: str, resource: str, namespace: str, name: str = "") -> Call:
        return Call(verb, self.user, self._registry.kinds[resource], namespace, name)
