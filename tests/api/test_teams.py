"""Teams: who looks after them, who sees them, and what goes with them."""

from __future__ import annotations

import pytest


@pytest.fixture
def vision(people, jp_asyncio_loop):
    """A team: alice manages it, bob is in it."""
    jp_asyncio_loop.run_until_complete(_vision(people))
    return people


async def _vision(people):
    admin = people("root-admin")
    for name in ("alice", "bob", "carol"):
        await people(name)("GET", "/me")
    made = await admin("POST", "/teams", {"name": "vision", "title": "Vision Lab"})
    assert made.status == 201
    await admin("PUT", "/teams/vision/members/alice", {"role": "manager"})
    await admin("PUT", "/teams/vision/members/bob", {"role": "member"})


class TestLookingAfterATeam:
    async def test_is_for_its_managers_and_for_admins(self, vision):
        alice, bob, carol = vision("alice"), vision("bob"), vision("carol")
        member = "/teams/vision/members/dave"
        for stranger in (bob, carol):
            assert (await stranger("PUT", member, {"role": "member"})).status == 403
            assert (await stranger("DELETE", "/teams/vision/members/alice")).status == 403
            assert (await stranger("PATCH", "/teams/vision", {"title": "x"})).status == 403
        assert (await alice("PUT", member, {"role": "manager"})).status == 200
        assert (await alice("PATCH", "/teams/vision", {"title": "V"})).json["title"] == "V"
        assert (await alice("DELETE", member)).status == 204
        assert (await alice("DELETE", member)).status == 404

    async def test_making_and_deleting_one_is_for_admins(self, vision):
        alice = vision("alice")
        assert (await alice("POST", "/teams", {"name": "mine"})).status == 403
        assert (await alice("DELETE", "/teams/vision")).status == 403

    async def test_quotas_are_set_by_admins(self, vision):
        alice, admin = vision("alice"), vision("root-admin")
        asked = {"quota": {"gpu": 4}}
        assert (await alice("PATCH", "/teams/vision", asked)).status == 403
        assert (await admin("PATCH", "/teams/vision", asked)).json["quota"]["gpu"] == 4
        assert (await vision("bob")("GET", "/teams/vision")).json["quota"]["gpu"] == 4

    async def test_everybody_may_leave(self, vision):
        bob = vision("bob")
        assert (await bob("GET", "/me")).json["teams"] == ["vision"]
        assert (await bob("DELETE", "/teams/vision/members/bob")).status == 204
        assert (await bob("GET", "/me")).json["teams"] == []

    @pytest.mark.parametrize("name", ["a%00b", "a%0Ab", "%E2%80%AEbob", "%20bob", "a" * 300])
    async def test_names_that_cannot_be_shown_are_nobodys(self, vision, name):
        put = await vision("alice")("PUT", f"/teams/vision/members/{name}", {"role": "member"})
        assert put.status in (400, 404)

    async def test_a_name_is_taken_once(self, vision):
        admin = vision("root-admin")
        again = await admin("POST", "/teams", {"name": "vision", "title": "Other"})
        assert again.status == 409
        assert (await admin("GET", "/teams/vision")).json["title"] == "Vision Lab"

    async def test_an_admin_does_not_get_in_by_joining_a_team(self, vision):
        """Rule 10: what admins give themselves takes a reason and the owners' knowledge."""
        alice, admin = vision("alice"), vision("root-admin")
        await alice("PUT", "/projects/alice/grants/team:vision", {"role": "editor"})
        joined = await admin("PUT", "/teams/vision/members/root-admin", {"role": "member"})
        assert joined.status == 403
        assert (await admin("GET", "/projects/alice")).json["role"] is None


class TestSeeingATeam:
    async def test_its_members_see_who_is_in_it_and_others_that_it_exists(self, vision):
        seen = (await vision("bob")("GET", "/teams/vision")).json
        assert [member["user"] for member in seen["members"]] == ["alice", "bob"]
        assert seen["role"] == "member"
        hidden = (await vision("carol")("GET", "/teams/vision")).json
        assert (hidden["members"], hidden["quota"], hidden["use"]) == ([], None, None)

    async def test_it_is_found_by_a_part_of_its_name_or_title_as_written(self, vision):
        carol = vision("carol")

        async def found(text):
            return [t["name"] for t in (await carol("GET", f"/teams?text={text}")).json["items"]]

        assert await found("isio") == ["vision"]
        assert await found("Lab") == ["vision"]
        assert await found("lab") == []


