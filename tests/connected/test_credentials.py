"""Whose credential goes on, and what else of a request (security.md B 10, 13, 17, 23).

The mutants are alive at the end of each part: a proxy that sends the owner's token for
anybody, that passes cookies on, that skips XSRF, that leaves the WebSocket unguarded.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from submarine_ext.api.base import Guard
from submarine_ext.app import proxy
from submarine_ext.app.bridge import ForwardEvents
from submarine_ext.domain.access import Principal
from submarine_ext.errors import NoCredential
from submarine_ext.identity.credentials import Credentials
from tests.connected.conftest import OWNERS_TOKEN


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"token token-{name}"}


class TestTheCredential:
    async def test_of_a_visitor_is_the_one_they_came_with(self, call, stage):
        assert (await call("GET", "/me", headers=token("bob"))).status == 200
        assert stage.last.headers["Authorization"] == "Bearer token-bob"

    def test_of_nobody_else_is_the_owners(self, call, stage, cookies, jp_asyncio_loop):
        """A cookie says who it is and holds nothing that the service would take."""
        run, bob = jp_asyncio_loop.run_until_complete, cookies("bob")
        stage.asked.clear()
        for verb, path in (("GET", "/projects"), ("POST", "/tickets"), ("POST", "/bundles")):
            body = {"folder": ""} if path == "/bundles" else {} if verb == "POST" else None
            answer = run(call(verb, path, body, signed=False, headers=bob))
            assert (answer.status, answer.json["code"]) == (403, "no_credential")
            assert "bob" in answer.json["detail"]
        assert stage.asked == []

    def test_of_the_owner_behind_a_cookie_is_what_the_administrator_gave(
        self, call, stage, cookies, jp_asyncio_loop
    ):
        run, alice = jp_asyncio_loop.run_until_complete, cookies("alice")
        assert run(call("GET", "/me", signed=False, headers=alice)).status == 200
        assert stage.last.headers["Authorization"] == f"Bearer {OWNERS_TOKEN}"

    def test_of_the_owner_for_anybody_would_be_found(
        self, call, stage, cookies, jp_asyncio_loop, monkeypatch
    ):
        """The mutant."""
        run, bob = jp_asyncio_loop.run_until_complete, cookies("bob")
        monkeypatch.setattr(Credentials, "of", lambda self, handler, who: self._configured())
        assert run(call("GET", "/projects", signed=False, headers=bob)).status == 200
        assert stage.last.headers["Authorization"] == f"Bearer {OWNERS_TOKEN}"

    async def test_that_the_service_does_not_take_is_no_matter_of_signing_in_here(
        self, call, stage
    ):
        async def refuse(handler, _):
            handler.set_status(403)
            handler.set_header("Content-Type", "application/problem+json")
            await handler.finish(PROBLEM % b"unauthenticated")

        stage.answer = refuse
        answer = await call("GET", "/me", headers=token("bob"))
        assert (answer.status, answer.json["code"]) == (403, "no_credential")

    async def test_is_read_anew_when_the_administrator_renews_it(
        self, call, stage, tmp_path, jp_serverapp
    ):
        credentials = jp_serverapp.web_app.settings["submarine_ext_site"].credentials
        (tmp_path / "token").write_text("renewed\n")
        assert credentials._configured() == "renewed"


class TestTheServersOwnCredential:
    """What it does without a visitor, which is to offer its machine, is done as its owner."""

    def test_is_the_token_that_the_hub_gave_to_it(self, tmp_path):
        hub = {"JUPYTERHUB_USER": "alice", "JUPYTERHUB_API_TOKEN": "of-the-server"}
        assert Credentials("alice", tmp_path / "unread", hub).own() == "of-the-server"

    def test_is_what_the_administrator_gave_where_there_is_no_hub(self, tmp_path):
        (tmp_path / "token").write_text("of-alice\n")
        # A token of a service's own, which nobody's server has, is not sent.
        stray = {"JUPYTERHUB_API_TOKEN": "of-something-else"}
        assert Credentials("alice", tmp_path / "token", stray).own() == "of-alice"

    def test_that_is_missing_is_asked_for(self):
        with pytest.raises(NoCredential, match="service_token_file"):
            Credentials("alice", None, {}).own()


PROBLEM = (
    b'{"type":"t","title":"T","status":403,"code":"%b","detail":"The service says so.",'
    b'"message":"The service says so."}'
)


class Hub:
    """What HubOAuth shows of itself: the server's own token, and the visitor's."""

    api_token = "of-the-server"

    def get_token(self, handler):
        return handler.came_with


def at_a_hub(name: str, kind: str, came_with: str | None) -> SimpleNamespace:
    return SimpleNamespace(
        identity_provider=SimpleNamespace(hub_auth=Hub()),
        current_user=SimpleNamespace(hub_user={"name": name, "kind": kind}),
        came_with=came_with,
    )


class TestBehindAHub:
    @pytest.fixture
    def credentials(self, tmp_path):
        return Credentials("alice", None, {"JUPYTERHUB_USER": "alice"})

    def test_the_owner_goes_with_the_servers_token(self, credentials):
        handler = at_a_hub("alice", "user", "an-oauth-token-for-this-server-only")
        assert credentials.of(handler, Principal("alice")) == "of-the-server"

    def test_a_visitor_goes_with_their_own(self, credentials):
        assert credentials.of(at_a_hub("bob", "user", "bobs"), Principal("bob")) == "bobs"

    def test_a_service_that_is_called_like_the_owner_is_not_the_owner(self, credentials):
        handler = at_a_hub("alice", "service", "of-that-service")
        assert credentials.of(handler, Principal("alice")) == "of-that-service"

    def test_a_visitor_without_one_is_refused(self, credentials):
        with pytest.raises(NoCredential, match="bob"):
            credentials.of(at_a_hub("bob", "user", None), Principal("bob"))

    def test_a_server_of_no_user_lends_its_token_to_nobody(self):
        """A shared server that a service runs: its token is the service's."""
        credentials = Credentials("collab", None, {"JUPYTERHUB_USER": ""})
        assert credentials.of(at_a_hub("", "user", "theirs"), Principal("x")) == "theirs"


