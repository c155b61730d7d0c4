"""Open streams obey (security.md A rule 6, B 12): who loses a right hears nothing more.

The mutants: subscriptions that do not listen for alarms (``suspend`` does nothing), and an
outbox that takes nothing back; the first is kept executable below.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from submarine_ext.api.subscriptions import Subscription
from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from tests.api.conftest import Reader

pytestmark = pytest.mark.modes("embedded", "service", "connected")

SOCKETS = 200
PATIENCE = 20.0


@pytest.fixture
def socket_of(people, jp_http_port, jp_base_url, reading):
    """``await socket_of("bob", "projects/p", …)``: a socket that follows these topics."""

    async def connect(name: str, *topics: str, **more) -> Reader:
        url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}submarine/api/events"
        headers = {"Authorization": f"token token-{name}"}
        reader = reading(await websocket_connect(HTTPRequest(url, headers=headers)))
        for topic in topics:
            await reader.say({"op": "subscribe", "topic": topic, **more})
            frames = await reader.until(lambda f: f["type"] in ("subscribed", "error"))
            assert frames[-1]["type"] == "subscribed", frames[-1]
        return reader

    return connect


@pytest.fixture
def shared(people, jp_asyncio_loop):
    """Alice's project ``vision``, with bob as an editor and carol as a viewer."""
    alice = people("alice")

    async def make() -> None:
        for name in ("bob", "carol"):
            assert (await people(name)("GET", "/me")).status == 200
        assert (await alice("POST", "/projects", {"name": "vision"})).status == 201
        for name, role in (("bob", "editor"), ("carol", "viewer")):
            path = f"/projects/vision/grants/user:{name}"
            assert (await alice("PUT", path, {"role": role})).status == 200

    jp_asyncio_loop.run_until_complete(make())
    return alice


async def submit(call, **spec) -> str:
    answer = await call("POST", "/projects/vision/jobs", {"command": ["true"], **spec})
    assert answer.status == 201, answer.body
    return answer.json["id"]


def closed(frame) -> bool:
    return frame["type"] == "closed"


async def revoke(owner, name: str) -> None:
    assert (await owner("DELETE", f"/projects/vision/grants/user:{name}")).status == 204


class TestWhoIsRemoved:
    async def test_gets_closed_for_every_topic_and_not_one_byte_after(self, shared, socket_of):
        job = await submit(shared)
        topics = ("projects/vision", f"jobs/{job}", f"jobs/{job}/logs", f"jobs/{job}/metrics")
        bob = await socket_of("bob", *topics)
        witness = await socket_of("alice", "projects/vision")
        await revoke(shared, "bob")
        later = await submit(shared, name="after-the-revocation")
        await witness.until(lambda f: f["data"].get("id") == later and f["data"].get("finished"))
        ends = {}
        while len(ends) < len(topics):
            frame = await bob.next()
            assert frame["topic"] not in ends, "a frame after closed"
            assert later not in json.dumps(frame)
            if closed(frame):
                ends[frame["topic"]] = frame["data"]["code"]
        assert ends == dict.fromkeys(topics, 4403)
        # The socket lives on, for what bob may still see; nothing else was sent meanwhile.
        answer = await bob.ask({"op": "subscribe", "topic": "projects/vision"})
        assert (answer["type"], answer["data"]["code"]) == ("error", "not_found")

    async def test_is_one_of_many_and_all_of_theirs_close(self, shared, socket_of):
        readers = [await socket_of("bob", "projects/vision") for _ in range(SOCKETS)]
        await revoke(shared, "bob")
        await submit(shared)
        async with asyncio.timeout(PATIENCE):
            for reader in readers:
                frames = await reader.until(closed)
                assert frames[-1]["data"]["code"] == 4403
                assert all(f["type"] != "job" for f in frames)

    async def test_would_be_told_more_if_alarms_were_not_heard(
        self, shared, socket_of, monkeypatch
    ):
        """The mutant, alive: without ``suspend`` the removed reader gets the next job."""
        monkeypatch.setattr(Subscription, "suspend", lambda self: None)
        bob = await socket_of("bob", "projects/vision")
        await revoke(shared, "bob")
        await submit(shared)
        frames = await bob.until(lambda f: f["type"] in ("job", "closed"))
        assert frames[-1]["type"] == "job"

    async def test_sees_the_project_leave_the_list(self, shared, socket_of):
        bob = await socket_of("bob", "me")
        names = {p["name"] for p in (await bob.next())["data"]["items"]}
        assert "vision" in names
        await revoke(shared, "bob")
        frames = await bob.until(lambda f: f["type"] == "projects")
        assert "vision" not in {p["name"] for p in frames[-1]["data"]["items"]}


