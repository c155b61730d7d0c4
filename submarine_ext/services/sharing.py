"""Who is what in a project: give roles, take them away, leave."""

from __future__ import annotations

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.projects import Grant
from submarine_ext.domain.subjects import Kind, parse
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.store import grants, projects, users
from submarine_ext.store.store import Store, Transaction


class Sharing:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def grants(self, who: Principal, project: str) -> list[Grant]:
        """Who is what in it."""

        def query(tx: Transaction) -> list[Grant]:
            access.may(tx, who, project, Capability.MEMBER_READ)
            unseen = grants.unseen(tx, project)
            return [_grant(found, unseen) for found in grants.of(tx, project)]

        return await self._store.read(query)

    async def grant(self, who: Principal, project: str, subject: str, role: Role) -> Grant:
        """Give a role. Raises Invalid, Conflict (the last owner)."""
        wanted = parse(subject)

        def give(tx: Transaction) -> Grant:
            access.may(tx, who, project, Capability.GRANT_WRITE)
            if wanted.kind is Kind.USER:
                users.ensure(tx, wanted.name)
            given = grants.put(tx, project, wanted, role, who.name)
            projects.bump(tx, [project])
            note(tx, who.name, "grant.put", subject, project=project, kind="access")
            return _grant(given, grants.unseen(tx, project))

        return await self._store.write(give)

    async def revoke(self, who: Principal, project: str, subject: str) -> None:
        """Take a role away, or leave."""
        raise NotImplementedError


def _grant(found: grants.Tuple, unseen: set[str]) -> Grant:
    subject = found.subject
    return Grant(
        subject=str(subject),
        role=found.role,
        by=found.by,
        created=found.created,
        known=subject.kind is Kind.TEAM or subject.name not in unseen,
    )
