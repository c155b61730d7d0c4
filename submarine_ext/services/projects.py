"""Projects as people use them: make, share, change, close, hand over."""

from __future__ import annotations

from submarine_ext.domain.access import Principal, Role
from submarine_ext.domain.projects import BreakGlass, Grant, NewProject, Project, ProjectChange
from submarine_ext.store.store import Store


class Projects:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, who: Principal) -> list[Project]:
        """The projects that ``who`` sees, by name."""
        raise NotImplementedError

    async def get(self, who: Principal, project: str) -> Project:
        """One project."""
        raise NotImplementedError

    async def create(self, who: Principal, wanted: NewProject) -> Project:
        """Make a project. Raises Conflict for a name that is taken."""
        raise NotImplementedError

    async def change(self, who: Principal, project: str, change: ProjectChange) -> Project:
        """Change what is given."""
        raise NotImplementedError

    async def trash(self, who: Principal, project: str) -> None:
        """Put it into the trash."""
        raise NotImplementedError

    async def purge(self, who: Principal, project: str) -> None:
        """Delete for good what is in the trash."""
        raise NotImplementedError

    async def grants(self, who: Principal, project: str) -> list[Grant]:
        """Who is what in it."""
        raise NotImplementedError

    async def grant(self, who: Principal, project: str, subject: str, role: Role) -> Grant:
        """Give a role."""
        raise NotImplementedError

    async def revoke(self, who: Principal, project: str, subject: str) -> None:
        """Take a role away, or leave."""
        raise NotImplementedError

    async def offer(self, who: Principal, project: str, to: str) -> Project:
        """Offer the project to somebody."""
        raise NotImplementedError

    async def withdraw(self, who: Principal, project: str) -> None:
        """Take the offer back, or decline it."""
        raise NotImplementedError

    async def accept(self, who: Principal, project: str) -> Project:
        """Accept the offer."""
        raise NotImplementedError

    async def break_glass(self, who: Principal, project: str, wanted: BreakGlass) -> Grant:
        """An admin's emergency access."""
        raise NotImplementedError

    async def mend_glass(self, who: Principal, project: str) -> None:
        """Give it back."""
        raise NotImplementedError
