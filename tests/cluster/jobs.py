"""What the Job controller decides: a function of one Job and its pods, at one moment.

The answer is a :class:`Plan`: pods to make and to delete, and the two statuses that are
written, before and after the pods lose their finalizer. Does no I/O and knows no clock;
``job_controller`` does what is planned. Source: recordings/job-conditions.json.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .conditions import condition, holds
from .pod_failures import match
from .status import Object

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
TRACKING = "batch.kubernetes.io/job-tracking"
TERMINAL = ("Succeeded", "Failed")
#: A condition that decides → the condition that says so when every pod has ended.
TARGETS = {"FailureTarget": "Failed", "SuccessCriteriaMet": "Complete"}

REACHED = ("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")
EXCEEDED = ("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
LATE = ("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")
TOO_MANY = (
    "FailureTarget",
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
INDEXES = ("FailureTarget", "FailedIndexes", "Job has failed indexes")
Verdict = tuple[str, str, str]
Event = tuple[str, str, str]


@dataclass(frozen=True)
class Moment:
    """When it is decided, and what is remembered: the failures in a row and since when.

    ``pause``: seconds before a first failed pod is replaced; ``named``: how long a second of
    the Job's own deadline lasts.
    """

    now: float
    failures: int = 0
    failed_at: float = 0.0
    pause: float = 10.0
    named: float = 1.0


@dataclass
class Plan:
    """``again``: seconds until the Job must be looked at although nothing happens."""

    first: Object = field(default_factory=dict)
    last: Object = field(default_factory=dict)
    create: list[int | None] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    release: list[Object] = field(default_factory=list)
    release_first: bool = False
    events: list[Event] = field(default_factory=list)
    finished: list[Event] = field(default_factory=list)
    failures: int = 0
    failed_at: float = 0.0
    again: float | None = None


def stamp(now: float) -> str:
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def finished(job: Object) -> bool:
    return any(holds(job.get("status") or {}, kind) for kind in TARGETS.values())


def index_of(pod: Object) -> int | None:
    found = (pod["metadata"].get("annotations") or {}).get(INDEX)
    return None if found is None else int(found)


def indexes(text: str) -> set[int]:
    """``0,2-4`` as numbers."""
    ranges = [part.partition("-") for part in text.split(",") if part]
    return {n for low, _, high in ranges for n in range(int(low), int(high or low) + 1)}


def written(numbers: Iterable[int]) -> str:
    """Numbers as the controller writes them: ``0,2-4``; two neighbours are a list."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [run if len(run) < 3 else [f"{run[0]}-{run[-1]}"] for run in runs]
    return ",".join(str(part) for run in parts for part in run)


def decide(job: Object, pods: Sequence[Object], at: Moment) -> Plan | None:
    """What to do now; None for a Job that is over, or somebody else's."""
    other = job["spec"].get("managedBy", "kubernetes.io/job-controller")
    if finished(job) or other != "kubernetes.io/job-controller":
        return None
    return _Decision(job, pods, at).plan()


