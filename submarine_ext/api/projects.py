"""Projects: make, look, change, close, hand over; and who is what in them."""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.domain.projects import (
    BreakGlass,
    Grant,
    GrantRequest,
    NewProject,
    Offer,
    Project,
    ProjectChange,
)


class Purge(Struct, frozen=True, forbid_unknown_fields=True):
    """``purge``: delete for good what is in the trash, with its files, jobs and versions."""

    purge: bool = False


class AcceptRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Projects(Endpoint):
    """``/projects``"""

    @operation(Capability.PROJECT_LIST, answer=Page[Project])
    async def get(self) -> Page[Project]:
        """List the projects that you may see, by name."""
        return Page(await self.services.projects.list(self.principal))

    @operation(
        Capability.PROJECT_CREATE,
        body=NewProject,
        answer=Project,
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, body: NewProject) -> Project:
        """Make a project; you are its owner."""
        return await self.services.projects.create(self.principal, body)


class OneProject(Endpoint):
    """``/projects/{project}``"""

    @operation(Capability.PROJECT_READ, answer=Project)
    async def get(self, project: str) -> Project:
        """Look at a project."""
        return await self.services.projects.get(self.principal, project)

    @operation(
        Capability.PROJECT_WRITE, body=ProjectChange, answer=Project, problems=(409, 413, 415, 507)
    )
    async def patch(self, project: str, body: ProjectChange) -> Project:
        """Change title, description, visibility or settings; archive, or make active again."""
        return await self.services.projects.change(self.principal, project, body)

    @operation(Capability.PROJECT_CLOSE, query=Purge, status=204, problems=(409, 507))
    async def delete(self, project: str, query: Purge) -> None:
        """Put a project into the trash; with ``purge``, delete one that is there (owners)."""
        if query.purge:
            await self.services.closing.purge(self.principal, project)
        else:
            await self.services.closing.trash(self.principal, project)


class Grants(Endpoint):
    """``/projects/{project}/grants``"""

    @operation(Capability.MEMBER_READ, answer=Page[Grant])
    async def get(self, project: str) -> Page[Grant]:
        """Who is what in the project."""
        return Page(await self.services.sharing.grants(self.principal, project))


class OneGrant(Endpoint):
    """``/projects/{project}/grants/{subject}``"""

    @operation(
        Capability.GRANT_WRITE, body=GrantRequest, answer=Grant, problems=(409, 413, 415, 507)
    )
    async def put(self, project: str, subject: str, body: GrantRequest) -> Grant:
        """Share with a person (``user:NAME``) or a team (``team:NAME``)."""
        return await self.services.sharing.grant(self.principal, project, subject, body.role)

    @operation(Capability.GRANT_WRITE, status=204, problems=(409, 507))
    async def delete(self, project: str, subject: str) -> None:
        """Stop sharing with somebody; everybody may leave, a team's manager may drop its grant."""
        await self.services.sharing.revoke(self.principal, project, subject)


class Transfer(Endpoint):
    """``/projects/{project}/transfer``"""

    @operation(Capability.OWNER_WRITE, body=Offer, answer=Project, problems=(409, 413, 415, 507))
    async def post(self, project: str, body: Offer) -> Project:
        """Offer the project to a person, who must accept."""
        return await self.services.handovers.offer(self.principal, project, body.to)

    @operation(Capability.PROJECT_READ, status=204, problems=(409, 507))
    async def delete(self, project: str) -> None:
        """Take an offer back (owners), or decline it (the receiver)."""
        await self.services.handovers.withdraw(self.principal, project)


class Accept(Endpoint):
    """``/projects/{project}/transfer/accept``"""

    @operation(
        Capability.TRANSFER_ACCEPT,
        body=AcceptRequest,
        answer=Project,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, body: AcceptRequest) -> Project:
        """Accept a project: you become its owner, who offered it an editor."""
        return await self.services.handovers.accept(self.principal, project)


class Emergency(Endpoint):
    """``/projects/{project}/break-glass``"""

    @operation(
        Capability.BREAK_GLASS,
        body=BreakGlass,
        answer=Grant,
        status=201,
        problems=(409, 413, 415, 507),
    )
    async def post(self, project: str, body: BreakGlass) -> Grant:
        """Enter a project in an emergency (admins): an hour at most, and its owners are told."""
        return await self.services.emergencies.open(self.principal, project, body)

    @operation(Capability.BREAK_GLASS, status=204, problems=(507,))
    async def delete(self, project: str) -> None:
        """Give emergency access back."""
        await self.services.emergencies.close(self.principal, project)
