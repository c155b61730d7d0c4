"""The Hub's groups as teams, its admins as ours, and rights that end with them."""

from __future__ import annotations

from itertools import count

import pytest

from tests.hub.team import until

_numbers = count(1)


@pytest.fixture
def shared(hub):
    """A project of alice's that is shared with her group; bob is in it."""
    until(lambda: "ml" in hub.person("bob").get("/me")["teams"], "bob in the team")
    name = f"vision{next(_numbers)}"
    alice = hub.person("alice")
    assert alice.ask("POST", "/projects", {"name": name}).status_code == 201
    role = {"role": "editor"}
    assert alice.ask("PUT", f"/projects/{name}/grants/team:ml", role).status_code == 200
    yield name
    hub.api("POST", "/groups/ml/users", {"users": ["bob"]})


class TestAGroup:
    def test_is_a_team_with_its_members(self, hub):
        team = hub.person("alice").get("/teams/ml")
        assert (team["group"], team["title"]) == ("ml", "ml")
        assert {"user": "alice", "role": "member"} in team["members"]

    def test_has_a_name_that_a_team_can_have(self, hub):
        until(lambda: hub.person("carol").get("/me")["teams"] == ["ops-co"], "carol in her team")
        assert hub.person("carol").get("/teams/ops-co")["group"] == "Ops & Co"

    def test_is_changed_in_the_hub_only(self, hub):
        carol = hub.person("carol")
        for method, path, body in (
            ("PUT", "/teams/ml/members/carol", {}),
            ("DELETE", "/teams/ml/members/alice", None),
            ("PATCH", "/teams/ml", {"title": "Ours"}),
            ("DELETE", "/teams/ml", None),
        ):
            answer = carol.ask(method, path, body)
            assert answer.status_code == 409, (method, path, answer.text)
            assert "group ml of JupyterHub" in answer.json()["detail"]
        assert carol.ask("PATCH", "/teams/ml", {"quota": {"jobs": 100}}).status_code == 200

    def test_gives_its_members_what_is_shared_with_it(self, hub, shared):
        bob = hub.person("bob")
        assert bob.get(f"/projects/{shared}")["role"] == "editor"

    def test_takes_it_from_who_is_not_in_it_any_more(self, hub, shared):
        """Lists, requests and open sockets; the mutant believes the model of an older login."""
        bob = hub.person("bob")
        socket = bob.socket(f"projects/{shared}", "me")
        socket.until(lambda f: f["topic"] == f"projects/{shared}" and f["type"] == "subscribed")
        hub.api("DELETE", "/groups/ml/users", {"users": ["bob"]})
        ended = socket.until(lambda f: f["type"] == "closed")
        assert (ended["topic"], ended["data"]["code"]) == (f"projects/{shared}", 4403)
        assert bob.ask("GET", f"/projects/{shared}").status_code == 404
        assert shared not in [each["name"] for each in bob.get("/projects")["items"]]
        assert "ml" not in bob.get("/me")["teams"]

    def test_that_is_new_becomes_a_team(self, hub):
        hub.api("POST", "/groups/new-group")
        hub.api("POST", "/groups/new-group/users", {"users": ["bob"]})
        until(lambda: "new-group" in hub.person("bob").get("/me")["teams"], "the new team")
        hub.api("DELETE", "/groups/new-group")
        until(lambda: "new-group" not in hub.person("bob").get("/me")["teams"], "its end")


class TestAnAdmin:
    def test_of_the_hub_is_one_of_the_service(self, hub):
        assert hub.person("carol").get("/me")["admin"] is True
        assert hub.person("alice").get("/me")["admin"] is False

    def test_is_none_any_more_once_the_hub_says_so(self, hub):
        carol = hub.person("carol")
        assert carol.get("/me")["admin"] is True
        dora = hub.person("dora").token
        hub.api("PATCH", "/users/carol", {"admin": False}, dora)
        try:
            until(lambda: not carol.get("/me")["admin"], "the end of carol's administration")
        finally:
            hub.api("PATCH", "/users/carol", {"admin": True}, dora)
        until(lambda: carol.get("/me")["admin"], "carol's administration")

    def test_of_the_hub_is_unmade_there_only(self, hub):
        carol = hub.person("carol")
        answer = carol.ask("PATCH", "/users/carol", {"admin": False})
        assert (answer.status_code, "JupyterHub" in answer.json()["detail"]) == (409, True)