class TestWhoStays:
    async def test_goes_on_without_a_gap_or_a_repetition(self, shared, socket_of):
        carol = await socket_of("carol", "projects/vision")
        first = await submit(shared)
        await revoke(shared, "bob")
        second = await submit(shared)
        frames = await carol.until(
            lambda f: f["data"].get("id") == second and f["data"].get("finished")
        )
        seqs = [f["seq"] for f in frames if f["type"] != "progress"]
        assert seqs == sorted(set(seqs))
        assert {"job", "access"} <= {f["type"] for f in frames}
        assert first in {f["data"].get("id") for f in frames}

    async def test_and_is_demoted_sees_no_spec_from_then_on(self, shared, socket_of):
        bob = await socket_of("bob", "projects/vision")
        await submit(shared, env={"CANARY": "before"})
        frames = await bob.until(lambda f: "spec" in f["data"])
        assert frames[-1]["data"]["spec"]["env"] == {"CANARY": "before"}
        await shared("PUT", "/projects/vision/grants/user:bob", {"role": "viewer"})
        later = await submit(shared, env={"CANARY": "after"})
        frames = await bob.until(lambda f: f["data"].get("id") == later)
        assert "spec" not in frames[-1]["data"]
        assert "after" not in json.dumps(frames)


class TestViewers:
    async def test_get_job_frames_without_spec_and_remedy_live_and_from_the_log(
        self, shared, socket_of
    ):
        live = await socket_of("carol", "projects/vision")
        job = await submit(shared, env={"CANARY": "hidden"})
        ended = await live.until(lambda f: f["data"].get("finished"))
        past = await socket_of("carol", "projects/vision", since=0)
        again = await past.until(lambda f: f["data"].get("finished"))
        of_job = await socket_of("carol", f"jobs/{job}", since=0)
        own = await of_job.until(lambda f: f["data"].get("finished"))
        for frames in (ended, again, own):
            assert any(f["type"] == "job" for f in frames)
            assert "hidden" not in json.dumps(frames)
            assert not any({"spec", "remedy"} & f["data"].keys() for f in frames)

    async def test_lose_the_log_when_the_project_hides_it(self, shared, socket_of):
        job = await submit(shared)
        shows = {"settings": {"viewer_logs": True}}
        assert (await shared("PATCH", "/projects/vision", shows)).status == 200
        carol = await socket_of("carol", f"jobs/{job}/logs", f"jobs/{job}")
        hides = {"settings": {"viewer_logs": False}}
        assert (await shared("PATCH", "/projects/vision", hides)).status == 200
        end = (await carol.until(closed))[-1]
        assert (end["topic"], end["data"]["code"]) == (f"jobs/{job}/logs", 4403)


class TestTeams:
    async def test_take_the_rights_of_their_members_along(self, shared, people, socket_of):
        root = people("root-admin")
        assert (await people("dave")("GET", "/me")).status == 200
        assert (await root("POST", "/teams", {"name": "crew"})).status == 201
        await root("PUT", "/teams/crew/members/dave", {"role": "member"})
        await shared("PUT", "/projects/vision/grants/team:crew", {"role": "viewer"})
        dave = await socket_of("dave", "projects/vision")
        assert (await root("DELETE", "/teams/crew/members/dave")).status == 204
        assert (await dave.until(closed))[-1]["data"]["code"] == 4403


class TestADisabledAccount:
    async def test_has_its_sockets_closed_also_those_without_a_topic(
        self, shared, people, socket_of
    ):
        idle, busy = await socket_of("bob"), await socket_of("bob", "projects/vision", "me")
        disabled = await people("root-admin")("PATCH", "/users/bob", {"disabled": True})
        assert disabled.status == 200
        await submit(shared)
        for reader in (idle, busy):
            frames = []
            while (message := await reader.connection.read_message()) is not None:
                frames.append(json.loads(message))
            reader.closed = True
            assert reader.connection.close_code == 4403
            assert all(f["type"] != "job" for f in frames)

    async def test_opens_no_socket_and_gets_no_ticket(self, shared, people, jp_http_port):
        await people("root-admin")("PATCH", "/users/bob", {"disabled": True})
        assert (await people("bob")("POST", "/tickets", {})).status == 403
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        answer = await people("bob")("GET", "/events", headers=upgrade)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")


