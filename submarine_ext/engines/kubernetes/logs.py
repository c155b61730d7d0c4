"""Follows the pods' logs into the tasks' files (skeleton: signatures)."""

from __future__ import annotations

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.transport import Api


class Logs:
    """All followers of one server; ``streams`` is how many logs are followed at once."""

    def __init__(self, streams: int) -> None: ...

    def saw(
        self,
        task: Task,
        api: Api,
        node: int,
        pod: Object,
        *,
        container: str = "main",
        deleted: bool = False,
    ) -> None:
        """A pod of the task as a watch brought it: to be called for each of its changes."""

    def want(self, name: str, rank: int) -> None:
        """Somebody reads that rank's log now (only what is not followed anyway needs it)."""

    async def drained(self, name: str) -> None:
        """All that the task's pods, of which each must have ended or gone, printed is in its
        files, and what they sent is among its artifacts.
        """

    def notes(self, name: str) -> list[str]:
        """Sentences about what could not be read or kept."""
        return []

    def forget(self, name: str) -> None:
        """Stop following; nothing is remembered of the task but what is in its folder."""

    async def close(self) -> None:
        """Stop following everything. Nothing is lost: marks say where to go on."""
