"""What waiting tasks were last told, so that only news is sent.

Near the front each step counts. Far back, where every start moves everybody by one, a
place is news only when it changed by a fifth: a long queue must not cause a flood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from submarine_ext.engines.base import Waiting
from submarine_ext.engines.local.fairness import Wait

NEAR = 5


class Waits:
    """The last word to each waiting task."""

    def __init__(self) -> None:
        self._told: dict[str, Wait] = {}
        self.places: dict[str, int] = {}

    def news(self, waits: Sequence[Wait]) -> Iterator[Waiting]:
        """What has changed enough to be said again; ``places`` has everybody's."""
        self.places = {wait.name: wait.position for wait in waits}
        for wait in waits:
            if _is_news(self._told.get(wait.name), wait):
                self._told[wait.name] = wait
                reason = f"{wait.sentence} Position {wait.position}."
                yield Waiting(wait.name, reason, wait.position)

    def forget(self, name: str) -> None:
        """The task waits no longer."""
        self._told.pop(name, None)
        self.places.pop(name, None)


def _is_news(old: Wait | None, new: Wait) -> bool:
    if old is None or old.kind != new.kind:
        return True
    if min(old.position, new.position) <= NEAR:
        return (old.position, old.sentence) != (new.position, new.sentence)
    return abs(old.position - new.position) > old.position / 5
