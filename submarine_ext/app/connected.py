"""What handlers of a connected server get: the way to the team service, and nothing local."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from submarine_ext.api.base import Closable, Services
from submarine_ext.api.tickets import Tickets
from submarine_ext.app.serving import Serving
from submarine_ext.app.upstream import Upstream
from submarine_ext.errors import ServiceAway
from submarine_ext.identity.credentials import Credentials


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
        await self.upstream.close()
