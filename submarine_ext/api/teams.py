"""Teams and who is in them."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.teams import Membership, NewTeam, Team, TeamChange


class Teams(Endpoint):
    """``/teams``"""

    @operation(Capability.TEAM_LIST, query=Search, answer=Page[Team])
    async def get(self, query: Search) -> Page[Team]:
        """Find teams by a part of their name."""
        return await self.services.teams.search(self.principal, query)

    @operation(
        Capability.TEAM_CREATE, body=NewTeam, answer=Team, status=201, problems=(409, 413, 415, 507)
    )
    async def post(self, body: NewTeam) -> Team:
        """Make a team (admins)."""
        return await self.services.teams.create(self.principal, body)


class OneTeam(Endpoint):
    """``/teams/{team}``"""

    @operation(Capability.TEAM_LIST, answer=Team)
    async def get(self, team: str) -> Team:
        """Look at a team; its members see who is in it."""
        return await self.services.teams.get(self.principal, team)

    @operation(Capability.TEAM_WRITE, body=TeamChange, answer=Team, problems=(413, 415, 507))
    async def patch(self, team: str, body: TeamChange) -> Team:
        """Rename a team (managers, admins), or set its quota (admins)."""
        return await self.services.teams.change(self.principal, team, body)

    @operation(Capability.TEAM_CREATE, status=204, problems=(409, 507))
    async def delete(self, team: str) -> None:
        """Delete a team and all that was shared with it (admins)."""
        await self.services.teams.delete(self.principal, team)


class OneMember(Endpoint):
    """``/teams/{team}/members/{user}``"""

    @operation(Capability.TEAM_WRITE, body=Membership, answer=Team, problems=(409, 413, 415, 507))
    async def put(self, team: str, user: str, body: Membership) -> Team:
        """Take somebody into a team, or change what they are in it (managers, admins)."""
        return await self.services.teams.add(self.principal, team, user, body.role)

    @operation(Capability.TEAM_WRITE, status=204, problems=(409, 507))
    async def delete(self, team: str, user: str) -> None:
        """Take somebody out of a team (managers, admins; everybody themselves)."""
        await self.services.teams.remove(self.principal, team, user)
