"""Does what ``jobs`` decides: makes and deletes pods, writes the Job's status and events.

Knows the registry through ``Inside`` and nothing of HTTP; waits for changes, never looks
around by itself.
"""

from __future__ import annotations

import copy
import time

from . import jobs
from .conditions import condition
from .inside import Inside
from .recorder import Recorder
from .registry import Registry
from .server import Server
from .status import Object, Refused
from .storage import Change, Key
from .work import Timing, Work

JOBS = "jobs.batch"


class JobController:
    """Moves every Job of the cluster."""

    def __init__(self, registry: Registry, timing: Timing) -> None:
        self._inside = Inside(registry, "job-controller")
        self._record = Recorder(self._inside, "job-controller")
        self._storage, self._timing = registry.storage, timing
        self._work = Work(self._sync)
        self._expiring = Work(self._expire)
        self._orphans = Work(self._let_go)
        self._failures: dict[str, tuple[int, float]] = {}
        self._refusals: dict[str, int] = {}
        self._pods: dict[str, set[Key]] = {}
        registry.storage.listeners.append(self._note)

    async def close(self) -> None:
        self._work.close()
        self._expiring.close()
        self._orphans.close()

    def _note(self, resource: str, change: Change) -> None:
        obj = change.record.object
        if resource == JOBS and (
            change.type == "DELETED" or "deletionTimestamp" in obj["metadata"]
        ):
            for pod in self._pods.get(obj["metadata"]["uid"], ()):
                self._orphans.add(pod)
        elif resource == JOBS:
            if change.before is None or change.before.object.get("spec") != obj.get("spec"):
                self._work.add(change.record.key)
        elif resource == "pods":
            self._note_pod(change, obj)

    def _note_pod(self, change: Change, pod: Object) -> None:
        for owner in pod["metadata"].get("ownerReferences") or ():
            if owner["kind"] == "Job" and owner.get("controller"):
                known = self._pods.setdefault(owner["uid"], set())
                if change.type == "DELETED":
                    known.discard(change.record.key)
                else:
                    known.add(change.record.key)
                if change.type != "ADDED":
                    job = (change.record.key[0], owner["name"])
                    self._work.add(job, self._timing.own)

    def _sync(self, key: Key) -> None:
        job = self._inside.get(JOBS, *key)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return
        plan = jobs.decide(job, self._pods_of(job), self._moment(job))
        if plan is None:
            self._wait_for_ttl(key, job)
            return
        uid = job["metadata"]["uid"]
        self._failures[uid] = (plan.failures, plan.failed_at)
        missing = self._create(job, plan)
        self._end(job, plan)
        self._write(key, self._without(plan.first, missing))
        if not plan.release_first:
            self._release(plan)
        self._write(key, self._without(plan.last, missing))
        for event in [*plan.events, *plan.finished]:
            self._record(job, *event)
        if plan.finished:
            self._wait_for_ttl(key, self._inside.get(JOBS, *key) or job)
        if plan.again is not None:
            self._work.add(key, plan.again)

    def _pods_of(self, job: Object) -> list[Object]:
        """As they are stored: nobody may change them."""
        keys = sorted(self._pods.get(job["metadata"]["uid"], ()))
        found = (self._storage.get("pods", *key) for key in keys)
        return [record.object for record in found if record is not None]

    def _moment(self, job: Object) -> jobs.Moment:
        failures, failed_at = self._failures.get(job["metadata"]["uid"], (0, 0.0))
        own, named = self._timing.own, self._timing.named
        return jobs.Moment(time.time(), failures, failed_at, 10 * own, named)

    def _create(self, job: Object, plan: jobs.Plan) -> int:
        """Make the pods; the number of those that could not be made."""
        metadata, uid = job["metadata"], job["metadata"]["uid"]
        before = self._pods_of(job)
        for made, index in enumerate(plan.create):
            try:
                pod = self._inside.create(
                    "pods", metadata["namespace"], template(job, index, before)
                )
            except Refused as refused:
                self._record(job, "Warning", "FailedCreate", f"Error creating: {refused.message}")
                count = self._refusals[uid] = self._refusals.get(uid, 0) + 1
                wait = min(60, 2 ** (count - 1)) * self._timing.own
                self._work.add((metadata["namespace"], metadata["name"]), wait)
                return len(plan.create) - made
            name = pod["metadata"]["name"]
            self._record(job, "Normal", "SuccessfulCreate", f"Created pod: {name}")
        if plan.create:
            self._refusals.pop(uid, None)
        return 0

    def _end(self, job: Object, plan: jobs.Plan) -> None:
        """Delete the pods that must go; a suspended Job lets go of them first."""
        if plan.release_first:
            self._release(plan)
        for pod in plan.delete:
            metadata = pod["metadata"]
            self._inside.delete("pods", metadata["namespace"], metadata["name"])
            self._record(job, "Normal", "SuccessfulDelete", f"Deleted pod: {metadata['name']}")

    def _release(self, plan: jobs.Plan) -> None:
        for pod in plan.release:
            metadata = pod["metadata"]
            try:
                self._inside.change("pods", metadata["namespace"], metadata["name"], _untracked)
            except Refused:  # somebody else removed it
                continue

    def _let_go(self, key: Key) -> None:
        """A pod whose Job goes is tracked no longer, else it would stay for ever."""
        pod = self._inside.get("pods", *key)
        if pod is not None and jobs.TRACKING in pod["metadata"].get("finalizers", ()):
            self._inside.change("pods", *key, _untracked)

    def _without(self, status: Object, missing: int) -> Object:
        active = status.get("active", 0) - missing
        rest = {key: value for key, value in status.items() if key != "active"}
        return {**rest, "active": active} if active > 0 else rest

    def _write(self, key: Key, status: Object) -> None:
        self._inside.change(JOBS, *key, lambda job: {**job, "status": status}, "status")

    def _wait_for_ttl(self, key: Key, job: Object) -> None:
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        if seconds is not None and jobs.finished(job):
            left = _finished_at(job) + seconds * self._timing.named - time.time()
            self._expiring.add(key, max(0.0, left))

    def _expire(self, key: Key) -> None:
        job = self._inside.get(JOBS, *key)
        if job is not None and jobs.finished(job):
            self._inside.delete(JOBS, *key, propagation="Foreground")


