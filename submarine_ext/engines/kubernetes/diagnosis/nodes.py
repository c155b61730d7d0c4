"""What happened to the machine: lost, drained, taken, full. Never the fault of the code."""

from __future__ import annotations

import re

from submarine_ext.engines.kubernetes.diagnosis import amounts, facts
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight
from submarine_ext.engines.kubernetes.kinds.base import Object

_YOURS = "It was not your code."

_DISRUPTED = {
    "PreemptionByScheduler": "Its machine was taken for work of higher priority.",
    "DeletionByTaintManager": "Its machine was lost or closed.",
    "EvictionByEvictionAPI": "Its machine was cleared for maintenance.",
    "DeletionByPodGC": "Its machine was removed from the cluster.",
    "TerminationByKubelet": "Its machine ended it.",
}
_REJECTED = {
    "NodeAffinity": "Its machine is no longer of the kind that was asked for.",
    "NodeShutdown": "Its machine was shut down.",
    "Terminated": "Its machine was shut down.",
    "Shutdown": "Its machine was shut down.",
    "NodeLost": "Its machine was lost.",
    "Preempting": "Its machine was taken for work of higher priority.",
    "UnexpectedAdmissionError": "Its machine could not give it the devices that it asked for.",
}
_LOW = re.compile(r"low on resource: (\S{1,80}?)\.")
_CONDITION = re.compile(r"node had condition: \[([A-Za-z]{1,40})")
_LIMIT = re.compile(
    r'(?:volume "([^"]{1,253})" exceeds|local storage usage exceeds|exceeded its local ephemeral '
    r'storage limit)[^"0-9]{0,60}"?([0-9][^"\s]{0,20}?)"?\.?(?:\s|$)'
)
_PRESSURE = {"MemoryPressure": "memory", "DiskPressure": "disk space", "PIDPressure": "processes"}


def disruption(pod: Object) -> str | None:
    """Why the cluster took the machine away; None where it did not."""
    target = facts.condition(pod, "DisruptionTarget")
    status = facts.part(pod, "status")
    reason, message = facts.text(status, "reason"), facts.text(status, "message")[:READ]
    if reason == "Evicted":
        return _evicted(message)
    if reason.startswith("OutOf"):
        noun = amounts.noun(reason.removeprefix("OutOf"))
        return f"Its machine had no {noun} left when it came. {_YOURS}"
    if reason in _REJECTED:
        return f"{_REJECTED[reason]} {_YOURS}"
    if target is None:
        return None
    said = _DISRUPTED.get(facts.text(target, "reason"))
    return f"{said or 'The cluster took its machine: ' + _why(target)} {_YOURS}"


def when(pod: Object) -> float | None:
    """When the machine was taken, in epoch seconds."""
    target = facts.condition(pod, "DisruptionTarget")
    return facts.moment((target or {}).get("lastTransitionTime"))


def lost_contact(view: View, pod: Object) -> Said | None:
    """The machine is silent: the pod still counts as running, and may well be."""
    if facts.phase(pod) not in ("Running", "Unknown"):
        return None
    if facts.condition(pod, "Ready", status="False") is None:
        return None
    events = facts.about(view.events, pod)
    if not any(facts.text(event, "reason") == "NodeNotReady" for event in events):
        return None
    text = "Lost contact with its machine: nobody knows how it is until the machine returns."
    return Said(text=text, weight=Weight.BUSY)


def _evicted(message: str) -> str:
    if full := _LIMIT.search(message):
        limit = amounts.figure("ephemeral-storage", full[2])
        return f"It wrote more than the {limit} of disk that it may use: write less, or elsewhere."
    if low := _LOW.search(message):
        return f"Its machine ran out of {amounts.noun(low[1])}: {quoted(message)}."
    if pressed := _CONDITION.search(message):
        what = _PRESSURE.get(pressed[1], pressed[1])
        return f"Its machine ran out of {what}. {_YOURS}"
    return f"Its machine sent it away: {quoted(message or 'no reason given')}."


def _why(target: Object) -> str:
    return quoted(facts.text(target, "message") or facts.text(target, "reason")) + "."
