"""Who is asking comes from Jupyter's verified user, and from nothing else."""

from __future__ import annotations

import os
import pwd

import pytest
from jupyter_server.auth.identity import (
    IdentityProvider,
    LegacyIdentityProvider,
    PasswordIdentityProvider,
    User,
)
from tornado.web import RequestHandler

from submarine_ext.domain.access import Principal
from submarine_ext.identity.principal import principal_of, server_owner

RANDOM = User("5a17ddfe64524e4ea2ba3a4fb4e5a4dc", "Anonymous Isonoe", "Anonymous Isonoe")
ALICE = User("alice", "Alice", "Alice")


class HubLike(IdentityProvider):
    """As JupyterHub's: it overrides ``get_user``."""

    async def get_user(self, handler):
        return ALICE


class Renamed(PasswordIdentityProvider):
    """Somebody's subclass that changes no user."""


class TestAStockServer:
    @pytest.mark.parametrize(
        "provider", [IdentityProvider, PasswordIdentityProvider, LegacyIdentityProvider, Renamed]
    )
    def test_has_one_person_its_owner_never_the_random_name(self, provider):
        assert principal_of(provider(), RANDOM, "root") == Principal("root")


class TestAServerThatKnowsPeople:
    def test_has_the_name_that_the_provider_says(self):
        assert principal_of(HubLike(), ALICE, "root") == Principal("alice")

    def test_does_not_take_a_visitor_for_the_owner(self):
        assert principal_of(HubLike(), User("bob"), "alice") == Principal("bob")

    @pytest.mark.parametrize("name", ["Alice", "\uff41lice", "e\u0301ve", "\u00e9ve", "a b"])
    def test_never_folds_names(self, name):
        """Catches the mutant that brings names into Unicode's form C."""
        assert principal_of(HubLike(), User(name), "root") == Principal(name)

    @pytest.mark.parametrize(
        "name", ["alice ", "alice\u200d", "\u202ealice", "a\nb", "a\0b", "\ud800", "a" * 256]
    )
    def test_takes_nobody_in_who_would_look_like_somebody_else_or_like_nothing(self, name):
        assert principal_of(HubLike(), User(name), "root") is None

    def test_takes_nobody_in_who_is_called_like_the_server(self):
        """The mutant lets somebody do as ``submarine``: the log would say the server did it."""
        assert principal_of(HubLike(), User("submarine"), "root") is None


class TestNobody:
    @pytest.mark.parametrize("provider", [IdentityProvider(), HubLike(), object(), None])
    def test_is_who_jupyter_does_not_know(self, provider):
        assert principal_of(provider, None, "root") is None

    def test_is_whoever_an_unknown_kind_of_provider_names(self):
        assert principal_of(object(), ALICE, "root") is None

    def test_is_whoever_an_unknown_login_handler_names(self):
        provider = LegacyIdentityProvider(login_handler_class=RequestHandler)
        assert principal_of(provider, ALICE, "root") is None


class TestTheServersOwner:
    def test_is_the_hub_user(self):
        assert server_owner("alice") == "alice"

    @pytest.mark.parametrize("hub_user", [None, ""])
    def test_is_the_operating_system_user_without_a_hub(self, hub_user, monkeypatch):
        monkeypatch.setenv("LOGNAME", "mallory")
        monkeypatch.setenv("USER", "mallory")
        assert server_owner(hub_user) == pwd.getpwuid(os.getuid()).pw_name

    def test_is_a_number_where_that_user_has_no_name(self, monkeypatch):
        monkeypatch.setattr(os, "getuid", lambda: 54321)
        assert server_owner() == "uid54321"


class TestOverHttp:
    async def test_every_browser_is_the_same_person(self, call):
        names = {(await call("GET", "/me")).json["user"] for _ in range(3)}
        assert names == {server_owner()}


class TestAVisitorOnSomebodysServer:
    """B on A's server is B: nothing of A's is visible, whatever server the request reached."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["identity_provider_class"] = Visited
        jp_server_config["SubmarineExtension"] = {"owner": "ann"}
        return jp_server_config

    async def test_sees_nothing_of_the_owners(self, call):
        job = {"command": ["true"]}
        made = await call("POST", "/projects/default/jobs", job, headers={"X-Test-User": "ann"})
        assert made.status == 201
        path = f"/jobs/{made.json['id']}"
        doors = [
            ("GET", "/projects/default/jobs", None),
            ("POST", "/projects/default/jobs", job),
            ("GET", path, None),
            ("DELETE", path, None),
            ("POST", f"{path}/stop", {}),
            ("POST", f"{path}/retry", {}),
            *(("GET", f"{path}/{part}", None) for part in ("logs", "metrics", "artifacts")),
        ]
        for method, door, body in doors:
            answer = await call(method, door, body, headers={"X-Test-User": "bob"})
            absent = await call(
                method,
                door.replace(path, "/jobs/j00000000000"),
                body,
                headers={"X-Test-User": "bob"},
            )
            assert (answer.status, answer.body) == (404, absent.body), (method, door)
        mine = await call("GET", "/projects", headers={"X-Test-User": "bob"})
        assert [project["name"] for project in mine.json["items"]] == ["bob"]


class Visited(PasswordIdentityProvider):
    """Verifies the token as ever, and knows several people."""

    async def get_user_token(self, handler):
        known = await super().get_user_token(handler)
        return User(handler.request.headers.get("X-Test-User", "ann")) if known else None
