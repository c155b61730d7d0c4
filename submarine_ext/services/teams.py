"""Teams as people use them. Everybody may know that a team exists, its members who is in it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.quotas import limits
from submarine_ext.domain.subjects import plausible
from submarine_ext.domain.subjects import team as team_called
from submarine_ext.domain.subjects import user as user_called
from submarine_ext.domain.teams import NewTeam, Standing, Team, TeamChange
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound
from submarine_ext.services import access
from submarine_ext.services.consequences import owners_kept, settle_all
from submarine_ext.services.entries import note
from submarine_ext.store import grants, quotas, teams, users
from submarine_ext.store.store import Store, Transaction


class Teams:
    """The service. ``wake`` tells reconcile that jobs may have to be stopped."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def search(self, who: Principal, wanted: Search) -> Page[Team]:
        """Teams by a part of their name or title."""

        def query(tx: Transaction) -> Page[Team]:
            access.signed_in(tx, who, Capability.TEAM_LIST)
            found = teams.page(tx, wanted)
            return Page([_view(tx, who, each) for each in found.items], found.next)

        return await self._store.read(query)

    async def get(self, who: Principal, team: str) -> Team:
        """One team."""

        def query(tx: Transaction) -> Team:
            access.signed_in(tx, who, Capability.TEAM_LIST)
            return _view(tx, who, _found(tx, team))

        return await self._store.read(query)

    async def create(self, who: Principal, wanted: NewTeam) -> Team:
        """Make a team, without members. Raises Conflict for a name that is taken."""

        def make(tx: Transaction) -> Team:
            access.signed_in(tx, who, Capability.TEAM_CREATE)
            if teams.get(tx, wanted.name) is not None:
                raise Conflict(f"There is a team called {wanted.name} already.", field="name")
            teams.add(tx, wanted)
            note(tx, who.name, "team.create", str(team_called(wanted.name)), after=wanted)
            return _view(tx, who, _found(tx, wanted.name))

        return await self._store.write(make)

    async def change(self, who: Principal, team: str, change: TeamChange) -> Team:
        """Change what is given. Raises Forbidden for a quota that no admin sets."""

        def apply(tx: Transaction) -> Team:
            _manage(tx, who, team)
            if change.title is not UNSET:
                _refuse_group(tx, team)
            if change.quota is not UNSET:
                access.signed_in(tx, who, Capability.TEAM_WRITE)
                limits(change.quota)
            _apply(tx, who, _found(tx, team), change)
            return _view(tx, who, _found(tx, team))

        return await self._store.write(apply)

    async def delete(self, who: Principal, team: str) -> None:
        """Delete the team and its grants. Raises Conflict where it is the last owner."""

        def forget(tx: Transaction) -> None:
            access.signed_in(tx, who, Capability.TEAM_CREATE)
            _found(tx, team)
            subject = team_called(team)
            shared = grants.given_to(tx, subject)
            members = [member.user for member in teams.members(tx, team)]
            if members:
                _refuse_group(tx, team)
            with owners_kept(tx, shared):
                for project in shared:
                    grants.remove(tx, project, subject)
                teams.remove(tx, team)
            note(tx, who.name, "team.delete", str(subject), before={"members": members})
            for member in members:
                _tell_member(tx, who, "team.remove-member", team, member, None)
            settle_all(tx, who, shared)

        await self._store.write(forget)
        self._wake()

    async def add(self, who: Principal, team: str, user: str, role: Standing) -> Team:
        """Take somebody in, or change what they are. Raises Invalid, Forbidden, Conflict
        (a group of the directory).
        """

        def enter(tx: Transaction) -> Team:
            mine = _manage(tx, who, team)
            _refuse_group(tx, team)
            if not plausible(user):
                raise Invalid("user must be a name that can be shown.", field="user")
            shared = grants.given_to(tx, team_called(team))
            if user == who.name and mine is None and shared:
                raise Forbidden("Projects are shared with this team: ask a manager to take you in.")
            if teams.standing(tx, team, user) is not role:
                users.ensure(tx, user)
                teams.put_member(tx, team, user, role)
                _tell_member(tx, who, "team.put-member", team, user, role)
                settle_all(tx, who, shared)
            return _view(tx, who, _found(tx, team))

        return await self._store.write(enter)

    async def remove(self, who: Principal, team: str, user: str) -> None:
        """Take somebody out. Raises Conflict where the last owner would go."""

        def leave(tx: Transaction) -> None:
            if user == who.name:
                access.signed_in(tx, who, Capability.TEAM_LIST)
                _found(tx, team)
            else:
                _manage(tx, who, team)
            _refuse_group(tx, team)
            if teams.standing(tx, team, user) is None:
                raise NotFound
            shared = grants.given_to(tx, team_called(team))
            with owners_kept(tx, shared):
                teams.remove_member(tx, team, user)
            _tell_member(tx, who, "team.remove-member", team, user, None)
            settle_all(tx, who, shared)

        await self._store.write(leave)
        self._wake()


def _manage(tx: Transaction, who: Principal, team: str) -> Standing | None:
    """What ``who`` is in the team that they may look after, as a manager or an admin."""
    admin = access.signed_in(tx, who, Capability.TEAM_LIST).admin
    _found(tx, team)
    mine = teams.standing(tx, team, who.name)
    if not admin and mine is not Standing.MANAGER:
        raise Forbidden("Only the team's managers and administrators may do this.")
    return mine


def _found(tx: Transaction, team: str) -> teams.Record:
    record = teams.get(tx, team)
    if record is None:
        raise NotFound
    return record


def _refuse_group(tx: Transaction, team: str) -> None:
    group = _found(tx, team).from_group
    if group is not None:
        raise Conflict(f"The team {team} is the group {group} of JupyterHub: change it there.")


def _apply(tx: Transaction, who: Principal, record: teams.Record, change: TeamChange) -> None:
    given = {"title": change.title, "quota": change.quota}
    columns = {
        name: value
        for name, value in given.items()
        if value is not UNSET and value != getattr(record, name)
    }
    if columns:
        teams.change(tx, record.name, **columns)
        before = {name: getattr(record, name) for name in columns}
        thing = str(team_called(record.name))
        note(tx, who.name, "team.change", thing, before=before, after=columns)


def _tell_member(
    tx: Transaction, who: Principal, action: str, team: str, member: str, role: Standing | None
) -> None:
    """The row's object is the person: their own view of the server changes."""
    thing, after = str(user_called(member)), {"team": team, "role": role}
    note(tx, who.name, action, thing, kind="access", after=after)


def _view(tx: Transaction, who: Principal, record: teams.Record) -> Team:
    mine = teams.standing(tx, record.name, who.name)
    shown = mine is not None or access.signed_in(tx, who, Capability.TEAM_LIST).admin
    account = str(team_called(record.name))
    return Team(
        name=record.name,
        title=record.title,
        created=record.created,
        role=mine,
        group=record.from_group,
        members=teams.members(tx, record.name) if shown else [],
        quota=record.quota if shown else None,
        use=quotas.use(tx, account, now()) if shown else None,
    )
