"""Kueue: holds labelled jobs until their queue has room, and takes the room back.

Its webhook suspends what carries a queue's name; each such job has a Workload, which is
admitted in order of priority and age. Event-driven; installed where its CRDs are.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import msgspec
from aiohttp import web

from . import kueue_quota
from .calls import Call
from .conditions import holds
from .job_controller import owned_by
from .kinds import Resource
from .kueue_quota import BY_DEFAULT, ROLES
from .quantities import Amounts, total
from .registry import stamp
from .server import Server
from .serving import reply
from .status import Object, not_found
from .storage import Change, Key

GROUP = "kueue.x-k8s.io"
WORKLOADS, LOCAL, CLUSTER = f"workloads.{GROUP}", f"localqueues.{GROUP}", f"clusterqueues.{GROUP}"
PRIORITIES = f"workloadpriorityclasses.{GROUP}"
QUEUE, PRIORITY, UID = f"{GROUP}/queue-name", f"{GROUP}/priority-class", f"{GROUP}/job-uid"
VISIBILITY = Resource(
    f"visibility.{GROUP}", "v1beta2", "localqueues", "LocalQueue",
    verbs=(), subresources=(("pendingworkloads", ("get",)),),
)  # fmt: skip
ENDS = ("Complete", "Succeeded", "Failed")


class Queues:
    """``kinds``: the resources that Kueue looks after."""

    def __init__(self, server: Server, kinds: tuple[str, ...]) -> None:
        self._inside, self._kinds = server.inside("kueue"), kinds
        self._server = server
        self._due = False
        self._order: dict[str, int] = {}
        server.registry.mutating.append(self._webhook)
        server.storage.listeners.append(self._note)

    def _webhook(self, call: Call, obj: Object, old: Object | None) -> None:
        labelled = QUEUE in (obj["metadata"].get("labels") or {})
        if call.served.id in self._kinds and old is None and labelled:
            _suspend(call.served.id, obj, value=True)

    def _note(self, resource: str, change: Change) -> None:
        if resource in (*self._kinds, WORKLOADS, LOCAL, CLUSTER) and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._sync)

    def _sync(self) -> None:
        self._due = False
        for resource in self._kinds:
            if resource in self._server.kinds:
                for job in self._inside.list(resource, labels=QUEUE):
                    self._look_after(resource, job)
        self._activate()
        for queue in self._inside.list(CLUSTER):
            self._serve(queue)

    # Jobs and their workloads.

    def _look_after(self, resource: str, job: Object) -> None:
        workload = self._workload(resource, job)
        done = next((k for k in ENDS if holds(job.get("status") or {}, k)), None)
        if done is not None:
            self._say(workload, "Finished", "True", "Failed" if done == "Failed" else "Succeeded")
            return
        admitted = holds(workload.get("status") or {}, "Admitted")
        if _suspended(resource, job) == admitted:
            self._let(resource, job, run=admitted)

    def _let(self, resource: str, job: Object, *, run: bool) -> None:
        def changed(obj: Object) -> Object:
            _suspend(resource, obj, value=not run)
            return obj

        metadata = job["metadata"]
        self._inside.change(resource, metadata["namespace"], metadata["name"], changed)

    def _workload(self, resource: str, job: Object) -> Object:
        metadata = job["metadata"]
        kind = job["kind"].lower()
        name = f"{kind}-{metadata['name']}"[:57]
        name += "-" + hashlib.sha1(metadata["uid"].encode()).hexdigest()[:5]
        found = self._inside.get(WORKLOADS, metadata["namespace"], name)
        if found is not None:
            return found
        labels = metadata["labels"]
        made = self._inside.create(WORKLOADS, metadata["namespace"], {
            "metadata": {
                "name": name,
                "labels": {UID: metadata["uid"]},
                "ownerReferences": [owned_by(job)],
            },
            "spec": {
                "active": True,
                "queueName": labels[QUEUE],
                "priority": self._priority(labels.get(PRIORITY)),
                "podSets": kueue_quota.pod_sets(resource, job),
            },
        })  # fmt: skip
        self._age(made)
        return made

    def _priority(self, name: str | None) -> int:
        found = self._inside.get(PRIORITIES, "", name) if name else None
        return int(found["value"]) if found else 0

    # Queues.

    def _activate(self) -> None:
        for resource in (CLUSTER, LOCAL):
            for queue in self._inside.list(resource):
                stopped = queue["spec"].get("stopPolicy", "None") != "None"
                said = ("False", "Stopped") if stopped else ("True", "Ready")
                self._say(queue, "Active", *said, resource=resource)

    def _serve(self, queue: Object) -> None:
        """Admit what fits, the first first; under StrictFIFO nobody passes the first."""
        name = queue["metadata"]["name"]
        strict = queue["spec"].get("queueingStrategy") == "StrictFIFO"
        for workload in self.pending(name):
            problem = self._stopped(workload, queue)
            if problem is not None:
                self._say(workload, "QuotaReserved", "False", "Inadmissible", problem)
                continue
            if not self._try(queue, workload) and strict:
                break

    def _try(self, queue: Object, workload: Object) -> bool:
        name, sets = queue["metadata"]["name"], workload["spec"]["podSets"]
        fit = kueue_quota.fit(queue, sets, self._used(name))
        if fit.flavor:
            self._admit(queue, workload, fit.flavor)
            return True
        message = fit.message
        if not fit.hopeless and self._preempt(queue, workload):
            message += ". Pending the preemption of 1 workload(s)"
        self._say(workload, "QuotaReserved", "False", "Pending", message)
        return False

    def _admit(self, queue: Object, workload: Object, flavor: str) -> None:
        name = queue["metadata"]["name"]
        given = kueue_quota.admission(name, workload["spec"]["podSets"], flavor)

        def admitted(obj: Object) -> Object:
            status = obj.setdefault("status", {})
            status["admission"] = given
            said = f"Quota reserved in ClusterQueue {name}"
            _set(status, "QuotaReserved", "True", "QuotaReserved", said)
            _set(status, "Admitted", "True", "Admitted", "The workload is admitted")
            for kind in ("Evicted", "Preempted"):
                if holds(status, kind):
                    _set(status, kind, "False", "QuotaReserved", f"Previously: {kind}")
            return obj

        self._change(workload, admitted)

    def _preempt(self, queue: Object, workload: Object) -> bool:
        rule = (queue["spec"].get("preemption") or {}).get("withinClusterQueue", "Never")
        mine = workload["spec"].get("priority", 0)
        running = self._admitted(queue["metadata"]["name"])
        lower = [w for w in running if w["spec"].get("priority", 0) < mine]
        if rule == "Never" or not lower:
            return False
        victim = min(lower, key=lambda w: w["spec"].get("priority", 0))
        uid = workload["metadata"]["uid"]
        said = f"Preempted to accommodate a workload (UID: {uid}) due to prioritization in the"
        self.evict(victim, "Preempted", f"{said} ClusterQueue")
        return True

    def evict(self, workload: Object, reason: str, message: str) -> None:
        """Take the room back: its job is suspended, and waits again."""

        def evicted(obj: Object) -> Object:
            status = obj.setdefault("status", {})
            status.pop("admission", None)
            _set(status, "QuotaReserved", "False", "Pending", message)
            _set(status, "Admitted", "False", "NoReservation", "The workload has no reservation")
            _set(status, "Evicted", "True", reason, message)
            if reason == "Preempted":
                _set(status, "Preempted", "True", "InClusterQueue", message)
            return obj

        self._change(workload, evicted)

    def pending(self, queue: str) -> list[Object]:
        """Those that wait for a ClusterQueue, in its order."""
        waiting = [w for w in self._inside.list(WORKLOADS) if not _decided(w)]
        mine = [w for w in waiting if self._cluster_queue(w) == queue]
        self._refuse_homeless(waiting)
        return sorted(mine, key=lambda w: (-w["spec"].get("priority", 0), self._age(w)))

    def _age(self, workload: Object) -> int:
        """The order in which workloads were seen: their times are whole seconds."""
        return self._order.setdefault(workload["metadata"]["uid"], len(self._order))

    def _refuse_homeless(self, waiting: list[Object]) -> None:
        for workload in waiting:
            if self._cluster_queue(workload) is None:
                said = f"LocalQueue {workload['spec']['queueName']} doesn't exist"
                self._say(workload, "QuotaReserved", "False", "Inadmissible", said)

    def _cluster_queue(self, workload: Object) -> str | None:
        namespace = workload["metadata"]["namespace"]
        queue = self._inside.get(LOCAL, namespace, workload["spec"]["queueName"])
        return None if queue is None else str(queue["spec"]["clusterQueue"])

    def _stopped(self, workload: Object, queue: Object) -> str | None:
        namespace, local = workload["metadata"]["namespace"], workload["spec"]["queueName"]
        found = self._inside.get(LOCAL, namespace, local) or {"spec": {}}
        if found["spec"].get("stopPolicy", "None") != "None":
            return f"LocalQueue {local} is stopped"
        if queue["spec"].get("stopPolicy", "None") != "None":
            return f"ClusterQueue {queue['metadata']['name']} is stopped"
        return None

    def _admitted(self, queue: str) -> list[Object]:
        return [
            w
            for w in self._inside.list(WORKLOADS)
            if (w.get("status", {}).get("admission") or {}).get("clusterQueue") == queue
            and not holds(w["status"], "Finished")
        ]

    def _used(self, queue: str) -> dict[str, Amounts]:
        used: dict[str, Amounts] = {}
        for workload in self._admitted(queue):
            assigned = workload["status"]["admission"]["podSetAssignments"]
            flavor = next((f for a in assigned for f in a["flavors"].values()), "")
            need = kueue_quota.wanted(workload["spec"]["podSets"])
            used[flavor] = total(used.get(flavor, {}), need)
        return used

    def _say(
        self,
        obj: Object,
        kind: str,
        value: str,
        reason: str,
        message: str = "",
        *,
        resource: str = WORKLOADS,
    ) -> None:
        def said(found: Object) -> Object:
            _set(found.setdefault("status", {}), kind, value, reason, message)
            return found

        self._change(obj, said, resource)

    def _change(self, obj: Object, how: Any, resource: str = WORKLOADS) -> None:
        key: Key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        self._inside.change(resource, *key, how, "status")

    # Places.

    async def places(self, call: Call, request: web.Request) -> web.StreamResponse:
        """GET …/localqueues/NAME/pendingworkloads."""
        queue = self._inside.get(LOCAL, call.namespace, call.name)
        if queue is None:
            raise not_found(GROUP, "localqueues", call.name)
        everyone = self.pending(queue["spec"]["clusterQueue"])
        here = [w for w in everyone if _of(w, call.namespace, call.name)]
        items = [_place(w, everyone.index(w), here.index(w)) for w in here]
        body = {
            "kind": "PendingWorkloadsSummary",
            "apiVersion": VISIBILITY.api_version,
            "metadata": {},
            "items": items,
        }
        return reply(call, msgspec.json.encode(body), request)


def _place(workload: Object, in_cluster: int, in_local: int) -> Object:
    kept = ("name", "namespace", "creationTimestamp", "ownerReferences")
    return {
        "metadata": {key: workload["metadata"][key] for key in kept},
        "priority": workload["spec"].get("priority", 0),
        "localQueueName": workload["spec"]["queueName"],
        "positionInClusterQueue": in_cluster,
        "positionInLocalQueue": in_local,
    }


def _of(workload: Object, namespace: str, queue: str) -> bool:
    return (workload["metadata"]["namespace"], workload["spec"]["queueName"]) == (namespace, queue)


def _decided(workload: Object) -> bool:
    status = workload.get("status") or {}
    return any(holds(status, kind) for kind in ("Admitted", "Finished"))


def _policy(resource: str, obj: Object) -> Object:
    spec: Object = obj["spec"]
    return spec.setdefault("runPolicy", {}) if resource in ROLES else spec


def _suspended(resource: str, obj: Object) -> bool:
    return bool(_policy(resource, obj).get("suspend"))


def _suspend(resource: str, obj: Object, *, value: bool) -> None:
    _policy(resource, obj)["suspend"] = value


def _set(status: Object, kind: str, value: str, reason: str, message: str) -> None:
    conditions = status.setdefault("conditions", [])
    old = next((c for c in conditions if c["type"] == kind), None)
    moved = old is None or old["status"] != value
    when = stamp() if moved else old["lastTransitionTime"]  # type: ignore[index]
    new = {"type": kind, "status": value, "reason": reason, "message": message}
    new["lastTransitionTime"] = when
    if old is None:
        conditions.append(new)
    else:
        conditions[conditions.index(old)] = new


def install(server: Server) -> None:
    """Option ``kueue``: the resources it looks after."""
    if WORKLOADS not in server.kinds:
        return
    queues = Queues(server, tuple(server.settings.more.get("kueue", BY_DEFAULT)))
    server.settings.more["queues"] = queues
    server.kinds.add(VISIBILITY)
    server.subresources[VISIBILITY.id, "pendingworkloads"] = queues.places
