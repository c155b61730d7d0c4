"""A job's main metric in a few points: what a list shows of a curve.

A trace grows with the job and never beyond :data:`MOST` values: when it is full, neighbours
become their mean and each value stands for twice as many. So it changes rarely (a million
points are some three hundred changes) and costs as little at the end as at the beginning.

Pure: values come in one by one, a :class:`Trace` comes out.
"""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from submarine_ext.domain.metrics import Value

#: A trace has at most so many values, and at least half of them once it was full.
MOST = 32

#: Metrics that people look at first; where there is none, the first that came.
_WORDS = ("loss", "error", "acc", "reward", "score")


class Trace(Struct, frozen=True):
    """``values`` of the metric in their order, each the mean of ``every`` logged ones."""

    metric: str
    values: list[float]
    every: int = 1


class Tracing:
    """Makes the trace of one attempt, from ``trace`` on."""

    def __init__(self, trace: Trace | None = None) -> None:
        self.changes = 0
        self._passed_over: set[str] = set()
        self._begin(trace or Trace("", []))

    def _begin(self, trace: Trace) -> None:
        self._metric = trace.metric
        self._values = list(trace.values)
        self._every = trace.every
        self._sum, self._count = 0.0, 0

    @property
    def trace(self) -> Trace | None:
        """The trace so far; None where nothing was measured."""
        return Trace(self._metric, list(self._values), self._every) if self._values else None

    def add(self, metric: str, value: Value) -> None:
        """One more value of a metric; of those that are not the main one nothing is kept."""
        if metric != self._metric and not self._prefers(metric):
            return
        number = float(value)
        if isfinite(number):
            self._sum, self._count = self._sum + number, self._count + 1
            if self._count >= self._every:
                self._close()

    def _prefers(self, metric: str) -> bool:
        """Whether to begin anew with this one."""
        if metric in self._passed_over:
            return False
        if self._metric and _rank(metric) >= _rank(self._metric):
            self._passed_over.add(metric)
            return False
        self._begin(Trace(metric, []))
        return True

    def _close(self) -> None:
        """What was gathered is a value; two of them are one where there is no more room."""
        if len(self._values) == MOST:
            pairs = zip(self._values[::2], self._values[1::2], strict=True)
            self._values = [_short((one + other) / 2) for one, other in pairs]
            self._every *= 2
            return  # what was gathered is half of the next value
        self._values.append(_short(self._sum / self._count))
        self._sum, self._count = 0.0, 0
        self.changes += 1


def _rank(metric: str) -> int:
    name = metric.lower()
    return next((n for n, word in enumerate(_WORDS) if word in name), len(_WORDS))


def _short(value: float) -> float:
    """To five digits: more is not seen in a picture as small as this one."""
    return float(f"{value:.5g}")
