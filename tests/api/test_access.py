"""Nobody gets in by any door: every route, every verb, every way of being nobody.

Mutants this catches: a handler without ``prepare`` (TestStrangers), ``get`` without
``@operation`` (TestUndeclaredVerbs), the XSRF check or the origin check left out
(TestCookiesOfOtherPages).
"""

from __future__ import annotations

import pytest

from submarine_ext.api.base import VERBS
from submarine_ext.api.routes import ROUTES, handlers
from submarine_ext.domain.access import Capability
from tests.api.examples import DOORS, PARTS, PROBES

NOBODY = {
    "no credential": {},
    "a made-up token": {"Authorization": "token 00000000"},
    "a made-up bearer": {"Authorization": "Bearer ../../etc"},
    "a generated-client user agent": {"User-Agent": "OpenAPI-Generator/1.0/python"},
    "a forged cookie": {"Cookie": 'username-127-0-0-1="2|1:0|10:1|1:a|1:a|0"'},
}
READING = ("GET", "HEAD", "OPTIONS")
WRITES = [
    (verb, path.format(**PARTS))
    for path, handler in ROUTES.items()
    for verb in handler.operations
    if verb not in READING
]


class TestStrangers:
    @pytest.mark.parametrize("headers", NOBODY.values(), ids=NOBODY.keys())
    async def test_are_refused_at_every_route_with_every_verb(self, call, headers):
        for verb, path in DOORS:
            if (verb, path) in PROBES:
                continue
            answer = await call(verb, path, signed=False, headers=headers)
            assert answer.status == 403, (verb, path, answer)

    async def test_cannot_tell_a_route_that_exists_from_one_that_does_not(self, call):
        known = await call("GET", "/me", signed=False)
        unknown = await call("GET", "/nowhere", signed=False)
        assert known.body == unknown.body

    async def test_are_refused_a_token_in_the_body(self, call, jp_serverapp):
        form = f"token={jp_serverapp.identity_provider.token}".encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await call("POST", "/tickets", form, signed=False, headers=kind)
        assert answer.status == 403


class TestStrangersOnAServerThatAllowsThem:
    """Jupyter's default: what is not marked is open. Our guard does not rely on the marks."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["allow_unauthenticated_access"] = True
        return jp_server_config

    async def test_are_refused_all_the_same(self, call):
        for verb, path in DOORS:
            if (verb, path) not in PROBES:
                assert (await call(verb, path, signed=False)).status == 403, (verb, path)


class TestUndeclaredVerbs:
    async def test_answer_405_and_say_what_is_possible(self, call):
        for path, handler in ROUTES.items():
            for verb in set(VERBS) - set(handler.operations):
                answer = await call(verb, path.format(**PARTS))
                assert answer.status == 405, (verb, path)
                assert answer.headers["Allow"] == ", ".join(handler.operations)


class TestDeclarations:
    def test_every_verb_of_every_handler_is_declared_with_a_capability(self):
        for _, handler, _ in handlers():
            for verb in VERBS:
                method = vars(handler).get(verb.lower())
                if method is not None:
                    assert isinstance(handler.operations[verb].capability, Capability), method

    def test_only_health_is_public(self):
        public = {
            (verb, path)
            for path, handler in ROUTES.items()
            for verb, declared in handler.operations.items()
            if declared.public
        }
        assert public == PROBES


class TestCookiesOfOtherPages:
    """A browser sends the cookie by itself, so a page of another site must gain nothing."""

    @pytest.fixture
    def cookie(self, call, jp_asyncio_loop):
        answer = jp_asyncio_loop.run_until_complete(call("GET", "/me"))
        return answer.headers["Set-Cookie"].partition(";")[0]

    async def test_a_cookie_alone_reads(self, call, cookie):
        assert (await call("GET", "/me", signed=False, headers={"Cookie": cookie})).status == 200

    @pytest.mark.parametrize(("verb", "path"), WRITES)
    async def test_a_cookie_without_the_xsrf_token_writes_nothing(self, call, cookie, verb, path):
        answer = await call(verb, path, signed=False, headers={"Cookie": cookie})
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
        assert "XSRF" in answer.json["detail"]

    async def test_with_the_xsrf_token_it_writes(self, call, cookie):
        both = f"{cookie}; _xsrf=abc"
        headers = {"Cookie": both, "X-XSRFToken": "abc"}
        assert (await call("POST", "/tickets", {}, signed=False, headers=headers)).status == 201

    @pytest.mark.parametrize(("verb", "path"), [("GET", "/me"), *WRITES])
    async def test_another_origin_is_refused(self, call, cookie, verb, path):
        headers = {
            "Cookie": f"{cookie}; _xsrf=abc",
            "X-XSRFToken": "abc",
            "Origin": "https://evil.example",
        }
        assert (await call(verb, path, signed=False, headers=headers)).status == 403

    async def test_a_subresource_of_another_site_is_refused(self, call, cookie):
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert (await call("GET", "/me", signed=False, headers=headers)).status == 403

    async def test_another_host_name_is_refused(self, call):
        headers = {"Host": "rebound.example"}
        assert (await call("GET", "/me", headers=headers)).status == 403
        assert (await call("GET", "/health", headers=headers)).status == 403


class TestDecisionsDoNotHangOnSpelling:
    SPELLINGS = ("/me/", "//me", "/ME", "/%6de", "/me%2f", "/me;a=b", "/./me", "/projects/../me")

    @pytest.mark.parametrize("spelling", SPELLINGS)
    async def test_of_the_path(self, call, spelling):
        assert (await call("GET", spelling, signed=False)).status in (403, 404)
        assert (await call("GET", spelling)).status == 404

    @pytest.mark.parametrize("agent", ["OpenAPI-Generator/1/python", "curl/8", "", "Mozilla/5.0"])
    async def test_of_the_user_agent(self, call, agent):
        headers = {"User-Agent": agent}
        assert (await call("GET", "/me", headers=headers)).status == 200
        assert (await call("GET", "/me", signed=False, headers=headers)).status == 403

    async def test_of_what_was_asked_before(self, call):
        """Jupyter's bare ``@authorized`` remembers its first caller's resource."""
        for path in ("/me", "/engines", "/projects/default/jobs", "/me"):
            assert (await call("GET", path, signed=False)).status == 403
            assert (await call("GET", path)).status == 200


class TestWhoSomeoneIs:
    @pytest.mark.parametrize("name", ["user", "owner", "run_as"])
    async def test_is_not_taken_from_the_query_or_the_body(self, call, name):
        spec = {"command": ["true"], name: "somebody-else"}
        assert (await call("POST", "/projects/default/jobs", spec)).status == 400
        assert (await call("GET", f"/me?{name}=somebody-else")).status == 400

    async def test_is_not_taken_from_a_header(self, call):
        mine = (await call("GET", "/me")).json["user"]
        headers = {"X-Forwarded-User": "mallory", "REMOTE_USER": "mallory", "X-User": "mallory"}
        assert (await call("GET", "/me", headers=headers)).json["user"] == mine
