"""Follows the pods' logs into the tasks' files: the face of ``following``, for all tasks.

Follows hold sockets on the API server and on the node, so their number is bounded; who is
not followed is read on demand and at the end.
"""

from __future__ import annotations

import asyncio

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import logpods
from submarine_ext.engines.kubernetes.following import PAUSE, Follower
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.logroom import Room
from submarine_ext.engines.kubernetes.transport import Api


class Logs:
    """All followers of one server. ``streams`` logs are followed at once; ``max_framed`` bytes
    of files may come in one pod's log. ``pause``: seconds before the second of several tries.
    """

    def __init__(self, streams: int, max_framed: int = 4 << 20, *, pause: float = PAUSE) -> None:
        self._room = Room(streams, pause)
        self._limit = max_framed
        self._followers: dict[tuple[str, int], Follower] = {}
        self._ending: set[asyncio.Task[None]] = set()

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
        key = (task.name, node)
        if key not in self._followers:
            self._followers[key] = Follower(task, node, self._room, self._limit)
        self._followers[key].saw(api, logpods.state(pod, container, deleted=deleted))

    def want(self, name: str, rank: int) -> None:
        """Somebody reads that rank's log now; it is brought even where many are followed."""
        for (task, _), follower in self._followers.items():
            if task == name and rank in follower.ranks:
                follower.want()

    def say(self, name: str, key: str, sentence: str) -> None:
        """Put a line of ours into the task's logs behind what its pods printed; once a ``key``."""
        for follower in self._of(name):
            follower.say(key, sentence)

    async def drained(self, name: str) -> None:
        """All that the task's pods, of which each must have ended or gone, printed is in its
        files, and what they sent is among its artifacts.
        """
        for follower in self._of(name):
            await follower.settled.wait()

    def notes(self, name: str) -> list[str]:
        """Sentences about what could not be read or kept."""
        return [note for follower in self._of(name) for note in follower.notes]

    def forget(self, name: str) -> None:
        """Stop following; nothing is remembered of the task but what is in its folder."""
        for key in [key for key in self._followers if key[0] == name]:
            run = self._followers.pop(key).run
            run.cancel()
            self._ending.add(run)
            run.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Stop following everything. Nothing is lost: marks say where to go on."""
        followers, self._followers = self._followers, {}
        for follower in followers.values():
            follower.run.cancel()
        runs = [*self._ending, *(follower.run for follower in followers.values())]
        await asyncio.gather(*runs, return_exceptions=True)

    def _of(self, name: str) -> list[Follower]:
        return [follower for (task, _), follower in self._followers.items() if task == name]
