"""Teams as people use them."""

from __future__ import annotations

from submarine_ext.domain.access import Principal
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.teams import NewTeam, Standing, Team, TeamChange
from submarine_ext.store.store import Store


class Teams:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def search(self, who: Principal, wanted: Search) -> Page[Team]:
        """Teams by a part of their name or title."""
        raise NotImplementedError

    async def get(self, who: Principal, team: str) -> Team:
        """One team."""
        raise NotImplementedError

    async def create(self, who: Principal, wanted: NewTeam) -> Team:
        """Make a team."""
        raise NotImplementedError

    async def change(self, who: Principal, team: str, change: TeamChange) -> Team:
        """Change what is given."""
        raise NotImplementedError

    async def delete(self, who: Principal, team: str) -> None:
        """Delete the team and its grants."""
        raise NotImplementedError

    async def add(self, who: Principal, team: str, user: str, role: Standing) -> Team:
        """Take somebody in."""
        raise NotImplementedError

    async def remove(self, who: Principal, team: str, user: str) -> None:
        """Take somebody out."""
        raise NotImplementedError
