"""Nobody is taken for somebody else (security.md B 5, 7, 8, 9).

The mutants: names compared after NFKC or casefold, subjects without their kind, an owner
taken from the request.
"""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.api.examples import EXAMPLES, PARTS

pytestmark = pytest.mark.modes("embedded", "service", "connected")

#: Names that look alike, or that some database, browser or file system takes for the same.
LOOKALIKES = (
    "José",  # NFC
    "Jose\u0301",  # NFD
    "JOSÉ",
    "jos\u00e9",
    "\uff2a\uff4f\uff53\u00e9",  # full width
    "j\u043es\u00e9",  # a Cyrillic o
    "vision",  # like the team
)
#: Nobody can be called so: it would be shown like somebody else.
UNSHOWABLE = ("jos\u00e9\u200d", "\u202ejos\u00e9", "jos\u00e9 ")
EVERY_NAME = (*LOOKALIKES, *UNSHOWABLE)
BODIES = [
    (verb, path, {**example.body, **({"project": "default"} if "project" in example.body else {})})
    for (verb, path), examples in EXAMPLES.items()
    for example in examples
    if isinstance(example.body, dict)
]
NAMES = ("user", "owner", "run_as", "author", "actor", "principal", "by", "submitter")


@pytest.fixture
def jp_server_config(request, jp_server_config):
    if "people" in request.fixturenames:
        tokens = {f"look-{n}": name for n, name in enumerate(EVERY_NAME)}
        jp_server_config["PeopleByToken"]["people"].update(tokens)
    return jp_server_config


@pytest.fixture
def twin(people, call):
    """``await twin(3, "GET", "/me")``: the person of that number."""

    async def ask(number: int, verb: str, path: str, body=None):
        headers = {"Authorization": f"token look-{number}"}
        return await call(verb, path, body, signed=False, headers=headers)

    return ask


class TestLookAlikes:
    async def test_have_projects_of_their_own(self, twin):
        homes = [(await twin(n, "GET", "/me")).json for n in range(len(LOOKALIKES))]
        assert [home["user"] for home in homes] == list(LOOKALIKES)
        assert len({home["personal_project"] for home in homes}) == len(LOOKALIKES)

    async def test_that_cannot_be_shown_are_nobody(self, twin):
        for number in range(len(LOOKALIKES), len(EVERY_NAME)):
            answer = await twin(number, "GET", "/me")
            assert (answer.status, answer.json["code"]) == (403, "unauthenticated")

    async def test_share_no_right(self, people, twin):
        alice = people("alice")
        await alice("POST", "/projects", {"name": "theirs"})
        subject = quote(f"user:{LOOKALIKES[0]}", safe=":")
        given = await alice("PUT", f"/projects/theirs/grants/{subject}", {"role": "viewer"})
        assert given.status == 200
        seen = [(await twin(n, "GET", "/projects/theirs")).status for n in range(len(LOOKALIKES))]
        assert seen == [200] + [404] * (len(LOOKALIKES) - 1)

    async def test_that_cannot_be_told_apart_get_no_role(self, people):
        alice = people("alice")
        await alice("POST", "/projects", {"name": "theirs"})
        for name in (*UNSHOWABLE, "", "a\u0000b"):
            subject = quote(f"user:{name}", safe=":")
            answer = await alice("PUT", f"/projects/theirs/grants/{subject}", {"role": "viewer"})
            assert answer.status in (400, 404), name

    async def test_a_team_called_like_a_person_is_not_that_person(self, people, twin):
        root, alice = people("root-admin"), people("alice")
        vision = LOOKALIKES.index("vision")
        await twin(vision, "GET", "/me")
        await root("POST", "/teams", {"name": "vision"})
        await alice("POST", "/projects", {"name": "theirs"})
        given = await alice("PUT", "/projects/theirs/grants/team:vision", {"role": "owner"})
        assert given.status == 200
        assert (await twin(vision, "GET", "/projects/theirs")).status == 404
        assert (await alice("DELETE", "/projects/theirs/grants/user:vision")).status == 404


