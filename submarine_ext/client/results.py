"""What a job leaves, as plain values: metric series, parameters, artifacts."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Series(Struct, frozen=True):
    """One metric. ``time`` in seconds since the epoch; values may be nan or infinite."""

    step: list[int]
    value: list[float]
    time: list[float]


class Metrics(Struct, frozen=True):
    """All metrics of a job's latest attempt; ``seq`` is where to subscribe from."""

    series: dict[str, Series] = {}
    params: dict[str, Any] = {}
    seq: int = 0

    def __getitem__(self, key: str) -> Series:
        """``metrics["loss"].value``"""
        return self.series[key]

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return {key: each.value[-1] for key, each in self.series.items() if each.value}


class Artifact(Struct, frozen=True):
    """A file that a job left: its path below the job's artifacts, its size in bytes."""

    path: str
    size: int


def metrics_from(body: dict[str, Any]) -> Metrics:
    """The body of ``GET /jobs/{id}/metrics``."""
    series = {key: series_from(columns) for key, columns in body["series"].items()}
    return Metrics(series, body.get("params", {}), body.get("seq", 0))


def series_from(columns: dict[str, list[Any]]) -> Series:
    """A series off the wire, where what is not finite travels as a word."""
    values = [float(value) for value in columns["value"]]
    return Series(columns["step"], values, columns["time"])
