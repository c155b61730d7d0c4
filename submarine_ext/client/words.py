"""Jobs in words: one line about a job, the same in notebooks, terminals and logs."""

from __future__ import annotations

import math

from submarine_ext.domain.jobs import Job, JobState

MARKS = {
    JobState.PENDING: "…",
    JobState.QUEUED: "…",
    JobState.RUNNING: "▶",
    JobState.SUCCEEDED: "✓",
    JobState.FAILED: "✗",
    JobState.CANCELLED: "■",
    JobState.LOST: "?",
}


def sentence(job: Job) -> str:
    """Where a job stands: ``running 45 % · epoch 9/20 · 12 s left · loss 0.31``."""
    parts = [state_words(job)]
    if job.progress and job.progress.message and not job.state.terminal:
        parts.append(job.progress.message)
    if job.progress and job.progress.eta_seconds is not None and job.state is JobState.RUNNING:
        parts.append(f"{duration(job.progress.eta_seconds)} left")
    parts += [f"{key} {number(value)}" for key, value in list(job.latest.items())[:4]]
    if job.reason and job.state is not JobState.RUNNING:
        parts.append(job.reason)
    return " · ".join(parts)


def state_words(job: Job) -> str:
    """``running 45 %``, ``stopping``, ``failed``: the state as people say it."""
    if job.target == "stop" and not job.state.terminal:
        return "stopping"
    fraction = job.progress.fraction if job.progress else None
    if job.state is JobState.RUNNING and fraction is not None:
        return f"running {fraction:.0%}".replace("%", " %")
    return str(job.state)


def duration(seconds: float) -> str:
    """12 s, 4 min, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours = whole // 60 % 60, whole // 3600
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def number(value: float | str) -> str:
    """A metric's value with four significant digits; words stay words."""
    if isinstance(value, str) or not math.isfinite(value):
        return str(value)
    return f"{value:.4g}"
