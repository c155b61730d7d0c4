"""The WebSocket as protocol.md has it: topics, cursors, tickets, limits."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from submarine_ext.api import events, outbox
from submarine_ext.api.connection import MOST_TOPICS
from submarine_ext.domain.events import EventRow

pytestmark = pytest.mark.modes("embedded", "connected")

JOBS = "/projects/default/jobs"
PROJECT = {"op": "subscribe", "topic": "projects/default"}


def topic(job: str, part: str = "", **more):
    return {"op": "subscribe", "topic": f"jobs/{job}{part}", **more}


def is_kind(kind: str):
    return lambda frame: frame["type"] == kind


@pytest.fixture
def knock(call, jp_http_port, jp_base_url):
    """Open the socket with exactly these headers and this query; the status if refused."""

    async def open_socket(query: str = "", **headers: str) -> int:
        url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}submarine/api/events{query}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            socket = await websocket_connect(HTTPRequest(url, headers=named))
        except HTTPClientError as refused:
            answer = refused.response
        else:
            await socket.write_message(json.dumps(PROJECT))
            assert json.loads(await socket.read_message())["type"] == "subscribed"
            socket.close()
            assert await socket.read_message() is None
            return 101
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.code

    return open_socket


class TestOpening:
    @pytest.fixture
    def cookie(self, call, jp_asyncio_loop):
        answer = jp_asyncio_loop.run_until_complete(call("GET", "/me"))
        return answer.headers["Set-Cookie"].partition(";")[0]

    async def test_a_token_opens(self, knock, jp_auth_header):
        assert await knock(Authorization=jp_auth_header["Authorization"]) == 101
        token = jp_auth_header["Authorization"].removeprefix("token ")
        assert await knock(f"?token={token}") == 101

    async def test_nothing_and_a_made_up_token_do_not(self, knock):
        assert await knock() == 403
        assert await knock(Authorization="token made-up") == 403

    async def test_a_cookie_alone_does_not(self, knock, cookie):
        assert await knock(Cookie=cookie) == 403
        assert await knock("?ticket=made-up", Cookie=cookie) == 403

    async def test_a_cookie_with_a_ticket_opens_once(self, knock, call, cookie):
        ticket = (await call("POST", "/tickets", {})).json["ticket"]
        assert await knock(f"?ticket={ticket}", Cookie=cookie) == 101
        assert await knock(f"?ticket={ticket}", Cookie=cookie) == 403

    async def test_a_ticket_without_the_cookie_does_not(self, knock, call):
        ticket = (await call("POST", "/tickets", {})).json["ticket"]
        assert await knock(f"?ticket={ticket}") == 403

    async def test_a_page_of_another_site_never_does(self, knock, call, cookie, jp_auth_header):
        evil = {"Origin": "https://evil.example"}
        assert await knock(Authorization=jp_auth_header["Authorization"], **evil) == 403
        ticket = (await call("POST", "/tickets", {})).json["ticket"]
        assert await knock(f"?ticket={ticket}", Cookie=cookie, **evil) == 403

    async def test_our_own_page_does(self, knock, jp_auth_header, jp_http_port):
        ours = {"Origin": f"http://127.0.0.1:{jp_http_port}"}
        assert await knock(Authorization=jp_auth_header["Authorization"], **ours) == 101

    async def test_unknown_parameters_do_not(self, knock, jp_auth_header):
        assert await knock("?user=root", Authorization=jp_auth_header["Authorization"]) == 400

    async def test_a_plain_get_is_told_what_this_is(self, call):
        answer = await call("GET", "/events")
        assert (answer.status, answer.json["code"]) == (400, "invalid")


class TestEvents:
    async def test_a_new_job_comes_whole_and_then_its_changes(self, call, follow):
        socket = await follow(PROJECT)
        begun = await socket.next()
        head = begun.pop("seq")
        assert begun == {"topic": "projects/default", "type": "subscribed", "data": {}}
        job = (await call("POST", JOBS, {"command": ["true"]})).json
        frames = await socket.until(lambda f: f["data"].get("state") == "succeeded")
        assert frames[0]["data"] == job
        assert [f["seq"] for f in frames] == list(range(head + 1, head + len(frames) + 1))
        revisions = [f["data"]["revision"] for f in frames]
        assert revisions == sorted(set(revisions))
        assert {f["data"]["id"] for f in frames} == {job["id"]}

    async def test_since_gives_everything_after_it_once(self, submitted, follow):
        await submitted("true")
        everything = await follow({**PROJECT, "since": 0})
        assert (await everything.next())["seq"] == 0
        frames = await everything.until(lambda f: f["data"].get("state") == "succeeded")
        middle = frames[1]["seq"]
        rest = await follow({**PROJECT, "since": middle})
        assert (await rest.next())["seq"] == middle
        assert await rest.until(lambda f: f["data"].get("state") == "succeeded") == frames[2:]

    async def test_a_cursor_of_another_log_is_a_gap(self, follow):
        head = (await (await follow(PROJECT)).next())["seq"]
        socket = await follow({**PROJECT, "since": 1000})
        frames = await socket.until(is_kind("gap"))
        gap = {"topic": "projects/default", "type": "gap", "data": {}, "since": head}
        assert frames[-1] == gap

    async def test_a_jobs_topic_has_this_job_only(self, call, submitted, follow):
        job = (await submitted("true"))["id"]
        socket = await follow(topic(job, since=0))
        await submitted("true")
        await call("DELETE", f"/jobs/{job}")
        frames = await socket.until(is_kind("closed"))
        assert {f["data"]["id"] for f in frames[1:-1]} == {job}
        assert frames[-2]["type"] == "deleted"
        assert frames[-1]["data"]["code"] == 4404

    async def test_a_socket_closed_while_it_subscribes_leaves_nothing(self, follow, site):
        """The tasks that it would leave fail the test in ``tests/conftest.py``."""
        for _ in range(5):
            socket = await follow({**PROJECT, "since": 0})
            socket.connection.close()
            await socket.end()
        while site.sockets or site._work:
            await asyncio.sleep(0)
        feed = (await site.services()).feed
        assert [feed._listeners, feed._guards, feed._accounts] == [{}, {}, {}]

    async def test_a_topic_that_breaks_says_so(self, submitted, follow, site, monkeypatch):
        job = (await submitted("true"))["id"]
        results = (await site.services()).results

        async def broken(*_):
            raise OSError("the disk is gone")

        monkeypatch.setattr(results, "points_after", broken)
        frames = await (await follow(topic(job, "/metrics"))).until(is_kind("error"))
        assert frames[-1]["data"]["code"] == "internal"
        assert "disk" not in frames[-1]["data"]["detail"]

    async def test_unsubscribed_topics_are_silent(self, submitted, follow):
        socket = await follow(PROJECT)
        await socket.next()
        await socket.say({"op": "unsubscribe", "topic": "projects/default"})
        job = (await submitted("true"))["id"]
        assert (await socket.ask(topic(job)))["topic"] == f"jobs/{job}"


class TestLogs:
    async def test_come_as_they_are_printed_and_end_with_complete(self, call, follow):
        script = "for i in 1 2 3; do echo $i; sleep 0.05; done"
        job = (await call("POST", JOBS, {"command": ["bash", "-c", script]})).json["id"]
        socket = await follow(topic(job, "/logs", since=0))
        frames = await socket.until(is_kind("complete"))
        text = "".join(f["data"]["text"] for f in frames if f["type"] == "log")
        assert text == "1\n2\n3\n"
        assert frames[-1]["seq"] == 6
        assert frames[-1]["data"] == {"rank": 0, "attempt": 1}

    async def test_resume_at_a_byte(self, submitted, follow):
        job = (await submitted("printf", "one\\ntwo\\n"))["id"]
        socket = await follow(topic(job, "/logs", since=4))
        frames = await socket.until(is_kind("complete"))
        assert [f["data"].get("text") for f in frames[1:-1]] == ["two\n"]

    async def test_without_a_cursor_only_what_is_new_comes(self, submitted, follow):
        job = (await submitted("echo", "old"))["id"]
        frames = await (await follow(topic(job, "/logs"))).until(is_kind("complete"))
        assert [f["type"] for f in frames] == ["subscribed", "complete"]

    async def test_go_on_with_the_next_attempt(self, call, submitted, follow):
        job = (await submitted("bash", "-c", "echo $SUBMARINE_ATTEMPT"))["id"]
        socket = await follow(topic(job, "/logs", since=0))
        await socket.until(is_kind("complete"))
        await call("POST", f"/jobs/{job}/retry", {})
        frames = await socket.until(is_kind("complete"))
        assert [(f["data"]["attempt"], f["data"].get("text")) for f in frames] == [
            (2, "2\n"),
            (2, None),
        ]

    async def test_never_show_records(self, submitted, follow):
        script = "from submarine_ext import track; print('a'); track.log_metric('x', 1); print('b')"
        job = (await submitted("python", "-uc", script))["id"]
        frames = await (await follow(topic(job, "/logs", since=0))).until(is_kind("complete"))
        assert "".join(f["data"].get("text", "") for f in frames) == "a\nb\n"


class TestMetrics:
    async def test_come_as_points_and_end_with_complete(self, call, follow):
        script = (
            "from submarine_ext import track\n"
            "for i in range(3): track.log_metric('loss', float(i), step=i)\n"
            "track.log_metric('bad', float('nan'))"
        )
        job = (await call("POST", JOBS, {"command": ["python", "-c", script]})).json["id"]
        socket = await follow(topic(job, "/metrics", since=0))
        frames = await socket.until(is_kind("complete"))
        points = [f["data"]["series"] for f in frames if f["type"] == "points"]
        steps = [step for series in points for step in series.get("loss", {}).get("step", [])]
        assert steps == [0, 1, 2]
        assert [s["bad"]["value"] for s in points if "bad" in s] == [["NaN"]]
        resumed = await follow(topic(job, "/metrics", since=frames[-1]["seq"]))
        assert [f["type"] for f in await resumed.until(is_kind("complete"))] == [
            "subscribed",
            "complete",
        ]


class TestBadFrames:
    CASES = (
        ("{", ""),
        ("[]", ""),
        ('"subscribe"', ""),
        ("[" * 10_000, ""),
        ({}, ""),
        ({"op": "publish", "topic": "projects/default"}, ""),
        ({"op": "subscribe"}, ""),
        ({**PROJECT, "user": "root"}, ""),
        ({**PROJECT, "since": -1}, ""),
        ({**PROJECT, "since": "1"}, ""),
        ({**PROJECT, "rank": 0}, "projects/default"),
        ({**PROJECT, "topic": "projects/../x"}, "projects/../x"),
        ({**PROJECT, "topic": "jobs/j00000000000/secrets"}, "jobs/j00000000000/secrets"),
        ({**PROJECT, "topic": "projects/other"}, "projects/other"),
        ({**PROJECT, "topic": "jobs/j00000000000"}, "jobs/j00000000000"),
        ({**PROJECT, "topic": "jobs/j00000000000/logs"}, "jobs/j00000000000/logs"),
        ({**PROJECT, "topic": "jobs/j00000000000/metrics"}, "jobs/j00000000000/metrics"),
    )

    async def test_are_answered_by_an_error_and_the_socket_stays_open(self, follow):
        socket = await follow()
        for message, about in self.CASES:
            frame = await socket.ask(message)
            assert (frame["type"], frame["topic"]) == ("error", about), message
            assert frame["data"]["code"] in ("invalid", "not_found")
            assert "seq" not in frame, "an error is no place to resume from"
        assert (await socket.ask(PROJECT))["type"] == "subscribed"

    async def test_absent_and_invisible_topics_look_the_same(self, follow):
        socket = await follow()
        told = [
            (await socket.ask({**PROJECT, "topic": name}))["data"]
            for name in ("projects/other", "jobs/j00000000000", "jobs/zzz/logs")
        ]
        assert told[0] == told[1] == told[2]

    async def test_a_huge_frame_ends_the_socket(self, follow):
        socket = await follow()
        await socket.say(json.dumps({**PROJECT, "pad": "x" * 100_000}))
        await socket.end()

    async def test_one_socket_follows_so_many_topics_and_no_more(self, call, follow):
        answers = [await call("POST", JOBS, {"command": ["true"]}) for _ in range(22)]
        wanted = [
            topic(answer.json["id"], part)
            for answer in answers
            for part in ("", "/logs", "/metrics")
        ]
        socket = await follow(*wanted[:65])
        frames = await socket.until(is_kind("error"))
        assert len([f for f in frames if f["type"] == "subscribed"]) == MOST_TOPICS
        assert frames[-1]["data"]["code"] == "conflict"


def rows(count: int, size: int) -> list[EventRow]:
    """Rows as the relay passes them on, each with so many bytes; the first is number 1001."""
    return [
        EventRow(
            seq=number,
            time="2026-01-01T00:00:00Z",
            project="default",
            actor="submarine",
            action="job.change",
            kind="job",
            object="j00000000000",
            data={"id": "j00000000000", "reason": "x" * size},
        )
        for number in range(1001, 1001 + count)
    ]


class TestAReaderWhoIsTooSlow:
    """More than the network, tornado and our outbox take; the mutants are in test_outbox."""

    async def test_gets_a_gap_that_says_where_to_go_on(self, call, follow, site):
        socket = await follow(PROJECT)
        await socket.next()
        feed = (await site.services()).feed
        feed.events(rows(400, 65_536))  # nothing reads meanwhile: no await between
        frames = await socket.until(is_kind("gap"))
        sent = [frame["seq"] for frame in frames[:-1]]
        assert sent == list(range(1001, 1001 + len(sent)))
        assert 0 < len(sent) < 400
        assert frames[-1]["since"] == sent[-1]

    async def test_does_not_keep_others_waiting(self, call, follow, site):
        await follow(PROJECT)
        quick = await follow(PROJECT)
        await quick.next()
        feed = (await site.services()).feed
        for row in rows(100, 65_536):
            feed.events([row])
            assert (await quick.next())["seq"] == row.seq

    async def test_is_cut_off_when_nothing_is_read_at_all(
        self, submitted, follow, site, monkeypatch
    ):
        monkeypatch.setattr(outbox, "PATIENCE", 0.2)
        job = (await submitted("bash", "-c", "yes 12345678901234567890 | head -c 60000000"))["id"]
        socket = await follow(topic(job, "/logs", since=0))
        reading = len(site.sockets)
        while len(site.sockets) == reading:
            await asyncio.sleep(0.05)
        await socket.end()


class TestAQuietSocket:
    async def test_hears_something_now_and_then(self, follow, monkeypatch):
        """A ping would do for proxies, too, but its answer would be activity of the reader."""
        monkeypatch.setattr(events, "ALIVE_MILLISECONDS", 20)
        socket = await follow()
        assert await socket.next() == {"topic": "", "type": "alive", "data": {}}
