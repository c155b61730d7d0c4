"""Who may do what, by walking the registered routes as everybody (security.md B 1, 4).

Routes × verbs (from the table that the server registers) × relations (``matrix.py``, written
by hand) × own and foreign project × credentials. 0 violations, and the walk is shown to
find some in servers that are broken on purpose.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from tornado.web import create_signed_value

from submarine_ext.api.routes import ROUTES
from submarine_ext.domain.access import Capability
from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.services import access
from submarine_ext.store import jobs
from tests.api.examples import DOORS, ELSEWHERE, EXAMPLES, PARTS, PROBES, Example
from tests.api.matrix import ADMINS, EVERYBODY, HOLDERS

#: Who stands for which relation; alice owns every project, frank receives offers.
PERSON = {
    "S": "dave",
    "I": "dave",
    "F": "dave",
    "V": "vera",
    "L": "vera",
    "E": "bob",
    "O": "olga",
    "A": "root-admin",
    "B": "root-admin",
    "D": "eve",
}
ROLE = {"V": "viewer", "L": "viewer", "E": "editor", "O": "owner", "D": "owner"}
EVERYONE = {*PERSON.values(), "alice", "frank", "carol"}


@pytest.fixture
def jp_server_config(jp_server_config):
    provider = "submarine_ext.testing.identity.PeopleByToken"
    jp_server_config["ServerApp"]["identity_provider_class"] = provider
    jp_server_config["PeopleByToken"] = {"people": {f"token-{n}": n for n in EVERYONE}}
    jp_server_config["SubmarineExtension"] = {"admins": {"root-admin"}}
    return jp_server_config


class World:
    """One server on which projects are made as they are needed."""

    def __init__(self, call: Any, site: Any, mode: str) -> None:
        self._call, self._site, self._numbers = call, site, count(1)
        self.mode = mode

    async def as_(self, name: str, verb: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {"Authorization": f"token token-{name}", **headers}
        return await self._call(verb, path, body, signed=False, headers=headers)

    async def sure(self, name: str, verb: str, path: str, body: Any = None) -> Any:
        answer = await self.as_(name, verb, path, body)
        assert answer.status < 300, (name, verb, path, answer)
        return answer

    async def open(self) -> None:
        for name in sorted(EVERYONE):
            await self.sure(name, "GET", "/me")

    async def disable(self) -> None:
        await self.sure("root-admin", "PATCH", "/users/eve", {"disabled": True})

    async def project(self, letter: str) -> str:
        """A fresh project to which the letter's person has that relation."""
        name, person = f"p{next(self._numbers)}", PERSON.get(letter, "")
        seen = "internal" if letter == "I" else "private"
        await self.sure("alice", "POST", "/projects", {"name": name, "visibility": seen})
        if letter in ROLE:
            path = f"/projects/{name}/grants/user:{person}"
            await self.sure("alice", "PUT", path, {"role": ROLE[letter]})
        if letter == "L":
            shows = {"settings": {"viewer_logs": True}}
            await self.sure("alice", "PATCH", f"/projects/{name}", shows)
        if letter == "F":
            await self.sure("alice", "POST", f"/projects/{name}/transfer", {"to": person})
        if letter == "B":
            reason = {"reason": "the matrix is walked", "minutes": 60}
            await self.sure(person, "POST", f"/projects/{name}/break-glass", reason)
        return name

    async def parts(self, example: Example, project: str, person: str) -> dict[str, Any]:
        """What the request's path needs, made by the project's owner."""
        found: dict[str, Any] = {**PARTS, "project": project}
        for what in example.prepared:
            found.update(await getattr(self, f"_{what}")(project, person))
        return {**found, **example.parts}

    async def _file(self, project: str, _: str, name: str = "a.txt") -> dict[str, Any]:
        path = f"/contents/{project}/{name}"
        text = {"type": "file", "format": "text", "content": f"{next(self._numbers)}"}
        await self.sure("alice", "PUT", path, text)
        versions = (await self.sure("alice", "GET", f"{path}/checkpoints")).json
        return {"path": name, "version": versions[0]["id"], "etag": versions[0]["etag"]}

    async def _notebook(self, project: str, _: str) -> dict[str, Any]:
        cells = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        model = {"type": "notebook", "format": "json", "content": cells}
        await self.sure("alice", "PUT", f"/contents/{project}/n.ipynb", model)
        return {"path": "n.ipynb"}

    async def _folder(self, project: str, _: str) -> dict[str, Any]:
        await self.sure("alice", "PUT", f"/contents/{project}/sub", {"type": "directory"})
        return {"path": "sub"}

    async def _trashed(self, project: str, person: str) -> dict[str, Any]:
        made = await self._file(project, person)
        await self.sure("alice", "DELETE", f"/contents/{project}/a.txt")
        return made

    async def _secret(self, project: str, _: str) -> dict[str, Any]:
        path = f"/projects/{project}/secrets/API_KEY"
        await self.sure("alice", "PUT", path, {"value": "s3cret-value"})
        return {}

    async def _zoe(self, project: str, _: str) -> dict[str, Any]:
        path = f"/projects/{project}/grants/user:zoe"
        await self.sure("alice", "PUT", path, {"role": "viewer"})
        return {}

    async def _offer(self, project: str, _: str) -> dict[str, Any]:
        state = (await self.sure("alice", "GET", f"/projects/{project}")).json
        if state["offered_to"] is None:
            await self.sure("alice", "POST", f"/projects/{project}/transfer", {"to": "frank"})
        return {}

    async def _team(self, *_: str) -> dict[str, Any]:
        name = f"team{next(self._numbers)}"
        await self.sure("root-admin", "POST", "/teams", {"name": name})
        self._team_made = name
        return {"team": name}

    async def _teammate(self, *_: str) -> dict[str, Any]:
        await self.sure("root-admin", "PUT", f"/teams/{self._team_made}/members/carol", {})
        return {}

    async def _bundle(self, project: str, person: str) -> dict[str, Any]:
        await self._file(project, person)
        folder = {"folder": "", "project": project}
        packed = await self.sure("alice", "POST", "/bundles", folder)
        return {"sha256": packed.json["sha256"]}

    async def _job(self, project: str, _: str) -> dict[str, Any]:
        return await self._ended_job(project, "alice")

    async def _own_job(self, project: str, person: str) -> dict[str, Any]:
        return await self._ended_job(project, person)

    async def _ended_job(self, project: str, owner: str) -> dict[str, Any]:
        job = Job(
            id=new_job_id(),
            project=project,
            owner=owner,
            name="done",
            spec=JobSpec(command=["true"]),
            state=JobState.SUCCEEDED,
            target=Target.RUN,
            engine="local",
            created="2026-01-01T00:00:00Z",
        )
        services = await self._site.services()
        await services._store.write(lambda tx: jobs.add(tx, job, actor=owner, retries=0))
        folder = self._site.configured.root / "jobs" / job.id / "1" / "artifacts"
        folder.mkdir(parents=True)
        (folder / "m.txt").write_text("model")
        return {"job": job.id}


