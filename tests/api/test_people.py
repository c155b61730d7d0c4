"""People: who is here, what admins change of them, and what follows from it."""

from __future__ import annotations

import asyncio

import pytest

from submarine_ext.domain.access import Principal
from submarine_ext.domain.projects import slug
from submarine_ext.store import users

NAMES = ["Alice", "alice", "al%", "e\u0301ve", "\u00e9ve", "\u0430lice", "team:x", "a b"]


async def named(site, name: str) -> None:
    """As if somebody with this name had come with a verified credential."""
    await (await site.services()).people.arrive(Principal(name))


class TestArrival:
    async def test_names_that_look_alike_are_different_people_with_projects_of_their_own(
        self, people, site
    ):
        """Catches the mutant that compares names with ``lower()``."""
        for name in NAMES:
            await named(site, name)
        admin = people("root-admin")
        found = (await admin("GET", "/users?limit=100")).json["items"]
        assert set(NAMES) <= {user["name"] for user in found}
        projects = (await admin("GET", "/projects")).json["items"]
        owners = [project["owners"] for project in projects]
        for name in NAMES:
            assert owners.count([f"user:{name}"]) == 1

    async def test_a_project_of_ones_own_does_not_take_anothers_name(self, people, site):
        alice = people("alice")
        await alice("POST", "/projects", {"name": "bob"})
        assert (await people("bob")("GET", "/me")).json["personal_project"] == "bob-2"

    async def test_a_person_called_default_does_not_get_the_owners_project(self, people, site):
        await named(site, "default")
        services = await site.services()
        assert (await services.people.me(Principal("default"))).personal_project == "default-2"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Ada Löv", "ada-lov"),
            ("\u0430\u043d\u0430", "person"),
            ("--a--", "a"),
            ("x" * 300, "x" * 58),
        ],
    )
    def test_the_projects_name_is_made_of_what_a_name_may_have(self, name, expected):
        assert slug(name, "person") == expected

    async def test_ten_first_requests_at_once_are_one_arrival(self, people, site):
        await site.services()
        answers = await asyncio.gather(*(people("carol")("GET", "/me") for _ in range(10)))
        assert {answer.json["personal_project"] for answer in answers} == {"carol"}
        admin = people("root-admin")
        rows = (await admin("GET", "/audit?action=user.arrive&object=user:carol")).json["items"]
        assert len(rows) == 1


class TestSearch:
    async def test_finds_by_a_part_of_the_name_as_it_is_written(self, people, site):
        for name in ("Anna", "hanna", "100%", "a_b"):
            await named(site, name)
        bob = people("bob")

        async def found(text):
            answer = await bob("GET", f"/users?text={text}")
            return [user["name"] for user in answer.json["items"]]

        assert await found("nna") == ["Anna", "hanna"]
        assert await found("Ann") == ["Anna"]
        assert await found("%25") == ["100%"]
        assert await found("_") == ["a_b"]

    async def test_gives_pages(self, people, site):
        for number in range(5):
            await named(site, f"p{number}")
        bob, seen, cursor = people("bob"), [], ""
        while cursor is not None:
            page = (await bob("GET", f"/users?text=p&limit=2{cursor}")).json
            seen += [user["name"] for user in page["items"]]
            cursor = page["next"] and f"&cursor={page['next']}"
        assert seen == [f"p{number}" for number in range(5)]

    async def test_tells_nobody_but_admins_who_is_disabled_or_only_mentioned(self, people):
        alice, bob = people("alice"), people("bob")
        await alice("PUT", "/projects/alice/grants/user:nobody-yet", {"role": "viewer"})
        seen = (await bob("GET", "/users/alice")).json
        assert (seen["admin"], seen["disabled"], seen["quota"]) == (None, None, None)
        assert (await bob("GET", "/users/nobody-yet")).status == 404
        assert (await people("root-admin")("GET", "/users/nobody-yet")).json["seen"] is None


