"""Groups of somebody else's directory as teams here, and its administrators as ours.

The directory decides who is in such a team, here nobody does. It is heard in two ways: about
one person whenever their credential was looked at, and about all groups from time to time.
What was asked earlier never undoes what was asked later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from submarine_ext.domain.access import Principal
from submarine_ext.domain.directory import Known, Members
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.projects import slug
from submarine_ext.domain.subjects import plausible
from submarine_ext.domain.subjects import team as team_called
from submarine_ext.domain.subjects import user as user_called
from submarine_ext.domain.teams import NewTeam, Standing
from submarine_ext.services.consequences import settle_all
from submarine_ext.services.entries import note
from submarine_ext.store import grants, projects, teams, users
from submarine_ext.store.store import Store, Transaction

_log = logging.getLogger("submarine_ext")
_US = Principal(SYSTEM)


class Directory:
    """The service. ``names`` are names of teams by names of groups, where they differ.

    ``wake`` tells reconcile that jobs may have to be stopped.
    """

    def __init__(self, store: Store, names: Mapping[str, str], wake: Callable[[], None]) -> None:
        self._store = store
        self._names = names
        self._wake = wake
        self._asked: dict[str, float] = {}
        self._all_asked = 0.0
        #: Groups for whose teams there is no name.
        self._nameless: set[str] = set()
        #: When all groups were last taken over (monotonic seconds); None: never.
        self.synchronised: float | None = None

    async def learn(self, known: Known, asked: float) -> None:
        """Take over what is known of one person since ``asked`` (monotonic seconds)."""
        if not plausible(known.name) or asked < max(self._all_asked, self._heard(known.name)):
            return
        self._asked[known.name] = asked
        if await self._store.read(lambda tx: self._differs(tx, known)):
            await self._store.write(lambda tx: self._learn(tx, known))
            self._wake()

    async def replace(self, groups: Mapping[str, Members], asked: float) -> None:
        """Take over all groups as they were at ``asked``; who is heard of later is left alone."""

        def settled(person: str) -> bool:
            return self._heard(person) <= asked and plausible(person)

        wanted = {name: set(filter(plausible, members)) for name, members in groups.items()}

        def apply(tx: Transaction) -> bool:
            changed = False
            for team, group in self._teams(tx, wanted).items():
                there = {member.user for member in teams.members(tx, team)}
                come, go = wanted.get(group, set()) - there, there - wanted.get(group, set())
                changed |= _change(tx, team, filter(settled, come), filter(settled, go))
            return changed

        self._all_asked = asked
        if await self._store.write(apply):
            self._wake()
        self.synchronised = time.monotonic()

    def _heard(self, person: str) -> float:
        return self._asked.get(person, 0.0)

    def _differs(self, tx: Transaction, known: Known) -> bool:
        if _admin_differs(users.get(tx, known.name), known):
            return True
        if known.groups is None:
            return False
        every = teams.of_groups(tx)
        mine = {every[team] for team in teams.standings(tx, known.name) if team in every}
        return mine != known.groups - self._nameless

    def _learn(self, tx: Transaction, known: Known) -> None:
        account = users.ensure(tx, known.name)
        if _admin_differs(account, known):
            _appoint(tx, known)
        if known.groups is None:
            return
        for team, group in self._teams(tx, known.groups).items():
            there = teams.standing(tx, team, known.name) is not None
            come = [known.name] if group in known.groups and not there else []
            go = [known.name] if group not in known.groups and there else []
            _change(tx, team, come, go)

    def _teams(self, tx: Transaction, wanted: Iterable[str]) -> dict[str, str]:
        """All teams that are groups, by name, after the wanted ones have been made."""
        for group in sorted(set(wanted) - set(teams.of_groups(tx).values())):
            self._make(tx, group)
        return teams.of_groups(tx)

    def _make(self, tx: Transaction, group: str) -> None:
        """A team for the group, unless another one is called so: two are never made one."""
        name = self._names.get(group) or slug(group)
        if name and teams.get(tx, name) is None:
            self._nameless.discard(group)
            teams.add(tx, NewTeam(name=name, title=group[:200]), group=group)
            note(tx, SYSTEM, "team.create", str(team_called(name)), after={"group": group})
        elif group not in self._nameless:
            self._nameless.add(group)
            _log.warning(
                "The group %r is no team, because the name %r is taken or empty: name it in "
                "HubIdentityProvider.team_names.",
                group[:100],
                name,
            )


def _change(tx: Transaction, team: str, come: Iterable[str], go: Iterable[str]) -> bool:
    changed = False
    for person in sorted(come):
        users.ensure(tx, person)
        teams.put_member(tx, team, person, Standing.MEMBER)
        _tell(tx, "team.put-member", team, person, Standing.MEMBER)
        changed = True
    for person in sorted(go):
        teams.remove_member(tx, team, person)
        _tell(tx, "team.remove-member", team, person, None)
        changed = True
    if changed:
        settle_all(tx, _US, grants.given_to(tx, team_called(team)))
    return changed


def _tell(tx: Transaction, action: str, team: str, person: str, role: Standing | None) -> None:
    after = {"team": team, "role": role}
    note(tx, SYSTEM, action, str(user_called(person)), kind="access", after=after)


def _admin_differs(account: users.Account | None, known: Known) -> bool:
    """Whom people or the configuration made an admin is none of the directory's business."""
    if known.admin is None:
        return False
    level = users.NOT_ADMIN if account is None else account.admin
    return level == (users.NOT_ADMIN if known.admin else users.BY_DIRECTORY)


def _appoint(tx: Transaction, known: Known) -> None:
    level = users.BY_DIRECTORY if known.admin else users.NOT_ADMIN
    users.change(tx, known.name, admin=level)
    thing = str(user_called(known.name))
    note(tx, SYSTEM, "user.change", thing, kind="access", after={"admin": known.admin})
    projects.bump(tx)
