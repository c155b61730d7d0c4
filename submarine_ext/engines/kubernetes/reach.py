"""Whether the cluster can be reached: connects, tries on, and says since when it cannot.

Everybody who asks the cluster for something that must come through asks with
:meth:`Reach.through`. An engine without a cluster, or without the packages that speak to
one, is unhealthy and says why; nothing else happens to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import SubmarineError

if TYPE_CHECKING:  # aiohttp is imported by an opened engine, off the event loop
    from submarine_ext.engines.kubernetes.transport import Api

T = TypeVar("T")

log = logging.getLogger(__name__)

MISSING = (
    "The packages that speak to clusters are not installed: pip install 'submarine-ext[kubernetes]'"
)
UNREADABLE = "The credentials of the cluster could not be read; the server's log says why."
CONNECTING = "The cluster has not answered yet."


class Patience(Struct, frozen=True, kw_only=True):
    """Seconds: the first pause after a failure and the longest, the one after a refusal that
    only an administrator can undo, the one between two looks at a cluster of which nothing
    else is known, how long a namespace without tasks is watched, how old knowledge of what
    the cluster offers may be, how often queues are asked for positions and the cluster is
    swept, and by how much its clock may differ from ours.
    """

    first: float = 1.0
    longest: float = 30.0
    refused: float = 60.0
    probe: float = 60.0
    fresh: float = 600.0
    linger: float = 120.0
    positions: float = 15.0
    sweep: float = 3600.0
    skew: float = 300.0

    def pause(self, tries: int) -> float:
        """After the so-manieth failure in a row, from 0; at random, so that nobody marches."""
        longest = min(self.longest, self.first * 2.0 ** min(tries, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


class Reach:
    """The way to one cluster. ``changed`` is called when its health is another."""

    def __init__(self, settings: Settings, patience: Patience, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._patience = patience
        self._changed = changed
        self._api: asyncio.Future[Api] = asyncio.get_running_loop().create_future()
        self._troubles: dict[str, str] = {"connection": CONNECTING}
        self.since: float | None = time.time()

    @property
    def reason(self) -> str | None:
        """Why the cluster is of no use now, in one plain sentence; None: it answers."""
        return next(reversed(self._troubles.values()), None)

    @property
    def connected(self) -> Api | None:
        """The session, where there is one."""
        return self._api.result() if self._api.done() and not self._api.cancelled() else None

    async def api(self) -> Api:
        """The session, as soon as there is one."""
        return await asyncio.shield(self._api)

    async def run(self) -> None:
        """Connect, then look after the connection, until cancelled."""
        api = await self._connect()
        while True:
            await self._probe(api)
            await asyncio.sleep(self._patience.probe)

    async def through(self, request: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer. Definite refusals are raised.

        :raises ApiError: not transient.
        """
        tries = 0
        while True:
            try:
                answer = await request()
            except ApiError as error:
                if not error.transient:
                    self._answered()
                    raise
                if error.status != 429:
                    self.trouble("requests", self.words(error.message))
                await self._rest(tries, error.retry_after)
                tries += 1
            else:
                self._answered()
                return answer

    def trouble(self, source: str, reason: str) -> None:
        """Something found the cluster to be of no use; the first who says so is heard."""
        if self._troubles.get(source) == reason:
            return
        self.since = self.since or time.time()
        self._troubles[source] = reason
        self._changed()

    def fine(self, source: str) -> None:
        """That something found it well again, or looks no more."""
        if self._troubles.pop(source, None) is None:
            return
        if not self._troubles:
            self.since = None
        self._changed()

    async def close(self) -> None:
        """End the session."""
        if self.connected is not None:
            await self.connected.close()
        self._api.cancel()

    async def _connect(self) -> Api:
        tries = 0
        while True:
            try:
                module = await asyncio.to_thread(_transport)
                api: Api = await module.open(self._settings)
            except ImportError:
                self.trouble("connection", MISSING)
            except SubmarineError as error:
                self.trouble("connection", error.detail)
            except Exception:  # somebody may repair what nobody foresaw
                log.exception("The credentials of the cluster could not be read")
                self.trouble("connection", UNREADABLE)
            else:
                self._api.set_result(api)
                return api
            await asyncio.sleep(self._patience.pause(tries))
            tries += 1

    async def _probe(self, api: Api) -> None:
        """Any answer will do, a refusal too."""
        with contextlib.suppress(ApiError):
            await self.through(lambda: api.request("GET", "/version"))

    def _answered(self) -> None:
        self.fine("connection")
        self.fine("requests")

    async def _rest(self, tries: int, retry_after: float | None) -> None:
        seconds = max(self._patience.pause(tries), retry_after or 0.0)
        await (await self.api()).pace.rest(seconds)

    def words(self, why: str | None) -> str:
        """A plain sentence: that it does not answer, or the answer, which is a refusal."""
        api = self.connected
        if api is not None and not api.pace.away and why:
            return f"The cluster does not let this server see its jobs: {why}"
        since = time.strftime("%H:%M", time.gmtime(self.since or time.time()))
        return f"The cluster is not reachable since {since} UTC; it is tried again."


def _transport() -> type[Api]:
    from submarine_ext.engines.kubernetes.transport import Api

    return Api
