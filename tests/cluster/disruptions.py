"""What takes a running pod's place away: evictions on request, and lost machines.

The eviction subresource, the node controller (not ready, taints, eviction by taint) and the
collector of pods whose node is no more. Source: recordings/node-loss.json.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from . import scheduling
from .calls import Call
from .conditions import put
from .kubelet import Kubelet
from .recorder import Recorder
from .registry import stamp
from .scheduler import disrupt
from .server import Server
from .serving import reply
from .status import Object, not_found
from .storage import Change, Key

UNREACHABLE = "node.kubernetes.io/unreachable"
SILENT = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
EVICTED = b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}'
#: Seconds (of ``Timing.own``): until silence is noticed, until pods are evicted, until the
#: pods of a deleted node are collected.
NOTICE, EVICT, COLLECT = 40.0, 30.0, 40.0


class Disruptions:
    """Evicts, loses and restores."""

    def __init__(self, server: Server, kubelet: Kubelet) -> None:
        self._server, self._kubelet = server, kubelet
        self._inside = server.inside("node-controller")
        self._record = Recorder(self._inside, "node-controller")
        self._evictions = Recorder(self._inside, "taint-eviction-controller")
        self._timers: set[asyncio.TimerHandle] = set()
        server.storage.listeners.append(self._note)

    async def close(self) -> None:
        for timer in self._timers:
            timer.cancel()

    async def evict(self, call: Call, request: web.Request) -> web.StreamResponse:
        """POST …/eviction."""
        if self._inside.get("pods", call.namespace, call.name) is None:
            raise not_found("", "pods", call.name)
        if not call.dry_run:
            reason, message = "EvictionByEvictionAPI", "Eviction API: evicting"
            disrupt(self._inside, call.namespace, call.name, reason, message)
            self._inside.delete("pods", call.namespace, call.name)
        return reply(call, EVICTED, request, status=201)

    def lose(self, node: str) -> None:
        """The machine is without power: its processes are dead, nobody hears of it."""
        self._kubelet.lost.add(node)
        for run in list(self._kubelet.runs.values()):
            if run.spec["nodeName"] == node:
                run.lose()
        self._later(NOTICE, self._notice, node)

    def restore(self, node: str) -> None:
        """It is back, restarted: what ran there has ended, what was to be deleted goes."""
        self._kubelet.lost.discard(node)
        machine = next(m for m in self._kubelet.machines if m.name == node)
        self._taint(node, [])
        self._inside.change("nodes", "", node, lambda n: {**n, "status": machine.status}, "status")
        for run in [r for r in self._kubelet.runs.values() if r.spec["nodeName"] == node]:
            run.back()

    def _later(self, seconds: float, what: Callable[[str], None], node: str) -> None:
        def run() -> None:
            self._timers.discard(timer)
            what(node)

        own = self._kubelet.timing.own
        timer = asyncio.get_running_loop().call_later(seconds * own, run)
        self._timers.add(timer)

    def _notice(self, node: str) -> None:
        found = self._inside.get("nodes", "", node)
        if node not in self._kubelet.lost or found is None:
            return

        def silent(obj: Object) -> Object:
            for condition in obj["status"]["conditions"]:
                reason, message = SILENT
                condition |= {"status": "Unknown", "reason": reason, "message": message}
                condition["lastTransitionTime"] = stamp()
            return obj

        self._inside.change("nodes", "", node, silent, "status")
        said = f"Node {node} status is now: NodeNotReady"
        self._record(found, "Normal", "NodeNotReady", said)
        for pod in self._pods(node):
            self._unready(pod)
        self._taint(node, ["NoSchedule"])
        self._later(EVICT, self._evict_all, node)

    def _unready(self, pod: Object) -> None:
        def unready(obj: Object) -> Object:
            put(obj["status"], "Ready", "False")
            return obj

        self._change(pod, unready)
        self._record(pod, "Warning", "NodeNotReady", "Node is not ready")

    def _taint(self, node: str, effects: list[str]) -> None:
        def tainted(obj: Object) -> Object:
            own = [t for t in obj["spec"].get("taints") or () if t["key"] != UNREACHABLE]
            new = [{"key": UNREACHABLE, "effect": e, "timeAdded": stamp()} for e in effects]
            obj["spec"]["taints"] = [*own, *new]
            return obj

        self._inside.change("nodes", "", node, tainted)

    def _evict_all(self, node: str) -> None:
        if node not in self._kubelet.lost or self._inside.get("nodes", "", node) is None:
            return
        self._taint(node, ["NoSchedule", "NoExecute"])
        for pod in self._pods(node):
            seconds = _tolerated(pod)
            if seconds is not None:
                uid = pod["metadata"]["uid"]
                self._later(seconds, self._evict_one, uid)

    def _evict_one(self, uid: str) -> None:
        run = self._kubelet.runs.get(uid)
        if run is None or run.spec["nodeName"] not in self._kubelet.lost:
            return
        reason, message = "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"
        disrupt(self._inside, run.namespace, run.name, reason, message)
        said = f"Marking for deletion Pod {run.namespace}/{run.name}"
        self._evictions(run.pod, "Normal", "TaintManagerEviction", said)
        self._inside.delete("pods", run.namespace, run.name)

    def _note(self, resource: str, change: Change) -> None:
        if resource == "nodes" and change.type == "DELETED":
            node = change.record.key[1]
            said = f"Node {node} event: Removing Node {node} from Controller"
            about = {"kind": "Node", "apiVersion": "v1", **change.record.copy()}
            asyncio.get_running_loop().call_soon(
                self._record, about, "Normal", "RemovingNode", said
            )
            self._later(COLLECT, self._collect, node)

    def _collect(self, node: str) -> None:
        """Pods of a node that is no more: failed, and deleted without asking anybody."""
        if self._inside.get("nodes", "", node) is not None:
            return
        for pod in self._pods(node):

            def failed(obj: Object) -> Object:
                obj["status"]["phase"] = "Failed"
                said = {"reason": "DeletionByPodGC", "message": "PodGC: node no longer exists"}
                put(obj["status"], "DisruptionTarget", "True", **said)
                return obj

            self._change(pod, failed)
            metadata = pod["metadata"]
            self._inside.delete("pods", metadata["namespace"], metadata["name"], grace=0)

    def _pods(self, node: str) -> list[Object]:
        return [pod for pod in self._inside.list("pods") if scheduling.occupies(pod, node)]

    def _change(self, pod: Object, how: Callable[[Object], Object]) -> None:
        key: Key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        self._inside.change("pods", *key, how, "status")


def _tolerated(pod: Object) -> float | None:
    """Seconds that the pod may stay on an unreachable node; None: for ever."""
    taint = {"key": UNREACHABLE, "effect": "NoExecute"}
    fitting = [
        toleration
        for toleration in pod["spec"].get("tolerations") or ()
        if scheduling.tolerates([toleration], [taint])
    ]
    if not fitting:
        return 0.0
    limits = [t["tolerationSeconds"] for t in fitting if "tolerationSeconds" in t]
    return float(min(limits)) if limits else None


def install(server: Server) -> None:
    """Tests find it in ``more`` (see ``hands``)."""
    found = Disruptions(server, server.settings.more["kubelet"])
    server.settings.more["disruptions"] = found
    server.subresources["pods", "eviction"] = found.evict
    server.closing.append(found.close)
