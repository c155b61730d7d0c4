"""How an attempt ended, from what its launchers, its pods and its controller say.

When one rank fails the others are ended for it, so the first that failed *by itself* is
what people are told of; a machine that was taken away comes before what its processes said
while they were ended. A launcher's report is believed for what it says of the job's own
process, which could have written it: its words are shown as text, cut.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from submarine_ext.domain.endings import exited, killed, last_error, over_time
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import human_bytes, memory_bytes
from submarine_ext.domain.remedies import more_memory
from submarine_ext.engines.kubernetes.diagnosis import amounts, facts, nodes
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, plain, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Ending, View
from submarine_ext.engines.kubernetes.kinds.base import Object

_HOPELESS = 64
_REPORT = re.compile(r'\s*\{"kind":')
_OF_POD = re.compile(r"Container \S{1,253} for pod \S{1,510} failed with exit code (\d{1,10})")
_NO_PROGRAM = re.compile(
    r'exec: "([^"]{1,500})": (?:executable file not found|stat .* no such file)'
)
_LESS = "ask for more memory, or lower the batch size or the number of workers"
_NOTHING = "The cluster kept nothing that says why."
_SAID = {
    "BackoffLimitExceeded": f"It failed. {_NOTHING}",
    "FailedIndexes": f"It failed. {_NOTHING}",
    "MaxFailedIndexesExceeded": f"It failed. {_NOTHING}",
}


class _Cause(Struct, frozen=True):
    """One thing that went wrong. ``after``: 0 by itself, 1 for something else's sake."""

    ending: Ending
    after: int = 0
    time: float | None = None


def ended(view: View) -> Ending:
    """How the attempt failed: the first cause, and when it ran."""
    causes = [*_reported(view), *_from_pods(view)]
    first = min(causes, key=_order, default=None)
    ending = first.ending if first else _by_controller(view)
    if _late(view) and (first is None or first.after):
        ending = _over_time(view)
    started, finished = _times(view)
    reason = ending.reason + _silent(view)
    return replace(ending, reason=reason, started=started, finished=finished)


def _silent(view: View) -> str:
    """Ranks fail when another's machine goes silent, minutes before the cluster says so."""
    lost = sum(nodes.lost_contact(view, pod) is not None for pod in view.pods)
    machines = f"{lost} of its {view.spec.distributed.nodes} machines"
    return f" Contact with {machines} was lost: that may be why." if lost else ""


def _order(cause: _Cause) -> tuple[int, float]:
    return cause.after, cause.time if cause.time is not None else float("inf")


def _reported(view: View) -> list[_Cause]:
    """What launchers said of ranks that did not succeed."""
    found = []
    for node, report in sorted(view.reports.items()):
        ending = _report(view, node, report)
        if ending is not None:
            after = int(report.get("kind") == "stopped")
            found.append(_Cause(ending, after, report.get("finished")))
    return found


def _report(view: View, node: int, report: dict[str, Any]) -> Ending | None:
    kind, code, error = report.get("kind"), report.get("code") or 0, report.get("error")
    if kind == "exited" and code == 0 and not report.get("oom"):
        return None
    who = _who(view, node, report.get("rank"))
    notes = "".join(f" {plain(note)}" for note in report.get("notes") or [])
    if kind in ("unstartable", "unprepared"):
        reason = plain(error or "It could not be started.", 500)
        return Ending(reason=reason + notes, retryable=kind == "unprepared")
    if kind == "timeout":
        return Ending(reason=_over_time(view).reason + notes, exit_code=report.get("code"))
    if kind == "stopped":
        return Ending(
            reason="The cluster ended it (SIGTERM)." + notes, exit_code=report.get("code")
        )
    if report.get("oom"):
        out = _out_of_memory(view, None, report.get("used"))
        return replace(out, reason=who + out.reason + notes, exit_code=code)
    said = killed(-code) if code < 0 else exited(code, plain(error, 500) if error else None)
    return Ending(reason=who + said + notes, exit_code=code)


def _who(view: View, node: int, rank: int | None) -> str:
    """``Rank 1: `` where there are several."""
    shape = view.spec.distributed
    if shape.ranks == 1:
        return ""
    return f"Rank {node * shape.processes_per_node if rank is None else rank}: "


def _from_pods(view: View) -> list[_Cause]:
    """What the cluster says of pods that left no report, or whose machine was taken."""
    found = []
    for pod in view.pods:
        end = facts.terminated(pod)
        time = facts.moment(end.get("finishedAt"))
        taken = nodes.disruption(pod)
        if taken is not None:
            found.append(_Cause(Ending(reason=taken), 0, nodes.when(pod) or time))
        elif end.get("exitCode") and not _REPORT.match(facts.text(end, "message")):
            stopped = end["exitCode"] == 143 or _leaving(pod)
            found.append(_Cause(_container(view, pod, end), int(stopped), time))
    return found


def _leaving(pod: Object) -> bool:
    return bool(facts.part(pod, "metadata").get("deletionTimestamp"))


