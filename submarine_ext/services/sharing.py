"""Who is what in a project: give roles, take them away, leave."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.projects import Grant
from submarine_ext.domain.subjects import Kind, Subject, parse, user
from submarine_ext.domain.teams import Standing
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict, Invalid, NotFound
from submarine_ext.services import access
from submarine_ext.services.consequences import owners_kept, settle
from submarine_ext.services.entries import note
from submarine_ext.store import emergencies, grants, projects, teams, users
from submarine_ext.store.store import Store, Transaction


class Sharing:
    """The service. ``wake`` tells reconcile that jobs may have to be stopped."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def grants(self, who: Principal, project: str) -> list[Grant]:
        """Who is what in it: people, teams, then admins' emergency access."""

        def query(tx: Transaction) -> list[Grant]:
            access.may(tx, who, project, Capability.MEMBER_READ)
            unseen = grants.unseen(tx, project)
            given = [_grant(found, unseen) for found in grants.of(tx, project)]
            return given + [emergency(each) for each in emergencies.of(tx, project, now())]

        return await self._store.read(query)

    async def grant(self, who: Principal, project: str, subject: str, role: Role) -> Grant:
        """Give a role. Raises Invalid (no such team), Conflict (the last owner)."""
        wanted = parse(subject)

        def give(tx: Transaction) -> Grant:
            access.may(tx, who, project, Capability.MEMBER_READ)
            earlier = grants.get(tx, project, wanted)
            for capability in _to_give(tx, who, wanted, earlier, role):
                access.may(tx, who, project, capability)
            _refuse_unknown_team(tx, wanted)
            if earlier is None or earlier.role is not role:
                earlier = _give(tx, who, project, wanted, role)
            return _grant(earlier, grants.unseen(tx, project))

        given = await self._store.write(give)
        self._wake()
        return given

    async def revoke(self, who: Principal, project: str, subject: str) -> None:
        """Take a role away, or leave. Raises NotFound, Conflict (the last owner)."""
        wanted = parse(subject)

        def take(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.MEMBER_READ)
            earlier = grants.get(tx, project, wanted)
            for capability in _to_take(tx, who, wanted, earlier):
                access.may(tx, who, project, capability)
            if earlier is None and wanted == user(who.name):
                raise Conflict("Your role comes from a team: leave the team instead.")
            if earlier is None:
                raise NotFound
            _refuse_homeless(tx, project, wanted)
            with owners_kept(tx, [project]):
                grants.remove(tx, project, wanted)
            _tell(tx, who, "grant.delete", earlier, None)

        await self._store.write(take)
        self._wake()


def emergency(found: emergencies.Emergency) -> Grant:
    """An admin's emergency access among the grants."""
    return Grant(
        subject=str(user(found.admin)),
        role=None,
        by=found.admin,
        created=found.created,
        until=found.until,
        reason=found.reason,
    )


def _to_give(
    tx: Transaction, who: Principal, wanted: Subject, earlier: grants.Tuple | None, role: Role
) -> set[Capability]:
    """What it takes. An admin may name an owner of an orphaned project, but not themselves."""
    demoted = earlier is not None and earlier.role is Role.OWNER and role is not Role.OWNER
    needed = {Capability.OWNER_WRITE} if demoted or role is Role.OWNER else set()
    if demoted or role is not Role.OWNER or grants.includes(tx, wanted, who.name):
        needed.add(Capability.GRANT_WRITE)
    return needed


def _to_take(
    tx: Transaction, who: Principal, wanted: Subject, earlier: grants.Tuple | None
) -> set[Capability]:
    """What it takes: of oneself and of one's own team less than of others."""
    if wanted == user(who.name):
        return {Capability.PROJECT_LEAVE}
    team = wanted.kind is Kind.TEAM
    if team and teams.standing(tx, wanted.name, who.name) is Standing.MANAGER:
        return {Capability.MEMBER_READ}
    owner = earlier is not None and earlier.role is Role.OWNER
    return {Capability.GRANT_WRITE, Capability.OWNER_WRITE} if owner else {Capability.GRANT_WRITE}


def _refuse_unknown_team(tx: Transaction, wanted: Subject) -> None:
    if wanted.kind is Kind.TEAM and teams.get(tx, wanted.name) is None:
        raise Invalid(f"There is no team called {wanted.name}.", field="subject")


def _refuse_homeless(tx: Transaction, project: str, subject: Subject) -> None:
    record = projects.get(tx, project)
    if record is not None and record.person is not None and subject == user(record.person):
        raise Conflict(f"This is {record.person}'s personal project: it stays theirs.")


def _give(
    tx: Transaction, who: Principal, project: str, wanted: Subject, role: Role
) -> grants.Tuple:
    earlier = grants.get(tx, project, wanted)
    if wanted.kind is Kind.USER:
        users.ensure(tx, wanted.name)
    if role is not Role.OWNER:
        _refuse_homeless(tx, project, wanted)
    with owners_kept(tx, [project]):
        given = grants.put(tx, project, wanted, role, who.name)
    _tell(tx, who, "grant.put", earlier, given)
    return given


def _tell(
    tx: Transaction,
    who: Principal,
    action: str,
    before: grants.Tuple | None,
    after: grants.Tuple | None,
) -> None:
    changed = after or before
    assert changed is not None, "something changed"
    states = [None if each is None else {"role": each.role} for each in (before, after)]
    note(
        tx,
        who.name,
        action,
        str(changed.subject),
        project=changed.project,
        kind="access",
        before=states[0],
        after=states[1],
    )
    settle(tx, who, changed.project)


def _grant(found: grants.Tuple, unseen: set[str]) -> Grant:
    subject = found.subject
    return Grant(
        subject=str(subject),
        role=found.role,
        by=found.by,
        created=found.created,
        known=subject.kind is Kind.TEAM or subject.name not in unseen,
    )
