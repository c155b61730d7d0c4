"""Engines: where jobs can run, and how they are."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.engines.base import Check, EngineInfo


class Engines(Endpoint):
    """``/engines``"""

    @operation(Capability.ENGINE_READ, answer=Page[EngineInfo])
    async def get(self) -> Page[EngineInfo]:
        """List engines: health and load."""
        return Page(await self.services.engines.list(self.principal))


class Checks(Endpoint):
    """``/engines/{engine}/checks``"""

    @operation(Capability.ENGINE_EXAMINE, answer=Page[Check])
    async def get(self, engine: str) -> Page[Check]:
        """Examine how an engine was set up (admins)."""
        return Page(await self.services.engines.examine(self.principal, engine))
