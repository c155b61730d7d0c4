"""Who is asking, and what is theirs."""

from __future__ import annotations

from submarine_ext.domain.access import ROLES, SIGNED_IN, Principal
from submarine_ext.domain.people import Me
from submarine_ext.domain.projects import DEFAULT, Project
from submarine_ext.store import projects
from submarine_ext.store.store import Store


class People:
    """The service; teams and admins arrive with sharing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def me(self, who: Principal) -> Me:
        """The asker: name, rights, personal project."""
        role = await self._store.read(lambda tx: projects.role(tx, DEFAULT, who.name))
        rights = SIGNED_IN | (ROLES[role] if role else frozenset())
        return Me(
            user=who.name,
            teams=[],
            admin=False,
            capabilities=sorted(rights),
            personal_project=DEFAULT if role else None,
        )

    async def projects(self, who: Principal) -> list[Project]:
        """The projects in which the asker has a role."""
        return await self._store.read(lambda tx: projects.of(tx, who.name))
