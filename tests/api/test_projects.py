"""Projects: everybody has one, people make more and share them."""

from __future__ import annotations

import asyncio
from time import time
from typing import ClassVar

import pytest

from submarine_ext.domain.times import at
from submarine_ext.store import emergencies, schema


async def test_everybody_has_a_personal_project_from_the_first_moment(people):
    alice = people("alice")
    me = (await alice("GET", "/me")).json
    assert me["user"] == "alice"
    assert me["personal_project"] == "alice"
    project = (await alice("GET", "/projects/alice")).json
    assert project["personal"]
    assert project["role"] == "owner"
    assert project["owners"] == ["user:alice"]


async def test_the_owner_of_a_server_that_knows_no_people_is_its_admin(call):
    me = (await call("GET", "/me")).json
    assert me["admin"]
    assert me["personal_project"] == "default"


async def test_a_project_is_seen_by_those_it_is_shared_with_and_by_nobody_else(people):
    alice, bob = people("alice"), people("bob")
    made = await alice("POST", "/projects", {"name": "vision"})
    assert made.status == 201
    assert (await bob("GET", "/projects/vision")).status == 404
    shared = await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
    assert shared.status == 200, shared.body
    assert (await bob("GET", "/projects/vision")).json["role"] == "editor"
    names = [item["name"] for item in (await bob("GET", "/projects")).json["items"]]
    assert names == ["bob", "vision"]


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice owns ``lab``, bob edits it, carol looks on."""

    async def make():
        alice = people("alice")
        for name in ("bob", "carol", "dave", "root-admin"):
            await people(name)("GET", "/me")
        await alice("POST", "/projects", {"name": "lab", "title": "Lab"})
        for name, role in (("bob", "editor"), ("carol", "viewer")):
            await alice("PUT", f"/projects/lab/grants/user:{name}", {"role": role})

    jp_asyncio_loop.run_until_complete(make())
    return people


class TestNames:
    @pytest.mark.parametrize("asker", ["alice", "dave"])
    async def test_one_that_is_taken_is_refused_in_the_same_words_for_all(self, lab, asker):
        """Id takeover: catches the mutant that overwrites what exists."""
        made = await lab(asker)("POST", "/projects", {"name": "lab", "title": "Mine"})
        assert (made.status, made.json["field"]) == (409, "name")
        assert "alice" not in made.json["detail"]
        assert (await lab("alice")("GET", "/projects/lab")).json["title"] == "Lab"
        assert (await lab("dave")("GET", "/projects/lab")).status == 404

    @pytest.mark.parametrize(
        "name",
        ["Lab", "l\u0430b", "l\u0301ab", "lab ", "../lab", "lab/x", "", "a" * 64, "-a", "a.b"],
    )
    async def test_look_alikes_are_no_names(self, lab, name):
        assert (await lab("dave")("POST", "/projects", {"name": name})).status == 400

    @pytest.mark.parametrize("extra", [{"owner": "dave"}, {"state": "active"}, {"person": "dave"}])
    async def test_nobody_makes_a_project_for_somebody_else(self, lab, extra):
        assert (await lab("dave")("POST", "/projects", {"name": "x", **extra})).status == 400

    async def test_one_is_never_given_again_after_its_project_is_gone(self, lab):
        """The old project's events would be the new owner's to read."""
        alice = lab("alice")
        await alice("DELETE", "/projects/lab")
        await alice("DELETE", "/projects/lab?purge=true")
        assert (await lab("dave")("POST", "/projects", {"name": "lab"})).status == 409


class TestChanging:
    @pytest.mark.parametrize(
        ("change", "allowed"),
        [
            ({"title": "New"}, {"alice"}),
            ({"description": "d"}, {"alice"}),
            ({"settings": {"viewer_logs": True}}, {"alice"}),
            ({"visibility": "internal"}, {"alice"}),
            ({"visibility": "private"}, {"alice", "root-admin"}),
            ({"visibility": "private", "title": "New"}, {"alice"}),
            ({"visibility": "private", "settings": {}}, {"alice"}),
            ({"state": "archived"}, {"alice", "root-admin"}),
            ({"state": "archived", "visibility": "internal"}, {"alice"}),
            ({}, {"alice"}),
        ],
    )
    async def test_is_for_owners_and_closing_for_admins_too(self, lab, change, allowed):
        for name in ("carol", "bob", "root-admin", "alice"):
            answer = await lab(name)("PATCH", "/projects/lab", change)
            assert answer.status == (200 if name in allowed else 403), name

    async def test_settings_that_are_not_named_stay(self, lab):
        alice = lab("alice")
        await alice("PATCH", "/projects/lab", {"settings": {"version_outputs": False}})
        changed = await alice("PATCH", "/projects/lab", {"settings": {"viewer_logs": True}})
        assert changed.json["settings"] == {"viewer_logs": True, "version_outputs": False}

    async def test_an_archived_project_is_read_only_until_it_is_active(self, lab):
        alice, bob = lab("alice"), lab("bob")
        await alice("PATCH", "/projects/lab", {"state": "archived"})
        refused = await bob("POST", "/projects/lab/jobs", {"command": ["true"]})
        assert refused.status == 409
        assert "job:submit" not in (await bob("GET", "/projects/lab")).json["capabilities"]
        await alice("PATCH", "/projects/lab", {"state": "active"})
        assert "job:submit" in (await bob("GET", "/projects/lab")).json["capabilities"]


class TestInternalReaders:
    async def test_see_the_project_but_neither_members_nor_jobs(self, lab):
        dave = lab("dave")
        await lab("alice")("PATCH", "/projects/lab", {"visibility": "internal"})
        seen = (await dave("GET", "/projects/lab")).json
        assert (seen["role"], seen["owners"], seen["offered_to"]) == (None, [], None)
        assert seen["capabilities"] == ["file:read", "project:read"]
        for path in ("/grants", "/jobs", "/secrets"):
            assert (await dave("GET", f"/projects/lab{path}")).status == 403, path
        await lab("root-admin")("PATCH", "/projects/lab", {"visibility": "private"})
        assert (await dave("GET", "/projects/lab")).status == 404


class TestTheTrash:
    async def test_is_seen_by_owners_and_admins_who_may_restore_from_it(self, lab):
        alice = lab("alice")
        assert (await alice("DELETE", "/projects/lab")).status == 204
        assert (await alice("DELETE", "/projects/lab")).status == 204
        absent = await lab("dave")("GET", "/projects/never-was")
        for name in ("bob", "carol", "dave"):
            answer = await lab(name)("GET", "/projects/lab")
            assert (answer.status, answer.body) == (404, absent.body), name
            listed = (await lab(name)("GET", "/projects")).json["items"]
            assert "lab" not in {project["name"] for project in listed}
        assert (await lab("root-admin")("GET", "/projects/lab")).json["state"] == "trashed"
        await alice("PATCH", "/projects/lab", {"state": "active"})
        assert (await lab("bob")("GET", "/projects/lab")).json["state"] == "active"

    @pytest.mark.parametrize("name", ["alice", "root-admin"])
    async def test_takes_no_personal_project(self, lab, name):
        assert (await lab(name)("DELETE", "/projects/alice")).status == 409

    async def test_is_emptied_by_owners_only(self, lab):
        alice, admin = lab("alice"), lab("root-admin")
        assert (await alice("DELETE", "/projects/lab?purge=true")).status == 409
        await admin("DELETE", "/projects/lab")
        assert (await admin("DELETE", "/projects/lab?purge=true")).status == 403
        assert (await alice("DELETE", "/projects/lab?purge=true")).status == 204
        for call in (alice, admin):
            assert (await call("GET", "/projects/lab")).status == 404

    async def test_is_not_emptied_while_a_job_has_not_ended(self, lab, tidied, site):
        alice, services = lab("alice"), await site.services()
        made = await alice("POST", "/projects/lab/jobs", {"command": ["sleep", "600"]})
        job, changed = made.json["id"], asyncio.Event()
        leave = services.feed.watch(job, changed.set)
        while (await alice("GET", f"/jobs/{job}")).json["state"] != "running":
            await changed.wait()
            changed.clear()
        leave()
        await alice("DELETE", "/projects/lab")
        assert (await alice("GET", f"/jobs/{job}")).json["target"] == "run"
        assert (await alice("DELETE", "/projects/lab?purge=true")).status == 409

    async def test_emptied_leaves_no_row_and_no_file(self, lab, site):
        alice, bob = lab("alice"), lab("bob")
        services = await site.services()
        await bob("PUT", "/projects/lab/secrets/KEY", {"value": "s3cret-value"})
        note = {"type": "file", "format": "text", "content": "hello"}
        assert (await bob("PUT", "/contents/lab/a.txt", note)).status in (200, 201)
        await alice("POST", "/projects/lab/transfer", {"to": "bob"})
        await alice("DELETE", "/projects/lab")
        await alice("DELETE", "/projects/lab?purge=true")
        assert not (site.configured.root / "projects" / "lab").exists()

        def rows(tx):
            of_project = (schema.jobs, schema.documents, schema.secrets, schema.grants)
            tables = (*of_project, schema.transfers, schema.emergencies)
            found = [tx.execute(t.select().where(t.c.project == "lab")).all() for t in tables]
            return [*found, tx.execute(schema.versions.select()).all()]

        assert await services._store.read(rows) == [[]] * 7


class TestHandingOver:
    async def test_takes_an_offer_and_its_acceptance(self, lab):
        alice, bob = lab("alice"), lab("bob")
        offered = await alice("POST", "/projects/lab/transfer", {"to": "dave"})
        assert offered.json["offered_to"] == "dave"
        dave = lab("dave")
        assert (await dave("GET", "/projects/lab")).json["offered_to"] == "dave"
        assert (await dave("GET", "/projects/lab/grants")).status == 403
        for other in (bob, lab("carol"), lab("root-admin")):
            assert (await other("POST", "/projects/lab/transfer/accept", {})).status == 403
        accepted = await dave("POST", "/projects/lab/transfer/accept", {})
        assert (accepted.json["role"], accepted.json["owners"]) == ("owner", ["user:dave"])
        assert (await alice("GET", "/projects/lab")).json["role"] == "editor"
        assert accepted.json["offered_to"] is None
        assert (await dave("POST", "/projects/lab/transfer/accept", {})).status == 403

    @pytest.mark.parametrize("asker", ["bob", "carol", "root-admin"])
    async def test_is_offered_and_withdrawn_by_owners(self, lab, asker):
        offered = await lab(asker)("POST", "/projects/lab/transfer", {"to": "dave"})
        assert offered.status == 403
        await lab("alice")("POST", "/projects/lab/transfer", {"to": "dave"})
        assert (await lab(asker)("DELETE", "/projects/lab/transfer")).status == 403
        assert (await lab("alice")("DELETE", "/projects/lab/transfer")).status == 204
        assert (await lab("dave")("GET", "/projects/lab")).status == 404

    async def test_may_be_declined(self, lab):
        await lab("alice")("POST", "/projects/lab/transfer", {"to": "dave"})
        assert (await lab("dave")("DELETE", "/projects/lab/transfer")).status == 204
        assert (await lab("dave")("GET", "/projects/lab")).status == 404
        assert (await lab("alice")("DELETE", "/projects/lab/transfer")).status == 404

    async def test_an_offer_ends_with_the_right_to_make_it(self, lab):
        """Catches the mutant that only looks at the receiver when an offer is accepted."""
        alice, bob, dave = lab("alice"), lab("bob"), lab("dave")
        await alice("PUT", "/projects/lab/grants/user:bob", {"role": "owner"})
        await bob("POST", "/projects/lab/transfer", {"to": "dave"})
        await alice("PUT", "/projects/lab/grants/user:bob", {"role": "viewer"})
        assert (await dave("POST", "/projects/lab/transfer/accept", {})).status == 404

    @pytest.mark.parametrize("to", ["nobody", "alice", "ali\u0441e"])
    async def test_to_nobody_and_to_oneself_is_refused(self, lab, to):
        answer = await lab("alice")("POST", "/projects/lab/transfer", {"to": to})
        assert (answer.status, answer.json["field"]) == (400, "to")

    async def test_of_a_personal_project_is_refused(self, lab):
        offered = await lab("alice")("POST", "/projects/alice/transfer", {"to": "bob"})
        assert offered.status == 409


class TestEmergencyAccess:
    REASON: ClassVar = {"reason": "Job jx1 floods the disk", "minutes": 5}
    PATH = "/projects/lab/break-glass"

    async def test_opens_what_an_admin_may_not_see_and_says_so_to_the_members(self, lab):
        admin = lab("root-admin")
        assert (await admin("GET", "/contents/lab")).status == 403
        opened = await admin("POST", self.PATH, self.REASON)
        assert opened.status == 201
        assert (await admin("GET", "/contents/lab")).status == 200
        listed = (await lab("alice")("GET", "/projects/lab/grants")).json["items"][-1]
        assert listed == opened.json
        assert (listed["subject"], listed["role"]) == ("user:root-admin", None)
        assert listed["reason"] == self.REASON["reason"]
        told = (await lab("alice")("GET", "/audit?project=lab")).json["items"]
        notice = next(entry for entry in told if entry["action"] == "break-glass.notice")
        assert self.REASON["reason"] in notice["after"]["text"]

    @pytest.mark.parametrize("asker", ["alice", "bob", "carol"])
    async def test_is_for_admins(self, lab, asker):
        assert (await lab(asker)("POST", self.PATH, self.REASON)).status == 403

    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {"reason": "short"},
            {"reason": " " * 20},
            {"reason": "x" * 20, "minutes": 61},
            {"reason": "x" * 20, "minutes": 0},
            {"reason": ["x" * 20]},
        ],
    )
    async def test_takes_a_reason_and_an_hour_at_most(self, lab, wanted):
        assert (await lab("root-admin")("POST", self.PATH, wanted)).status == 400

    async def test_ends_when_its_time_is_over(self, lab, site):
        """Catches the mutant that never compares ``until`` with the present."""
        admin = lab("root-admin")
        await admin("POST", self.PATH, self.REASON)
        over = emergencies.Emergency("lab", "root-admin", "long ago", at(0), at(time() - 1))
        store = (await site.services())._store
        await store.write(lambda tx: emergencies.put(tx, over))
        assert (await admin("GET", "/contents/lab")).status == 403
        listed = (await admin("GET", "/projects/lab/grants")).json["items"]
        assert all(grant["until"] is None for grant in listed)

    async def test_is_given_back(self, lab):
        admin = lab("root-admin")
        await admin("POST", self.PATH, self.REASON)
        assert (await admin("DELETE", self.PATH)).status == 204
        assert (await admin("GET", "/contents/lab")).status == 403
        assert (await admin("DELETE", self.PATH)).status == 204

    async def test_lets_an_admin_set_owners_right_and_neither_purge_nor_run(self, lab):
        admin = lab("root-admin")
        grant = "/projects/lab/grants/user:bob"
        assert (await admin("PUT", grant, {"role": "owner"})).status == 403
        await admin("POST", self.PATH, self.REASON)
        assert (await admin("PUT", grant, {"role": "owner"})).status == 200
        submitted = await admin("POST", "/projects/lab/jobs", {"command": ["true"]})
        assert submitted.status == 403
        await admin("DELETE", "/projects/lab")
        assert (await admin("DELETE", "/projects/lab?purge=true")).status == 403
