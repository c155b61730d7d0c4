"""The machines: they run the pods that are bound to them, and tell the API server how it goes.

All nodes' kubelets in one object. Knows the registry through ``Inside``; pods' lives are in
``pod_run``, their logs are read by ``podlog``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .hollow import Hollow
from .images import Image, Images
from .logs import Rules
from .nodes import Machine
from .places import Ports
from .pod_run import PodRun
from .recorder import Recorder
from .server import Server
from .status import Object, Refused
from .storage import Change, Key
from .work import Timing


class Kubelet:
    """Options of ``Cluster``: ``machines``, ``images``, ``claims`` (claim name → folder),
    ``logs`` (:class:`Rules`), ``timing``, ``oom_kills_all``.
    """

    def __init__(self, server: Server) -> None:
        more = server.settings.more
        self.inside = server.inside("kubelet")
        self.folder: Path = server.settings.folder
        self.timing: Timing = more.get("timing", Timing())
        self.machines: list[Machine] = list(more.get("machines", (Machine(),)))
        self.images = Images(more.get("images", {}))
        self.rules: Rules = more.get("logs", Rules())
        self.oom_kills_all: bool = more.get("oom_kills_all", True)
        self.ports = Ports()
        self.path = os.pathsep.join(
            [str(Path(sys.executable).parent), "/usr/local/bin", os.defpath]
        )
        #: Set (and replaced) when a ConfigMap, a Secret or an image comes.
        self.changed = asyncio.Event()
        self.runs: dict[str, PodRun] = {}
        self.lost: set[str] = set()
        self._claims: Mapping[str, Path] = more.get("claims", {})
        self._records: dict[str, Recorder] = {}
        server.storage.listeners.append(self._note)
        for machine in self.machines:
            self.add(machine)

    def add(self, machine: Machine) -> None:
        """A node joins."""
        self.inside.create("nodes", "", machine.object)
        name = machine.name
        self.inside.change("nodes", "", name, lambda n: {**n, "status": machine.status}, "status")

    def of(self, namespace: str, name: str) -> PodRun:
        """The pod of that name as it runs; KeyError where there is none."""
        for run in self.runs.values():
            if (run.namespace, run.name) == (namespace, name):
                return run
        raise KeyError(f"{namespace}/{name}")

    def hollow(self, namespace: str, name: str) -> Hollow:
        """The first container of a pod that runs a hollow image."""
        container = next(iter(self.of(namespace, name).running.values()))
        assert isinstance(container, Hollow)
        return container

    def image(self, name: str, image: Image) -> None:
        """Change what the registry has of that name."""
        self.images[name] = image
        self._wake()

    def claims(self, namespace: str) -> dict[str, Path]:
        found = self.inside.list("persistentvolumeclaims", namespace)
        names = [claim["metadata"]["name"] for claim in found]
        own = {name: self.folder / "claims" / namespace / name for name in names}
        return {**own, **{n: Path(p) for n, p in self._claims.items()}}

    async def close(self) -> None:
        await asyncio.gather(*(run.close() for run in self.runs.values()))

    # What the API server says.

    def _note(self, resource: str, change: Change) -> None:
        if resource in {"configmaps", "secrets"}:
            self._wake()
        elif resource == "pods":
            self._note_pod(change)

    def _wake(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def _note_pod(self, change: Change) -> None:
        metadata, node = (
            change.record.object["metadata"],
            change.record.object["spec"].get("nodeName"),
        )
        loop = asyncio.get_running_loop()
        run = self.runs.get(metadata["uid"])
        if change.type == "DELETED":
            if run is not None:
                loop.call_soon(self._gone, run)
        elif run is None and node and node not in self.lost:
            loop.call_soon(self._begin, change.record.key)
        elif run is not None and "deletionTimestamp" in metadata and not run.silent:
            loop.call_soon(self._stop, run, metadata["deletionGracePeriodSeconds"])

    def _begin(self, key: Key) -> None:
        pod = self.inside.get("pods", *key)
        if pod is None or pod["metadata"]["uid"] in self.runs or _over(pod):
            return
        run = self.runs[pod["metadata"]["uid"]] = PodRun(self, pod)
        run.task.add_done_callback(self._crashed)

    def _crashed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            raise RuntimeError("a pod's life ended in an error") from task.exception()

    def _stop(self, run: PodRun, grace: int) -> None:
        if run.over:
            self._remove(run)
        else:
            run.stop(grace)

    def _gone(self, run: PodRun) -> None:
        """Its object is deleted: whatever still runs is killed, logs and volumes go."""
        run.silent = True
        if run.over:
            self._forget(run)
        else:
            run.lose()

    def _forget(self, run: PodRun) -> None:
        self.runs.pop(run.uid, None)
        shutil.rmtree(run.folder, ignore_errors=True)

    # What a pod's run says.

    def ended(self, run: PodRun) -> None:
        """All its containers have ended; a deleted pod is removed now."""
        pod = self.inside.get("pods", run.namespace, run.name)
        if pod is None or pod["metadata"]["uid"] != run.uid:
            self._forget(run)
        elif "deletionTimestamp" in pod["metadata"] and not run.silent:
            self._remove(run)

    def _remove(self, run: PodRun) -> None:
        try:
            self.inside.delete("pods", run.namespace, run.name, grace=0, uid=run.uid)
        except Refused as refused:  # another pod has its name
            if refused.code != 409:
                raise

    def publish(self, run: PodRun, write: Callable[[Object], None]) -> None:
        """Write the pod's status, where the pod is still the same one."""

        def written(pod: Object) -> Object:
            if pod["metadata"]["uid"] == run.uid:
                write(pod.setdefault("status", {}))
            return pod

        if self.inside.get("pods", run.namespace, run.name) is not None:
            self.inside.change("pods", run.namespace, run.name, written, "status")

    def record(self, pod: Object, kind: str, reason: str, message: str, *, part: str) -> None:
        node = pod["spec"]["nodeName"]
        if node not in self._records:
            self._records[node] = Recorder(self.inside, "kubelet", host=node)
        self._records[node](pod, kind, reason, message, part=part)


def _over(pod: Object) -> bool:
    return pod["status"].get("phase") in {"Succeeded", "Failed"}


def install(server: Server) -> None:
    """Options of ``Cluster`` are read here; ``podlog`` and tests find it in ``more``."""
    asyncio.get_running_loop().set_exception_handler(_crash(server))
    kubelet = server.settings.more["kubelet"] = Kubelet(server)
    server.closing.append(kubelet.close)


def _crash(server: Server) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What a controller or a pod dies of fails the test, where the code is the fake's own."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        handle = context.get("handle")
        if "exception" in context and isinstance(handle, asyncio.Handle):
            server.crashes.append(context["exception"])
        loop.default_exception_handler(context)

    return handle
