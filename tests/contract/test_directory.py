"""Groups of a directory as teams, on the real store: who is in, who is out, and in what order."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager

import pytest

from submarine_ext.domain.access import Principal, Role
from submarine_ext.domain.directory import Known
from submarine_ext.domain.projects import NewProject
from submarine_ext.domain.teams import NewTeam
from submarine_ext.errors import Conflict
from submarine_ext.services.directory import Directory
from submarine_ext.services.people import People
from submarine_ext.services.projects import Projects
from submarine_ext.services.sharing import Sharing
from submarine_ext.services.teams import Teams
from submarine_ext.store.store import Store
from submarine_ext.testing.session import scenario

ADMIN, ALICE, BOB = Principal("root-admin"), Principal("alice"), Principal("bob")


class World:
    def __init__(self, store: Store, names: dict[str, str]) -> None:
        self.woken = 0
        self.directory = Directory(store, names, self._wake)
        self.people = People(store, None, frozenset({"root-admin"}), self._wake)
        self.teams = Teams(store, self._wake)
        self.projects = Projects(store, self._wake, frozenset())
        self.sharing = Sharing(store, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    async def teams_of(self, who: Principal) -> list[str]:
        return (await self.people.me(who)).teams

    async def admin(self, who: Principal) -> bool:
        return (await self.people.me(who)).admin


@asynccontextmanager
async def world(folder, **names: str):
    store = await Store.open(folder / "a.sqlite")
    made = World(store, names)
    try:
        await made.people.prepare()
        for who in (ADMIN, ALICE, BOB):
            await made.people.arrive(who)
        yield made
    finally:
        await store.close()


def known(name: str, *groups: str, admin: bool = False) -> Known:
    return Known(name, frozenset(groups), admin)


@scenario
async def test_a_visit_and_a_look_at_all_say_the_same(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.learn(known("alice", "ml"), 1.0)
        assert await w.teams_of(ALICE) == ["ml"]
        await w.directory.replace({"ml": frozenset({"bob"}), "ops": frozenset({"alice"})}, 2.0)
        assert (await w.teams_of(ALICE), await w.teams_of(BOB)) == (["ops"], ["ml"])


@scenario
async def test_what_was_asked_earlier_never_undoes_what_was_asked_later(tmp_path):
    """The mutant takes things over in the order in which they come in."""
    async with world(tmp_path) as w:
        await w.directory.replace({"ml": frozenset()}, 5.0)
        await w.directory.learn(known("bob", "ml"), 4.0)
        assert await w.teams_of(BOB) == []
        await w.directory.learn(known("bob", "ml"), 7.0)
        await w.directory.replace({"ml": frozenset()}, 6.0)
        assert await w.teams_of(BOB) == ["ml"]


@scenario
async def test_who_says_nothing_of_groups_or_of_admins_changes_nothing(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.learn(known("alice", "ml", admin=True), 1.0)
        await w.directory.learn(Known("alice"), 2.0)
        assert (await w.teams_of(ALICE), await w.admin(ALICE)) == (["ml"], True)


@scenario
async def test_nothing_is_written_where_nothing_differs(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.learn(known("alice", "ml"), 1.0)
        await w.directory.replace({"ml": frozenset({"alice"})}, 2.0)
        woken = w.woken
        await w.directory.learn(known("alice", "ml"), 3.0)
        await w.directory.replace({"ml": frozenset({"alice"})}, 4.0)
        assert w.woken == woken


@scenario
async def test_two_groups_are_never_one_team_and_none_is_a_team_of_people(tmp_path, caplog):
    """The mutant takes the team that is called so: its projects would be open to the group."""
    async with world(tmp_path) as w:
        await w.teams.create(ADMIN, NewTeam(name="ml"))
        with caplog.at_level(logging.WARNING, "submarine_ext"):
            await w.directory.replace({"ML": frozenset({"bob"}), "ops": frozenset()}, 1.0)
            await w.directory.replace({"OPS!": frozenset({"bob"}), "ops": frozenset()}, 2.0)
            await w.directory.replace({"OPS!": frozenset({"bob"}), "ops": frozenset()}, 3.0)
        assert await w.teams_of(BOB) == []
        told = [each.getMessage() for each in caplog.records]
        assert [("'ML'" in each, "'OPS!'" in each) for each in told] == [
            (True, False),
            (False, True),
        ]
        assert all("HubIdentityProvider.team_names" in each for each in told)


@scenario
async def test_a_group_is_called_as_the_configuration_says(tmp_path):
    async with world(tmp_path, ML="learning") as w:
        await w.directory.learn(known("bob", "ML"), 1.0)
        assert await w.teams_of(BOB) == ["learning"]


@scenario
async def test_a_group_that_is_gone_has_no_members_and_may_be_deleted(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.replace({"ml": frozenset({"bob"})}, 1.0)
        with pytest.raises(Conflict, match="the group ml of JupyterHub"):
            await w.teams.delete(ADMIN, "ml")
        await w.directory.replace({}, 2.0)
        assert await w.teams_of(BOB) == []
        await w.teams.delete(ADMIN, "ml")


@scenario
async def test_the_last_owners_leave_an_orphan_as_anybody_does(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.learn(known("alice", "ml"), 1.0)
        await w.projects.create(ALICE, NewProject(name="vision"))
        await w.sharing.grant(ALICE, "vision", "team:ml", Role.OWNER)
        await w.sharing.revoke(ALICE, "vision", "user:alice")
        await w.directory.replace({"ml": frozenset()}, 2.0)
        assert (await w.projects.get(ADMIN, "vision")).state == "orphaned"


@scenario
async def test_an_admin_by_hand_or_configuration_stays_one(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.learn(known("root-admin"), 1.0)
        assert await w.admin(ADMIN)
        await w.directory.learn(known("bob", admin=True), 1.0)
        assert await w.admin(BOB)
        await w.directory.learn(known("bob"), 2.0)
        assert not await w.admin(BOB)


@scenario
async def test_names_that_cannot_be_shown_are_nobody(tmp_path):
    async with world(tmp_path) as w:
        await w.directory.replace({"ml": frozenset({"bob\u200d", "bob"})}, 1.0)
        team = await w.teams.get(ADMIN, "ml")
        assert [member.user for member in team.members] == ["bob"]


@scenario
async def test_a_directory_that_forgets_when_it_asked_is_found(tmp_path, monkeypatch):
    """The mutant, alive: without the order of questions an old login brings bob back."""
    async with world(tmp_path) as w:
        monkeypatch.setattr(Directory, "_heard", lambda *_: 0.0)
        await w.directory.replace({"ml": frozenset()}, 5.0)
        w.directory._all_asked = 0.0
        await w.directory.learn(known("bob", "ml"), 4.0)
        assert await w.teams_of(BOB) == ["ml"]
