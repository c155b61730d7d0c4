"""The cluster that the suite is run against, and who administers it.

By default the fake of ``tests.cluster``; with ``SUBMARINE_TEST_KUBECONFIG`` any other
(``make test-cluster``). Nothing here or in the tests reaches into the fake: all goes through
a kubeconfig and HTTP. What is waited for is waited for long, as real clusters take their time.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api

T = TypeVar("T")

KUBECONFIG = "SUBMARINE_TEST_KUBECONFIG"
IMAGE = "SUBMARINE_TEST_IMAGE"
PYTHON = "python:3.12"

JOBS = Resource("batch", "v1", "jobs", "Job")
PODS = Resource("", "v1", "pods", "Pod")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICES = Resource("", "v1", "services", "Service")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
RANGES = Resource("", "v1", "limitranges", "LimitRange")
ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
RBAC = "rbac.authorization.k8s.io"
ROLES = Resource(RBAC, "v1", "roles", "Role")
BINDINGS = Resource(RBAC, "v1", "rolebindings", "RoleBinding")
#: All that an attempt may leave in a namespace.
LEFT = (JOBS, PODS, CONFIGMAPS, SECRETS, SERVICES)


@dataclass(frozen=True)
class Target:
    """``own``: the suite's own fake, where nothing may be skipped. ``patience`` in seconds."""

    kubeconfig: Path
    image: str
    own: bool

    @property
    def patience(self) -> float:
        return 60.0 if self.own else 300.0

    def settings(self, kubeconfig: Path | None = None, **more: Any) -> Settings:
        """Of an engine there; credential plugins that the kubeconfig names are allowed."""
        path = kubeconfig or self.kubeconfig
        known = yaml.safe_load(path.read_text("utf-8"))
        users = [entry.get("user") or {} for entry in known.get("users") or []]
        plugins = [user["exec"]["command"] for user in users if user.get("exec")]
        return Settings(
            kubeconfig=str(path), image=self.image, credential_plugins=plugins, ttl_seconds=3600,
            **more,
        )  # fmt: skip


class Admin:
    """The kubeconfig's rights, for fixtures and tests, which have an event loop each: it has
    one of its own. What is transient is asked again.
    """

    def __init__(self, target: Target) -> None:
        self._patience = target.patience
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="admin", daemon=True)
        self._thread.start()
        self._api = self._wait(Api.open(target.settings()))

    @property
    def namespace(self) -> str:
        """The context's."""
        return self._api.namespace

    def now(self, method: str, path: str, **how: Any) -> Object:
        """The answer, for fixtures. Raises ApiError."""
        return self._wait(self._ask(method, path, how))

    async def ask(self, method: str, path: str, **how: Any) -> Object:
        """The answer, for tests. Raises ApiError."""
        return await self.on_loop(self._ask(method, path, how))

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work`` on the loop of the admin's session."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    @property
    def api(self) -> Api:
        """The session itself, of the admin's loop."""
        return self._api

    def close(self) -> None:
        self._wait(self._api.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ask(self, method: str, path: str, how: dict[str, Any]) -> Object:
        until = time.monotonic() + self._patience
        while True:
            try:
                return await self._api.request(method, path, **how)
            except ApiError as error:
                if not error.transient or error.status == 401 or time.monotonic() > until:
                    raise
                await asyncio.sleep(error.retry_after or 0.5)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def until(ask: Callable[[], Awaitable[T]], patience: float, what: str) -> T:
    """The first answer that is not empty. Other people's state has no event to wait for."""
    end, pause = time.monotonic() + patience, 0.02
    while not (found := await ask()):
        assert time.monotonic() < end, f"{what}: not within {patience:.0f} s"
        await asyncio.sleep(pause)
        pause = min(1.0, pause * 1.5)
    return found


def chosen() -> Target | None:
    """The cluster that the environment names."""
    named = os.environ.get(KUBECONFIG)
    if not named:
        return None
    path = Path(named).expanduser().resolve()
    assert path.is_file(), f"{KUBECONFIG}: there is no file {path}"
    return Target(path, os.environ.get(IMAGE) or PYTHON, own=False)
