"""What people want of an attempt, and what they were told of it. Knows no cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Observation, Started, Task, Waiting
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain

LONGEST = 2000  # characters of a reason, in which the cluster's own words may stand


class Wish:
    """What people want of an attempt: its end, in so many seconds of grace."""

    def __init__(self) -> None:
        self.news = asyncio.Event()  # also set when watches show something new
        self.asked = asyncio.Event()
        self.grace: float | None = None

    def stop(self, grace_seconds: float) -> None:
        """Somebody wants the end; a later wish counts."""
        self.grace = grace_seconds
        self.asked.set()
        self.news.set()


class Telling:
    """What was said of an attempt, so that nothing is said twice."""

    def __init__(self, task: Task, tell: Callable[[Observation], None]) -> None:
        self.started = False
        self.paused = False  # after it had started: by a queue, or its machine is silent
        self._name = task.name
        self._tell = tell
        self._last: Waiting | None = None

    def waits(
        self, reason: str, position: int | None = None, remedy: JobSpec | None = None
    ) -> None:
        """It has not begun or is paused, why, and what would begin."""
        waiting = Waiting(self._name, plain(reason, LONGEST), position, remedy, self.paused)
        if (self.paused or not self.started) and waiting != self._last:
            self._last = waiting
            self._tell(waiting)

    @property
    def position(self) -> int | None:
        """Its place in the queue, as it was told last; None for one that does not wait."""
        return self._last.position if self._last else None

    def begun(self, time: float | None) -> None:
        """Its first container began, at that time; or it goes on after a pause."""
        if time is not None and (self.paused or not self.started):
            self.started, self.paused = True, False
            self._last = None
            self._tell(Started(self._name, time))
