"""The scheduler's count of machines and why each does not fit, in words.

Its message is ``0/N nodes are available: <n> <reason>, … . preemption: 0/N …``, the reasons
sorted as text, with sums above N where a machine lacks two things. Recorded in
``recordings/scheduling.json``; older schedulers name taints and have no preemption part.
"""

from __future__ import annotations

import re

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.remedies import at_most_gpus
from submarine_ext.engines.kubernetes.diagnosis import amounts
from submarine_ext.engines.kubernetes.diagnosis.amounts import Kind
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, counted, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight

_MESSAGE = re.compile(r"0/(\d{1,9}) nodes are available: (.*)", re.DOTALL)
_VERDICT = re.compile(r"\.? (?:no new claims to deallocate, )?preemption: ")
_PART = re.compile(r"(\d{1,9}) (.*)", re.DOTALL)
_LACK = re.compile(r"Insufficient (\S+)")
_TAINT = re.compile(r"node\(s\) had (?:untolerated )?taints? ?\{([^}:]*)")
_CLAIM = re.compile(r'persistentvolumeclaim "([^"]*)" (not found|is being deleted)')

#: A reason of a part (its beginning) → what is said of so many machines.
_REASONS = {
    "Too many pods": "{are} full",
    "node(s) had untolerated taint": "{are} reserved for other work",
    "node(s) had taint": "{are} reserved for other work",
    "node(s) were unschedulable": "{are} closed for new jobs",
    "node(s) were not ready": "{are} not ready",
    "node(s) were out of disk": "{have} no disk space left",
    "node(s) didn't match Pod's node affinity/selector": "{are} not of the kind that it needs",
    "node(s) didn't match node selector": "{are} not of the kind that it needs",
    "node(s) didn't satisfy plugin(s) [NodeAffinity]": "{are} not of the kind that it needs",
    "node(s) didn't match pod anti-affinity rules": "{have} other jobs that it must keep away from",
    "node(s) didn't match pod affinity rules": "{have} not the jobs that it belongs beside",
    "node(s) didn't satisfy existing pods anti-affinity rules": "{have} jobs that want to be alone",
    "node(s) didn't match pod topology spread constraints": "would break how jobs are spread",
    "node(s) didn't have free ports": "{have} its network port in use",
    "node(s) had volume node affinity conflict": "cannot reach its volume",
    "node(s) had no available volume zone": "cannot reach its volume",
    "node(s) didn't find available persistent volumes": "{have} no volume for it",
    "node(s) exceed max volume count": "{have} too many volumes already",
    "node(s) unavailable due to": "cannot use its volume",
    "cannot allocate all claims": "{have} no device that it claims",
}
#: Taints that Kubernetes sets by itself.
_TAINTS = {
    "node.kubernetes.io/not-ready": "{are} not ready",
    "node.kubernetes.io/unreachable": "cannot be reached",
    "node.kubernetes.io/unschedulable": "{are} closed for new jobs",
    "node.kubernetes.io/memory-pressure": "{are} short of memory",
    "node.kubernetes.io/disk-pressure": "{are} short of disk space",
    "node.kubernetes.io/pid-pressure": "{have} too many processes",
    "node.kubernetes.io/network-unavailable": "{have} no network yet",
    "node-role.kubernetes.io/control-plane": "{are} kept for the cluster itself",
    "node-role.kubernetes.io/master": "{are} kept for the cluster itself",
}
_EMPTY = "no nodes available"
_OPERATOR = "ask whoever runs the cluster"


def explain(view: View, message: str) -> Said:
    """What a message of the scheduler means for this job."""
    found = _MESSAGE.match(message[:READ])
    if found is None:
        text = f"No machine was found for it: {quoted(message)}."
        if message.startswith(_EMPTY):
            text = f"The cluster has no machines now. Wait, or {_OPERATOR}."
        return Said(text=text, weight=Weight.BUSY)
    reasons, *verdict = _VERDICT.split(found[2], maxsplit=1)
    parts = _parts(reasons)
    if not parts:
        return _volume(view, reasons)
    never = bool(verdict) and _never(verdict[0])
    counts = ", ".join(_machines(view, int(n), reason) for n, reason in parts)
    text = f"None of {counted(int(found[1]), 'machine')} fits: {counts}. "
    remedy = _smaller(view, parts) if never else None
    weight = Weight.STUCK if never else Weight.BUSY
    return Said(text=text + _advice(parts, never=never), remedy=remedy, weight=weight)