SPOKEN = {
    "Cookie": "secret=1",
    "X-XSRFToken": "abcd",
    "Origin": "http://127.0.0.1",
    "Referer": "http://127.0.0.1/lab?token=token-bob",
    "X-Forwarded-For": "10.0.0.1",
    "X-Remote-User": "root-admin",
    "User-Agent": "OpenAPI-Generator/1.0.0/python",
    "If-Match": '"abc"',
    "Idempotency-Key": "k1",
    "Accept-Language": "de",
}
#: What HTTP itself needs between two servers, and the credential.
BETWEEN = {"Host", "Authorization", "Via", "Accept"}


class TestARequest:
    async def forwarded(self, call, stage) -> set[str]:
        """The names of headers that the service got."""
        headers = {**SPOKEN, **token("bob")}
        del headers["Origin"]  # of another port: the guard would refuse it
        assert (await call("GET", "/me?a=%2F&token=token-bob", headers=headers)).status == 200
        return set(stage.last.headers)

    async def test_takes_nothing_along_but_what_is_on_the_list(self, call, stage):
        assert await self.forwarded(call, stage) <= {*proxy.SENT, *BETWEEN}
        assert stage.last.headers["If-Match"] == '"abc"'
        assert stage.last.headers["Host"] == f"127.0.0.1:{stage.port}"

    async def test_with_its_cookies_would_be_found(self, call, stage, monkeypatch):
        """The mutant."""
        monkeypatch.setattr(proxy, "SENT", (*proxy.SENT, "Cookie"))
        assert "Cookie" in await self.forwarded(call, stage)

    async def test_leaves_the_token_of_this_server_out_of_the_address(self, call, stage):
        await self.forwarded(call, stage)
        assert stage.last.uri == "/team/submarine/api/me?a=%2F"

    async def test_keeps_its_path_byte_for_byte(self, call, stage):
        await call("GET", "/contents/p/a%2fb%20c%25d/%C3%A4%3Fx", headers=token("bob"))
        assert stage.last.uri == "/team/submarine/api/contents/p/a%2fb%20c%25d/%C3%A4%3Fx"

    @pytest.mark.parametrize(
        "path",
        [
            "/contents/p/../../../../hub/api/users",
            "/contents/p/%2e%2e/%2e%2e/x",
            "/contents/p/a%2f..%2fb",
            "/contents/p/a%5C..%5Cb",
            "/files/p/./x",
        ],
    )
    async def test_that_somebody_between_could_resolve_goes_nowhere(self, call, stage, path):
        answer = await call("GET", path, headers=token("bob"))
        assert answer.status in (400, 404)
        assert stage.asked == []

    async def test_of_a_route_that_does_not_exist_goes_nowhere(self, call, stage):
        for path in ("/nowhere", "/../hub/api/user", "//me", "/jobs/x"):
            assert (await call("GET", path, headers=token("bob"))).status == 404
        assert (await call("PUT", "/me", b"", headers=token("bob"))).status == 405
        assert stage.asked == []

    async def test_that_has_come_from_a_connected_server_is_not_sent_round(self, call, stage):
        headers = {**token("bob"), "Via": "1.1 submarine-ext"}
        answer = await call("GET", "/me", headers=headers)
        assert (answer.status, "connected itself" in answer.json["detail"]) == (503, True)
        assert stage.asked == []


