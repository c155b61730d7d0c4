"""Quotas over HTTP: set by admins, seen by those they are for, refused with 429 and a sentence."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.modes("embedded", "service", "connected")

HOLD = {"command": ["sleep", "60"]}


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice and bob are team ``lab``, which project ``lab`` is shared with; alice owns it."""

    async def make():
        for name in ("alice", "bob", "root-admin"):
            await people(name)("GET", "/me")
        admin, alice = people("root-admin"), people("alice")
        await admin("POST", "/teams", {"name": "lab"})
        for name in ("alice", "bob"):
            await admin("PUT", f"/teams/lab/members/{name}", {"role": "member"})
        await alice("POST", "/projects", {"name": "lab"})
        await alice("PUT", "/projects/lab/grants/team:lab", {"role": "editor"})

    jp_asyncio_loop.run_until_complete(make())
    return people


@pytest.fixture
def stop_all(lab, finished):
    """End everything that a test has submitted, and wait for it."""

    async def stop():
        for person, project in (("alice", "lab"), ("alice", "alice")):
            listed = await lab(person)("GET", f"/projects/{project}/jobs")
            for job in listed.json["items"]:
                await lab("alice")("POST", f"/jobs/{job['id']}/stop", {"grace_seconds": 0})
                await finished(lab("alice"), job["id"])

    return stop


class TestAQuota:
    async def test_of_a_person_refuses_in_every_project_and_says_so_to_programs(
        self, lab, stop_all
    ):
        alice, admin = lab("alice"), lab("root-admin")
        await admin("PATCH", "/users/alice", {"quota": {"jobs": 1}})
        first = await alice("POST", "/projects/lab/jobs", {**HOLD, "name": "first"})
        assert first.status == 201
        refused = await alice("POST", "/projects/alice/jobs", HOLD)
        assert refused.status == 429
        told = refused.json
        assert told["code"] == "quota_exceeded"
        assert (told["quota"], told["used"], told["limit"]) == ("user:alice/jobs", 1, 1)
        assert told["detail"].startswith(
            "Your quota of 1 job has no room: 1 job is not ended (first 1) and this job asks"
        )
        me = (await alice("GET", "/me")).json
        assert (me["quota"]["jobs"], me["use"]["jobs"]) == (1, 1)
        assert (await lab("bob")("POST", "/projects/lab/jobs", HOLD)).status == 201
        await stop_all()
        assert (await alice("GET", "/me")).json["use"]["jobs"] == 0

    async def test_of_a_team_names_those_who_use_it(self, lab, stop_all):
        alice, bob, admin = lab("alice"), lab("bob"), lab("root-admin")
        await admin("PATCH", "/teams/lab", {"quota": {"cpu": 1}})
        assert (await bob("POST", "/projects/lab/jobs", HOLD)).status == 201
        refused = await alice("POST", "/projects/lab/jobs", HOLD)
        assert (refused.status, refused.json["holders"]) == (429, ["bob"])
        assert (
            "Team lab's quota of 1 CPU has no room: 1 CPU is in use (bob 1)"
            in (refused.json["detail"])
        )
        assert (await alice("GET", "/teams/lab")).json["use"]["cpu"] == 1
        assert (await alice("POST", "/projects/alice/jobs", HOLD)).status == 201
        await stop_all()

    async def test_counts_for_a_retry_and_a_replayed_submission_is_not_a_new_one(
        self, lab, stop_all
    ):
        alice, admin = lab("alice"), lab("root-admin")
        key = {"Idempotency-Key": "once"}
        first = (await alice("POST", "/projects/lab/jobs", HOLD, headers=key)).json["id"]
        await admin("PATCH", "/users/alice", {"quota": {"jobs": 1}})
        again = await alice("POST", "/projects/lab/jobs", HOLD, headers=key)
        assert (again.status, again.json["id"]) == (201, first)
        await stop_all()
        second = await alice("POST", "/projects/lab/jobs", HOLD)
        assert second.status == 201
        assert (await alice("POST", f"/jobs/{first}/retry", {})).status == 429
        await stop_all()
