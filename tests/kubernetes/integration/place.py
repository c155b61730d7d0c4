"""A namespace of the run's own, and what an administrator does and sees in it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from tests.kubernetes.integration.target import ACCOUNTS, LEFT, PODS, Admin, Target, until

NAMESPACES = "/api/v1/namespaces"
GRACE = 60.0  # seconds for pods to end by themselves
BACKGROUND = {"propagationPolicy": "Background"}


class Place:
    """``mine``: the namespace was made by this run and goes with it."""

    def __init__(self, target: Target, admin: Admin, namespace: str, *, mine: bool) -> None:
        self.target = target
        self.admin = admin
        self.namespace = namespace
        self.mine = mine
        self._made: list[str] = []

    # What is there

    async def listed(self, resource: Resource, labels: str = "") -> list[Object]:
        """All objects of the kind with these labels."""
        params = {"labelSelector": labels} if labels else {}
        answer = await self.admin.ask("GET", resource.path(self.namespace), params=params)
        return answer.get("items") or []

    async def of(self, resource: Resource, task: Task) -> list[Object]:
        """An attempt's."""
        return await self.listed(resource, f"{names.TASK}={names.label(task.name)}")

    async def found(self, resource: Resource, name: str) -> Object | None:
        """One, None where there is none."""
        try:
            return await self.admin.ask("GET", resource.path(self.namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def until(self, ask: Callable[[], Any], what: str) -> Any:
        """What ``ask`` answers as soon as that is something."""
        return await until(ask, self.target.patience, what)

    async def nothing_left(self, task: Task) -> None:
        """Wait until garbage collection and machines have taken away all of an attempt."""

        async def gone() -> bool:
            left = await asyncio.gather(*(self.of(resource, task) for resource in LEFT))
            return not any(left)

        await self.until(gone, f"nothing is left of {task.name}")

    # What is done

    async def make(self, resource: Resource, body: Object, **params: str) -> Object:
        """A new object, checked strictly."""
        params = {"fieldValidation": "Strict", **params}
        full = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        made = await self.admin.ask("POST", resource.path(self.namespace), params=params, body=full)
        self._made.append(resource.path(self.namespace, made["metadata"]["name"]))
        return made

    async def delete(self, resource: Resource, name: str, propagation: str = "Background") -> None:
        """No error where there is none."""
        try:
            await self.admin.ask(
                "DELETE", resource.path(self.namespace, name),
                body={"propagationPolicy": propagation},
            )  # fmt: skip
        except ApiError as error:
            if error.status != 404:
                raise

    def clear(self, site: str) -> None:
        """Have everything that a server made here go."""
        params = {"labelSelector": names.selector(site)}
        for resource in LEFT:
            found = self.admin.now("GET", resource.path(self.namespace), params=params)
            for item in found.get("items") or []:
                self.drop(resource.path(self.namespace, item["metadata"]["name"]))

    def tidy(self) -> None:
        """Have everything go that was made here by hand."""
        while self._made:
            self.drop(self._made.pop())

    def drop(self, path: str, **options: Any) -> None:
        """No error where there is none."""
        try:
            self.admin.now("DELETE", path, body={**BACKGROUND, **options})
        except ApiError as error:
            if error.status != 404:
                raise


def settle(target: Target, admin: Admin, labels: Iterable[tuple[str, str]] = ()) -> Place:
    """A new namespace; where none may be made, the context's own for what needs no other."""
    name = f"submarine-ext-test-{uuid.uuid4().hex[:8]}"
    about = {"name": name, "labels": {names.MANAGED: "submarine-ext-tests", **dict(labels)}}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": about}
    try:
        admin.now("POST", NAMESPACES, body=body)
    except ApiError as error:
        if error.status != 403:
            raise
        if labels:
            pytest.skip("namespaces may not be made here")
        return Place(target, admin, admin.namespace, mine=False)
    _wait(target, admin, ACCOUNTS.path(name, "default"), there=True)
    return Place(target, admin, name, mine=True)


def leave(place: Place) -> None:
    """Delete the namespace and wait until it is gone. Pods on machines that do not answer
    would keep it for ever: they are given up in the end.
    """
    if not place.mine:
        place.tidy()
        return
    path = f"{NAMESPACES}/{place.namespace}"
    place.drop(path)
    if not _comes(place.admin, path, there=False, seconds=GRACE):
        pods = place.admin.now("GET", PODS.path(place.namespace)).get("items") or []
        for pod in pods:
            place.drop(PODS.path(place.namespace, pod["metadata"]["name"]), gracePeriodSeconds=0)
        _wait(place.target, place.admin, path, there=False)


def _wait(target: Target, admin: Admin, path: str, *, there: bool) -> None:
    wrong = "missing" if there else "left behind"
    assert _comes(admin, path, there=there, seconds=target.patience), f"{path}: {wrong}"


def _comes(admin: Admin, path: str, *, there: bool, seconds: float) -> bool:
    end, pause = time.monotonic() + seconds, 0.02
    while _exists(admin, path) is not there:
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)
    return True


def _exists(admin: Admin, path: str) -> bool:
    try:
        admin.now("GET", path)
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True
