"""What handlers of a connected server get: the way to the team service.

Nothing here is local but the machine itself, where its owner offers it (:mod:`.agent`).
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Coroutine, Mapping
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submarine_ext.api.base import Closable, Services
from submarine_ext.api.tickets import Tickets
from submarine_ext.app.serving import Serving
from submarine_ext.app.upstream import Upstream
from submarine_ext.errors import ServiceAway
from submarine_ext.identity.credentials import Credentials

if TYPE_CHECKING:
    from submarine_ext.app.agent import Agent


class ConnectedSite(Serving):
    """One for each server; :class:`submarine_ext.api.base.Site` is what handlers see of it.

    ``folder_root`` is what the lab's file browser shows, from which folders are packed.
    """

    max_bundle_bytes = 0  # the service says what is too large

    def __init__(
        self, upstream: Upstream, credentials: Credentials, owner: str, folder_root: Path | None
    ) -> None:
        super().__init__()
        self.upstream = upstream
        self.credentials = credentials
        self.owner: str | None = owner
        self.folder_root = folder_root
        self.tickets = Tickets()
        self.sockets: set[Closable] = set()
        self._work: set[asyncio.Task[None]] = set()
        self._offering: asyncio.Task[None] | None = None
        self._agent: Agent | None = None

    def offer(self, settings: Mapping[str, Any], log: Logger) -> None:
        """Offer this machine to the service, from now until the server stops."""
        self._offering = asyncio.create_task(self._offer(settings, log), name="submarine agent")

    async def _offer(self, settings: Mapping[str, Any], log: Logger) -> None:
        try:
            # The import reads many files, so it goes to another thread.
            agent = await asyncio.to_thread(importlib.import_module, "submarine_ext.app.agent")
            upstream = Upstream(self.upstream.url)  # its tries say nothing of visitors' requests
            self._agent = agent.Agent(agent.Offer(**settings), upstream, self.credentials, log)
            await self._agent.run()
        except Exception:  # nobody else hears of it
            log.exception("This machine cannot be offered to the team service")

    @property
    def busy(self) -> bool:
        """Whether a job runs on this machine."""
        return self._agent is not None and self._agent.busy

    def ready(self) -> bool:
        """Whether the service answered when it was last asked."""
        return self.upstream.answers

    async def services(self) -> Services:
        """Nothing is open here. Raises ServiceAway always: every route that asks is forwarded."""
        raise ServiceAway("This server holds no projects; the team service does.")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it soon, and at the latest before the server stops."""
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def close(self) -> None:
        """End the sockets and the connections to the service; jobs go on."""
        for socket in list(self.sockets):
            socket.close(1001, "The server stops.")
        for task in list(self._work):
            await asyncio.wait([task])
        if self._offering is not None:
            self._offering.cancel()
            await asyncio.wait([self._offering])
        await self.upstream.close()
