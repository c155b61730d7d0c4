"""What a cluster costs: each part of the engine beside the least that would do."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import (
    kubernetes_crowd,
    kubernetes_events,
    kubernetes_logs,
    kubernetes_start,
    kubernetes_submit,
)
from benchmarks.figures import Figure

PARTS = (
    kubernetes_start,
    kubernetes_submit,
    kubernetes_events,
    kubernetes_logs,
    kubernetes_crowd,
)


def measure(rounds: int) -> Iterator[Figure]:
    for part in PARTS:
        yield from part.measure(rounds)