class _Decision:
    """The controller's one pass over a Job."""

    def __init__(self, job: Object, pods: Sequence[Object], at: Moment) -> None:
        self.job, self.spec, self.at = job, job["spec"], at
        self.status: Object = copy.deepcopy(job.get("status") or {})
        self.indexed = self.spec.get("completionMode") == "Indexed"
        self.suspended = bool(self.spec.get("suspend"))
        self.pods = pods
        self.tracked = [p for p in pods if TRACKING in (p["metadata"].get("finalizers") or ())]
        alive = [p for p in pods if p.get("status", {}).get("phase") not in TERMINAL]
        self.active = [p for p in alive if "deletionTimestamp" not in p["metadata"]]
        self.ending = [p for p in alive if "deletionTimestamp" in p["metadata"]]
        self.succeeded = [p for p in self.tracked if p["status"]["phase"] == "Succeeded"]
        self.failed = [p for p in self.tracked if self._has_failed(p)]
        self.result = Plan(failures=at.failures, failed_at=at.failed_at)
        self.completed = self._completed()

    def _has_failed(self, pod: Object) -> bool:
        phase = pod["status"]["phase"]
        if self.spec.get("podReplacementPolicy") == "Failed" or self.spec.get("podFailurePolicy"):
            return bool(phase == "Failed")
        return phase == "Failed" or (
            "deletionTimestamp" in pod["metadata"] and phase != "Succeeded"
        )

    def _completed(self) -> set[int]:
        found = {index_of(pod) for pod in self.succeeded}
        total = self.spec.get("completions") or 0
        new = {index for index in found if index is not None and index < total}
        return indexes(self.status.get("completedIndexes", "")) | new

    def plan(self) -> Plan:
        self._remember_failures()
        if not self.suspended and "startTime" not in self.status:
            self.status["startTime"] = stamp(self.at.now)
        verdict = self._verdict()
        if verdict is None and self.suspended:
            self._suspend()
        elif verdict is None:
            self._manage()
            verdict = self._complete()
        if verdict is not None:
            self.result.delete = list(self.active)
        self._say_suspended(verdict)
        self._write(verdict)
        return self.result

    def _remember_failures(self) -> None:
        new = [pod for pod in self.failed if self._has_failed(pod)]
        if self.succeeded:
            self.result.failures = 0
        if new:
            self.result.failures += len(new)
            self.result.failed_at = self.at.now

    # What the end is, if it is decided.

    def _verdict(self) -> Verdict | None:
        for kind in TARGETS:
            found = condition(self.status, kind)
            if found is not None:
                return kind, found["reason"], found["message"]
        return self._policy() or self._too_often() or self._late() or self._by_index()

    def _policy(self) -> Verdict | None:
        for pod in self.failed:
            action, message = match(self.spec.get("podFailurePolicy"), pod)
            if action == "FailJob":
                return "FailureTarget", "PodFailurePolicy", message
        return None

    def _counted(self) -> list[Object]:
        policy = self.spec.get("podFailurePolicy")
        return [pod for pod in self.failed if match(policy, pod)[0] != "Ignore"]

    def _too_often(self) -> Verdict | None:
        if "backoffLimitPerIndex" in self.spec:
            return None
        failed = self.status.get("failed", 0) + len(self._counted())
        return EXCEEDED if failed > self.spec.get("backoffLimit", 6) else None

    def _late(self) -> Verdict | None:
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is None or self.suspended:
            return None
        left = moment(self.status["startTime"]) + limit * self.at.named - self.at.now
        if left <= 0:
            return LATE
        self.result.again = left
        return None

    def _by_index(self) -> Verdict | None:
        rules = (self.spec.get("successPolicy") or {}).get("rules") or ()
        for number, rule in enumerate(rules):
            wanted = indexes(rule["succeededIndexes"]) if "succeededIndexes" in rule else None
            met = self.completed & wanted if wanted is not None else self.completed
            if len(met) >= rule.get("succeededCount", len(wanted or ()) or 1):
                return "SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {number}"
        failed = self._failed_indexes()
        if failed is None:
            return None
        if len(failed) > self.spec.get("maxFailedIndexes", len(failed)):
            return TOO_MANY
        return INDEXES if failed and len(failed | self.completed) >= self._total() else None

    def _failed_indexes(self) -> set[int] | None:
        if "backoffLimitPerIndex" not in self.spec:
            return None
        found = indexes(self.status.get("failedIndexes", ""))
        for pod in self._counted():
            index = index_of(pod)
            if index is not None and failures_of(pod) >= self.spec["backoffLimitPerIndex"]:
                found.add(index)
        return found

    def _complete(self) -> Verdict | None:
        if self.spec.get("completions") is None:
            done = self._success_count() > 0 and not self.active
        else:
            done = self._success_count() >= self._total()
        return REACHED if done else None

    # Which pods there should be.

    def _manage(self) -> None:
        parallelism = self.spec.get("parallelism", 1)
        wanted = min(parallelism, max(0, self._total() - self._success_count()))
        if self.spec.get("completions") is None:
            wanted = 0 if self._success_count() else parallelism
        only_ended = self.spec.get("podReplacementPolicy") == "Failed"
        missing = wanted - len(self.active) - (len(self.ending) if only_ended else 0)
        if missing <= 0:
            return
        rest = self._rest()
        if rest > 0:
            self.result.again = min(rest, self.result.again or rest)
            return
        self.result.create = self._free_indexes(missing) if self.indexed else [None] * missing

    def _rest(self) -> float:
        """Seconds that a failed pod's place stays empty."""
        if not self.result.failures:
            return 0.0
        pause = min(self.at.pause * 2 ** (self.result.failures - 1), self.at.pause * 60)
        return self.result.failed_at + pause - self.at.now

    def _free_indexes(self, count: int) -> list[int | None]:
        waits = self.ending if self.spec.get("podReplacementPolicy") == "Failed" else []
        taken = {index_of(pod) for pod in [*self.active, *waits]}
        taken |= self.completed | (self._failed_indexes() or set())
        return [i for i in range(self._total()) if i not in taken][:count]

    def _suspend(self) -> None:
        self.result.delete = list(self.active)
        self.result.release_first = True

    def _say_suspended(self, verdict: Verdict | None) -> None:
        if verdict is not None:
            return
        was = condition(self.status, "Suspended")
        if self.suspended and not holds(self.status, "Suspended"):
            self._set("Suspended", "True", "JobSuspended", "Job suspended")
            self.status.pop("startTime", None)
            self.result.events.append(("Normal", "Suspended", "Job suspended"))
        elif not self.suspended and was is not None and was["status"] == "True":
            self._set("Suspended", "False", "JobResumed", "Job resumed")
            self.status["startTime"] = stamp(self.at.now)
            self.result.events.append(("Normal", "Resumed", "Job resumed"))

    # What is written.

    def _write(self, verdict: Verdict | None) -> None:
        deleted = self.result.delete
        active = [] if deleted else self.active
        suspending = self.result.release_first
        failed = self._lost(verdict)
        self._release(verdict, failed)
        if verdict is not None:
            self._set(verdict[0], "True", *verdict[1:])
        self.status["active"] = len(active) + len(self.result.create)
        self.status["ready"] = sum(_ready(pod) for pod in active)
        self.status["terminating"] = len(self.ending) + len(deleted)
        self._count_indexes()
        counted_later = [] if self.indexed or suspending else self.succeeded
        self.result.first = self._with_uncounted(counted_later, failed)
        self.status["failed"] = self.status.get("failed", 0) + len(failed)
        if not self.indexed:
            self.status["succeeded"] = self.status.get("succeeded", 0) + len(counted_later)
        if verdict is not None and not self.status["terminating"]:
            self._finish(verdict)
        self.result.last = self._with_uncounted([], [])

    def _lost(self, verdict: Verdict | None) -> list[Object]:
        """The pods that count as failed now: after a failure all that have not succeeded."""
        if verdict is not None and verdict[0] == "FailureTarget":
            others = [p for p in self.tracked if p not in self.succeeded and p not in self.failed]
            return [*self._counted(), *others]
        return self._counted()

    def _release(self, verdict: Verdict | None, failed: list[Object]) -> None:
        done = [*self.succeeded, *self.failed, *failed]
        if verdict is not None or self.result.release_first:
            done = [*self.tracked]
        self.result.release = [pod for pod in self.tracked if pod in done]

    def _count_indexes(self) -> None:
        if self.indexed:
            self.status["completedIndexes"] = written(self.completed)
            self.status["succeeded"] = len(self.completed)
        failed = self._failed_indexes()
        if failed is not None:
            self.status["failedIndexes"] = written(failed)

    def _finish(self, verdict: Verdict) -> None:
        kind, reason, message = verdict
        self._set(TARGETS[kind], "True", reason, message)
        if TARGETS[kind] == "Complete":
            self.status["completionTime"] = stamp(self.at.now)
            self.result.finished.append(("Normal", "Completed", "Job completed"))
        else:
            self.result.finished.append(("Warning", reason, message))

    def _with_uncounted(self, succeeded: list[Object], failed: list[Object]) -> Object:
        status = copy.deepcopy(self.status)
        uids = {"succeeded": [p["metadata"]["uid"] for p in succeeded]}
        uids["failed"] = [p["metadata"]["uid"] for p in failed]
        status["uncountedTerminatedPods"] = {key: found for key, found in uids.items() if found}
        empty = [
            k for k in ("active", "succeeded", "failed", "completedIndexes") if not status.get(k)
        ]
        return {key: value for key, value in status.items() if key not in empty}

    def _set(self, kind: str, status: str, reason: str, message: str) -> None:
        found = condition(self.status, kind)
        new = {"type": kind, "status": status, "lastProbeTime": stamp(self.at.now)}
        new |= {"lastTransitionTime": new["lastProbeTime"], "reason": reason, "message": message}
        if found is None:
            self.status.setdefault("conditions", []).append(new)
        elif (found["status"], found["reason"]) != (status, reason):
            found.update(new)

    def _total(self) -> int:
        total = self.spec.get("completions")
        return int(self.spec.get("parallelism", 1) if total is None else total)

    def _success_count(self) -> int:
        if self.indexed:
            return len(self.completed)
        return int(self.status.get("succeeded", 0)) + len(self.succeeded)


def failures_of(pod: Object) -> int:
    """How often its index had failed before it."""
    return int((pod["metadata"].get("annotations") or {}).get(FAILURES, 0))


def _ready(pod: Object) -> bool:
    return holds(pod.get("status") or {}, "Ready")
