"""Binds pods to nodes, says why one waits, and preempts pods of lower priority.

A pod that waits is looked at again when a pod ends or goes, or a node or claim changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import scheduling
from .conditions import put
from .inside import Inside
from .quantities import Amounts, Quantity, total
from .recorder import scheduled
from .registry import Registry
from .scheduling import Refusal
from .server import Server
from .status import Object
from .storage import Change, Key
from .work import Work

GATED = "Scheduling is blocked due to non-empty scheduling gates"
PREEMPTING = "default-scheduler: preempting to accommodate a higher priority pod"


class Scheduler:
    """The default scheduler; pods that name another one are never looked at."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._inside = Inside(registry, "default-scheduler")
        self._work = Work(self._sync)
        self._waiting: set[Key] = set()
        self._on: dict[str, set[Key]] = {}
        self._used: dict[str, Amounts] = {}
        registry.storage.listeners.append(self._note)

    async def close(self) -> None:
        self._work.close()

    def _note(self, resource: str, change: Change) -> None:
        if resource == "pods":
            self._note_pod(change)
        elif resource in {"nodes", "persistentvolumeclaims"} and not _heartbeat(change):
            self._again()

    def _note_pod(self, change: Change) -> None:
        key, pod = change.record.key, change.record.object
        node = pod["spec"].get("nodeName")
        if node is None:
            if change.type == "DELETED":
                self._waiting.discard(key)
            elif change.before is None or change.before.object["spec"] != pod["spec"]:
                self._work.add(key)
            return
        if change.type == "DELETED" or not scheduling.occupies(pod, node):
            if key in self._on.get(node, ()):
                self._on[node].discard(key)
                self._count(node, pod, freed=True)
                self._again()
        elif key not in self._on.setdefault(node, set()):
            self._on[node].add(key)
            self._count(node, pod, freed=False)

    def _count(self, node: str, pod: Object, *, freed: bool) -> None:
        used, each = self._used.get(node, {}), scheduling.requests(pod)
        none = Quantity()
        change = {n: (none - a if freed else a) for n, a in each.items()}
        self._used[node] = total(used, change)

    def _again(self) -> None:
        for key in self._waiting:
            self._work.add(key)

    def _sync(self, key: Key) -> None:
        self._waiting.discard(key)
        pod = self._inside.get("pods", *key)
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            return
        spec = pod["spec"]
        if spec.get("schedulerName", "default-scheduler") != "default-scheduler":
            return
        if spec.get("resourceClaims"):
            return
        if spec.get("schedulingGates"):
            self._say(pod, "SchedulingGated", GATED)
            return
        self._place(key, pod)

    def _place(self, key: Key, pod: Object) -> None:
        claims = self._inside.list("persistentvolumeclaims", key[0])
        problem = scheduling.claim_problem(pod, {c["metadata"]["name"]: c for c in claims})
        nodes = self._inside.list("nodes")
        if problem is not None:
            count = f"0/{len(nodes)} nodes are available"
            self._unschedulable(pod, f"{count}: {problem}. not found")
            return
        if not nodes:
            self._unschedulable(pod, "no nodes available to schedule pods")
            return
        names = [node["metadata"]["name"] for node in nodes]
        others = [self._pods_on(name) for name in names]
        refusals = [
            scheduling.refusal(pod, node, there, self._used.get(name, {}))
            for name, node, there in zip(names, nodes, others, strict=True)
        ]
        free = [n for n, refused in enumerate(refusals) if refused is None]
        if free:
            best = min(free, key=lambda n: (len(others[n]), nodes[n]["metadata"]["name"]))
            self._bind(pod, nodes[best]["metadata"]["name"])
        else:
            self._refused(pod, nodes, others, [r for r in refusals if r is not None])

    def _pods_on(self, node: str) -> list[Object]:
        found = (self._registry.storage.get("pods", *key) for key in self._on.get(node, ()))
        return [record.object for record in found if record is not None]

    def _bind(self, pod: Object, node: str) -> None:
        metadata = pod["metadata"]
        record = self._registry.storage.get("pods", metadata["namespace"], metadata["name"])
        assert record is not None
        bound = record.copy()
        bound["spec"]["nodeName"] = node
        bound["status"].pop("nominatedNodeName", None)
        put(bound["status"], "PodScheduled", "True")
        self._registry.storage.put("pods", bound)
        where = f"{metadata['namespace']}/{metadata['name']}"
        text = f"Successfully assigned {where} to {node}"
        scheduled(self._inside, pod, "Normal", "Scheduled", text, "Binding")

    def _refused(
        self,
        pod: Object,
        nodes: Sequence[Object],
        others: Sequence[Sequence[Object]],
        refusals: list[Refusal],
    ) -> None:
        for node, there, refused in zip(nodes, others, refusals, strict=True):
            found = None if refused.final else scheduling.victims(pod, node, there)
            if found:
                text = scheduling.message(refusals, preempting=True)
                self._unschedulable(pod, text, node["metadata"]["name"])
                for victim in found:
                    self._preempt(victim, pod, node["metadata"]["name"])
                return
        self._unschedulable(pod, scheduling.message(refusals))

    def _preempt(self, victim: Object, pod: Object, node: str) -> None:
        namespace, name = victim["metadata"]["namespace"], victim["metadata"]["name"]
        found = self._inside.get("pods", namespace, name)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        disrupt(self._inside, namespace, name, "PreemptionByScheduler", PREEMPTING)
        self._inside.delete("pods", namespace, name)
        text = f"Preempted by pod {pod['metadata']['uid']} on node {node}"
        scheduled(self._inside, found, "Normal", "Preempted", text, "Preempting")

    def _unschedulable(self, pod: Object, text: str, nominated: str | None = None) -> None:
        self._waiting.add((pod["metadata"]["namespace"], pod["metadata"]["name"]))
        if self._say(pod, "Unschedulable", text, nominated):
            scheduled(self._inside, pod, "Warning", "FailedScheduling", text, "Scheduling")

    def _say(self, pod: Object, reason: str, text: str, nominated: str | None = None) -> bool:
        """Write the condition; whether it is news."""

        def said(found: Object) -> Object:
            status = found["status"]
            more = {} if reason == "SchedulingGated" else {"observedGeneration": 1}
            put(status, "PodScheduled", "False", reason=reason, message=text, **more)
            if nominated is not None:
                status["nominatedNodeName"] = nominated
            return found

        metadata = pod["metadata"]
        before = metadata["resourceVersion"]
        after = self._inside.change("pods", metadata["namespace"], metadata["name"], said, "status")
        return bool(after["metadata"]["resourceVersion"] != before)


def disrupt(inside: Inside, namespace: str, name: str, reason: str, message: str) -> None:
    """Mark a pod with DisruptionTarget, as everything does that takes a pod's place away."""

    def marked(pod: Object) -> Object:
        put(pod["status"], "DisruptionTarget", "True", reason=reason, message=message)
        return pod

    inside.change("pods", namespace, name, marked, "status")


def _heartbeat(change: Change) -> bool:
    """Whether only the times in a node's status changed."""
    if change.before is None or change.type != "MODIFIED":
        return False
    old, new = change.before.object, change.record.object
    same = old.get("spec") == new.get("spec") and old["metadata"].get("labels") == new[
        "metadata"
    ].get("labels")
    return (
        same
        and old.get("status", {}).get("phase") == new.get("status", {}).get("phase")
        and (old.get("status", {}).get("allocatable") == new.get("status", {}).get("allocatable"))
    )


def install(server: Server) -> None:
    server.closing.append(Scheduler(server.registry).close)