class TestEmergencyAccess:
    async def test_ends_by_time_on_open_topics_too(self, shared, people, socket_of, site):
        root = people("root-admin")
        job = await submit(shared)
        opened = await root(
            "POST",
            "/projects/vision/break-glass",
            {"reason": "the disk is full of its output", "minutes": 60},
        )
        assert opened.status == 201, opened.body
        reader = await socket_of("root-admin", f"jobs/{job}/logs", "projects/vision")
        store = (await site.services())._store
        past = "UPDATE emergencies SET until = '2026-01-01T00:00:00Z'"
        await store.write(lambda tx: tx.exec_driver_sql(past))  # an hour goes by, unsaid
        end = (await reader.until(closed))[-1]
        assert (end["topic"], end["data"]["code"]) == (f"jobs/{job}/logs", 4403)

    async def test_is_told_to_owners_only(self, shared, people, socket_of):
        owner = await socket_of("alice", "projects/vision")
        others = [await socket_of(name, "projects/vision") for name in ("bob", "carol")]
        reason = {"reason": "an auditor asks for its output", "minutes": 5}
        await people("root-admin")("POST", "/projects/vision/break-glass", reason)
        told = (await owner.until(lambda f: f["type"] == "notice"))[-1]
        assert "auditor" in told["data"]["text"]
        job = await submit(shared)
        for reader in others:
            frames = await reader.until(lambda f: f["data"].get("id") == job)
            assert "notice" not in {f["type"] for f in frames}
            assert "auditor" not in json.dumps(frames)

    async def test_a_secret_is_no_news_but_for_owners_who_hear_that_there_is_some(
        self, shared, people, socket_of
    ):
        owner = await socket_of("alice", "projects/vision")
        editor = await socket_of("bob", "projects/vision")
        secret = await shared("PUT", "/projects/vision/secrets/API_TOKEN", {"value": "value-6f1"})
        assert secret.status == 200, secret.body
        news = (await owner.until(lambda f: f["type"] == "audit"))[-1]
        assert news["data"] == {}
        job = await submit(shared)
        frames = await editor.until(lambda f: f["data"].get("id") == job)
        assert "audit" not in {f["type"] for f in frames}
        resumed = {"op": "subscribe", "topic": "projects/vision", "since": news["seq"] - 1}
        await owner.say(resumed)
        assert (await owner.until(lambda f: f["type"] == "audit"))[-1]["data"] == {}


class TestInternalReaders:
    async def test_hear_of_files_and_not_of_jobs_or_members(self, shared, people, socket_of):
        assert (await shared("PATCH", "/projects/vision", {"visibility": "internal"})).status == 200
        dave = await socket_of("dave", "projects/vision")
        await submit(shared)
        await revoke(shared, "bob")
        await shared("PATCH", "/projects/vision", {"title": "the end"})
        frames = await dave.until(lambda f: f["type"] == "project")
        assert {f["type"] for f in frames} == {"project"}

    async def test_are_closed_out_when_it_becomes_private(self, shared, socket_of):
        await shared("PATCH", "/projects/vision", {"visibility": "internal"})
        dave = await socket_of("dave", "projects/vision")
        await shared("PATCH", "/projects/vision", {"visibility": "private"})
        assert (await dave.until(closed))[-1]["data"]["code"] == 4403


class TestAnotherServerProcess:
    async def test_that_revokes_is_heard_through_the_database(self, shared, socket_of, site):
        bob = await socket_of("bob", "projects/vision")
        mine = site.configured
        same = {"owner": mine.owner, "admins": mine.admins, "database_url": mine.database_url}
        other = await Submarine.open(Settings(root=mine.root, **same))
        try:
            await other.sharing.revoke(Principal("alice"), "vision", "user:bob")
            async with asyncio.timeout(PATIENCE):
                end = (await bob.until(closed))[-1]
            assert end["data"]["code"] == 4403
        finally:
            await other.close()


class TestTheTopicMe:
    async def test_shows_a_project_as_soon_as_it_is_shared(self, shared, people, socket_of):
        assert (await people("dave")("GET", "/me")).status == 200
        dave = await socket_of("dave", "me")
        assert (await dave.next())["type"] == "projects"
        await shared("PUT", "/projects/vision/grants/user:dave", {"role": "viewer"})
        (seen,) = await dave.until(lambda f: f["type"] == "projects")
        vision = next(p for p in seen["data"]["items"] if p["name"] == "vision")
        assert (vision["role"], seen["seq"]) == ("viewer", 0)

    async def test_says_that_the_person_changed(self, shared, people, socket_of):
        bob = await socket_of("bob", "me")
        await people("root-admin")("PATCH", "/users/bob", {"admin": True})
        assert (await bob.until(lambda f: f["type"] == "me"))[-1]["data"] == {}
