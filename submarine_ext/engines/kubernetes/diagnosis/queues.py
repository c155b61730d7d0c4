"""Where a job stands in a queue of Kueue, and what it waits for there.

Kueue says it in its Workload's conditions: QuotaReserved=False with the cause as message (or
no condition at all under StrictFIFO), Evicted, Admitted. Texts after Kueue 0.19, and as its
releases since 0.10 wrote them.
"""

from __future__ import annotations

import re
from decimal import Decimal

from submarine_ext.engines.kubernetes.diagnosis import amounts, facts
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, plain, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight
from submarine_ext.engines.kubernetes.kinds.base import Object

_MORE = re.compile(
    r"insufficient unused quota for (\S{1,253}) in flavor (\S{1,253}?), (\S{1,40}?) more needed"
)
_MAXIMUM = re.compile(
    r"insufficient quota for (\S{1,253}) in flavor (\S{1,253}?), [^;]{0,200}?"
    r"> maximum capacity \(([^)]{1,80})\)"
)
_CURRENT = re.compile(r"current podset request \((\S{1,40})\)")
_UNKNOWN = re.compile(r"resource (\S{1,253}) unavailable in ClusterQueue")
_NO_QUEUE = re.compile(r"(LocalQueue|ClusterQueue) (\S{1,253}) (?:doesn't exist|not found)")
_INACTIVE = re.compile(r"(LocalQueue|ClusterQueue) (\S{1,253}) is (stopped|inactive)")
_ADMIN = "Ask whoever runs the cluster."


def explain(view: View) -> Said | None:
    """What keeps the job in its queue; None where no queue does."""
    workload = view.workload
    if workload is None:
        return _first(view) if view.queue is not None else None
    evicted = _evicted(view, workload)
    if evicted is not None:
        return evicted
    if facts.condition(workload, "Admitted") or facts.condition(workload, "Finished"):
        return None
    if facts.condition(workload, "QuotaReserved"):
        return _checks(view, workload)
    pending = facts.condition(workload, "QuotaReserved", status="False")
    return _pending(view, facts.text(pending or {}, "message"))


def pause(view: View) -> tuple[str, str] | None:
    """Where the queue has paused a job that ran: when, and what its log is to say."""
    evicted = facts.condition(view.workload or {}, "Evicted")
    if evicted is None or facts.condition(view.workload or {}, "QuotaReserved"):
        return None
    for_whom = " for work of higher priority" if evicted.get("reason") == "Preempted" else ""
    text = f"Paused{for_whom}; it begins anew when there is room."
    return facts.text(evicted, "lastTransitionTime"), text


def place(view: View) -> str:
    """``In the queue team-a at position 3``"""
    at = f" at position {view.position}" if view.position is not None else ""
    return f"In the queue {plain(view.queue or '', 63)}".rstrip() + at


def _first(view: View) -> Said | None:
    top = view.top
    return Said(text=f"{place(view)}.") if top is not None and top.suspended else None


def _evicted(view: View, workload: Object) -> Said | None:
    """Kueue leaves Evicted=True until it has the quota again."""
    evicted = facts.condition(workload, "Evicted")
    if evicted is None or facts.condition(workload, "QuotaReserved"):
        return None
    reason = facts.text(evicted, "reason")
    if reason == "Preempted":
        text = (
            f"Paused for work of higher priority. {place(view)}: it resumes by itself; what it "
            "did not save as a checkpoint is done again."
        )
        return Said(text=text, weight=Weight.BUSY)
    if reason == "PodsReadyTimeout":
        text = "Not all of its machines were ready in time: it is put back."
        return Said(text=f"{text} {place(view)}.", weight=Weight.BUSY)
    if reason in ("Deactivated", "InactiveWorkload") or reason.startswith("DeactivatedDueTo"):
        said = quoted(facts.text(evicted, "message"))
        text = f"The queue has put it aside ({said}): stop it and run it again."
        return Said(text=text, weight=Weight.STUCK)
    return None


