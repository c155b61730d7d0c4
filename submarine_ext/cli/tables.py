"""Lists as tables for people, without a style that only one background can show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from submarine_ext.cli.face import harmless
from submarine_ext.client.results import Metrics
from submarine_ext.client.words import MARKS, duration, number, state_words
from submarine_ext.domain.jobs import Job
from submarine_ext.domain.people import Me
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.engines.base import Capacity, EngineInfo


def jobs_table(jobs: Iterable[Job]) -> RenderableType:
    """Jobs with state, progress, the latest metrics and age."""
    table = _table("id", "name", "state", "latest", "age")
    for job in jobs:
        latest = "  ".join(f"{key} {number(value)}" for key, value in list(job.latest.items())[:3])
        state = f"{MARKS[job.state]} {state_words(job)}"
        _row(table, job.id, job.name, state, latest or job.reason or "", age(job.created))
    return table if table.row_count else Text("No jobs yet: start one with `run`.")


def metrics_table(metrics: Metrics) -> RenderableType:
    """Each metric's last, least and greatest value; then the parameters."""
    table = _table("metric", "last", "min", "max", "points")
    for key, series in sorted(metrics.series.items()):
        values = series.value or [float("nan")]
        ends = [number(v) for v in (values[-1], min(values), max(values))]
        _row(table, key, *ends, str(len(series.value)))
    params = _table("parameter", "value")
    for key, value in sorted(metrics.params.items()):
        _row(params, key, str(value))
    tables = [t for t in (table, params) if t.row_count]
    return Group(*tables) if tables else Text("This job has logged no metrics yet.")


def where(url: str, me: Me, engines: list[EngineInfo], project: str) -> Text:
    """Who and where we are, and what runs there."""
    lines = [f"{me.user} on {url}, project {project}", *map(_engine, engines)]
    return Text(harmless("\n".join(lines)))


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


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        numeric = name in ("last", "min", "max", "points", "age")
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name == "id")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(harmless(cell)) for cell in cells))
