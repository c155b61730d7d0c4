"""Lists as tables for people, without a style that only one background can show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from submarine_ext.cli.face import harmless
from submarine_ext.client.results import Metrics
from submarine_ext.client.words import MARKS, duration, number, state_words
from submarine_ext.domain.jobs import Job
from submarine_ext.domain.quantities import human_bytes


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


def where(url: str, me: dict[str, Any], engines: list[dict[str, Any]], project: str) -> Text:
    """Who and where we are, and what runs there."""
    lines = [f"{me['user']} on {url}, project {project}"]
    lines += [_engine(info) for info in engines]
    return Text(harmless("\n".join(lines)))


def age(created: str) -> str:
    """How long ago a moment was: ``12 min``."""
    moment = datetime.fromisoformat(created)
    return duration((datetime.now(UTC) - moment).total_seconds())


def _engine(info: dict[str, Any]) -> str:
    title = info.get("title") or info["name"]
    if not info.get("healthy"):
        return f"engine {info['name']} ({title}): away. {info.get('reason') or ''}".rstrip()
    has, used = info.get("capacity"), info.get("in_use")
    load = f"{info.get('running', 0)} running, {info.get('queue', 0)} waiting"
    if not has or not used:
        return f"engine {info['name']} ({title}): {load}"
    memory = f"{human_bytes(used['memory'])} of {human_bytes(has['memory'])}"
    gpus = f", {used['gpu']} of {has['gpu']} GPUs" if has["gpu"] else ""
    cpus = f"{used['cpu']:g} of {has['cpu']:g} CPUs"
    return f"engine {info['name']} ({title}): {cpus}, {memory}{gpus} in use; {load}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        numeric = name in ("last", "min", "max", "points", "age")
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name == "id")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(harmless(cell)) for cell in cells))
