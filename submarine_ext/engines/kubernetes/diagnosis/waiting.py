"""Why a job has not begun: the queue first, then refusals, machines, containers.

Where a job of several machines waits for several things, what a person must change is said
before what passes by itself, and how many machines are ready already.
"""

from __future__ import annotations

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.kubernetes.diagnosis import (
    containers,
    facts,
    nodes,
    queues,
    refusals,
    scheduling,
)
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View
from submarine_ext.engines.kubernetes.kinds.base import Object

#: Events of controllers that could not make a job's pods.
_REFUSED = ("FailedCreate", "FailedCreatePod", "TrainJobResourcesCreationFailed", "FailedCreateJob")


def waiting(view: View) -> tuple[str, int | None] | None:
    """One plain sentence or two, and the position in the queue; None: nothing is waited for."""
    said = explain(view)
    return None if said is None else (said.text, view.position)


def remedy(view: View) -> JobSpec | None:
    """A changed spec that would not wait for what this one waits for, if there is one."""
    said = explain(view)
    return None if said is None else said.remedy


def explain(view: View) -> Said | None:
    """The same in one piece."""
    if view.top is None or view.top.verdict is not None:
        return None
    said = queues.explain(view)
    if said is not None:
        return said
    if view.top.suspended:
        return Said(text="The cluster has it; it is about to begin.")
    found = [said for pod in view.pods if (said := _pod(view, pod)) is not None]
    refused = _refused(view)
    if refused is not None:
        found.append(refused)
    if found:
        return _together(view, max(found, key=lambda said: said.weight))
    return None if view.pods else Said(text="The cluster has it; it is about to begin.")


def _pod(view: View, pod: Object) -> Said | None:
    if facts.phase(pod) in ("Succeeded", "Failed"):
        return None
    silent = nodes.lost_contact(view, pod)
    if silent is not None:
        return silent
    unplaced = facts.condition(pod, "PodScheduled", status="False")
    if unplaced is not None:
        return _unplaced(view, pod, unplaced)
    if facts.containers(pod) or facts.phase(pod) == "Running":
        return containers.explain(view, pod)
    placed = facts.text(facts.part(pod, "spec"), "nodeName")
    return containers.creating(view, pod) if placed else scheduling.unplaced()


def _unplaced(view: View, pod: Object, condition: Object) -> Said:
    if condition.get("reason") == "SchedulingGated":
        return scheduling.gated()
    message = facts.text(condition, "message")
    for event in facts.about(view.events, pod):
        if not message and facts.text(event, "reason") == "FailedScheduling":
            message = facts.text(event, "message")
    return scheduling.explain(view, message) if message else scheduling.unplaced()


def _refused(view: View) -> Said | None:
    """The newest refusal, while pods are missing. Its event is all that tells."""
    alive = [pod for pod in view.pods if facts.phase(pod) not in ("Succeeded", "Failed")]
    if len(alive) >= view.spec.distributed.nodes:
        return None
    for event in reversed(view.events):
        if facts.text(event, "reason") in _REFUSED:
            return refusals.explain(view, facts.text(event, "message"))
    return None


def _together(view: View, said: Said) -> Said:
    """With how many of the job's machines are ready, where some are."""
    count = view.spec.distributed.nodes
    ready = sum(facts.phase(pod) == "Running" for pod in view.pods)
    if count == 1 or not 0 < ready < count:
        return said
    have = "has" if ready == 1 else "have"
    text = f"{ready} of {count} machines {have} begun. {said.text}"
    return Said(text=text, remedy=said.remedy, field=said.field, weight=said.weight)
