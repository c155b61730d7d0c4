"""What the handlers get from the application; the services are opened on first use.

Importing and opening them costs half a second that a server start should not pay. All who
come meanwhile wait for one opening. One that failed is tried again by the next request.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Mapping
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from submarine_ext.api.base import Closable
from submarine_ext.api.tickets import Tickets
from submarine_ext.app.serving import Serving
from submarine_ext.engines.base import Engine
from submarine_ext.errors import SubmarineError, Unavailable

if TYPE_CHECKING:
    from submarine_ext.app.wiring import Submarine


class Configured(Struct, frozen=True, kw_only=True):
    """What the traits say, in plain values; the fields of ``wiring.Settings``."""

    root: Path
    database_url: str
    owner: str | None
    admins: frozenset[str]
    folder_root: Path | None
    cpu: float | None
    memory: int | None
    gpu: int | None
    max_bundle_bytes: int
    engines: tuple[str, ...]
    for_admins: frozenset[str] = frozenset()
    team_names: Mapping[str, str] = {}
    makers: Mapping[str, Callable[[Path], Engine]]

    def __repr__(self) -> str:
        """Without the database's password."""
        return f"Configured({str(self.root)!r})"


class Site(Serving):
    """One for each server; :class:`submarine_ext.api.base.Site` is what handlers see of it."""

    def __init__(self, configured: Configured, log: Logger) -> None:
        super().__init__()
        self.configured = configured
        self.owner = configured.owner
        self.max_bundle_bytes = configured.max_bundle_bytes
        self.tickets = Tickets()
        self.sockets: set[Closable] = set()
        self._log = log
        self._submarine: Submarine | None = None
        self._opening: asyncio.Task[Submarine] | None = None
        self._failed = False
        self._stopping = False
        self._work: set[asyncio.Task[None]] = set()

    async def services(self) -> Submarine:
        """The services. Raises NewerDatabase, Unavailable."""
        if self._submarine is not None:
            return self._submarine
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="submarine open")
        return await asyncio.shield(self._opening)

    @property
    def submarine(self) -> Submarine | None:
        """The services if they are open."""
        return self._submarine

    def ready(self) -> bool:
        """Whether requests are welcome: the services did not fail to open, and it goes on."""
        return not self._failed and not self._stopping

    def leave(self) -> None:
        """From now on probes are told that requests should go elsewhere."""
        self._stopping = True

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it soon, and at the latest before the server stops."""
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def close(self) -> None:
        """End the sockets and let go of everything; jobs go on."""
        self.leave()
        for socket in list(self.sockets):
            socket.close(1001, "The server stops.")
        if self._opening is not None:
            await asyncio.wait([self._opening])
        for task in list(self._work):
            await asyncio.wait([task])
        submarine, self._submarine = self._submarine, None
        if submarine is not None:
            await submarine.close()

    async def _open(self) -> Submarine:
        self._failed = True
        try:
            # The import reads many files, so it goes to another thread.
            wiring = await asyncio.to_thread(importlib.import_module, "submarine_ext.app.wiring")
            fields = {name: getattr(self.configured, name) for name in Configured.__struct_fields__}
            self._submarine = await wiring.Submarine.open(wiring.Settings(**fields))
        except SubmarineError:
            raise
        except OSError as error:
            raise Unavailable(
                f"The data folder {self.configured.root} cannot be used: {error.strerror}.",
                retry_after=10,
            ) from error
        except Exception as error:
            self._log.exception("submarine_ext could not be opened")
            detail = "submarine-ext could not start; the server's log says why."
            raise Unavailable(detail, retry_after=10) from error
        else:
            self._failed = False
            return self._submarine
        finally:
            self._opening = None
