"""How the controllers of the fake move: a key is looked at when something changed, or later.

A controller is a function of a key, run in the cluster's event loop; everything it does is
one step (the registry is synchronous). Nothing here polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from .status import Refused
from .storage import Key


@dataclass(frozen=True)
class Timing:
    """How long a second lasts.

    ``own``: of the delays that controllers choose (status lags 1 s, a failed pod is replaced
    after 10 s, a refused one is tried again after 1, 2, 4 … 60 s, an image is pulled again
    after 10 s …). ``named``: of those that objects name (deadlines, TTLs); grace periods are
    always real, because processes are.
    """

    own: float = 0.05
    named: float = 1.0


@dataclass
class Work:
    """Keys that wait to be looked at by ``sync``: each once, at the earliest time asked."""

    sync: Callable[[Key], None]
    _timers: dict[Key, asyncio.TimerHandle] = field(default_factory=dict)
    closed: bool = False

    def add(self, key: Key, delay: float = 0.0) -> None:
        """Look at it after so many real seconds, or earlier where that was asked."""
        loop = asyncio.get_running_loop()
        waiting = self._timers.get(key)
        if self.closed or (waiting is not None and waiting.when() <= loop.time() + delay):
            return
        if waiting is not None:
            waiting.cancel()
        self._timers[key] = loop.call_later(delay, self._run, key)

    def close(self) -> None:
        self.closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _run(self, key: Key) -> None:
        self._timers.pop(key, None)
        try:
            self.sync(key)
        except Refused as refused:
            if refused.code not in {404, 409}:  # it went meanwhile, or its namespace did
                raise