def _pending(view: View, message: str) -> Said:
    message = message[:READ]
    for reading in (_too_large, _absent, _busy):
        said = reading(view, message)
        if said is not None:
            return said
    if not message:
        return Said(text=f"{place(view)}.")
    return Said(text=f"{place(view)}: {quoted(message)}.", weight=Weight.BUSY)


def _busy(view: View, message: str) -> Said | None:
    found = list(dict.fromkeys(m.groups() for m in _MORE.finditer(message)))
    if not found:
        return None
    needs = ", ".join(f"{_more(resource, n)} ({flavor})" for resource, flavor, n in found[:4])
    makes_room = "preemption of" in message
    tail = "; other work is being paused for it" if makes_room else ""
    return Said(text=f"{place(view)}: needs {needs}{tail}.", weight=Weight.BUSY)


def _more(resource: str, number: str) -> str:
    """``2 more GPUs``, ``1 more GPU``"""
    figure, noun = amounts.figure(resource, number), amounts.noun(resource)
    return f"{figure} more {noun.removesuffix('s') if figure == '1' else noun}"


def _too_large(view: View, message: str) -> Said | None:
    """Only where no flavor could ever hold it: of several, the largest counts."""
    found = _MAXIMUM.findall(message)
    if not found or _MORE.search(message):
        return None
    resource = found[0][0]
    same = [(m, n) for m in found if m[0] == resource and (n := _most(m[2])) is not None]
    if not same:
        return None
    largest, most = max(same, key=lambda pair: pair[1])
    remedy = amounts.at_most(view.spec, resource, most)
    asked = _asked(message, largest[2])
    figure = amounts.figure(resource, asked) if asked else ""
    wanted = f"{figure} asked for, " if figure else ""
    limit = amounts.words(resource, largest[2].rpartition("> ")[2])
    text = (
        f"Larger than the queue {plain(view.queue or '', 63)} can ever give: {wanted}"
        f"{limit} is the most. Ask for no more than that."
    )
    field = amounts.FIELDS.get(amounts.kind(resource))
    return Said(text=text, remedy=remedy, field=field, weight=Weight.STUCK)


def _most(numbers: str) -> Decimal | None:
    """Of ``9`` and of ``12 > 9``, as older releases wrote it."""
    return amounts.number(numbers.rpartition("> ")[2])


def _asked(message: str, numbers: str) -> str | None:
    asked, older, _ = numbers.partition(" > ")
    if older:
        return asked
    current = _CURRENT.search(message)
    return current[1] if current else None


def _absent(view: View, message: str) -> Said | None:
    if lacking := _UNKNOWN.search(message):
        noun = amounts.noun(lacking[1])
        text = f"The queue {plain(view.queue or '', 63)} has no {noun} to give: choose another."
        return Said(text=text, field="queue", weight=Weight.STUCK)
    if gone := _NO_QUEUE.search(message):
        local = gone[1] == "LocalQueue"
        text = (
            f"There is no queue {quoted(gone[2], 80)} in {view.namespace}: choose another."
            if local
            else f"The queue {plain(view.queue or '', 63)} is not set up. {_ADMIN}"
        )
        return Said(text=text, field="queue", weight=Weight.STUCK)
    if idle := _INACTIVE.search(message):
        whose = f"The queue {quoted(idle[2], 80)}"
        state = "is paused" if idle[3] == "stopped" else "does not work now"
        return Said(text=f"{whose} {state}. {_ADMIN}", field="queue", weight=Weight.BUSY)
    return None


def _checks(view: View, workload: Object) -> Said:
    """It has its quota; what else the queue asks for before it may run."""
    for check in facts.items(workload, "status", "admissionChecks"):
        if check.get("state") in ("Pending", "Retry"):
            message = facts.text(check, "message")
            said = f": {quoted(message)}" if message else ""
            text = f"{place(view)}: waiting for new machines{said}."
            return Said(text=text, weight=Weight.BUSY)
    return Said(text=f"{place(view)}: it is its turn.")