class TestAdmins:
    async def test_only_they_change_accounts(self, people):
        alice = people("alice")
        await alice("GET", "/me")
        for change in ({"admin": True}, {"disabled": True}, {"quota": {"jobs": 9}}, {}):
            assert (await alice("PATCH", "/users/alice", change)).status == 403

    async def test_make_and_unmake_others(self, people):
        admin, alice = people("root-admin"), people("alice")
        await alice("GET", "/me")
        assert (await admin("PATCH", "/users/alice", {"admin": True})).json["admin"]
        assert (await alice("GET", "/me")).json["admin"]
        assert not (await alice("PATCH", "/users/alice", {"admin": False})).json["admin"]
        assert (await alice("PATCH", "/users/root-admin", {})).status == 403

    @pytest.mark.parametrize("change", [{"admin": False}, {"disabled": True}])
    async def test_of_the_configuration_stay(self, people, change):
        admin = people("root-admin")
        assert (await admin("PATCH", "/users/root-admin", change)).status == 409
        assert (await admin("GET", "/me")).json["admin"]

    async def test_the_last_one_stays(self, people, site):
        """Also where none is configured any more."""
        admin, alice = people("root-admin"), people("alice")
        await alice("GET", "/me")
        await admin("PATCH", "/users/alice", {"admin": True})
        store = (await site.services())._store
        await store.write(lambda tx: users.change(tx, "root-admin", admin=users.NOT_ADMIN))
        for change in ({"admin": False}, {"disabled": True}):
            assert (await alice("PATCH", "/users/alice", change)).status == 409

    async def test_who_is_not_configured_any_more_is_none_after_the_next_start(self, people, site):
        admin = people("root-admin")
        assert (await admin("GET", "/me")).json["admin"]
        service = (await site.services()).people
        service._admins = frozenset({"carol"})
        await service.prepare()
        assert not (await admin("GET", "/me")).json["admin"]
        assert (await people("carol")("GET", "/me")).json["admin"]

    async def test_set_quotas_that_make_sense(self, people):
        admin = people("root-admin")
        await people("alice")("GET", "/me")
        quota = {"jobs": 2, "memory": "8Gi", "gpu_hours": 1.5}
        told = (await admin("PATCH", "/users/alice", {"quota": quota})).json["quota"]
        assert {name: told[name] for name in quota} == quota
        assert (await people("alice")("GET", "/me")).json["quota"] == told
        bad = await admin("PATCH", "/users/alice", {"quota": {"memory": "lots"}})
        assert (bad.status, bad.json["field"]) == (400, "quota.memory")


class TestADisabledAccount:
    async def test_is_refused_everywhere_until_it_is_enabled(self, people):
        admin, alice = people("root-admin"), people("alice")
        await alice("GET", "/me")
        await admin("PATCH", "/users/alice", {"disabled": True})
        for path in ("/me", "/projects", "/projects/alice", "/users", "/teams", "/audit"):
            assert (await alice("GET", path)).status == 403, path
        assert (await alice("POST", "/projects", {"name": "x"})).status == 403
        await admin("PATCH", "/users/alice", {"disabled": False})
        assert (await alice("GET", "/me")).status == 200

    async def test_has_all_its_jobs_stopped(self, people, tidied):
        admin, alice = people("root-admin"), people("alice")
        job = await alice("POST", "/projects/alice/jobs", {"command": ["sleep", "600"]})
        await admin("PATCH", "/users/alice", {"disabled": True})
        told = (await admin("GET", f"/jobs/{job.json['id']}")).json
        assert told["target"] == "stop"
        assert told["reason"] == "The account of alice is disabled."

    async def test_leaves_orphans_which_an_admin_gives_an_owner(self, people):
        admin, alice, bob = people("root-admin"), people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("POST", "/projects", {"name": "vision"})
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
        await admin("PATCH", "/users/alice", {"disabled": True})
        assert (await bob("GET", "/projects/vision")).json["state"] == "orphaned"
        submitted = await bob("POST", "/projects/vision/jobs", {"command": ["true"]})
        assert submitted.status == 409
        grant = "/projects/vision/grants/user:"
        assert (await bob("PUT", f"{grant}bob", {"role": "owner"})).status == 403
        assert (await admin("PUT", f"{grant}root-admin", {"role": "owner"})).status == 403
        assert (await admin("PUT", f"{grant}carol", {"role": "viewer"})).status == 403
        assert (await admin("PUT", f"{grant}bob", {"role": "owner"})).status == 200
        assert (await bob("GET", "/projects/vision")).json["state"] == "active"

    async def test_gets_its_projects_back_with_the_account(self, people):
        admin, alice = people("root-admin"), people("alice")
        await alice("GET", "/me")
        for disabled, state in ((True, "orphaned"), (False, "active")):
            await admin("PATCH", "/users/alice", {"disabled": disabled})
            assert (await admin("GET", "/projects/alice")).json["state"] == state

    async def test_an_owner_who_never_came_is_one_from_the_moment_they_come(self, people):
        admin, alice = people("root-admin"), people("alice")
        await alice("GET", "/me")
        await admin("PATCH", "/users/alice", {"disabled": True})
        await admin("PUT", "/projects/alice/grants/user:dave", {"role": "owner"})
        assert (await admin("GET", "/projects/alice")).json["state"] == "orphaned"
        await people("dave")("GET", "/me")
        assert (await admin("GET", "/projects/alice")).json["state"] == "active"

    async def test_a_team_that_comes_is_no_news_for_what_is_shared_with_it(self, people):
        """The mutant tells everybody of everybody: a thousand people make a million frames."""
        admin, alice = people("root-admin"), people("alice")
        await alice("POST", "/projects", {"name": "vision"})
        await admin("POST", "/teams", {"name": "ml"})
        await admin("PUT", "/teams/ml/members/dave", {})
        await alice("PUT", "/projects/vision/grants/team:ml", {"role": "viewer"})
        before = (await alice("GET", "/audit?project=vision")).json["items"]
        assert (await people("dave")("GET", "/projects/vision")).status == 200
        assert (await alice("GET", "/audit?project=vision")).json["items"] == before
