"""Lists as tables for people, without a style that only one background can show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import structs
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from submarine_ext.cli.face import harmless
from submarine_ext.client.results import Metrics
from submarine_ext.client.words import MARKS, duration, number, state_words
from submarine_ext.domain.jobs import Job
from submarine_ext.domain.people import Me
from submarine_ext.domain.projects import Project, ProjectState
from submarine_ext.domain.quantities import cpu_millis, human_bytes, memory_bytes
from submarine_ext.domain.quotas import Quota, Use
from submarine_ext.domain.teams import Team
from submarine_ext.engines.base import Capacity, EngineInfo

NUMBERS = ("last", "min", "max", "points", "age", "size", "members", "jobs")
IDS = ("id", "version", "project", "time (UTC)")


def jobs_table(jobs: Iterable[Job]) -> RenderableType:
    """Jobs with state, progress, the latest metrics and age; owners where there are several."""
    rows = [(job, _job_cells(job)) for job in jobs]
    shared = len({job.owner for job, _ in rows}) > 1
    found = table("id", "name", *(["owner"] if shared else []), "state", "latest", "age")
    for job, (id_, name, *cells) in rows:
        row(found, id_, name, *([job.owner] if shared else []), *cells)
    return found if rows else Text("No jobs yet: start one with `run`.")


def _job_cells(job: Job) -> tuple[str, ...]:
    latest = "  ".join(f"{key} {number(value)}" for key, value in list(job.latest.items())[:3])
    state = f"{MARKS[job.state]} {state_words(job)}"
    return job.id, job.name, state, latest or job.reason or "", age(job.created)


def metrics_table(metrics: Metrics) -> RenderableType:
    """Each metric's last, least and greatest value; then the parameters."""
    found = table("metric", "last", "min", "max", "points")
    for key, series in sorted(metrics.series.items()):
        values = series.value or [float("nan")]
        ends = [number(v) for v in (values[-1], min(values), max(values))]
        row(found, key, *ends, str(len(series.value)))
    params = table("parameter", "value")
    for key, value in sorted(metrics.params.items()):
        row(params, key, str(value))
    tables = [t for t in (found, params) if t.row_count]
    return Group(*tables) if tables else Text("This job has logged no metrics yet.")


def where(url: str, me: Me, project: Project, engines: list[EngineInfo]) -> Text:
    """Who and where we are, what we may and use, and what runs there."""
    lines = [f"{me.user} on {url}", f"project {_standing(project)}", f"you use {used(me)}"]
    return Text(harmless("\n".join([*lines, *map(_engine, engines)])))


def _standing(project: Project) -> str:
    """``vision (Vision models): you are its editor; archived``"""
    title = "" if project.title == project.name else f" ({project.title})"
    state = "" if project.state is ProjectState.ACTIVE else f"; {project.state}"
    return f"{project.name}{title}: {role_words(project)}{state}"


def role_words(project: Project) -> str:
    """What we are in it, as a sentence's end."""
    if project.role is not None:
        return f"you are its {project.role}"
    if "transfer:accept" in project.capabilities:
        return f"offered to you; `project accept {project.name}` takes it"
    return "you see it as an admin" if "job:list" in project.capabilities else "you may read it"


def used(of: Me | Team) -> str:
    """Use beside the limits: ``2 of 4 jobs, 3 CPUs, …``; what is neither is left out."""
    quota, use = of.quota or Quota(), of.use or Use()
    parts = [
        _amount("jobs", f"{use.jobs}", quota.jobs),
        _amount("CPUs", f"{use.cpu:g}", quota.cpu, lambda limit: f"{cpu_millis(limit) / 1000:g}"),
        _amount("of memory", human_bytes(use.memory), quota.memory, _memory),
        _amount("GPUs", f"{use.gpu}", quota.gpu),
        _amount("GPU-hours this month", f"{use.gpu_hours:.3g}", quota.gpu_hours),
    ]
    return ", ".join(part for part in parts if part) or "nothing now; no limits"


def limits(quota: Quota | None) -> str:
    """``4 jobs, 8 CPUs``; empty: no limits."""
    names = {"jobs": "jobs", "cpu": "CPUs", "memory": "memory", "gpu": "GPUs"}
    names["gpu_hours"] = "GPU-hours a month"
    given = {} if quota is None else structs.asdict(quota)
    return ", ".join(
        f"{given[key]} {name}" for key, name in names.items() if given.get(key) is not None
    )


def _amount(unit: str, use: str, limit: Any, write: Callable[[Any], str] = str) -> str:
    if limit is not None:
        return f"{use} of {write(limit)} {unit}"
    return "" if use.startswith("0") else f"{use} {unit}"


def _memory(limit: Any) -> str:
    return human_bytes(memory_bytes(limit))


def age(created: str) -> str:
    """How long ago a moment was: ``12 min``."""
    moment = datetime.fromisoformat(created)
    return duration((datetime.now(UTC) - moment).total_seconds())


def _engine(info: EngineInfo) -> str:
    head = f"engine {info.name} ({info.title})"
    if not info.healthy:
        return f"{head}: away. {info.reason or ''}".rstrip()
    load = f"{info.running} running, {info.queue} waiting"
    if info.capacity is None or info.in_use is None:
        return f"{head}: {load}"
    return f"{head}: {_use(info.capacity, info.in_use)} in use; {load}"


def _use(has: Capacity, used: Capacity) -> str:
    parts = [
        f"{used.cpu:g} of {has.cpu:g} CPUs",
        f"{human_bytes(used.memory)} of {human_bytes(has.memory)}",
    ]
    if has.gpu:
        parts.append(f"{used.gpu} of {has.gpu} GPUs")
    return ", ".join(parts)


def table(*columns: str) -> Table:
    """An empty table; columns of numbers are on the right, ids are never broken."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        right = name in NUMBERS
        made.add_column(name, justify="right" if right else "left", no_wrap=name in IDS)
    return made


def row(to: Table, *cells: str) -> None:
    """One row, with nothing in it that could steer a terminal."""
    to.add_row(*(Text(harmless(cell)) for cell in cells))


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Names and values below each other; empty values are left out."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold")
    made.add_column()
    for name, value in pairs:
        if value:
            row(made, name, value)
    return made
