"""Keeps credentials fresh: before they expire, and when the server refused them.

Off the loop and single-flight: a hundred requests that find the token expired wait for one
renewal. Must not know how credentials are read.
"""

from __future__ import annotations

import asyncio
import time

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.credentials import Access, ClusterUnusable, load
from submarine_ext.engines.kubernetes.settings import Settings

AGAIN = 10.0  # seconds: no renewal sooner after another, whatever the server says


class Keeper:
    """Holds what :func:`credentials.load` gave, and loads it again in time."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._renewal: asyncio.Task[None] | None = None
        self._loaded = time.monotonic()
        self.access = access

    @classmethod
    async def open(cls, settings: Settings) -> Keeper:
        """:raises ClusterUnusable: they cannot be read, or may not be used."""
        return cls(settings, await asyncio.to_thread(load, settings))

    async def current(self) -> Access:
        """Credentials for the next request.

        :raises ApiError: 401, they expired and cannot be renewed at present.
        """
        access = self.access
        if access.renew_at is None or time.time() < access.renew_at:
            return access
        return await self.renewed(access)

    async def renewed(self, old: Access) -> Access:
        """Others than ``old``, which the server refused or which end soon, if there are any."""
        if self.access is old and time.monotonic() >= self._loaded + AGAIN:
            if self._renewal is None:
                self._renewal = asyncio.create_task(self._renew(old), name="renew credentials")
                self._renewal.add_done_callback(_heard)
            await asyncio.shield(self._renewal)  # it serves others too, and can't be stopped
        return self.access

    async def close(self) -> None:
        """Renew no more."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    async def _renew(self, old: Access) -> None:
        try:
            self.access = await asyncio.to_thread(load, self._settings)
        except ClusterUnusable as error:
            if old.expires is None or time.time() >= old.expires:
                raise ApiError(401, "Credentials", error.detail) from error
        finally:
            self._loaded = time.monotonic()
            self._renewal = None


def _heard(renewal: asyncio.Task[None]) -> None:
    """Whoever waited was told; nobody may be left who did."""
    if not renewal.cancelled():
        renewal.exception()
