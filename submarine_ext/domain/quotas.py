"""How much somebody may have at a time, and how much they have.

A job is charged to its submitter and to each team of theirs that the project is shared
with. ``None`` is no limit.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from submarine_ext.domain.quantities import Quantity

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