def expected(letter: str, example: Example, capability: Capability) -> int:
    """2 for allowed (2xx), 403 or 404: from the matrix alone."""
    needs = example.needs or capability
    if letter == "D":
        return 403
    if needs in EVERYBODY or letter in example.also:
        return 2
    if needs in ADMINS:
        return 2 if letter in "AB" else 403
    if letter in HOLDERS[needs]:
        return 2
    return 404 if letter == "S" else 403


def filled(value: Any, parts: dict[str, Any]) -> Any:
    """The example with the prepared parts put in."""
    if isinstance(value, str):
        for name, part in parts.items():
            value = value.replace(f"{{{name}}}", str(part))
    elif isinstance(value, dict):
        value = {name: filled(each, parts) for name, each in value.items()}
    return value


async def walk(world: World, letter: str, *, foreign: bool = False) -> list[str]:
    """Send every example as the letter's person; what differs from the matrix."""
    person, violations = PERSON[letter], []
    reached = "S" if foreign else letter
    fresh = await world.project(reached)
    if letter == "D":
        await world.disable()
    absent = await world.as_(person, "GET", "/projects/there-is-none")
    for (verb, path), examples in EXAMPLES.items():
        for example in examples:
            if example.of_a_server and world.mode == "service":
                continue
            capability = ROUTES[path].operations[verb].capability
            wanted = expected(reached, example, capability)
            parts = await world.parts(example, fresh, person)
            target = filled(path + example.query, parts)
            answer = await world.as_(
                person, verb, target, filled(example.body, parts), **example.headers
            )
            got = 2 if answer.status in ROUTES[path].operations[verb].answers else answer.status
            if got != wanted:
                violations.append(f"{letter} {verb} {target}: {answer.status}, not {wanted}")
                violations[-1] += f" {answer.body[:120]!r}"
            if wanted == got == 404 and verb != "HEAD" and answer.body != absent.body:
                violations.append(f"{letter} {verb} {target}: a 404 that tells something")
            if answer.status < 300 and verb != "GET":
                fresh = await world.project(reached)
    return violations


