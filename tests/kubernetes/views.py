"""Makes what is known of an attempt, for the tests of diagnosis."""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.jobs import Distributed, JobSpec, Resources
from submarine_ext.engines.kubernetes.diagnosis.view import View
from submarine_ext.engines.kubernetes.kinds.base import Top, Verdict
from submarine_ext.engines.kubernetes.settings import Settings

TOP = "top-uid"
RUNNING = Top(uid=TOP)
FAILED = Top(uid=TOP, verdict=Verdict.FAILED, settled=True, reason="BackoffLimitExceeded")


def spec(*, nodes: int = 1, **resources: Any) -> JobSpec:
    environment = resources.pop("environment", None)
    timeout = resources.pop("timeout", None)
    return JobSpec(
        command=["train"],
        environment=environment,
        timeout_seconds=timeout,
        resources=Resources(**resources),
        distributed=Distributed(nodes=nodes),
    )


def view(
    job: JobSpec | None = None,
    *,
    settings: Settings | None = None,
    top: Top | None = RUNNING,
    **given: Any,
) -> View:
    return View(
        spec=job or spec(),
        settings=settings or Settings(),
        namespace="team-a",
        top=top,
        **given,
    )


def pod(status: dict[str, Any], *, node: str | None = "node-1", index: int = 0) -> dict[str, Any]:
    labels = {"batch.kubernetes.io/job-completion-index": str(index)}
    return {
        "metadata": {"name": f"p-{index}", "uid": f"pod-{index}", "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "main"}]},
        "status": status,
    }


def unplaced(message: str, reason: str = "Unschedulable") -> dict[str, Any]:
    said = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return pod({"phase": "Pending", "conditions": [said]}, node=None)


def waits(reason: str, message: str = "", *, image: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    container = {"name": "main", "image": image, "state": state}
    return pod({"phase": "Pending", "containerStatuses": [container]})


def ended(state: dict[str, Any], *, index: int = 0, **status: Any) -> dict[str, Any]:
    container = {"name": "main", "state": {"terminated": state}}
    return pod({"phase": "Failed", "containerStatuses": [container], **status}, index=index)


def event(reason: str, message: str, about: str = TOP) -> dict[str, Any]:
    return {"reason": reason, "message": message, "involvedObject": {"uid": about}}


def workload(message: str = "", **conditions: tuple[str, str]) -> dict[str, Any]:
    """``workload(Evicted=("True", "Preempted"))``"""
    given = [
        {"type": name, "status": status, "reason": reason, "message": message}
        for name, (status, reason) in conditions.items()
    ]
    return {"status": {"conditions": given}}
