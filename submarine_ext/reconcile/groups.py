"""Takes the groups of the identity provider's directory over, again and again.

Each process does: where nothing differs nothing is written, and no leader can be missing.
While the directory does not answer, everything stays as it was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from submarine_ext.domain.directory import Members
from submarine_ext.services.directory import Directory

_log = logging.getLogger("submarine_ext")


class Groups:
    """``ask`` answers with all groups that become teams, or raises."""

    def __init__(
        self,
        directory: Directory,
        ask: Callable[[], Awaitable[Mapping[str, Members]]],
        pause: float,
    ) -> None:
        self._directory = directory
        self._ask = ask
        self._pause = pause
        self._fails = False

    async def run(self) -> None:
        """Until cancelled, every ``pause`` seconds."""
        while True:
            try:
                await self.turn()
                self._fails = False
            except Exception as error:  # noqa: BLE001 - the next turn tries again
                self._complain(error)
            await asyncio.sleep(self._pause)

    async def turn(self) -> None:
        """Once."""
        asked = time.monotonic()
        await self._directory.replace(await self._ask(), asked)

    def _complain(self, error: Exception) -> None:
        """Once for each time that it begins to fail."""
        if not self._fails:
            _log.warning("The groups cannot be taken over for now: %s", error)
        self._fails = True