@pytest.fixture
def world(call, site, mode, jp_asyncio_loop) -> World:
    made = World(call, site, mode)
    jp_asyncio_loop.run_until_complete(made.open())
    return made


@pytest.mark.modes("embedded", "service", "connected")
class TestTheMatrix:
    def test_has_an_example_of_every_verb_of_every_registered_route(self):
        registered = {
            (verb, path) for path, handler in ROUTES.items() for verb in handler.operations
        }
        assert {*EXAMPLES, *ELSEWHERE} == registered

    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("letter", "SIFVLEOABD")
    async def test_holds_for_every_operation(self, world, letter):
        assert await walk(world, letter) == []

    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("letter", "VEO")
    async def test_a_role_is_worth_nothing_in_another_project(self, world, letter):
        await world.project(letter)
        assert await walk(world, letter, foreign=True) == []


class TestABrokenServer:
    """The mutants, alive: a matrix test that is content with these would be worth nothing."""

    @pytest.mark.timeout(300)
    async def test_that_asks_for_no_capability_is_found(self, world, monkeypatch):
        monkeypatch.setattr(access, "require", lambda relation, capability: None)
        assert len(await walk(world, "V")) > 10

    @pytest.mark.timeout(300)
    async def test_that_forgets_disabled_accounts_is_found(self, world, monkeypatch):
        monkeypatch.setattr(access, "_refuse_disabled", lambda standing: None)
        assert len(await walk(world, "D")) > 10


@pytest.mark.modes("embedded", "service", "connected")
class TestCredentials:
    @pytest.fixture
    def credentials(self, jp_serverapp, call, jp_asyncio_loop) -> dict[str, dict[str, str]]:
        """Those of nobody: none, made up, run out, taken away, and another server's."""
        provider, secret = jp_serverapp.identity_provider, jp_serverapp.web_app.settings
        jar = jp_asyncio_loop.run_until_complete(
            call("GET", "/me", signed=False, headers={"Authorization": "token token-alice"})
        ).headers["Set-Cookie"]
        name, _, value = jar.partition(";")[0].partition("=")
        mine = secret["cookie_secret"]
        alice = json.dumps({"username": "alice", "name": "alice", "display_name": "alice"})
        old = create_signed_value(mine, name, alice, clock=lambda: 1_000_000_000).decode()
        foreign = create_signed_value("another server's secret", name, alice).decode()
        del provider.people["token-carol"]
        return {
            "none": {},
            "a made-up token": {"Authorization": "token 0123456789"},
            "a made-up cookie": {"Cookie": f"{name}=garbage"},
            "a cookie that was changed": {"Cookie": f"{name}={value[:-4]}AAAA"},
            "a cookie that ran out": {"Cookie": f"{name}={old}"},
            "another server's cookie": {"Cookie": f"{name}={foreign}"},
            "another server's token": {"Authorization": f"token {'ab' * 24}"},
            "a token that was taken away": {"Authorization": "token token-carol"},
        }

    @pytest.mark.timeout(300)
    async def test_of_nobody_open_no_route_with_no_verb(self, call, credentials):
        wrong = [
            (kind, verb, path, answer.status)
            for kind, headers in credentials.items()
            for verb, path in DOORS
            if (verb, path) not in PROBES
            and (answer := await call(verb, path, signed=False, headers=headers)).status != 403
        ]
        assert wrong == []
