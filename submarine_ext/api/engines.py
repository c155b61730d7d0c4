"""Engines: where jobs can run, and how they are."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.engines.base import EngineInfo


class Engines(Endpoint):
    """``/engines``"""

    @operation(Capability.ENGINE_READ, answer=Page[EngineInfo])
    async def get(self) -> Page[EngineInfo]:
        """List engines: health and load."""
        return Page(await self.services.engines.list(self.principal))
