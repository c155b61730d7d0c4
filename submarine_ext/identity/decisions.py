"""What somebody else decided about a credential, for a short while.

The age of a decision counts from when it was asked for, so that it is never older than it
seems. All who come with the same credential meanwhile wait for one answer. A question that
nobody answered leaves nothing behind: the next one asks again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

#: More credentials than are in use at once; made-up ones push each other out.
MOST = 10_000

#: Asks, given the time (monotonic seconds) from which the answer's age counts.
Ask = Callable[[float], Coroutine[Any, Any, Any]]


class _Decision(NamedTuple):
    asked: float
    answer: asyncio.Task[Any]

    @property
    def failed(self) -> bool:
        return self.answer.done() and (
            self.answer.cancelled() or self.answer.exception() is not None
        )


class Decisions:
    """``longest`` and ``clock`` in seconds."""

    def __init__(self, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._known: OrderedDict[str, _Decision] = OrderedDict()

    async def of(self, key: str, ask: Ask, *, fresh: bool = False) -> Any:
        """The decision; ``fresh``: not one that was known before. Raises what ``ask`` raises."""
        known = self._known.get(key)
        if known is None or not self._counts(known, fresh=fresh):
            known = self._begin(key, ask)
        return await asyncio.shield(known.answer)

    def _counts(self, known: _Decision, *, fresh: bool) -> bool:
        young = self._clock() - known.asked < self._longest
        return young and not known.failed and not (fresh and known.answer.done())

    def _begin(self, key: str, ask: Ask) -> _Decision:
        now = self._clock()
        decision = _Decision(now, asyncio.create_task(ask(now), name="submarine decision"))
        decision.answer.add_done_callback(lambda _: self._forget_failed(key, decision))
        self._known[key] = decision
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return decision

    def _forget_failed(self, key: str, decision: _Decision) -> None:
        if decision.failed and self._known.get(key) is decision:
            del self._known[key]