def template(job: Object, index: int | None, pods: list[Object]) -> Object:
    """The pod of a Job, of an index where it has one."""
    made = copy.deepcopy(job["spec"]["template"])
    metadata, spec = made.setdefault("metadata", {}), made["spec"]
    name = job["metadata"]["name"]
    metadata["generateName"] = f"{name}-"
    if index is not None:
        metadata["generateName"] = f"{name}-{index}-"
        metadata.setdefault("labels", {})[jobs.INDEX] = str(index)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), jobs.INDEX: str(index)}
        spec["hostname"] = f"{name}-{index}"
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            _tell_index(container)
        if "backoffLimitPerIndex" in job["spec"]:
            before = [p for p in pods if jobs.index_of(p) == index]
            counts = [jobs.failures_of(p) + 1 for p in before if p["status"]["phase"] == "Failed"]
            metadata["annotations"][jobs.FAILURES] = str(max(counts, default=0))
    metadata["finalizers"] = [jobs.TRACKING]
    metadata["ownerReferences"] = [owned_by(job)]
    return made


def owned_by(owner: Object) -> Object:
    """The reference by which an object belongs to its controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _tell_index(container: Object) -> None:
    variables = container.setdefault("env", [])
    if all(variable["name"] != "JOB_COMPLETION_INDEX" for variable in variables):
        path = f"metadata.labels['{jobs.INDEX}']"
        field = {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}
        variables.append({"name": "JOB_COMPLETION_INDEX", "valueFrom": field})


def _untracked(pod: Object) -> Object:
    metadata = pod["metadata"]
    kept = [name for name in metadata.get("finalizers") or () if name != jobs.TRACKING]
    metadata["finalizers"] = kept
    if not kept:
        del metadata["finalizers"]
    return pod


def _finished_at(job: Object) -> float:
    ends = (condition(job["status"], kind) for kind in jobs.TARGETS.values())
    return next(jobs.moment(end["lastTransitionTime"]) for end in ends if end)


def install(server: Server) -> None:
    controller = JobController(server.registry, server.settings.more.get("timing", Timing()))
    server.closing.append(controller.close)