def _container(view: View, pod: Object, end: Object) -> Ending:
    code, reason = int(end["exitCode"]), facts.text(end, "reason")
    message = facts.text(end, "message")
    who = _who(view, _index(pod), None)
    if reason == "OOMKilled":
        out = _out_of_memory(view, pod, None)
        return replace(out, reason=who + out.reason, exit_code=-9)
    if reason in ("StartError", "ContainerCannotRun"):
        return _unstartable(message)
    if facts.text(facts.part(pod, "status"), "reason") == "DeadlineExceeded":
        return _over_time(view)
    if code == _HOPELESS and message:
        return Ending(reason=plain(message.strip().splitlines()[-1], 500), retryable=False)
    if 128 < code < 128 + 65:
        hint = " Perhaps it used too much memory." if code == 137 else ""
        return Ending(reason=who + killed(code - 128) + hint, exit_code=128 - code)
    error = last_error(message.encode(errors="replace"))
    return Ending(reason=who + exited(code, plain(error, 500) if error else None), exit_code=code)


def _unstartable(message: str) -> Ending:
    if absent := _NO_PROGRAM.search(message[:READ]):
        reason = f"The image has no program {quoted(absent[1], 100)}: choose another (environment)."
    else:
        reason = f"It could not be started: {quoted(message)}."
    return Ending(reason=reason, retryable=False)


def _index(pod: Object) -> int:
    """Which node of the job a pod without a report was, where its labels tell."""
    labels = facts.part(pod, "metadata", "labels")
    names = ("batch.kubernetes.io/job-completion-index", "training.kubeflow.org/replica-index")
    found = next((labels[name] for name in names if name in labels), "0")
    return int(found) if str(found).isdecimal() and len(str(found)) < 5 else 0


def _out_of_memory(view: View, pod: Object | None, used: int | None) -> Ending:
    """``used``: the most bytes that one machine's part had, where its launcher saw it."""
    spec, nodes_ = view.spec, view.spec.distributed.nodes
    if spec.resources.memory is None:
        return _at_default(view, pod or _any_limited(view))
    asked = memory_bytes(spec.resources.memory)
    if used is not None and used > asked:
        reason = (
            f"Out of memory: it used {human_bytes(used)}, more than the {human_bytes(asked)} "
            "it asked for."
        )
    else:
        reason = f"Out of memory at {human_bytes(asked)}: {_LESS}."
    return Ending(reason=reason, remedy=more_memory(spec, used=(used or 0) * nodes_))


def _at_default(view: View, pod: Object | None) -> Ending:
    """It asked for nothing, so the limit was the namespace's, or the machine's own."""
    limit = _limit(pod) if pod else None
    if limit is None:
        return Ending(reason=f"Out of memory: its machine had none left; {_LESS}.")
    asking = _asking(view.spec, limit)
    reason = f"Out of memory at {human_bytes(limit)}, which {view.namespace} gives to jobs that"
    return Ending(reason=f"{reason} ask for none: {_LESS}.", remedy=more_memory(asking))


def _asking(spec: JobSpec, memory: int) -> JobSpec:
    return replace(spec, resources=replace(spec.resources, memory=memory))


def _any_limited(view: View) -> Object | None:
    return next((pod for pod in view.pods if _limit(pod) is not None), None)


def _limit(pod: Object) -> int | None:
    """The memory limit that the pod got, in bytes."""
    for container in facts.items(pod, "spec", "containers"):
        limit = facts.part(container, "resources", "limits").get("memory")
        number = amounts.number(str(limit)) if limit is not None else None
        if number:
            return int(number)
    return None


def _late(view: View) -> bool:
    return view.top is not None and view.top.reason == "DeadlineExceeded"


def _over_time(view: View) -> Ending:
    limit = view.spec.timeout_seconds or view.settings.max_timeout_seconds
    if limit is None:
        return Ending(reason="The cluster ended it at a time limit of its own.")
    return Ending(reason=over_time(limit))


def _by_controller(view: View) -> Ending:
    """No pod says anything, or none is left."""
    reason = view.top.reason if view.top else None
    message = (view.top.message if view.top else None) or ""
    if of_pod := _OF_POD.search(message[:2000]):
        code = int(of_pod[1])
        said = Ending(reason=exited(code, None), exit_code=code, retryable=code != _HOPELESS)
        return said if code != _HOPELESS else replace(said, exit_code=None)
    if "has condition DisruptionTarget" in message:
        return Ending(reason="Its machine was lost or taken. It was not your code.")
    if reason in _SAID:
        return Ending(reason=_SAID[reason])
    if message or reason:
        return Ending(reason=f"The cluster ended it: {quoted(message or reason)}.")
    return Ending(reason=f"It failed. {_NOTHING}")


def _times(view: View) -> tuple[float | None, float | None]:
    """The first start and the last end that anybody knows, in epoch seconds."""
    ends = [facts.terminated(pod) for pod in view.pods]
    # A container that could not be started has a start of 1970.
    began = [t for end in ends if (t := facts.moment(end.get("startedAt")))]
    over = [t for end in ends if (t := facts.moment(end.get("finishedAt")))]
    began = [t for r in view.reports.values() if (t := r.get("started"))] or began
    over = [t for r in view.reports.values() if (t := r.get("finished"))] or over
    return min(began, default=None), max(over, default=None)
