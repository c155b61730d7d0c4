"""For the fake's own tests: everything that is written, a way to wait for some of it, and HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from .cluster import Cluster
from .status import Object
from .storage import Change


class Following:
    """Begins with what is written from now on."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.seen: list[tuple[str, Change]] = []
        listeners = cluster.server.storage.listeners
        cluster.call(listeners.append, lambda *what: self.seen.append(what))

    def until(self, resource: str, name: str, true: Callable[[Object, str], bool]) -> Object:
        """Wait until an object whose name begins so is as wanted; returns it."""

        async def wait() -> Object:
            async for change in self.cluster.inside.subscribe(resource):
                obj = change.record.object
                if change.record.key[1].startswith(name) and true(obj, change.type):
                    return change.record.copy()
            raise AssertionError

        found: Object = self.cluster.call(wait)
        return found

    def gone(self, resource: str, name: str) -> None:
        """Wait until no object has a name that begins so (there was one)."""
        records = self.cluster.server.storage.tables[resource].records

        async def wait() -> None:
            if any(key[1].startswith(name) for key in records):
                async for _ in self.cluster.inside.subscribe(resource):
                    if not any(key[1].startswith(name) for key in records):
                        return

        self.cluster.call(wait)

    def send(
        self, method: str, path: str, body: object = None, media: str = "application/json"
    ) -> tuple[int, bytes]:
        """One request as the administrator."""
        request = urllib.request.Request(
            self.cluster.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer admin-token", "Content-Type": media},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read()

    def get(self, path: str) -> Any:
        return json.loads(self.send("GET", path)[1])

    def post(self, path: str, body: object) -> Any:
        status, found = self.send("POST", path, body)
        assert status == 201, found
        return json.loads(found)

    def text(self, path: str) -> str:
        return self.send("GET", path)[1].decode()

    def follow(self, path: str) -> Callable[[], bytes]:
        """Begin to read a stream; the answer waits for its end."""
        request = urllib.request.Request(
            self.cluster.url + path, headers={"Authorization": "Bearer admin-token"}
        )
        answer = urllib.request.urlopen(request, timeout=60)

        def rest() -> bytes:
            with answer:
                found: bytes = answer.read()
            return found

        return rest

    def until_log(self, path: str, text: str) -> None:
        """Wait until a followed log has the text."""
        request = urllib.request.Request(
            f"{self.cluster.url}{path}?follow=true",
            headers={"Authorization": "Bearer admin-token"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            while text not in answer.readline().decode():
                pass
