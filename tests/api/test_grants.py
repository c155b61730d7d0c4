"""Roles: who may give and take them, whom they outlive, and what follows from losing one."""

from __future__ import annotations

import asyncio

import pytest

GRANTS = "/projects/lab/grants"


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice owns the project ``lab``; bob edits it, carol looks on; dave is a stranger."""
    jp_asyncio_loop.run_until_complete(_lab(people))
    return people


async def _lab(people):
    for name in ("bob", "carol", "dave"):
        await people(name)("GET", "/me")
    alice = people("alice")
    await alice("POST", "/projects", {"name": "lab"})
    for name, role in (("bob", "editor"), ("carol", "viewer")):
        given = await alice("PUT", f"{GRANTS}/user:{name}", {"role": role})
        assert given.status == 200


class TestGiving:
    @pytest.mark.parametrize("asker", ["bob", "carol", "root-admin"])
    async def test_is_for_owners(self, lab, asker):
        call = lab(asker)
        for subject in ("user:dave", f"user:{asker}"):
            put = await call("PUT", f"{GRANTS}/{subject}", {"role": "owner"})
            assert put.status == 403
        assert (await call("DELETE", f"{GRANTS}/user:alice")).status == 403

    async def test_strangers_learn_nothing_not_even_from_odd_subjects(self, lab):
        dave = lab("dave")
        absent = await dave("GET", "/projects/no-such-project/grants")
        for method, path, body in (
            ("GET", GRANTS, None),
            ("PUT", f"{GRANTS}/user:dave", {"role": "owner"}),
            ("PUT", f"{GRANTS}/team:none", {"role": "owner"}),
            ("DELETE", f"{GRANTS}/user:alice", None),
            ("DELETE", f"{GRANTS}/user:dave", None),
            ("GET", "/projects/lab", None),
            ("PATCH", "/projects/lab", {"title": "x"}),
            ("DELETE", "/projects/lab", None),
            ("DELETE", "/projects/lab?purge=true", None),
            ("POST", "/projects/lab/transfer", {"to": "dave"}),
            ("DELETE", "/projects/lab/transfer", None),
            ("POST", "/projects/lab/transfer/accept", {}),
            ("GET", "/audit?project=lab", None),
        ):
            answer = await dave(method, path, body)
            assert (answer.status, answer.body) == (404, absent.body), (method, path)

    async def test_the_list_tells_roles_and_who_has_not_been_here(self, lab):
        alice = lab("alice")
        await alice("PUT", f"{GRANTS}/user:zoe", {"role": "viewer"})
        told = (await lab("carol")("GET", GRANTS)).json["items"]
        assert [(g["subject"], g["role"], g["known"]) for g in told] == [
            ("user:alice", "owner", True),
            ("user:bob", "editor", True),
            ("user:carol", "viewer", True),
            ("user:zoe", "viewer", False),
        ]

    @pytest.mark.parametrize(
        "subject",
        [
            "user:a%00b",
            "user:a%0Ab",
            "user:%E2%80%AEbob",
            "user:bob%20",
            "user:" + "a" * 256,
            "team:none",
            "team:..",
            "user%3A%20",
        ],
    )
    async def test_a_name_that_is_nobodys_is_refused(self, lab, subject):
        put = await lab("alice")("PUT", f"{GRANTS}/{subject}", {"role": "viewer"})
        assert (put.status, put.json["field"]) == (400, "subject"), put.body

    @pytest.mark.parametrize(
        "subject", ["bob", "user:", "team:", "group:bob", "USER:bob", ":bob", "user%253Abob"]
    )
    async def test_what_is_neither_a_person_nor_a_team_is_not_there(self, lab, subject):
        put = await lab("alice")("PUT", f"{GRANTS}/{subject}", {"role": "viewer"})
        assert put.status == 404, put.body

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"role": ["viewer"]},
            {"role": "admin"},
            {"role": None},
            {"role": "OWNER"},
            [],
            {"role": "viewer", "by": "alice"},
            {"roles": ["viewer"]},
            {"role": "viewer", "user": 1},
        ],
    )
    async def test_dropped_listed_or_foreign_fields_give_nothing(self, lab, body):
        put = await lab("alice")("PUT", f"{GRANTS}/user:dave", body)
        assert put.status == 400
        assert (await lab("dave")("GET", "/projects/lab")).status == 404

    async def test_a_field_that_is_there_twice_never_gives_the_greater_role_to_another(self, lab):
        twice = b'{"role": "viewer", "role": "owner"}'
        headers = {"Content-Type": "application/json"}
        await lab("bob")("PUT", f"{GRANTS}/user:bob", twice, headers=headers)
        assert (await lab("bob")("GET", "/projects/lab")).json["role"] == "editor"

    async def test_the_same_role_again_changes_nothing(self, lab):
        alice = lab("alice")
        before = (await alice("GET", "/audit?project=lab")).json["items"]
        again = await alice("PUT", f"{GRANTS}/user:bob", {"role": "editor"})
        assert again.json["role"] == "editor"
        assert (await alice("GET", "/audit?project=lab")).json["items"] == before


class TestTheLastOwner:
    async def test_stays(self, lab):
        """Catches the mutant that checks before the change instead of after it."""
        alice = lab("alice")
        mine = f"{GRANTS}/user:alice"
        assert (await alice("DELETE", mine)).status == 409
        assert (await alice("PUT", mine, {"role": "editor"})).status == 409
        assert (await alice("GET", "/projects/lab")).json["role"] == "owner"

    async def test_is_not_replaced_by_a_name_that_never_came(self, lab):
        alice = lab("alice")
        await alice("PUT", f"{GRANTS}/user:bbo", {"role": "owner"})
        assert (await alice("DELETE", f"{GRANTS}/user:alice")).status == 409

    async def test_may_go_once_there_is_another(self, lab):
        alice = lab("alice")
        await alice("PUT", f"{GRANTS}/user:bob", {"role": "owner"})
        assert (await alice("DELETE", f"{GRANTS}/user:alice")).status == 204
        assert (await alice("GET", "/projects/lab")).status == 404

    async def test_of_two_who_leave_at_once_one_stays(self, lab):
        alice, bob = lab("alice"), lab("bob")
        for _ in range(5):
            await alice("PUT", f"{GRANTS}/user:bob", {"role": "owner"})
            left = await asyncio.gather(
                alice("DELETE", f"{GRANTS}/user:alice"), bob("DELETE", f"{GRANTS}/user:bob")
            )
            assert sorted(answer.status for answer in left) == [204, 409]
            stayed, gone = (alice, "bob") if left[1].status == 204 else (bob, "alice")
            await stayed("PUT", f"{GRANTS}/user:{gone}", {"role": "owner"})

    async def test_of_a_personal_project_is_its_person(self, lab):
        alice = lab("alice")
        mine = "/projects/alice/grants/user:alice"
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "owner"})
        for call in (alice, lab("bob")):
            assert (await call("DELETE", mine)).status == 409
            assert (await call("PUT", mine, {"role": "viewer"})).status == 409


class TestLeaving:
    @pytest.mark.parametrize("name", ["bob", "carol"])
    async def test_is_for_everybody_with_a_role_of_their_own(self, lab, name):
        assert (await lab(name)("DELETE", f"{GRANTS}/user:{name}")).status == 204
        assert (await lab(name)("GET", "/projects/lab")).status == 404

    async def test_a_project_shared_with_a_team_is_leaving_the_team(self, lab):
        admin, dave = lab("root-admin"), lab("dave")
        await admin("POST", "/teams", {"name": "crew"})
        await admin("PUT", "/teams/crew/members/dave", {"role": "member"})
        await lab("alice")("PUT", f"{GRANTS}/team:crew", {"role": "viewer"})
        assert (await dave("DELETE", f"{GRANTS}/user:dave")).status == 409


class TestWhoLosesARole:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        """No room for any job: what is submitted waits."""
        jp_server_config["SubmarineExtension"]["cpu"] = 0.5
        return jp_server_config

    @pytest.fixture
    def queued(self, lab, tidied, jp_asyncio_loop):
        """A job of alice's and one of bob's, as paths."""
        return jp_asyncio_loop.run_until_complete(self._queued(lab))

    async def _queued(self, lab):
        waits = {"command": ["sleep", "600"], "resources": {"cpu": 0.5}}
        first = await lab("alice")("POST", "/projects/lab/jobs", waits)
        assert first.status == 201
        theirs = await lab("bob")("POST", "/projects/lab/jobs", waits)
        return f"/jobs/{first.json['id']}", f"/jobs/{theirs.json['id']}"

    async def ways(self, lab, way):
        alice, admin = lab("alice"), lab("root-admin")
        if way == "demoted":
            return await alice("PUT", f"{GRANTS}/user:bob", {"role": "viewer"})
        if way == "removed":
            return await alice("DELETE", f"{GRANTS}/user:bob")
        if way == "trashed":
            return await alice("DELETE", "/projects/lab")
        return await admin("PATCH", "/users/bob", {"disabled": True})

    @pytest.mark.parametrize("way", ["demoted", "removed", "disabled", "trashed"])
    async def test_has_waiting_jobs_stopped_in_the_same_transaction(self, lab, queued, way):
        """Catches the mutant that stops them after the answer, or not at all."""
        mine, theirs = queued
        answer = await self.ways(lab, way)
        assert answer.status in (200, 204)
        admin = lab("root-admin")
        job = (await admin("GET", theirs)).json
        assert job["target"] == "stop"
        assert "bob" in job["reason"]
        if way != "trashed":
            assert (await admin("GET", mine)).json["target"] == "run"

    async def test_keeps_waiting_jobs_while_another_role_allows_them(self, lab, queued):
        admin, alice = lab("root-admin"), lab("alice")
        await admin("POST", "/teams", {"name": "crew"})
        await admin("PUT", "/teams/crew/members/bob", {"role": "member"})
        await alice("PUT", f"{GRANTS}/team:crew", {"role": "editor"})
        await alice("DELETE", f"{GRANTS}/user:bob")
        assert (await admin("GET", queued[1])).json["target"] == "run"
        await admin("DELETE", "/teams/crew")
        assert (await admin("GET", queued[1])).json["target"] == "stop"


class TestTheEpoch:
    async def test_grows_with_every_change_of_who_may_what(self, lab, site):
        """Catches the mutant that forgets to bump: old decisions would go on to count."""
        alice, admin = lab("alice"), lab("root-admin")
        await admin("POST", "/teams", {"name": "crew"})
        from submarine_ext.store import projects

        store = (await site.services())._store
        epochs = [0]

        async def grew():
            epochs.append((await store.read(lambda tx: projects.get(tx, "lab"))).epoch)
            return epochs[-1] > epochs[-2]

        reason = {"reason": "The disk runs full of it"}
        for call, *what in (
            (alice, "PUT", f"{GRANTS}/user:dave", {"role": "viewer"}),
            (alice, "DELETE", f"{GRANTS}/user:dave"),
            (alice, "PUT", f"{GRANTS}/team:crew", {"role": "viewer"}),
            (admin, "PUT", "/teams/crew/members/dave", {"role": "member"}),
            (admin, "DELETE", "/teams/crew/members/dave"),
            (alice, "PATCH", "/projects/lab", {"visibility": "internal"}),
            (alice, "PATCH", "/projects/lab", {"settings": {"viewer_logs": True}}),
            (admin, "POST", "/projects/lab/break-glass", reason),
            (admin, "DELETE", "/projects/lab/break-glass"),
            (alice, "POST", "/projects/lab/transfer", {"to": "bob"}),
            (alice, "DELETE", "/projects/lab/transfer"),
            (admin, "PATCH", "/users/bob", {"disabled": True}),
            (admin, "PATCH", "/users/bob", {"disabled": False}),
            (admin, "PATCH", "/users/bob", {"admin": True}),
            (admin, "DELETE", "/teams/crew"),
            (alice, "DELETE", "/projects/lab"),
            (alice, "PATCH", "/projects/lab", {"state": "active"}),
        ):
            answer = await call(*what)
            assert answer.status < 300, (what, answer.body)
            assert await grew(), what