class TestAnAnswer:
    async def test_brings_nothing_back_but_what_is_on_the_list(self, call, stage):
        async def chatty(handler, _):
            for name in ("Set-Cookie", "X-Evil", "Access-Control-Allow-Origin", "Refresh"):
                handler.set_header(name, "evil=1")
            handler.set_header("Content-Security-Policy", "default-src *")
            handler.set_header("ETag", '"e"')
            await handler.finish(b"x")

        stage.answer = chatty
        answer = await call("GET", "/me", headers=token("bob"))
        assert "evil=1" not in str(dict(answer.headers))
        assert answer.headers["ETag"] == '"e"'
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "*" not in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("place", ["http://169.254.169.254/x", "http://127.0.0.1/y", "/login"])
    async def test_that_sends_elsewhere_is_not_followed(self, call, stage, place):
        async def redirect(handler, _):
            handler.set_status(302)
            handler.set_header("Location", place)
            await handler.finish()

        stage.answer = redirect
        answer = await call("GET", "/me", headers=token("bob"))
        assert (answer.status, answer.json["code"]) == (503, "service_away")
        assert "Location" not in answer.headers
        assert len(stage.asked) == 1

    @pytest.mark.parametrize("status", [400, 401, 404, 500, 502, 503])
    async def test_of_who_else_stands_there_is_not_taken_for_the_services(
        self, call, stage, status
    ):
        async def page(handler, _):
            handler.set_status(status)
            await handler.finish(b"<html>Bad gateway</html>")

        stage.answer = page
        answer = await call("GET", "/me", headers=token("bob"))
        assert (answer.status, answer.json["code"]) == (503, "service_away")
        assert b"html" not in answer.body

    async def test_tells_places_below_this_server(self, call, stage):
        async def made(handler, _):
            handler.set_status(201)
            handler.set_header("Location", "/team/submarine/api/contents/p/a%20b.txt")
            await handler.finish(b"{}")

        stage.answer = made
        answer = await call("POST", "/contents/p", {"type": "file"}, headers=token("bob"))
        assert answer.headers["Location"] == "/a%40b/submarine/api/contents/p/a%20b.txt"


class TestAPageOfAnotherSite:
    """What a browser sends by itself counts only from our own pages, at our edge."""

    def refused(self, call, cookies, run) -> int:
        """The status of a write that comes with alice's cookie and without the XSRF token."""
        headers = cookies("alice")
        del headers["X-XSRFToken"]
        return run(call("POST", "/projects", {"name": "x"}, signed=False, headers=headers)).status

    def test_writes_nothing(self, call, stage, cookies, jp_asyncio_loop):
        status = self.refused(call, cookies, jp_asyncio_loop.run_until_complete)
        assert status == 403
        assert [each.method for each in stage.asked if each.method == "POST"] == []

    def test_would_write_where_xsrf_is_skipped(
        self, call, stage, cookies, jp_asyncio_loop, monkeypatch
    ):
        """The mutant."""
        monkeypatch.setattr(Guard, "check_xsrf_cookie", lambda self: None)
        assert self.refused(call, cookies, jp_asyncio_loop.run_until_complete) == 200
        assert stage.last.method == "POST"

    def test_reads_nothing(self, call, stage, cookies, jp_asyncio_loop):
        run, headers = jp_asyncio_loop.run_until_complete, cookies("alice")
        stage.asked.clear()
        for more in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = run(call("GET", "/me", signed=False, headers={**headers, **more}))
            assert answer.status == 403
        assert stage.asked == []


class TestTheWebSocket:
    @pytest.fixture
    def knock(self, call, cookies, jp_http_port, jp_base_url, jp_asyncio_loop):
        """The status with which a socket is refused; 101 where it is not, 503 where the stage,
        which speaks no WebSocket, was asked.
        """
        alice = cookies("alice")["Cookie"]

        def open_socket(query: str = "", **headers: str) -> int:
            url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}submarine/api/events{query}"

            async def connect() -> int:
                try:
                    await websocket_connect(HTTPRequest(url, headers={"Cookie": alice, **headers}))
                except HTTPClientError as refused:
                    return refused.code
                return 101

            return jp_asyncio_loop.run_until_complete(connect())

        return open_socket

    def test_opens_with_no_cookie_alone(self, knock, stage):
        stage.asked.clear()
        assert knock() == 403
        assert knock("?ticket=made-up") == 403
        assert knock("?ticket=made-up", Origin="https://evil.example") == 403
        assert stage.asked == []

    def test_would_open_where_it_is_not_guarded(self, knock, stage, monkeypatch):
        """The mutant: the service is asked, with the owner's credential."""
        monkeypatch.setattr(ForwardEvents, "_require_ticket", lambda self, ticket: None)
        stage.asked.clear()
        assert knock() == 503
        assert stage.last.headers["Authorization"] == f"Bearer {OWNERS_TOKEN}"

    def test_takes_neither_cookie_nor_origin_nor_ticket_along(
        self, knock, call, cookies, stage, jp_asyncio_loop
    ):
        run = jp_asyncio_loop.run_until_complete

        async def ticket(handler, _):
            handler.set_status(201)
            await handler.finish(b'{"ticket": "of-the-service"}')

        stage.answer = ticket
        answer = run(call("POST", "/tickets", {}, signed=False, headers=cookies("alice")))
        given = answer.json["ticket"]
        assert given != "of-the-service"
        assert knock(f"?ticket={given}") == 503  # it went as far as the stage
        assert stage.last.uri == "/team/submarine/api/events"
        assert {"Cookie", "Origin", "Referer"}.isdisjoint(stage.last.headers)
        assert knock(f"?ticket={given}") == 403  # once
