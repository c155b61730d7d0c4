"""How much somebody may have at a time, and how much they have.

A job is charged to its submitter and to each team of theirs that the project is shared
with. ``None`` is no limit. GPU-hours are those of a calendar month (UTC): an attempt counts
in each month that it ran in, for the part that it ran in it.

Pure: what is used comes in, an error with its sentence comes out. Counting is the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from submarine_ext.domain.quantities import (
    Quantity,
    cpu_millis,
    human_bytes,
    human_cpus,
    memory_bytes,
)
from submarine_ext.errors import QuotaExceeded

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Quota(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits: unfinished jobs at a time and what they ask for; GPU-hours in a calendar month."""

    jobs: Count | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    gpu: Count | None = None
    gpu_hours: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class Use(Struct, frozen=True, kw_only=True):
    """What is taken now: jobs, CPUs (1.5), bytes, GPUs; GPU-hours since the month began (UTC)."""

    jobs: int = 0
    cpu: float = 0.0
    memory: int = 0
    gpu: int = 0
    gpu_hours: float = 0.0


class Load(Struct, frozen=True, kw_only=True):
    """Jobs and what they ask for, in whole numbers: thousandths of a CPU, bytes, GPUs."""

    jobs: int
    cpu: int
    memory: int
    gpu: int


class Span(Struct, frozen=True):
    """An attempt's GPUs, and from when to when (RFC 3339 UTC; None: still) it had them."""

    gpu: int
    started: str
    finished: str | None


#: How many of what a Load counts are one of what people count.
_UNIT = {"cpu": 1000}

#: Who has how much of what a quota limits, the most first.
Holders = Sequence[tuple[str, float]]


def limits(quota: Quota) -> dict[str, int]:
    """What is limited, in the units of :class:`Load`. Raises Invalid for a bad quantity."""
    given = {
        "jobs": quota.jobs,
        "cpu": None if quota.cpu is None else cpu_millis(quota.cpu, "quota.cpu"),
        "memory": None if quota.memory is None else memory_bytes(quota.memory, "quota.memory"),
        "gpu": quota.gpu,
    }
    return {kind: limit for kind, limit in given.items() if limit is not None}


def lacking(quota: Quota, taken: Load, asked: Load) -> tuple[str, int] | None:
    """The first kind that has no room for what is asked, and its limit."""
    for kind, limit in limits(quota).items():
        more = getattr(asked, kind)
        if more and getattr(taken, kind) + more > limit:
            return kind, limit
    return None


def refusal(
    account: str, kind: str, limit: int, taken: Load, asked: Load, holders: Holders
) -> QuotaExceeded:
    """The error for a job that has no room."""
    used, more = getattr(taken, kind), getattr(asked, kind)
    if more > limit:
        detail = (
            f"This job asks for {_words(kind, more)} and {_whose(account)} quota is "
            f"{_words(kind, limit)}: ask for less"
        )
    else:
        detail = (
            f"{_whose(account).capitalize()} quota of {_words(kind, limit)} has no room: "
            f"{_held(kind, used)}{_by(holders, partial(_short, kind))} and this job asks for "
            f"{_words(kind, more)}. Wait until there is room"
        )
    return QuotaExceeded(
        f"{detail}, or ask an administrator for more.",
        quota=f"{account}/{kind}",
        used=used / _UNIT.get(kind, 1),
        limit=limit / _UNIT.get(kind, 1),
        holders=[name for name, _ in holders],
    )


def used_up(
    account: str, quota: float, used: float, moment: str, holders: Holders
) -> QuotaExceeded:
    """The error for a month whose GPU-hours are gone."""
    by = _by(holders, lambda hours: f"{hours:.1f}")
    return QuotaExceeded(
        f"{_whose(account).capitalize()} quota of {quota:g} GPU-hours a month is used up: "
        f"{used:.1f}{by}. It begins anew on {next_month(moment)[:10]} (UTC); run without GPUs "
        "until then, or ask an administrator for more.",
        quota=f"{account}/gpu_hours",
        used=used,
        limit=quota,
        holders=[name for name, _ in holders],
    )


def gpu_hours(spans: Iterable[Span], moment: str) -> float:
    """GPU-hours in the calendar month of ``moment``, up to ``moment``."""
    begin, end = _time(month(moment)), _time(moment)
    total = 0.0
    for span in spans:
        until = end if span.finished is None else min(_time(span.finished), end)
        seconds = (until - max(_time(span.started), begin)).total_seconds()
        total += span.gpu * max(seconds, 0.0)
    return total / 3600


def month(moment: str) -> str:
    """When the month of a moment began."""
    return f"{moment[:7]}-01T00:00:00.000000Z"


def next_month(moment: str) -> str:
    """When the month after that of a moment begins."""
    year, number = int(moment[:4]), int(moment[5:7])
    year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    return f"{year:04}-{number:02}-01T00:00:00.000000Z"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _whose(account: str) -> str:
    kind, _, name = account.partition(":")
    return "your" if kind == "user" else f"team {name}'s"


def _by(holders: Holders, words: Callable[[float], str]) -> str:
    named = ", ".join(f"{name} {words(amount)}" for name, amount in holders)
    return f" ({named})" if named else ""


def _held(kind: str, used: int) -> str:
    state = "not ended" if kind == "jobs" else "in use"
    words = _words(kind, used)
    return f"{words} {'is' if words.startswith('1 ') else 'are'} {state}"


def _short(kind: str, amount: float) -> str:
    return _words(kind, int(amount)) if kind == "memory" else f"{amount / _UNIT.get(kind, 1):g}"


def _words(kind: str, amount: int) -> str:
    if kind == "cpu":
        return human_cpus(amount)
    if kind == "memory":
        return human_bytes(amount)
    noun = {"jobs": "job", "gpu": "GPU"}[kind]
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
