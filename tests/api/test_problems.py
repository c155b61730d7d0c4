"""Every error has one kind of body: RFC 9457, and nothing of the inside in it."""

from __future__ import annotations

import logging

import msgspec
import pytest
from tornado.web import HTTPError

from submarine_ext import errors
from submarine_ext.api.problems import Problem, problem, retry_after

pytestmark = pytest.mark.modes("embedded", "connected")

MISSING = "/jobs/j00000000000"


def is_problem(answer, status: int, code: str, field: str | None = None) -> Problem:
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = msgspec.json.decode(answer.body, type=Problem)
    assert (answer.status, told.status, told.code) == (status, status, code), told
    if field is not None:
        assert told.field == field
    assert told.detail.endswith((".", "?")), told.detail
    return told


class TestEveryErrorIsAProblem:
    async def test_malformed_json(self, call):
        kind = {"Content-Type": "application/json"}
        for body in (b"{", b'{"a":\xff}', b"[" * 100_000, b"\x00"):
            answer = await call("POST", "/projects/default/jobs", body, headers=kind)
            is_problem(answer, 400, "invalid")

    async def test_a_field_that_does_not_exist_is_named(self, call):
        spec = {"command": ["true"], "resources": {"memroy": "1Gi"}}
        answer = await call("POST", "/projects/default/jobs", spec)
        is_problem(answer, 400, "invalid", "resources.memroy")

    async def test_a_field_of_the_wrong_type_is_named(self, call):
        spec = {"command": ["true"], "resources": {"gpu": "two"}}
        answer = await call("POST", "/projects/default/jobs", spec)
        is_problem(answer, 400, "invalid", "resources.gpu")

    async def test_an_argument_of_the_wrong_type_is_named(self, call):
        answer = await call("POST", "/projects/default/jobs", {"command": ["echo", 1]})
        is_problem(answer, 400, "invalid", "command[1]")

    async def test_a_quantity_that_is_none_is_named(self, call):
        spec = {"command": ["true"], "resources": {"memory": "2 gigs"}}
        answer = await call("POST", "/projects/default/jobs", spec)
        is_problem(answer, 400, "invalid", "resources.memory")

    async def test_a_parameter_that_does_not_exist_is_named(self, call):
        is_problem(await call("GET", "/projects/default/jobs?sate=x"), 400, "invalid", "sate")
        is_problem(await call("GET", "/me?a=1"), 400, "invalid", "a")

    async def test_a_parameter_given_twice_is_named(self, call):
        answer = await call("GET", "/projects/default/jobs?limit=1&limit=500")
        is_problem(answer, 400, "invalid", "limit")

    async def test_a_parameter_out_of_range_is_named(self, call):
        for limit in ("0", "501", "-1", "1e3", "0x10", "9" * 5000):
            answer = await call("GET", f"/projects/default/jobs?limit={limit}")
            is_problem(answer, 400, "invalid", "limit")

    async def test_absent_and_invisible_have_the_same_body(self, call):
        bodies = {
            (await call("GET", path)).body
            for path in ("/nowhere", MISSING, f"{MISSING}/logs", "/projects/other/jobs", "/jobs/x")
        }
        assert len(bodies) == 1
        is_problem(await call("GET", MISSING), 404, "not_found")

    async def test_a_verb_that_does_not_exist(self, call):
        is_problem(await call("PATCH", "/me"), 405, "method_not_allowed")

    async def test_a_body_where_none_belongs(self, call):
        is_problem(await call("GET", "/me", {}), 400, "invalid")

    async def test_a_stranger(self, call):
        is_problem(await call("GET", "/me", signed=False), 403, "unauthenticated")

    async def test_a_path_that_is_not_text(self, call):
        for path in ("/jobs/%ff", f"{MISSING}/artifacts/%ff%fe", "/%00"):
            assert (await call("GET", path)).headers["Content-Type"] == "application/problem+json"

    async def test_what_was_not_foreseen_says_nothing_of_the_inside(
        self, call, site, caplog, monkeypatch
    ):
        services = await site.services()

        async def broken(*_):
            raise ZeroDivisionError("secret-canary")

        monkeypatch.setattr(services.people, "me", broken)
        with caplog.at_level(logging.ERROR):
            told = is_problem(await call("GET", "/me"), 500, "internal")
        assert "canary" not in told.detail
        assert "secret-canary" in caplog.text


class TestContentTypes:
    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    )
    async def test_only_json_is_read_as_json(self, call, kind):
        headers = {"Content-Type": kind}
        answer = await call(
            "POST", "/projects/default/jobs", b'{"command":["true"]}', headers=headers
        )
        is_problem(answer, 415, "unsupported_media_type")

    async def test_only_utf_8(self, call):
        headers = {"Content-Type": "application/json; charset=utf-7"}
        answer = await call("POST", "/tickets", b"{}", headers=headers)
        is_problem(answer, 415, "unsupported_media_type")

    async def test_a_charset_of_utf_8_may_be_said(self, call):
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        assert (await call("POST", "/tickets", b"{}", headers=headers)).status == 201

    async def test_a_body_over_the_cap_is_not_held(self, call):
        kind = {"Content-Type": "application/json"}
        answer = await call("POST", "/projects/default/jobs", b" " * (9 << 20), headers=kind)
        is_problem(answer, 413, "too_large")


class TestTheTableOfErrors:
    CASES = (
        (errors.Invalid("No."), 400),
        (errors.TooLarge("No."), 413),
        (errors.Forbidden("No."), 403),
        (errors.NotFound("A secret reason."), 404),
        (errors.Conflict("No."), 409),
        (errors.KeyReused("No."), 422),
        (errors.QuotaExceeded("No.", quota="user:ann/jobs", used=1, limit=1, holders=[]), 429),
        (errors.Unavailable("No."), 503),
        (errors.StorageFull("No."), 507),
        (errors.NewerDatabase("No."), 503),
        (errors.SubmarineError("No."), 500),
        (HTTPError(404), 404),
        (HTTPError(418), 418),
        (HTTPError(502, "inside"), 500),
        (KeyError("inside"), 500),
    )

    @pytest.mark.parametrize(("error", "status"), CASES, ids=lambda each: repr(each)[:40])
    def test_gives_each_its_status(self, error, status):
        assert problem(error).status == status
        assert "inside" not in problem(error).detail

    def test_a_404_never_says_why(self):
        assert problem(errors.NotFound("A secret reason.")) == problem(errors.NotFound())

    def test_who_should_come_again_is_told_when(self):
        assert retry_after(errors.Unavailable("No.", retry_after=7)) == 7
        assert retry_after(errors.NewerDatabase("No.")) == 30
        assert retry_after(errors.Conflict("No.")) is None