class TestWhoActs:
    """B 8: whoever asks is the author, the owner and who runs it; no field says otherwise."""

    @pytest.mark.parametrize("name", NAMES)
    async def test_is_in_no_body(self, people, name):
        alice = people("alice")
        for verb, path, body in BODIES:
            answer = await alice(verb, path.format(**PARTS), {**body, name: "root-admin"})
            assert (answer.status, answer.json["field"]) == (400, name), (verb, path, answer)

    @pytest.mark.parametrize("name", [*NAMES, "run-as", "impersonate", "doAs", "proxyUser"])
    async def test_is_in_no_query(self, people, name):
        alice, shown = people("alice"), {"/projects/{project}/jobs": {"owner"}, "/audit": {"actor"}}
        for verb, path in EXAMPLES:
            if verb not in ("GET", "DELETE") or name in shown.get(path, ()):
                continue
            answer = await alice(verb, f"{path.format(**PARTS)}?{name}=root-admin")
            assert answer.status == 400, (verb, path, answer)


class TestIds:
    """B 9: making something that exists takes nothing over."""

    async def test_of_projects_and_teams_are_given_once(self, people):
        alice, bob, root = people("alice"), people("bob"), people("root-admin")
        assert (await alice("POST", "/projects", {"name": "mine", "title": "A"})).status == 201
        assert (await bob("POST", "/projects", {"name": "mine", "title": "B"})).status == 409
        assert (await alice("GET", "/projects/mine")).json["title"] == "A"
        assert (await root("POST", "/teams", {"name": "crew", "title": "A"})).status == 201
        assert (await root("POST", "/teams", {"name": "crew", "title": "B"})).status == 409

    async def test_of_a_personal_project_cannot_be_taken_before_its_person_comes(self, people):
        alice, bob = people("alice"), people("bob")
        assert (await alice("POST", "/projects", {"name": "bob"})).status == 201
        home = (await bob("GET", "/me")).json["personal_project"]
        assert home != "bob"
        assert (await alice("GET", f"/projects/{home}")).status == 404

    async def test_an_import_overwrites_no_file(self, people):
        alice = people("alice")
        await alice("POST", "/projects", {"name": "mine"})
        note = {"name": "n", "paragraphs": [{"text": "%python\n1"}]}
        first = await alice("POST", "/projects/mine/imports", {"path": "a.ipynb", "note": note})
        assert first.status == 201
        before = (await alice("GET", "/files/mine/a.ipynb")).body
        other = {"name": "n", "paragraphs": [{"text": "%python\nevil"}]}
        again = await alice("POST", "/projects/mine/imports", {"path": "a.ipynb", "note": other})
        assert again.status == 409
        assert (await alice("GET", "/files/mine/a.ipynb")).body == before


class TestWhatIsLeftOut:
    """B 5: a parameter that is missing, doubled or an array never widens an answer."""

    async def test_of_the_audit_shows_nobody_more(self, people):
        alice, bob = people("alice"), people("bob")
        await alice("POST", "/projects", {"name": "hers"})
        await bob("GET", "/me")
        for query in ("", "?project=", "?project=hers", "?project=bob&project=hers"):
            answer = await bob("GET", f"/audit{query}")
            assert answer.status in (400, 403, 404), query
            assert b"project.create" not in answer.body

    async def test_of_lists_shows_only_what_one_may_see(self, people):
        alice, bob = people("alice"), people("bob")
        await alice("POST", "/projects", {"name": "hers", "title": "CANARY-title"})
        for path in ("/projects", "/contents", "/contents?content=1", "/users?text=", "/teams"):
            answer = await bob("GET", path)
            assert answer.status == 200, path
            assert "hers" not in json.dumps(answer.json), path
