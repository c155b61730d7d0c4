"""Projects: everybody has one, people make more and share them."""

from __future__ import annotations


async def test_everybody_has_a_personal_project_from_the_first_moment(people):
    alice = people("alice")
    me = (await alice("GET", "/me")).json
    assert me["user"] == "alice"
    assert me["personal_project"] == "alice"
    project = (await alice("GET", "/projects/alice")).json
    assert project["personal"]
    assert project["role"] == "owner"
    assert project["owners"] == ["user:alice"]


async def test_the_owner_of_a_server_that_knows_no_people_is_its_admin(call):
    me = (await call("GET", "/me")).json
    assert me["admin"]
    assert me["personal_project"] == "default"


async def test_a_project_is_seen_by_those_it_is_shared_with_and_by_nobody_else(people):
    alice, bob = people("alice"), people("bob")
    made = await alice("POST", "/projects", {"name": "vision"})
    assert made.status == 201
    assert (await bob("GET", "/projects/vision")).status == 404
    shared = await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
    assert shared.status == 200, shared.body
    assert (await bob("GET", "/projects/vision")).json["role"] == "editor"
    names = [item["name"] for item in (await bob("GET", "/projects")).json["items"]]
    assert names == ["bob", "vision"]
