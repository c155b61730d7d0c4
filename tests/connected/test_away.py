"""The service goes away and comes back: it is said in one sentence, and it heals by itself."""

from __future__ import annotations

import json

import pytest
from tornado.httpclient import HTTPClientError

BOB = {"Authorization": "token token-bob"}


class TestAServiceThatIsAway:
    async def test_is_said_in_a_sentence_and_worth_another_try(self, call, stage):
        await stage.stop()
        for verb, path, body in (("GET", "/me", None), ("POST", "/tickets", {})):
            answer = await call(verb, path, body, headers=BOB)
            assert (answer.status, answer.json["code"]) == (503, "service_away")
            assert stage.url in answer.json["detail"]
            assert int(answer.headers["Retry-After"]) > 0

    async def test_makes_the_server_unready_until_it_answers_again(self, call, stage):
        assert (await call("GET", "/health", signed=False)).status == 200
        await stage.stop()
        await call("GET", "/me", headers=BOB)
        health = await call("GET", "/health", signed=False)
        assert (health.status, health.json) == (503, {"live": True, "ready": False})
        assert (await call("GET", "/health/ready", signed=False)).status == 503
        assert (await call("GET", "/health/live", signed=False)).status == 200
        stage.start()
        assert (await call("GET", "/me", headers=BOB)).status == 200
        assert (await call("GET", "/health", signed=False)).status == 200

    async def test_takes_an_upload_down_with_it(self, call, stage):
        await stage.stop()
        gzip = {**BOB, "Content-Type": "application/gzip"}
        answer = await call("PUT", f"/bundles/{'0' * 64}", bytes(1 << 20), headers=gzip)
        assert (answer.status, answer.json["code"]) == (503, "service_away")

    async def test_refuses_new_sockets(self, call, stage, jp_ws_fetch):
        await stage.stop()
        with pytest.raises(HTTPClientError) as refused:
            await jp_ws_fetch("submarine", "api", "events", headers=dict(BOB))
        assert refused.value.code == 503


@pytest.mark.modes("connected")
class TestARealService:
    async def test_that_stops_says_goodbye_through_us(self, people, follow_as, service):
        socket = await follow_as("alice", {"op": "subscribe", "topic": "me"})
        await socket.next()
        await service.halt()
        await socket.end()
        assert socket.connection.close_code == 1001

    async def test_that_comes_back_is_used_again(self, people, follow_as, service, jp_asyncio_loop):
        alice = people("alice")
        assert (await alice("POST", "/projects", {"name": "vision"})).status == 201
        seen = (await alice("GET", "/projects")).json
        await service.halt()
        assert (await alice("GET", "/projects")).status == 503
        await service.restart()
        assert (await alice("GET", "/projects")).json == seen
        socket = await follow_as("alice", {"op": "subscribe", "topic": "projects/vision"})
        assert (await socket.next())["type"] == "subscribed"


@pytest.mark.modes("connected")
class TestTheSocket:
    async def test_passes_the_code_of_a_revoked_account(self, people, follow_as):
        admin = people("root-admin")
        await people("bob")("GET", "/me")
        socket = await follow_as("bob", {"op": "subscribe", "topic": "me"})
        await socket.next()
        assert (await admin("PATCH", "/users/bob", {"disabled": True})).status == 200
        await socket.end()
        assert socket.connection.close_code == 4403

    async def test_of_a_visitor_who_leaves_ends_at_the_service(self, people, follow_as, site):
        socket = await follow_as("alice", {"op": "subscribe", "topic": "me"})
        await socket.next()
        (theirs,) = site.sockets
        socket.connection.close(4000, "enough")
        await socket.end()
        while site.sockets:
            await people("alice")("GET", "/me")
        assert theirs.close_code == 4000

    async def test_tells_a_service_that_went_without_a_word(self, people, follow_as, site):
        socket = await follow_as("alice", {"op": "subscribe", "topic": "me"})
        await socket.next()
        (theirs,) = site.sockets
        theirs.cut()
        await socket.end()
        assert socket.connection.close_code == 1014

    async def test_shows_one_person_what_another_does(self, people, follow_as):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("POST", "/projects", {"name": "vision"})
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
        socket = await follow_as("bob", {"op": "subscribe", "topic": "projects/vision"})
        assert (await socket.next())["type"] == "subscribed"
        text = {"type": "file", "format": "text", "content": "hello"}
        assert (await alice("PUT", "/contents/vision/a.txt", text)).status == 201
        frames = await socket.until(lambda frame: frame["type"] == "file")
        assert "a.txt" in json.dumps(frames[-1])

    async def test_ends_where_a_right_does(self, people, follow_as):
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("POST", "/projects", {"name": "vision"})
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "viewer"})
        socket = await follow_as("bob", {"op": "subscribe", "topic": "projects/vision"})
        await socket.next()
        await alice("DELETE", "/projects/vision/grants/user:bob")
        frames = await socket.until(lambda frame: frame["type"] == "closed")
        assert frames[-1]["data"]["code"] == 4403
