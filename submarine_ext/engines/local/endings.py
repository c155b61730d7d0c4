"""Explain an end: the supervisor's plain facts in, an ``Ended`` with its sentence out.

Nothing is decided here about what runs; the log is only read, for the error it ends with.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from submarine_ext.domain.endings import TAIL, exited, killed, over_time
from submarine_ext.domain.endings import last_error as error_at_the_end
from submarine_ext.domain.jobs import JobSpec, Usage
from submarine_ext.domain.quantities import human_bytes, memory_bytes
from submarine_ext.domain.remedies import more_memory
from submarine_ext.engines.base import Ended, Outcome, Task
from submarine_ext.engines.local import nearest

STOPPED = "Stopped on request."


def ended(task: Task, record: dict[str, Any], machine_memory: int) -> Ended:
    """What the exit record means."""
    outcome, reason, remedy = _meaning(task, record, machine_memory)
    notes = [*record["not_kept"], *_survivors(record)]
    return Ended(
        name=task.name,
        outcome=outcome,
        reason=" ".join(filter(None, [reason, *notes])) or None,
        exit_code=_exit_code(record),
        retryable=record["kind"] != "unstartable" or record["stage"] == "log",
        remedy=remedy,
        started=record["started"],
        finished=record["finished"],
        usage=_usage(record),
    )


def lost(task: Task, claim: dict[str, Any], boot: str) -> Ended:
    """There is no exit record and never will be."""
    why = "its supervisor was killed" if claim.get("boot") == boot else "the machine was restarted"
    return Ended(
        name=task.name,
        outcome=Outcome.LOST,
        reason=f"Nobody can know how it ended: {why} while it ran.",
        started=claim.get("time"),
    )


def _meaning(
    task: Task, record: dict[str, Any], machine_memory: int
) -> tuple[Outcome, str | None, JobSpec | None]:
    kind = record["kind"]
    if kind == "stopped":
        return Outcome.STOPPED, STOPPED, None
    if kind == "memory":
        return _over_memory(task.spec, record["used"], machine_memory)
    if kind in _SAID:
        return Outcome.FAILED, _SAID[kind](task, record), None
    if "rank" in record:
        return _failure(task, record, machine_memory)
    return Outcome.SUCCEEDED, None, None


def _failure(
    task: Task, record: dict[str, Any], machine_memory: int
) -> tuple[Outcome, str, JobSpec | None]:
    rank = record["rank"]
    who = f"Rank {rank}: " if len(record["codes"]) > 1 else ""
    code = record["codes"][rank]
    if record.get("oom"):
        said = "Out of memory: the system killed it (SIGKILL) when the machine had none left."
        return Outcome.FAILED, who + said, more_memory(task.spec, machine_memory)
    if code < 0:
        return Outcome.FAILED, who + killed(-code), None
    return Outcome.FAILED, who + exited(code, last_error(task.log(rank))), None


def _over_memory(
    spec: JobSpec, used: int, machine_memory: int
) -> tuple[Outcome, str, JobSpec | None]:
    asked = memory_bytes(spec.resources.memory or 0) * spec.distributed.nodes
    reason = (
        f"Out of memory: it used {human_bytes(used)}, more than the "
        f"{human_bytes(asked)} it asked for."
    )
    return Outcome.FAILED, reason, more_memory(spec, machine_memory, used)


def _unstartable(task: Task, record: dict[str, Any]) -> str:
    command = (task.spec.command or [task.spec.environment or "python"])[0]
    return nearest.not_started(
        record["stage"], record["errno"], command, task.work, task.spec.workdir
    )


def _usage(record: dict[str, Any]) -> Usage | None:
    """None for what never ran."""
    if record["started"] is None:
        return None
    used = record["cpu_seconds"]
    return Usage(cpu_seconds=round(used, 2), memory_peak_bytes=record["peak_memory"] or None)


def _exit_code(record: dict[str, Any]) -> int | None:
    if record["kind"] == "unstartable":
        return None
    codes = record["codes"]
    code: int | None = codes[record["rank"]] if "rank" in record else codes[0]
    return code


def _survivors(record: dict[str, Any]) -> list[str]:
    pids = record.get("survivors")
    return [f"These processes of it would not end: {', '.join(map(str, pids))}."] if pids else []


def last_error(log: Path) -> str | None:
    """The error that a log ends with; None where there is none, or no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            return error_at_the_end(file.read())
    except OSError:
        return None


_SAID: dict[str, Callable[[Task, dict[str, Any]], str]] = {
    "shutdown": lambda *_: "The machine ended it (SIGTERM), as it does at shutdown.",
    "timeout": lambda task, _: over_time(task.spec.timeout_seconds),
    "unstartable": _unstartable,
}