class TestWhatIsSharedWithATeam:
    async def test_is_its_members_and_ends_with_their_membership(self, vision):
        alice, bob, carol = vision("alice"), vision("bob"), vision("carol")
        await alice("PUT", "/projects/alice/grants/team:vision", {"role": "editor"})
        assert (await bob("GET", "/projects/alice")).json["role"] == "editor"
        assert (await carol("GET", "/projects/alice")).status == 404
        await alice("DELETE", "/teams/vision/members/bob")
        assert (await bob("GET", "/projects/alice")).status == 404

    async def test_the_greatest_of_several_roles_counts(self, vision):
        alice, bob = vision("alice"), vision("bob")
        grant = "/projects/alice/grants"
        await alice("PUT", f"{grant}/team:vision", {"role": "editor"})
        await alice("PUT", f"{grant}/user:bob", {"role": "viewer"})
        assert (await bob("GET", "/projects/alice")).json["role"] == "editor"
        await alice("DELETE", f"{grant}/team:vision")
        assert (await bob("GET", "/projects/alice")).json["role"] == "viewer"

    async def test_a_manager_may_drop_it_and_a_member_may_not(self, vision):
        alice, bob, carol = vision("alice"), vision("bob"), vision("carol")
        grant = "/projects/carol/grants/team:vision"
        await carol("PUT", grant, {"role": "viewer"})
        assert (await bob("DELETE", grant)).status == 403
        assert (await alice("GET", "/projects/carol")).status == 200
        assert (await alice("DELETE", grant)).status == 204
        assert (await alice("GET", "/projects/carol")).status == 404

    async def test_a_deleted_teams_name_made_anew_has_none_of_it(self, vision):
        """Catches the mutant that deletes a team and leaves its grants."""
        alice, bob, admin = vision("alice"), vision("bob"), vision("root-admin")
        await alice("PUT", "/projects/alice/grants/team:vision", {"role": "editor"})
        assert (await admin("DELETE", "/teams/vision")).status == 204
        assert (await bob("GET", "/projects/alice")).status == 404
        await admin("POST", "/teams", {"name": "vision"})
        await admin("PUT", "/teams/vision/members/bob", {"role": "member"})
        assert (await bob("GET", "/projects/alice")).status == 404

    async def test_a_team_called_like_a_person_is_somebody_else(self, vision):
        """Catches the mutant that looks up a grant's subject without its kind."""
        alice, bob, carol, admin = (vision(n) for n in ("alice", "bob", "carol", "root-admin"))
        await admin("POST", "/teams", {"name": "carol"})
        await admin("PUT", "/teams/carol/members/bob", {"role": "member"})
        await alice("PUT", "/projects/alice/grants/team:carol", {"role": "viewer"})
        assert (await bob("GET", "/projects/alice")).json["role"] == "viewer"
        assert (await carol("GET", "/projects/alice")).status == 404
        assert (await alice("DELETE", "/projects/alice/grants/user:carol")).status == 404
        await alice("PUT", "/projects/alice/grants/user:carol", {"role": "editor"})
        await alice("DELETE", "/projects/alice/grants/team:carol")
        assert (await carol("GET", "/projects/alice")).json["role"] == "editor"
        assert (await bob("GET", "/projects/alice")).status == 404


class TestTheLastOwner:
    @pytest.fixture
    def owned(self, vision, jp_asyncio_loop):
        """The project ``shared`` has no owner but the team, in which alice is alone."""
        jp_asyncio_loop.run_until_complete(self._owned(vision))
        return vision

    async def _owned(self, vision):
        alice = vision("alice")
        await vision("root-admin")("DELETE", "/teams/vision/members/bob")
        await alice("POST", "/projects", {"name": "shared"})
        await alice("PUT", "/projects/shared/grants/team:vision", {"role": "owner"})
        assert (await alice("DELETE", "/projects/shared/grants/user:alice")).status == 204

    async def test_does_not_leave_with_the_team(self, owned):
        deleted = await owned("root-admin")("DELETE", "/teams/vision")
        assert (deleted.status, deleted.json["code"]) == (409, "conflict")
        assert (await owned("alice")("GET", "/teams/vision")).json["role"] == "manager"

    async def test_does_not_leave_the_team(self, owned):
        gone = await owned("alice")("DELETE", "/teams/vision/members/alice")
        assert gone.status == 409
        assert (await owned("alice")("GET", "/projects/shared")).json["role"] == "owner"

    async def test_does_not_drop_the_teams_grant(self, owned):
        grant = "/projects/shared/grants/team:vision"
        assert (await owned("alice")("DELETE", grant)).status == 409
        assert (await owned("alice")("PUT", grant, {"role": "viewer"})).status == 409
