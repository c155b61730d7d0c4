"""Who is asking, and their projects."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.domain.people import Me
from submarine_ext.domain.projects import Project


class WhoAmI(Endpoint):
    """``/me``"""

    @operation(Capability.ME_READ, answer=Me)
    async def get(self) -> Me:
        """Who you are and what you may do."""
        return await self.services.people.me(self.principal)


class Projects(Endpoint):
    """``/projects``"""

    @operation(Capability.PROJECT_LIST, answer=Page[Project])
    async def get(self) -> Page[Project]:
        """List your projects."""
        return Page(await self.services.people.projects(self.principal))