def gated() -> Said:
    """Something holds the job back before the scheduler may look at it; there is no event."""
    return Said(text="Something in the cluster holds it back until it may be placed.")


def unplaced() -> Said:
    """The scheduler has not said anything: it is about to, or there is none."""
    return Said(text="A machine is being chosen for it.")


def _parts(reasons: str) -> list[tuple[str, str]]:
    """(how many, why): a reason may have commas of its own, but no number after them."""
    pieces = re.split(r", (?=\d)", reasons.rstrip(". "))
    return [(m[1], m[2].strip()) for piece in pieces if (m := _PART.match(piece))]


def _never(verdict: str) -> bool:
    """Whether no machine could take it even if everything else went away."""
    found = _MESSAGE.match(verdict)
    parts = _parts(found[2]) if found else []
    return bool(parts) and all("Preemption is not helpful" in reason for _, reason in parts)


def _machines(view: View, count: int, reason: str) -> str:
    said = _said(view, reason)
    grammar = {"are": "is", "have": "has"} if count == 1 else {"are": "are", "have": "have"}
    return f"{count} {said.format(**grammar)}" if said else f"{count}: {quoted(reason, 120)}"


def _said(view: View, reason: str) -> str | None:
    if lack := _LACK.match(reason):
        return _lacking(view, lack[1])
    if taint := _TAINT.match(reason):
        named = f"{{are}} reserved ({_escaped(quoted(taint[1].strip(), 80))})"
        return _TAINTS.get(taint[1].strip(), named)
    said = next((words for start, words in _REASONS.items() if reason.startswith(start)), None)
    gpu_type = view.spec.resources.gpu_type
    if said == "{are} not of the kind that it needs" and gpu_type and view.spec.resources.gpu:
        return f"{{have}} no GPU of the type {_escaped(gpu_type)}"
    return said


def _lacking(view: View, resource: str) -> str:
    """``lack 2 free GPUs``: what one machine would need."""
    what = amounts.kind(resource)
    if what is Kind.GPU and view.spec.resources.gpu <= 1:
        return "{have} no free GPU"
    if what in (Kind.GPU, Kind.CPU, Kind.MEMORY):
        less = "less" if what is Kind.MEMORY else "fewer"
        return f"{{have}} {less} than {amounts.asked(view.spec, what)} free"
    if what is Kind.DISK:
        return "{have} too little free disk"
    return f"{{have}} too little {_escaped(quoted(resource, 80))}"


def _advice(parts: list[tuple[str, str]], *, never: bool) -> str:
    kinds = {amounts.kind(lack[1]) for _, reason in parts if (lack := _LACK.match(reason))}
    less = " and ".join(amounts.FEWER[k] for k in amounts.FEWER if k in kinds)
    if never and less:
        return f"It will not fit, however long it waits: ask for {less}."
    if less:
        return f"Ask for {less}, or wait."
    return f"Wait, or {_OPERATOR}." if not never else f"This does not pass by itself: {_OPERATOR}."


def _smaller(view: View, parts: list[tuple[str, str]]) -> JobSpec | None:
    """Half of the GPUs, where those are what no machine has; how many there are is not told."""
    lacking = [lack[1] for _, reason in parts if (lack := _LACK.match(reason))]
    if any(amounts.kind(resource) is Kind.GPU for resource in lacking):
        return at_most_gpus(view.spec, view.spec.resources.gpu // 2)
    return None


def _volume(view: View, reason: str) -> Said:
    if claim := _CLAIM.match(reason):
        text = (
            f"The volume {quoted(claim[1], 80)} does not exist in {view.namespace}: "
            "an administrator of this server has to name another."
        )
        return Said(text=text, weight=Weight.STUCK)
    if "unbound immediate PersistentVolumeClaims" in reason:
        text = f"Waiting for storage: its volume is not there yet. If it stays so, {_OPERATOR}."
        return Said(text=text, weight=Weight.BUSY)
    return Said(text=f"No machine was found for it: {quoted(reason)}.", weight=Weight.BUSY)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
