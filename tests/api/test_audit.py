"""The audit log: a row for each change and none for anything else, told to owners and admins."""

from __future__ import annotations

import pytest

from submarine_ext.services.entries import note

REASON = {"reason": "Job jx1 floods the disk", "minutes": 5}


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice owns ``lab``, bob edits it."""

    async def make():
        for name in ("bob", "carol", "root-admin"):
            await people(name)("GET", "/me")
        await people("alice")("POST", "/projects", {"name": "lab"})
        await people("alice")("PUT", "/projects/lab/grants/user:bob", {"role": "editor"})

    jp_asyncio_loop.run_until_complete(make())
    return people


async def entries(call, query: str = "") -> list[dict]:
    answer = await call("GET", f"/audit?limit=500{query}")
    assert answer.status == 200, answer.body
    return answer.json["items"]


class TestWhoReadsIt:
    async def test_owners_their_projects_and_admins_everything(self, lab):
        assert await entries(lab("alice"), "&project=lab")
        everything = {entry["project"] for entry in await entries(lab("root-admin"))}
        assert {"lab", ""} <= everything

    @pytest.mark.parametrize(("asker", "status"), [("bob", 403), ("carol", 404)])
    async def test_nobody_else_a_projects(self, lab, asker, status):
        assert (await lab(asker)("GET", "/audit?project=lab")).status == status

    @pytest.mark.parametrize(
        "query",
        ["", "?project=", "?actor=alice", "?object=user:bob", "?limit=1", "?action=grant.put"],
    )
    async def test_leaving_the_project_out_never_widens(self, lab, query):
        assert (await lab("alice")("GET", f"/audit{query}")).status == 403

    @pytest.mark.parametrize(
        "query",
        [
            "project=lab&project=bob",
            "project[]=lab",
            "projects=lab",
            "limit=501",
            "project=lab&cursor=x",
            "project=lab&cursor=-1",
            "project=lab&who=alice",
        ],
    )
    async def test_doubled_listed_or_unknown_parameters_are_refused(self, lab, query):
        assert (await lab("alice")("GET", f"/audit?{query}")).status == 400


class TestRows:
    async def test_are_as_many_as_changes_that_succeeded(self, lab):
        """Catches the mutants that note what was refused, or what changed nothing."""
        alice, admin = lab("alice"), lab("root-admin")
        before = len(await entries(admin))
        changes = (
            (alice, "PATCH", "/projects/lab", {"title": "L"}, "project.change"),
            (alice, "PATCH", "/projects/lab", {"title": "L"}, None),  # it is called so already
            (alice, "PUT", "/projects/lab/grants/user:carol", {"role": "viewer"}, "grant.put"),
            (lab("bob"), "PUT", "/projects/lab/grants/user:bob", {"role": "owner"}, None),
            (alice, "DELETE", "/projects/lab/grants/user:alice", None, None),  # the last owner
            (alice, "DELETE", "/projects/lab/grants/user:carol", None, "grant.delete"),
            (alice, "POST", "/projects/lab/transfer", {"to": "bob"}, "transfer.offer"),
            (alice, "DELETE", "/projects/lab/transfer", None, "transfer.withdraw"),
            (alice, "POST", "/projects", {"name": "lab"}, None),
            (admin, "POST", "/teams", {"name": "crew"}, "team.create"),
            (admin, "PATCH", "/teams/crew", {"title": "C"}, "team.change"),
            (admin, "PUT", "/teams/crew/members/bob", {"role": "manager"}, "team.put-member"),
            (admin, "DELETE", "/teams/crew/members/bob", None, "team.remove-member"),
            (admin, "DELETE", "/teams/crew", None, "team.delete"),
            (admin, "PATCH", "/users/bob", {"quota": {"gpu": 1}}, "user.change"),
            (alice, "DELETE", "/projects/lab", None, "project.trash"),
            (alice, "DELETE", "/projects/lab?purge=true", None, "project.purge"),
        )
        for call, method, path, body, _ in changes:
            await call(method, path, body)
        rows = await entries(admin)
        actions = [row["action"] for row in reversed(rows)][before:]
        assert actions == [action for *_, action in changes if action]

    async def test_say_who_what_and_from_what_to_what(self, lab):
        alice = lab("alice")
        await alice("PUT", "/projects/lab/grants/user:bob", {"role": "viewer"})
        row = (await entries(alice, "&project=lab"))[0]
        assert (row["actor"], row["action"], row["object"]) == ("alice", "grant.put", "user:bob")
        assert (row["before"], row["after"]) == ({"role": "editor"}, {"role": "viewer"})
        await alice("PATCH", "/projects/lab", {"visibility": "internal"})
        row = (await entries(alice, "&project=lab"))[0]
        assert (row["before"], row["after"]) == (
            {"visibility": "private"},
            {"visibility": "internal"},
        )

    async def test_come_in_pages_and_by_filter(self, lab):
        alice = lab("alice")
        for number in range(5):
            await alice("PATCH", "/projects/lab", {"title": f"T{number}"})
        wanted = "project=lab&action=project.change&actor=alice&object=lab"
        seen, cursor = [], ""
        while cursor is not None:
            page = (await alice("GET", f"/audit?{wanted}&limit=2{cursor}")).json
            seen += [row["after"]["title"] for row in page["items"]]
            cursor = page["next"] and f"&cursor={page['next']}"
        assert seen == ["T4", "T3", "T2", "T1", "T0"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    async def test_are_never_changed_through_the_api(self, lab, method):
        assert (await lab("root-admin")(method, "/audit")).status == 405
        assert (await lab("root-admin")(method, "/audit/1")).status == 404


class TestWhatAnAdminMayNotSee:
    CANARY = "canary-8f3a"

    @pytest.fixture
    def told(self, lab, site, jp_asyncio_loop, tidied):
        """Things that are bob's and alice's alone went into the log."""

        async def act():
            bob = lab("bob")
            spec = {"command": ["echo", self.CANARY], "env": {"K": self.CANARY}}
            job = await bob("POST", "/projects/lab/jobs", spec)
            await bob("POST", f"/jobs/{job.json['id']}/stop", {})
            secret = await bob("PUT", f"/projects/lab/secrets/{self.NAME}", {"value": "v4lue-x"})
            assert secret.status < 300
            # As when a job with a remedy is retried: what was is in the row, too.
            was = {"remedy": {"command": [self.CANARY]}}
            store = (await site.services())._store
            told = {"project": "lab", "kind": "job", "before": was}
            await store.write(lambda tx: note(tx, "bob", "job.retried", "j1", **told))

        jp_asyncio_loop.run_until_complete(act())
        return lab

    NAME = "CANARY_SECRET"

    async def test_is_not_told_by_the_log_either(self, told):
        """Specs, environments and names of secrets; catches the mutant that strips ``after``
        and forgets ``before``."""
        admin = told("root-admin")
        for query in ("?limit=500", "?limit=500&project=lab"):
            body = (await admin("GET", f"/audit{query}")).body.decode()
            assert self.CANARY not in body
            assert self.NAME not in body
        rows = await entries(told("alice"), "&project=lab")
        objects = {row["object"] for row in rows}
        for name in [*objects, self.NAME]:
            found = await entries(admin, f"&project=lab&object={name}")
            assert all(row["object"] != self.NAME and row["object"] == name for row in found)
            if self.NAME in name:
                assert found == []

    async def test_is_told_to_owners(self, told):
        body = (await told("alice")("GET", "/audit?limit=500&project=lab")).body.decode()
        assert self.CANARY in body
        assert self.NAME in body
        assert "v4lue-x" not in body

    async def test_is_told_in_an_emergency(self, told):
        admin = told("root-admin")
        await admin("POST", "/projects/lab/break-glass", REASON)
        assert self.CANARY in (await admin("GET", "/audit?limit=500")).body.decode()
