"""What a widget shows of a job: its state, the end of its log, its curves. Bounded.

Nothing here talks to anybody or knows HTML; the feed fills it, ``render`` draws it.
"""

from __future__ import annotations

import re
from typing import Any

from submarine_ext.client.results import Metrics, series_from
from submarine_ext.domain.jobs import Job

TAIL = 8192  # characters of log that are kept
LINES = 8
WIDTH = 200  # characters of a line that are shown
POINTS = 400  # kept of a curve; then every other one goes

_RECORD = re.compile(r"\x1e[^\n]*\n?")
_INVISIBLE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-9;?]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)

Curve = list[tuple[int, float]]


class View:
    """``note`` is a sentence about why there is nothing newer, if there is one."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.note: str | None = None
        self._tail = ""
        self._curves: dict[str, Curve] = {}

    def set_tail(self, text: str) -> None:
        """Forget the log, and begin with this."""
        self._tail = text[-TAIL:]

    def add_log(self, text: str) -> None:
        """What was printed since."""
        self._tail = (self._tail + text)[-TAIL:]

    def set_metrics(self, metrics: Metrics) -> None:
        """Forget the curves, and begin with these."""
        self._curves = {
            key: list(zip(each.step, each.value, strict=True))
            for key, each in metrics.series.items()
        }

    def add_points(self, series: dict[str, Any]) -> None:
        """Points since, as a ``points`` frame holds them."""
        for key, columns in series.items():
            more = series_from(columns)
            curve = self._curves.setdefault(key, [])
            curve.extend(zip(more.step, more.value, strict=True))
            while len(curve) > POINTS:
                del curve[1:-1:2]

    @property
    def lines(self) -> list[str]:
        """The last lines of the log, as a terminal would leave them, without colours."""
        text = _RECORD.sub("", self._tail)
        lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
        shown = [_INVISIBLE.sub("", line) for line in lines]
        if shown and not shown[-1]:
            shown.pop()
        return [line[:WIDTH] + ("…" if len(line) > WIDTH else "") for line in shown[-LINES:]]

    @property
    def curve(self) -> tuple[str, Curve] | None:
        """The main metric: a loss if there is one, else the first that was logged."""
        drawn = {key: curve for key, curve in self._curves.items() if len(curve) > 1}
        if not drawn:
            return None
        key = min(drawn, key=lambda k: (k != "loss", "loss" not in k.lower()))
        return key, drawn[key]
